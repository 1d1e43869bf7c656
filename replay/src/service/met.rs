//! What one fresh attempt meets, as probabilities. Values only; nothing is drawn here.

use std::time::Duration;

/// From where something is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vantage {
    /// The probe or the controller in the region of this index. It sits behind the carrier of the same index.
    Observer(usize),
    /// A user behind the carrier of this index, 0 to 2.
    Carrier(usize),
    /// A Route 53 health checker. No carrier stands between it and a region.
    Checker,
}

/// What one fresh attempt meets: shares of attempts that fail, 0 to 1.
///
/// One fault shows at several places, so an attempt that passes several places fails with the greatest of their shares, never with a product. Draw
/// one number `u` in 0..1 per attempt: below the greatest share that counts for it, it fails; below the greatest *hole* among them, in silence.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Met {
    /// Swallowed on the way, there or back: no answer at all, whatever is asked for.
    pub hole: f64,
    /// A REST request is answered with an error before a table is touched: the API, its functions, overload.
    pub rest: f64,
    /// A REST request hangs at the API.
    pub rest_hole: f64,
    /// The table refuses or is out of reach. It is in `handshake` and `send` already; a REST read meets it beside `rest`.
    pub table: f64,
    /// A WebSocket handshake is refused: the API, its functions, its table, overload.
    pub handshake: f64,
    /// A WebSocket handshake hangs at the API.
    pub handshake_hole: f64,
    /// A message sent on a live socket is not stored: functions, table.
    pub send: f64,
    /// A push to a live socket fails: the push, overload.
    pub push: f64,
    /// `/health` answers with an error: functions, the API, overload. It touches no table.
    pub health: f64,
    /// A probe's REST request fails where a user's would not.
    pub probe_only: f64,
    /// Added latency of a REST request at the 99th percentile, in milliseconds.
    pub latency_ms: f64,
    /// How late the region's stream reader is: what reaches the tables there reaches sockets there so much later.
    pub stream_lag: Duration,
}

/// What the store of an observer does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StoreState {
    /// Share of calls that it refuses, 0 to 1.
    pub refused: f64,
    /// A read returns what was there so long ago.
    pub stale: Duration,
    /// Share of calls from other regions that get no answer, 0 to 1.
    pub unreachable: f64,
    /// Share of calls from inside its region that get no answer, 0 to 1.
    pub unreachable_inside: f64,
}
