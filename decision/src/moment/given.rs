//! A moment in the past as people type it: a full time, a time of day, an age, a minute of a replay.
//!
//! What it comes to depends on when it is asked; until then it stays as it was typed.

use std::fmt;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};

use super::{date_time, relative, span};

/// What is said to whoever types something else.
const FORMS: &str = "not a time; one looks like 03:21, 03:21:40, 2026-11-23T03:21:40Z, 15m ago or -15m (UTC unless it says otherwise)";

/// A moment that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// A full time.
    Exact(Timestamp),
    /// The last time at which it was so late, as RFC 3339 writes the time with its zone.
    TimeOfDay(String),
    /// So long ago.
    Ago(SignedDuration),
    /// A minute of a replay.
    Minute(f64),
}

/// Why a moment cannot be told of.
#[derive(Debug, PartialEq, Eq)]
pub enum NotPast {
    /// It is still to come.
    Future(Timestamp),
    /// It is a minute of a replay, and there is none.
    Minute,
    /// It is further back than calendars go.
    Beyond,
}

impl Given {
    /// The time that is meant when it is asked at `now`.
    ///
    /// # Errors
    /// It is not past, or no time at all.
    pub fn resolve(&self, now: Timestamp) -> Result<Timestamp, NotPast> {
        let at = match self {
            Given::Exact(at) => *at,
            Given::Ago(long) => now.checked_sub(*long).map_err(|_| NotPast::Beyond)?,
            Given::TimeOfDay(time) => last(time, now).ok_or(NotPast::Beyond)?,
            Given::Minute(_) => return Err(NotPast::Minute),
        };
        if at > now { Err(NotPast::Future(at)) } else { Ok(at) }
    }
}

impl NotPast {
    /// The sentence for a person.
    #[must_use]
    pub fn text(&self, now: Timestamp) -> String {
        match self {
            NotPast::Future(at) => format!("{} UTC is still to come ({})", date_time(*at), relative(*at, now)),
            NotPast::Minute => "a bare number is a minute of a replay; an age is written 15m ago or -15m".to_owned(),
            NotPast::Beyond => "that is further back than any calendar goes".to_owned(),
        }
    }
}

/// The last moment up to `now` at which it was so late, whatever the date was there.
fn last(time: &str, now: Timestamp) -> Option<Timestamp> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let on = |date: Date| on(date, time);
    (-1..=2).filter_map(|back: i32| on(today.checked_sub(back.days()).ok()?)).filter(|at| *at <= now).max()
}

/// That time of day on that date.
fn on(date: impl fmt::Display, time: &str) -> Option<Timestamp> {
    format!("{date}T{time}").parse().ok()
}

/// Reads a moment.
///
/// # Errors
/// A sentence with the forms there are.
pub fn given(raw: &str) -> Result<Given, String> {
    let text = raw.trim();
    if let Some(age) = text.strip_suffix("ago").or_else(|| text.strip_prefix('-')) {
        return span(age.trim()).map(Given::Ago);
    }
    if let Ok(minute) = text.parse::<f64>() {
        let fine = minute.is_finite() && minute >= 0.0;
        return if fine { Ok(Given::Minute(minute)) } else { Err(FORMS.to_owned()) };
    }
    if !text.contains(':') && span(text).is_ok() {
        return Err(format!("a length and not a time; so long ago is written {text} ago or -{text}"));
    }
    let in_utc = text.strip_suffix("UTC").map(|time| format!("{}Z", time.trim()));
    let text = in_utc.as_deref().unwrap_or(text);
    if !text.contains(':') {
        return Err(FORMS.to_owned());
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Given::Exact(at));
    }
    if let Ok(at) = text.parse::<Zoned>() {
        return Ok(Given::Exact(at.timestamp()));
    }
    if let Some(at) = text.parse::<DateTime>().ok().and_then(|at| at.to_zoned(TimeZone::UTC).ok()) {
        return Ok(Given::Exact(at.timestamp()));
    }
    let zoned = [text.to_owned(), format!("{text}Z")].into_iter().find(|time| on("2026-01-01", time).is_some());
    zoned.map(Given::TimeOfDay).ok_or_else(|| FORMS.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T03:22:07Z".parse().unwrap()
    }

    fn meant(raw: &str) -> String {
        match given(raw) {
            Ok(given) => given.resolve(now()).map_or_else(|why| why.text(now()), |at| at.to_string()),
            Err(why) => why,
        }
    }

    #[test]
    fn a_moment_is_read_as_people_write_it() {
        let all = [
            "2026-11-23T03:21:40Z",
            "2026-11-23T04:21:40+01:00",
            "2026-11-22T22:21:40-05:00[America/New_York]",
            "2026-11-23 03:21:40",
            "2026-11-23 03:21 UTC",
            "03:21",
            "03:21:40",
            "03:21:40.250",
            "03:21 UTC",
            "03:22:08",
            "23:59",
            "04:21+01:00",
            "16:21+13:00",
            "22:21-05:00",
            "15m ago",
            "1h30m ago",
            "-15m",
            "-2 days",
            "2026-11-23T03:30:00Z",
            "12.5",
        ];
        let told: Vec<String> = all.iter().map(|raw| format!("{raw} = {}", meant(raw))).collect();
        insta::assert_snapshot!(told.join("\n"), @"
        2026-11-23T03:21:40Z = 2026-11-23T03:21:40Z
        2026-11-23T04:21:40+01:00 = 2026-11-23T03:21:40Z
        2026-11-22T22:21:40-05:00[America/New_York] = 2026-11-23T03:21:40Z
        2026-11-23 03:21:40 = 2026-11-23T03:21:40Z
        2026-11-23 03:21 UTC = 2026-11-23T03:21:00Z
        03:21 = 2026-11-23T03:21:00Z
        03:21:40 = 2026-11-23T03:21:40Z
        03:21:40.250 = 2026-11-23T03:21:40.25Z
        03:21 UTC = 2026-11-23T03:21:00Z
        03:22:08 = 2026-11-22T03:22:08Z
        23:59 = 2026-11-22T23:59:00Z
        04:21+01:00 = 2026-11-23T03:21:00Z
        16:21+13:00 = 2026-11-23T03:21:00Z
        22:21-05:00 = 2026-11-23T03:21:00Z
        15m ago = 2026-11-23T03:07:07Z
        1h30m ago = 2026-11-23T01:52:07Z
        -15m = 2026-11-23T03:07:07Z
        -2 days = 2026-11-21T03:22:07Z
        2026-11-23T03:30:00Z = 2026-11-23 03:30:00 UTC is still to come (in 7m 53s)
        12.5 = a bare number is a minute of a replay; an age is written 15m ago or -15m
        ");
    }

    #[test]
    fn anything_else_is_refused_with_the_forms() {
        for raw in [
            "",
            "soon",
            "25:00",
            "03:61",
            "2026-11-23",
            "-4",
            "ago",
            "nan",
            "-",
            "3:2:1:0",
            "03:21 CET",
            "15m",
            "9999-99-99T00:00:00Z",
            "inf",
        ] {
            assert!(given(raw).is_err(), "{raw:?} is {:?}", given(raw));
        }
        assert_eq!(given("15m").unwrap_err(), "a length and not a time; so long ago is written 15m ago or -15m");
    }
}
