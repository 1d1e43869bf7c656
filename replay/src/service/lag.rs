//! How late a stream or a replication is: it grows while it stands still, and drains afterwards. No meaning for users here.
//!
//! `stall=1` grows by a second per second. `stall=0` drains at five times real time: four seconds per second, the corpus's default between the
//! two speeds that are documented (23 and 2.6). `stale=v` pins the lag at `v`. The last line of either kind holds.

use std::time::Duration;

/// A lag above this is felt, and weighs.
pub(super) const LATE_S: f64 = 10.0;
/// Seconds of lag that drain per second.
const DRAIN: f64 = 4.0;
/// Moments at which a threshold is passed are told so much late, so that it is passed then whatever the rounding.
const PASSED_S: f64 = 0.001;

#[derive(Debug, Clone, Copy, PartialEq, Default)]
enum Mode {
    Grows,
    #[default]
    Drains,
    Pinned,
}

/// A lag.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Lag {
    mode: Mode,
    seconds: f64,
}

impl Lag {
    pub(super) fn stall(&mut self, stalled: bool) {
        self.mode = if stalled { Mode::Grows } else { Mode::Drains };
    }

    pub(super) fn pin(&mut self, seconds: f64) {
        *self = Lag { mode: Mode::Pinned, seconds: seconds.max(0.0) };
    }

    /// Lets `seconds` pass.
    pub(super) fn pass(&mut self, seconds: f64) {
        match self.mode {
            Mode::Grows => self.seconds += seconds,
            Mode::Drains => self.seconds = (self.seconds - DRAIN * seconds).max(0.0),
            Mode::Pinned => {}
        }
    }

    pub(super) fn is_late(&self) -> bool {
        self.seconds > LATE_S
    }

    /// No lag, and none growing.
    pub(super) fn is_quiet(&self) -> bool {
        self.seconds <= 0.0 && self.mode != Mode::Grows
    }

    pub(super) fn length(&self) -> Duration {
        Duration::try_from_secs_f64(self.seconds).unwrap_or(Duration::MAX)
    }

    /// In how many seconds it becomes late, stops being late, or is gone.
    pub(super) fn passes_in(&self) -> Option<f64> {
        match self.mode {
            Mode::Grows if !self.is_late() => Some(LATE_S - self.seconds + PASSED_S),
            Mode::Drains if self.is_late() => Some((self.seconds - LATE_S) / DRAIN + PASSED_S),
            Mode::Drains if self.seconds > 0.0 => Some(self.seconds / DRAIN + PASSED_S),
            Mode::Grows | Mode::Drains | Mode::Pinned => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stall_of_two_minutes_is_felt_after_ten_seconds_and_drains_in_half_a_minute() {
        let mut lag = Lag::default();
        assert!(lag.is_quiet() && lag.passes_in().is_none());
        lag.stall(true);
        assert!(!lag.is_quiet());
        let late_in = lag.passes_in().unwrap();
        lag.pass(late_in);
        assert!(lag.is_late() && lag.passes_in().is_none());
        lag.pass(120.0 - late_in);
        lag.stall(false);
        assert_eq!(lag.length(), Duration::from_secs(120));
        let eased_in = lag.passes_in().unwrap();
        assert!((eased_in - 27.5).abs() < 0.01, "{eased_in}");
        lag.pass(eased_in);
        assert!(!lag.is_late() && !lag.is_quiet());
        lag.pass(lag.passes_in().unwrap());
        assert!(lag.is_quiet());
    }

    #[test]
    fn a_pinned_lag_stays_until_another_line_says_otherwise() {
        let mut lag = Lag::default();
        lag.pin(30.0);
        lag.pass(3600.0);
        assert_eq!(lag.length(), Duration::from_secs(30));
        lag.stall(false);
        lag.pass(7.5);
        assert!(lag.is_quiet());
        lag.pin(0.0);
        lag.stall(true);
        lag.pass(11.0);
        assert!(lag.is_late());
    }
}
