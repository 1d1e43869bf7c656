//! What is remembered of each critical check by itself: its last rounds, and how often its first attempt failed over two windows.
//!
//! Arithmetic and the form in which it is stored; what it means is `hysteresis`.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::check::Check;

/// The checks that are remembered one by one, in the order in which they are stored.
pub(crate) const CRITICAL: [Check; 4] = [Check::Rest, Check::Websocket, Check::Table, Check::Delivery];

/// A share of 1: three digits to the base of 36.
const WHOLE: u16 = 46_655;
/// How many rounds of each check are remembered.
pub(crate) const REMEMBERED: u8 = 8;

const BASE: u32 = 36;
const DIGITS: usize = 3;

/// What is remembered of every critical check. In JSON 32 characters: two hexadecimal digits per check for its last eight rounds, then per check three
/// digits to the base of 36 for the fast window, and as many for the slow one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checks([Remembered; CRITICAL.len()]);

/// One check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Remembered {
    /// Its last eight judged rounds, a bit each, the newest lowest: whether it failed, retry and all.
    rounds: u8,
    /// The share of first attempts that failed, in parts of [`WHOLE`].
    fast: u16,
    slow: u16,
}

/// Which of the two windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Window {
    Fast,
    Slow,
}

impl Checks {
    /// Takes one judged round of one check: whether it failed at last, and whether its first attempt did.
    pub(crate) fn take(&mut self, check: Check, failed: bool, first_failed: bool, elapsed: SignedDuration, windows: [SignedDuration; 2]) {
        let Some(index) = CRITICAL.iter().position(|known| *known == check) else { return };
        let remembered = &mut self.0[index];
        remembered.rounds = remembered.rounds << 1 | u8::from(failed);
        remembered.fast = blend(remembered.fast, first_failed, elapsed, windows[0]);
        remembered.slow = blend(remembered.slow, first_failed, elapsed, windows[1]);
    }

    /// In how many of its last `window` rounds a check failed.
    pub(crate) fn failed(&self, check: Check, window: u8) -> u8 {
        let mask = u8::MAX.checked_shr(8_u32.saturating_sub(window.into())).unwrap_or(0);
        let ones = self.of(check).map_or(0, |remembered| (remembered.rounds & mask).count_ones());
        ones.try_into().unwrap_or(u8::MAX)
    }

    /// The share of a check's first attempts that failed, weighted towards the present, 0 to 1.
    pub(crate) fn share(&self, check: Check, window: Window) -> f64 {
        self.of(check).map_or(0.0, |remembered| {
            let part = match window {
                Window::Fast => remembered.fast,
                Window::Slow => remembered.slow,
            };
            f64::from(part) / f64::from(WHOLE)
        })
    }

    /// The check of which the largest share failed, and that share.
    pub(crate) fn worst(&self, window: Window) -> (Check, f64) {
        let shares = CRITICAL.map(|check| (check, self.share(check, window)));
        shares.into_iter().fold((Check::Rest, 0.0), |worst, one| if one.1 > worst.1 { one } else { worst })
    }

    /// The check that failed in most of its last `window` rounds, and in how many.
    pub(crate) fn most_failed(&self, window: u8) -> (Check, u8) {
        let counts = CRITICAL.map(|check| (check, self.failed(check, window)));
        counts.into_iter().fold((Check::Rest, 0), |worst, one| if one.1 > worst.1 { one } else { worst })
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn of(&self, check: Check) -> Option<&Remembered> {
        CRITICAL.iter().zip(&self.0).find(|(known, _)| **known == check).map(|(_, remembered)| remembered)
    }
}

/// The share after one more attempt, which counts for the time since the one before it.
///
/// The weight is `elapsed / (window + elapsed)`: a decay whose sum over many small steps is that of an exponential, in arithmetic that is the same on every
/// machine. Passes round down, so that nothing lingers for ever.
fn blend(part: u16, failed: bool, elapsed: SignedDuration, window: SignedDuration) -> u16 {
    let (elapsed, window) = (elapsed.as_secs_f64().max(0.0), window.as_secs_f64());
    let kept = f64::from(part) * window / (window + elapsed);
    let blended = if failed { (kept + f64::from(WHOLE) * elapsed / (window + elapsed)).round() } else { kept.floor() };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and WHOLE; the cast saturates")]
    let blended = blended as u16;
    blended.min(WHOLE)
}

impl fmt::Display for Checks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for remembered in &self.0 {
            write!(f, "{:02x}", remembered.rounds)?;
        }
        for part in self.0.iter().map(|remembered| remembered.fast).chain(self.0.iter().map(|remembered| remembered.slow)) {
            let digit = |power: u32| char::from_digit(u32::from(part) / BASE.pow(power) % BASE, BASE).unwrap_or('0');
            write!(f, "{}{}{}", digit(2), digit(1), digit(0))?;
        }
        Ok(())
    }
}

