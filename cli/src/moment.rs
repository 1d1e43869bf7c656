//! Times and durations as people read them: UTC, and how long ago beside it. How they write them is in `given`.

mod given;

pub(crate) use self::given::{Given, given};
use jiff::{SignedDuration, Timestamp};

/// A length in its two largest units: `41s`, `12m`, `1h 48m`, `6d 2h`. Never negative.
pub(crate) fn length(duration: SignedDuration) -> String {
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
pub(crate) fn utc(at: Timestamp, now: Timestamp) -> String {
    let form = if at.strftime("%F").to_string() == now.strftime("%F").to_string() { "%H:%M UTC" } else { "%F %H:%M UTC" };
    at.strftime(form).to_string()
}

/// The time of day to the second, for lines of progress.
pub(crate) fn time_of_day(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// Date and time to the second, for the log.
pub(crate) fn date_time(at: Timestamp) -> String {
    at.strftime("%F %H:%M:%S").to_string()
}

/// How long ago, or in how long.
pub(crate) fn relative(at: Timestamp, now: Timestamp) -> String {
    let age = now.duration_since(at);
    if age.is_negative() { format!("in {}", length(-age)) } else { format!("{} ago", length(age)) }
}

/// A length to be typed again on the command line: `4h`, `1h30m`, `45s`.
pub(crate) fn typed(duration: SignedDuration) -> String {
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

    #[test]
    fn what_is_printed_to_be_typed_can_be_read_again() {
        for seconds in [1, 59, 60, 5400, 14_400, 3_661] {
            let length = SignedDuration::from_secs(seconds);
            assert_eq!(crate::args::value::span(&typed(length)), Ok(length));
        }
    }
}
