//! Times and durations as people read them: UTC, and how long ago beside it. How they write times is in `given`.
//!
//! Words only, and no clock: `now` is always an argument.

mod given;

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

pub use self::given::{Given, NotPast, given};

/// The longest time that is waited for or looked back.
const SPAN_MAX: SignedDuration = SignedDuration::from_hours(366 * 24);

/// A duration as people write it: `90s`, `4h`, `2h30m`, `7d`.
///
/// # Errors
/// A sentence: not a duration, shorter than a second, or longer than a year.
pub fn span(raw: &str) -> Result<SignedDuration, String> {
    let parsed: Span = raw.parse().map_err(|_| "not a duration; one looks like 90s, 4h, 2h30m or 7d".to_owned())?;
    let length =
        parsed.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| "give it in days, hours, minutes or seconds".to_owned())?;
    if length < SignedDuration::from_secs(1) || length > SPAN_MAX {
        return Err("too short or too long; 1s to 366d".to_owned());
    }
    Ok(length)
}

/// A length in its two largest units: `41s`, `12m`, `1h 48m`, `6d 2h`. Never negative.
#[must_use]
pub fn length(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let two = |large: i64, unit: char, small: i64, small_unit: char| {
        if small == 0 { format!("{large}{unit}") } else { format!("{large}{unit} {small}{small_unit}") }
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, minutes) if minutes < 10 => two(minutes, 'm', seconds % 60, 's'),
        (0, 0, minutes) => format!("{minutes}m"),
        (0, hours, minutes) => two(hours, 'h', minutes, 'm'),
        (days, hours, _) => two(days, 'd', hours, 'h'),
    }
}

/// A point in time: `07:22 UTC`, with the date when it is another day than `now`'s.
#[must_use]
pub fn utc(at: Timestamp, now: Timestamp) -> String {
    let form = if at.strftime("%F").to_string() == now.strftime("%F").to_string() { "%H:%M UTC" } else { "%F %H:%M UTC" };
    at.strftime(form).to_string()
}

/// The time of day to the second, for lines of progress.
#[must_use]
pub fn time_of_day(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// Date and time to the second, for the log.
#[must_use]
pub fn date_time(at: Timestamp) -> String {
    at.strftime("%F %H:%M:%S").to_string()
}

/// How long ago, or in how long.
#[must_use]
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    let age = now.duration_since(at);
    if age.is_negative() { format!("in {}", length(-age)) } else { format!("{} ago", length(age)) }
}

/// A length to be typed again on the command line: `4h`, `1h30m`, `45s`.
#[must_use]
pub fn typed(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let parts = [(seconds / 3600, 'h'), (seconds / 60 % 60, 'm'), (seconds % 60, 's')];
    let text: String = parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_show_two_units_at_most() {
        let all = [0, 41, 60, 75, 720, 3600, 6480, 86_400, 525_600];
        let text: Vec<String> = all.iter().map(|seconds| length(SignedDuration::from_secs(*seconds))).collect();
        insta::assert_snapshot!(text.join(" | "), @"0s | 41s | 1m | 1m 15s | 12m | 1h | 1h 48m | 1d | 6d 2h");
        assert_eq!(length(SignedDuration::from_secs(-5)), "0s");
    }

    #[test]
    fn another_day_is_named() {
        let now: Timestamp = "2026-11-23T23:10:00Z".parse().unwrap();
        assert_eq!(utc(now, now), "23:10 UTC");
        assert_eq!(utc(now + SignedDuration::from_hours(4), now), "2026-11-24 03:10 UTC");
        assert_eq!(relative(now + SignedDuration::from_hours(4), now), "in 4h");
        assert_eq!(relative(now - SignedDuration::from_secs(9), now), "9s ago");
    }
}
