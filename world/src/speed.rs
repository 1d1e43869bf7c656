//! How fast the world's clock runs: every interval, TTL and deadline is divided by it.

use std::time::Duration;

use jiff::SignedDuration;

/// Clock speed: 1 is real time, 10 plays ten minutes in one. From 0.1 to 20: above that the machine, not the clock, sets the pace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed(f64);

/// A speed that the world cannot run at.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{0} is not a speed; use a number from 0.1 to 20 (above that the machine, not the clock, sets the pace)")]
pub struct InvalidSpeed(pub f64);

impl Default for Speed {
    fn default() -> Self {
        Self(1.0)
    }
}

impl Speed {
    /// Checks a speed.
    ///
    /// # Errors
    /// [`InvalidSpeed`] outside 0.1 to 20.
    pub fn new(factor: f64) -> Result<Self, InvalidSpeed> {
        if (0.1..=20.0).contains(&factor) { Ok(Self(factor)) } else { Err(InvalidSpeed(factor)) }
    }

    /// The factor.
    #[must_use]
    pub fn factor(self) -> f64 {
        self.0
    }

    /// A duration of the real system, as the world lives it.
    #[must_use]
    pub fn scale(self, real: Duration) -> Duration {
        real.div_f64(self.0)
    }

    /// A measured duration of the world, as the real system would have lived it.
    #[must_use]
    pub fn unscale(self, lived: Duration) -> Duration {
        lived.mul_f64(self.0)
    }

    /// As [`Speed::scale`], for signed durations.
    #[must_use]
    pub fn scale_signed(self, real: SignedDuration) -> SignedDuration {
        SignedDuration::try_from_secs_f64(real.as_secs_f64() / self.0).unwrap_or(real)
    }
}
