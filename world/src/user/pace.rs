//! Every interval and deadline of a user, in one place.
//!
//! Numbers only; who waits for what is written where it waits.

use std::time::Duration;

use crate::speed::Speed;

/// No deadline shrinks below this, however fast the world's clock: a busy machine needs that long for real sockets.
pub const DEADLINE_MIN: Duration = Duration::from_millis(1500);
/// A message's way through table, stream and push takes a busy machine longer than one answer does.
pub const ECHO_MIN: Duration = Duration::from_secs(3);

/// A user's intervals and deadlines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// One DNS query waits this long for its reply.
    pub dns_attempt: Duration,
    /// A look-up, all attempts together.
    pub dns_lookup: Duration,
    /// A TCP connection with its WebSocket handshake.
    pub connect: Duration,
    /// A REST request from look-up to last byte.
    pub request: Duration,
    /// A sent message must come back on the socket within this time, or the socket counts as dead.
    pub echo_within: Duration,
    /// A socket on which nothing was heard for so long is pinged.
    pub ping_every: Duration,
    /// The pong must come within this time, or the socket counts as dead.
    pub pong_within: Duration,
    /// After connecting, the history is loaded at once and again after this time: the index trails the table a little.
    pub settle: Duration,
    /// While connected, the history is loaded this often: it heals whatever a push lost.
    pub resync: Duration,
    /// Those who lost their sockets together come back spread over this time, even where DNS already leads them elsewhere.
    pub spread: Duration,
    /// The first wait before dialling the same address again is at most this long; each further one doubles the bound.
    pub backoff_first: Duration,
    /// The bound never exceeds this.
    pub backoff_max: Duration,
    /// A socket that lasted so long has proved itself, even without a message: the next loss starts the backoff anew.
    pub proven_after: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            dns_attempt: Duration::from_millis(1000),
            dns_lookup: Duration::from_secs(4),
            connect: Duration::from_secs(3),
            request: Duration::from_secs(8),
            echo_within: Duration::from_secs(5),
            ping_every: Duration::from_secs(10),
            pong_within: Duration::from_secs(5),
            settle: Duration::from_secs(2),
            resync: Duration::from_secs(30),
            spread: Duration::from_millis(500),
            backoff_first: Duration::from_millis(500),
            backoff_max: Duration::from_secs(10),
            proven_after: Duration::from_secs(30),
        }
    }
}

impl Pace {
    /// The same user in a world whose clock runs at `speed`.
    #[must_use]
    pub fn at_speed(self, speed: Speed) -> Self {
        let at_least = |real: Duration, min: Duration| speed.scale(real).max(min.min(real));
        let deadline = |real: Duration| at_least(real, DEADLINE_MIN);
        let interval = |real: Duration| speed.scale(real);
        Self {
            dns_attempt: deadline(self.dns_attempt),
            dns_lookup: deadline(self.dns_lookup).max(deadline(self.dns_attempt) * 2),
            connect: deadline(self.connect),
            request: deadline(self.request),
            echo_within: at_least(self.echo_within, ECHO_MIN),
            ping_every: interval(self.ping_every),
            pong_within: deadline(self.pong_within),
            settle: interval(self.settle),
            resync: interval(self.resync),
            spread: interval(self.spread),
            backoff_first: interval(self.backoff_first),
            backoff_max: interval(self.backoff_max),
            proven_after: interval(self.proven_after),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_follow_the_clock_and_deadlines_stop_at_what_a_machine_needs() {
        let fast = Pace::default().at_speed(Speed::new(20.0).unwrap());
        assert_eq!(fast.resync, Duration::from_millis(1500));
        assert_eq!(fast.backoff_max, Duration::from_millis(500));
        assert_eq!((fast.pong_within, fast.echo_within), (DEADLINE_MIN, ECHO_MIN));
        assert!(fast.dns_lookup >= fast.dns_attempt * 2);
        assert_eq!(Pace::default().at_speed(Speed::default()), Pace::default());
        let slow = Pace::default().at_speed(Speed::new(0.1).unwrap());
        assert_eq!(slow.connect, Duration::from_secs(30));
    }
}
