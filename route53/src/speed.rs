//! How fast the model's clock runs. Every interval, period and deadline is divided by it; nothing else changes.

use std::time::Duration;

/// 1 is the pace of AWS; 10 plays ten seconds in one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClockSpeed(f64);

/// A speed at which no clock runs.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{0} is not a clock speed; use a number from 0.01 to 1000")]
pub struct InvalidClockSpeed(pub f64);

impl ClockSpeed {
    /// The pace of AWS.
    pub const REAL: Self = Self(1.0);

    /// Checks a speed.
    ///
    /// # Errors
    /// [`InvalidClockSpeed`] outside 0.01 to 1000.
    pub fn new(factor: f64) -> Result<Self, InvalidClockSpeed> {
        if (0.01..=1000.0).contains(&factor) { Ok(Self(factor)) } else { Err(InvalidClockSpeed(factor)) }
    }

    /// A duration of AWS, as it passes at this speed.
    #[must_use]
    pub fn scale(self, real: Duration) -> Duration {
        real.div_f64(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_times_faster_takes_a_tenth() {
        let speed = ClockSpeed::new(10.0).unwrap();
        assert_eq!(speed.scale(Duration::from_secs(10)), Duration::from_secs(1));
        assert_eq!(ClockSpeed::REAL.scale(Duration::from_secs(4)), Duration::from_secs(4));
    }

    #[test]
    fn no_clock_stands_still_or_runs_backwards() {
        for factor in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9] {
            assert!(ClockSpeed::new(factor).is_err(), "{factor} passed");
        }
    }
}