/// Text that is no memory of checks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the memory of the checks is not {} hexadecimal and {} base-36 digits", 2 * CRITICAL.len(), 2 * DIGITS * CRITICAL.len())]
pub struct InvalidChecks;

impl FromStr for Checks {
    type Err = InvalidChecks;

    fn from_str(raw: &str) -> Result<Self, InvalidChecks> {
        let rounds = 2 * CRITICAL.len();
        let shares = DIGITS * CRITICAL.len();
        let well_formed = raw.len() == rounds + 2 * shares && raw.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase());
        if !well_formed {
            return Err(InvalidChecks);
        }
        let mut checks = Self::default();
        for (index, remembered) in checks.0.iter_mut().enumerate() {
            let part = |from: usize| u16::from_str_radix(&raw[from..from + DIGITS], BASE).map_err(|_| InvalidChecks);
            remembered.rounds = u8::from_str_radix(&raw[2 * index..2 * index + 2], 16).map_err(|_| InvalidChecks)?;
            remembered.fast = part(rounds + DIGITS * index)?;
            remembered.slow = part(rounds + shares + DIGITS * index)?;
        }
        Ok(checks)
    }
}

impl Serialize for Checks {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Checks {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(n: i64) -> SignedDuration {
        SignedDuration::from_secs(n)
    }

    #[test]
    fn a_steady_share_is_found_after_a_few_windows() {
        let mut checks = Checks::default();
        for round in 0..2000 {
            checks.take(Check::Rest, round % 4 == 0, round % 4 == 0, seconds(3), [seconds(300), seconds(1200)]);
        }
        assert!((checks.share(Check::Rest, Window::Fast) - 0.25).abs() < 0.01, "{checks:?}");
        assert!((checks.share(Check::Rest, Window::Slow) - 0.25).abs() < 0.01, "{checks:?}");
        assert_eq!(checks.failed(Check::Rest, 8), 2);
        assert_eq!(checks.worst(Window::Slow).0, Check::Rest);
        assert_eq!(checks.failed(Check::Table, 8), 0);
    }

    proptest! {
        /// Whatever happened, long health forgets it, and the stored form gives it back.
        #[test]
        fn health_is_forgiven_and_nothing_is_lost(rounds in proptest::collection::vec((0..4_usize, any::<bool>(), 1..60_i64), 0..200)) {
            let windows = [seconds(300), seconds(1200)];
            let mut checks = Checks::default();
            for (check, failed, elapsed) in rounds {
                checks.take(CRITICAL[check], failed, failed, seconds(elapsed), windows);
                prop_assert_eq!(checks.to_string().parse::<Checks>(), Ok(checks));
                prop_assert!((0.0..=1.0).contains(&checks.worst(Window::Fast).1));
            }
            for _ in 0..3000 {
                CRITICAL.iter().for_each(|check| checks.take(*check, false, false, seconds(10), windows));
            }
            prop_assert!(checks.is_empty(), "{checks:?}");
        }

        #[test]
        fn no_text_is_too_wild(raw: String) {
            if let Ok(checks) = raw.parse::<Checks>() {
                prop_assert_eq!(checks.to_string(), raw);
            }
        }
    }
}
