//! Times and lengths as people read them: UTC, and how long ago on the same line.

use jiff::{SignedDuration, Timestamp};

/// A point in time, and how people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment {
    /// The point in time.
    pub(crate) at: Timestamp,
    /// `03:22:07 UTC`, with the date when it is another day than now's.
    pub(crate) utc: String,
    /// `2s ago`, `in 4h`.
    pub(crate) ago: String,
    /// The length between it and now: `2s`, `4h`.
    pub(crate) length: String,
}

impl Moment {
    /// `at`, told at `now`.
    pub(crate) fn new(at: Timestamp, now: Timestamp) -> Self {
        let between = now.duration_since(at);
        let ago = if between.is_negative() { format!("in {}", length(-between)) } else { format!("{} ago", length(between)) };
        Self { at, utc: second(at, now), ago, length: length(between.abs()) }
    }
}

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

/// `07:22 UTC`, with the date when it is another day than `now`'s.
pub(crate) fn utc(at: Timestamp, now: Timestamp) -> String {
    form(at, now, "%H:%M UTC", "%F %H:%M UTC")
}

/// The same to the second.
pub(crate) fn second(at: Timestamp, now: Timestamp) -> String {
    form(at, now, "%H:%M:%S UTC", "%F %H:%M:%S UTC")
}

fn form(at: Timestamp, now: Timestamp, today: &str, another_day: &str) -> String {
    let is_today = at.strftime("%F").to_string() == now.strftime("%F").to_string();
    at.strftime(if is_today { today } else { another_day }).to_string()
}

/// A length to be typed in a command: `4h`, `1h30m`, `45s`.
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
    fn a_moment_is_told_as_time_and_as_age() {
        let now: Timestamp = "2026-11-23T23:10:00Z".parse().unwrap();
        let told = |at: Timestamp| {
            let moment = Moment::new(at, now);
            format!("{} | {}", moment.utc, moment.ago)
        };
        assert_eq!(told(now - SignedDuration::from_secs(9)), "23:09:51 UTC | 9s ago");
        assert_eq!(told(now + SignedDuration::from_hours(4)), "2026-11-24 03:10:00 UTC | in 4h");
        assert_eq!(length(SignedDuration::from_mins(108)), "1h 48m");
        assert_eq!(typed(SignedDuration::from_mins(90)), "1h30m");
    }
}
