//! How long to wait before the next attempt: exponential, capped, jittered.
//!
//! Pure: the jitter comes in as a number.

use std::time::Duration;

/// Doublings beyond this change nothing: the cap is long reached.
const DOUBLINGS_MAX: u32 = 16;

/// The waits between attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    max: Duration,
    failures: u32,
}

impl Backoff {
    /// The bound of the first wait is `first`; it doubles with each failure up to `max`.
    #[must_use]
    pub fn new(first: Duration, max: Duration) -> Self {
        Self { first, max, failures: 0 }
    }

    /// The wait after one more failure. `jitter` in 0..1 places it between a quarter of the bound and the bound: clients that lost
    /// their sockets together must not come back together.
    pub fn next(&mut self, jitter: f64) -> Duration {
        let bound = self.first.saturating_mul(1 << self.failures.min(DOUBLINGS_MAX)).min(self.max);
        self.failures = self.failures.saturating_add(1);
        bound.mul_f64(0.25 + 0.75 * jitter.clamp(0.0, 1.0))
    }

    /// How many failures in a row there were.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Starts anew, after something worked.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_and_start_anew() {
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(3));
        let waits: Vec<u128> = (0..5).map(|_| backoff.next(1.0).as_millis()).collect();
        assert_eq!(waits, [500, 1000, 2000, 3000, 3000]);
        backoff.reset();
        assert_eq!(backoff.next(0.0).as_millis(), 125);
    }

    proptest! {
        #[test]
        fn no_wait_is_longer_than_the_cap_or_shorter_than_a_quarter_of_its_bound(
            failures in 0u32..100_000, jitter in -1.0f64..2.0,
        ) {
            let (first, max) = (Duration::from_millis(500), Duration::from_secs(10));
            let mut backoff = Backoff { first, max, failures };
            let wait = backoff.next(jitter);
            prop_assert!(wait <= max && wait >= first / 4);
            prop_assert_eq!(backoff.failures(), failures + 1);
        }
    }
}
