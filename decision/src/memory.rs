//! What one observer remembers of one region between two decisions.
//!
//! Stored inside `votes`, so it is small; `hysteresis` is the only file that changes it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::burn::Checks;

/// How many rounds a memory holds at the most.
pub const MEMORY_ROUNDS_MAX: usize = 8;

/// Hysteresis memory of one region. In JSON, times are milliseconds since the epoch and what is empty is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Memory {
    /// The last rounds, oldest first, one character each, at most [`MEMORY_ROUNDS_MAX`]: `.` clean, `~` degraded, `x` nothing of it worked; other failed
    /// rounds carry the letter of the first critical check that failed (`r` rest, `w` websocket, `d` delivery, `t` table), as a capital when only its
    /// first attempt did.
    #[serde(rename = "last", skip_serializing_if = "String::is_empty")]
    pub rounds: String,
    /// Each critical check by itself.
    #[serde(rename = "each", skip_serializing_if = "Checks::is_empty")]
    pub checks: Checks,
    /// Consecutive rounds without a critical failure, counted to 255 at the most.
    #[serde(skip_serializing_if = "is_zero")]
    pub clean: u8,
    /// Since when it is clean, moved on by each step of decay.
    #[serde(rename = "since", skip_serializing_if = "Option::is_none", with = "jiff::fmt::serde::timestamp::millisecond::optional")]
    pub clean_since: Option<Timestamp>,
    /// Whether it is unhealthy: set by the leaky count, cleared by clean rounds.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub down: bool,
    /// How often the region was ejected automatically without a long clean time in between.
    #[serde(rename = "times", skip_serializing_if = "is_zero")]
    pub relapses: u8,
    /// When it was last ejected automatically.
    #[serde(rename = "out", skip_serializing_if = "Option::is_none", with = "jiff::fmt::serde::timestamp::millisecond::optional")]
    pub ejected_at: Option<Timestamp>,
    /// Until when it is held down. Set by an automatic ejection, pushed on by every failed round, cleared by the return.
    #[serde(rename = "held", skip_serializing_if = "Option::is_none", with = "jiff::fmt::serde::timestamp::millisecond::optional")]
    pub held_until: Option<Timestamp>,
    /// Whether a person resumed it since it was ejected.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub resumed: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(count: &u8) -> bool {
    *count == 0
}

impl Memory {
    /// Whether its rounds are ones that `hysteresis` writes.
    pub(crate) fn is_well_formed(&self) -> bool {
        let known = |letter: u8| letter.is_ascii_alphabetic() || matches!(letter, b'.' | b'~');
        self.rounds.len() <= MEMORY_ROUNDS_MAX && self.rounds.bytes().all(known)
    }
}
