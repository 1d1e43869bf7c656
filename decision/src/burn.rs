//! What is remembered of each critical check by itself: its last rounds, and how often its first attempt failed over two windows; and of all together,
//! since when too many do.
//!
//! Arithmetic and the form in which it is stored; what it means is `hysteresis`.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::check::Check;

/// The checks that are remembered one by one, in the order in which they are stored.
pub(crate) const CRITICAL: [Check; 4] = [Check::Rest, Check::Websocket, Check::Table, Check::Delivery];

/// A share of 1: three digits to the base of 36.
const WHOLE: u16 = 46_655;

const BASE: u32 = 36;
const DIGITS: usize = 3;

const ONSET_DIGITS: usize = 6;
/// From when onsets are counted, in seconds since the epoch: 2020-01-01T00:00:00Z.
const ONSET_ZERO: i64 = 1_577_836_800;
/// The bit beside those of the windows.
const RECOVERED: u8 = 4;

/// What is remembered of every critical check. In JSON 39 characters: two hexadecimal digits per check for its last eight rounds, then per check three
/// digits to the base of 36 for the fast window, and as many for the slow one; a digit of bits: the windows that
/// are excused, and whether nothing failed since it recovered; six digits to the base of 36
/// for the second since 2020 since which budgets burn, 0 if none does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checks {
    each: [Remembered; CRITICAL.len()],
    /// A bit per window: what it holds was failed before the region was brought back, and counts again only once it has burnt down.
    excused: u8,
    /// Whether nothing failed since the region recovered.
    recovered: bool,
    /// Since when at least a part of what is too much burns, in seconds since 2020; 0 if nothing does.
    onset: u64,
}

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

impl Window {
    fn bit(self) -> u8 {
        match self {
            Window::Fast => 1,
            Window::Slow => 2,
        }
    }
}

impl Checks {
    /// Takes one judged round of one check: whether it failed at last, and whether its first attempt did.
    pub(crate) fn take(&mut self, check: Check, failed: bool, first_failed: bool, elapsed: SignedDuration, windows: [SignedDuration; 2]) {
        let Some(index) = CRITICAL.iter().position(|known| *known == check) else { return };
        let remembered = &mut self.each[index];
        remembered.rounds = remembered.rounds << 1 | u8::from(failed);
        self.recovered &= !first_failed;
        remembered.fast = blend(remembered.fast, first_failed, elapsed, windows[0]);
        remembered.slow = blend(remembered.slow, first_failed, elapsed, windows[1]);
    }

    /// After a round that ended at `at`: whether something burns, and which windows hold too much.
    pub(crate) fn mark(&mut self, burns: bool, too_much: [bool; 2], at: Timestamp) {
        let seconds = u64::try_from(at.as_second().saturating_sub(ONSET_ZERO)).unwrap_or(0).clamp(1, u64::from(BASE).pow(6) - 1);
        self.onset = match self.onset {
            _ if !burns => 0,
            0 => seconds,
            onset => onset,
        };
        self.excused &= windows(too_much);
    }

    /// The region was brought back: what its windows hold has made its case.
    pub(crate) fn excuse(&mut self, too_much: [bool; 2]) {
        self.excused |= windows(too_much);
    }

    pub(crate) fn is_excused(&self, window: Window) -> bool {
        self.excused & window.bit() != 0
    }

    /// Since when budgets burn, if one does.
    pub(crate) fn onset(&self) -> Option<Timestamp> {
        i64::try_from(self.onset)
            .ok()
            .filter(|onset| *onset > 0)
            .and_then(|onset| Timestamp::from_second(onset.saturating_add(ONSET_ZERO)).ok())
    }

    /// The region recovered: single rounds are forgotten, and no share.
    pub(crate) fn recover(&mut self) {
        self.each.iter_mut().for_each(|remembered| remembered.rounds = 0);
        self.recovered = true;
    }

    /// Whether nothing failed since the region recovered.
    pub(crate) fn is_recovered(&self) -> bool {
        self.recovered
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
        CRITICAL.iter().zip(&self.each).find(|(known, _)| **known == check).map(|(_, remembered)| remembered)
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
        for remembered in &self.each {
            write!(f, "{:02x}", remembered.rounds)?;
        }
        let shares = self.each.iter().map(|remembered| remembered.fast).chain(self.each.iter().map(|remembered| remembered.slow));
        for part in shares {
            write_digits(f, part.into(), DIGITS)?;
        }
        write_digits(f, (self.excused | (u8::from(self.recovered) * RECOVERED)).into(), 1)?;
        write_digits(f, self.onset, ONSET_DIGITS)
    }
}

fn windows([fast, slow]: [bool; 2]) -> u8 {
    (u8::from(fast) * Window::Fast.bit()) | (u8::from(slow) * Window::Slow.bit())
}

fn write_digits(f: &mut fmt::Formatter<'_>, number: u64, digits: usize) -> fmt::Result {
    for power in (0..digits).rev() {
        let power = u64::from(BASE).pow(power.try_into().unwrap_or(u32::MAX));
        let digit = u32::try_from(number / power % u64::from(BASE)).ok().and_then(|digit| char::from_digit(digit, BASE));
        write!(f, "{}", digit.unwrap_or('0'))?;
    }
    Ok(())
}

/// Text that is no memory of checks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the memory of the checks is not {} hexadecimal and {} base-36 digits", 2 * CRITICAL.len(), 2 * DIGITS * CRITICAL.len() + 1 + ONSET_DIGITS)]
pub struct InvalidChecks;

impl FromStr for Checks {
    type Err = InvalidChecks;

    fn from_str(raw: &str) -> Result<Self, InvalidChecks> {
        let rounds = 2 * CRITICAL.len();
        let shares = DIGITS * CRITICAL.len();
        let end = rounds + 2 * shares;
        let well_formed = raw.len() == end + 1 + ONSET_DIGITS && raw.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase());
        if !well_formed {
            return Err(InvalidChecks);
        }
        let mut checks = Self::default();
        for (index, remembered) in checks.each.iter_mut().enumerate() {
            let part = |from: usize| u16::from_str_radix(&raw[from..from + DIGITS], BASE).map_err(|_| InvalidChecks);
            remembered.rounds = u8::from_str_radix(&raw[2 * index..2 * index + 2], 16).map_err(|_| InvalidChecks)?;
            remembered.fast = part(rounds + DIGITS * index)?;
            remembered.slow = part(rounds + shares + DIGITS * index)?;
        }
        let number = |digits: &str| u64::from_str_radix(digits, BASE).map_err(|_| InvalidChecks);
        let bits = u8::try_from(number(&raw[end..=end])?)
            .ok()
            .filter(|bits| bits & !(windows([true; 2]) | RECOVERED) == 0)
            .ok_or(InvalidChecks)?;
        (checks.excused, checks.recovered) = (bits & !RECOVERED, bits & RECOVERED != 0);
        checks.onset = number(&raw[end + 1..])?;
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
