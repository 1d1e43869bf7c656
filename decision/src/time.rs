//! Arithmetic on times that cannot overflow, and the one precision that documents keep.
//!
//! No clock lives here: `now` is always an argument.

use jiff::{SignedDuration, Timestamp};

/// The millisecond in which `at` lies: what documents store, so that a stored time compares equal to the one it came from.
pub(crate) fn millis(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

/// `at` plus `duration`, or the end of time.
pub(crate) fn later(at: Timestamp, duration: SignedDuration) -> Timestamp {
    at.checked_add(duration).unwrap_or(if duration.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

/// How long ago `at` was; negative when it lies ahead.
pub(crate) fn age(now: Timestamp, at: Timestamp) -> SignedDuration {
    now.duration_since(at)
}
