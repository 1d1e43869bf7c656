//! What came of it for users, in numbers that add up. Nothing here weighs one number against another.

use serde::Serialize;

/// What a forced reconnect costs the user, in minutes of errors (corpus, section 0).
pub(super) const RECONNECT_MINUTES: f64 = 0.25;

/// What users went through in one run.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Score {
    /// Per average user homed in A, B, C: minutes of errors, with 0.25 for each forced reconnect.
    pub error_minutes: [f64; 3],
    /// Per average user homed in A, B, C: forced reconnects, that is sockets that were cut, or left for another region because they failed.
    pub reconnects: [f64; 3],
    /// Per home: minutes in which at least half of what its users do fails.
    pub lost_minutes: [f64; 3],
    /// Minutes in which a region that serves carries more than it can.
    pub overload_minutes: f64,
}
