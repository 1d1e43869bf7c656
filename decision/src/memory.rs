//! What one observer remembers of one region between two decisions.
//!
//! Stored inside `votes`, so it is small; `hysteresis` is the only file that changes it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Hysteresis memory of one region.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Memory {
    /// The last rounds, oldest first, one character each: `.` clean, `~` degraded, `x` failed. At most eight.
    pub rounds: String,
    /// Consecutive clean rounds, counted to 255 at the most.
    pub clean: u8,
    /// How often the region was ejected automatically without a long clean time in between.
    pub relapses: u8,
    /// When it was last ejected automatically.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ejected_at: Option<Timestamp>,
    /// Until when it is held down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_until: Option<Timestamp>,
}
