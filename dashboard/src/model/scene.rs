//! What every page is built from, and the words that all of them share.

use decision::moment::{length, relative, time_of_day, utc};
use decision::{Answers, Heard, IntentKind, IntentState, IntentView, News, Policy, RegionName, RegionView};
use jiff::{SignedDuration, Timestamp};

use super::header::{Header, Live, LiveState, ObserverLine};
use super::overview::{Row, Standing};
use super::part::{Act, Button, Mark, Spark};
use super::path;
use crate::settings::Names;
use crate::state::{Point, RegionState, Snapshot};

/// How far back the curve in the table goes.
const HALF_AN_HOUR: SignedDuration = SignedDuration::from_mins(30);
/// A value that is older is no longer what is.
const FRESH: SignedDuration = SignedDuration::from_secs(60);

/// What is known, who asks, and when.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) names: &'a Names,
    pub(crate) here: &'a str,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) now: Timestamp,
    pub(crate) actor: &'a str,
    pub(crate) may_write: bool,
}

impl From<News> for Mark {
    fn from(news: News) -> Self {
        match news {
            News::Good => Mark::Good,
            News::Warn => Mark::Warn,
            News::Bad => Mark::Bad,
            News::Unknown => Mark::Unknown,
        }
    }
}

impl Scene<'_> {
    /// The head of every page.
    pub(crate) fn header(&self) -> Header {
        Header {
            service: self.policy.service().to_string(),
            api: self.names.api.clone(),
            websocket: self.names.websocket.clone(),
            here: self.here.to_owned(),
            actor: self.actor.to_owned(),
            role: if self.may_write { "operator" } else { "viewer" },
            may_write: self.may_write,
            live: live(self.snapshot, self.now),
            version: self.snapshot.version,
            at: self.now,
            at_text: format!("{} UTC", time_of_day(self.now)),
            observers: self.snapshot.view.observers.iter().map(|view| self.observer(&view.observer, view.heard, view.decided_at)).collect(),
        }
    }

    fn observer(&self, observer: &RegionName, heard: Heard, decided_at: Option<Timestamp>) -> ObserverLine {
        let seen = self.snapshot.observers.get(observer);
        let age = |at: Timestamp| relative(at.min(self.now), self.now);
        let votes = decided_at.map_or_else(|| "no votes".to_owned(), |at| format!("votes {}", age(at)));
        let newest = seen.and_then(|seen| seen.observed.as_ref()?.rounds.last());
        let rounds = newest.map_or_else(|| "no rounds".to_owned(), |round| format!("rounds {}", age(round.produced_at)));
        let (mark, text) = match (seen.and_then(|seen| seen.problem.as_ref()), heard) {
            (Some(problem), _) => (Mark::Unknown, problem.clone()),
            (None, Heard::Fresh) => (Mark::Good, format!("{votes}, {rounds}")),
            (None, Heard::Stale | Heard::Absent) => (Mark::Warn, format!("{votes}, {rounds}")),
            (None, Heard::Unreachable) => (Mark::Unknown, "not read yet".to_owned()),
        };
        // What a majority said last is kept when nobody answers any more; who does not answer is not fresh for it.
        let heard = if seen.is_some_and(|seen| seen.problem.is_some()) { Heard::Unreachable } else { heard };
        ObserverLine { observer: observer.clone(), mark, heard: heard.as_str(), text }
    }

    /// The region in the table; none where the policy does not have it.
    pub(crate) fn row(&self, region: &RegionName) -> Option<Row> {
        let view = self.snapshot.view.region(region)?;
        let nothing = RegionState::default();
        let state = self.snapshot.regions.get(region).unwrap_or(&nothing);
        let survey = &self.snapshot.dns.survey;
        let replication = newest(&state.history, self.now, |point| point.replication_ms);
        Some(Row {
            region: region.clone(),
            mark: view.news().into(),
            href: path::region(region),
            answers: view.answers.as_str(),
            since: view.since.map_or_else(|| "-".to_owned(), |since| length(self.now.duration_since(since))),
            since_at: view.since,
            since_title: view
                .since
                .map(|since| format!("since {} ({})", utc(since, self.now), relative(since, self.now)))
                .unwrap_or_default(),
            verdict: view.verdict.as_str(),
            says: format!("{}/{}", view.agreeing, view.observers.len()),
            votes: view.votes_sentence(),
            rest: spark("REST read", &state.history, self.now, HALF_AN_HOUR, |point| point.rest_ms),
            replication: replication.map_or_else(|| "-".to_owned(), |millis| format!("{millis} ms")),
            lookups: if survey.lookups.is_empty() {
                "-".to_owned()
            } else {
                format!("{} of {}", survey.saying(region), survey.lookups.len())
            },
            decided_by: view.decided_by.sentence(self.now),
            reason: view.because().map(str::to_owned),
            standing: view.intent.as_ref().map(|standing| self.standing(standing, view.observers.len())),
            buttons: self.acts(view, state).into_iter().map(|act| self.button(region, act)).collect(),
        })
    }

    pub(crate) fn standing(&self, standing: &IntentView, of: usize) -> Standing {
        let intent = &standing.intent;
        let mark = match standing.state {
            IntentState::InForce => Mark::Good,
            IntentState::Pending { .. } | IntentState::Refused { .. } => Mark::Warn,
        };
        let left = intent.ends_at.duration_since(self.now);
        Standing {
            kind: intent.kind.as_str(),
            actor: intent.actor.clone(),
            reason: intent.reason.clone(),
            ticket: intent.ticket.clone(),
            state: standing.state.sentence(),
            mark,
            ends: if left.is_positive() {
                format!("ends in {}, {}", length(left), utc(intent.ends_at, self.now))
            } else {
                format!("ended {}, {}", relative(intent.ends_at, self.now), utc(intent.ends_at, self.now))
            },
            ends_at: intent.ends_at,
            stored: format!(
                "generation {}, stored at {} of {of}: {}",
                intent.generation,
                standing.stored_at.len(),
                list(&standing.stored_at)
            ),
            generation: intent.generation,
            progress: path::progress(&intent.region),
        }
    }

    /// What may be done to a region, the likeliest first.
    fn acts(&self, view: &RegionView, state: &RegionState) -> Vec<Act> {
        match view.intent.as_ref().map(|standing| standing.intent.kind) {
            Some(IntentKind::Drain) => vec![Act::Resume, Act::Extend],
            Some(IntentKind::Hold) => vec![Act::Resume, Act::Extend, Act::Drain],
            None if state.awaits_resume => vec![Act::Resume, Act::Drain],
            None if view.answers == Answers::Serving => vec![Act::Drain, Act::Hold],
            None => vec![Act::Hold, Act::Drain],
        }
    }

    pub(crate) fn button(&self, region: &RegionName, act: Act) -> Button {
        Button {
            act,
            region: region.clone(),
            label: format!("Preview {}", act.as_str()),
            href: path::act(region, act),
            command: match act {
                Act::Drain => format!("failover drain {region} --reason … --for 4h --confirm {region}"),
                Act::Resume => format!("failover resume {region} --confirm {region}"),
                Act::Extend => format!("failover extend {region} --for 4h"),
                Act::Hold => format!("failover hold {region} --reason … --for 1h --yes"),
            },
        }
    }
}

/// How old a snapshot is.
pub(crate) fn live(snapshot: &Snapshot, now: Timestamp) -> Live {
    let (state, text) = match snapshot.heard_at {
        None => (LiveState::Never, "NOT LIVE, no majority of observers has been heard yet".to_owned()),
        Some(at) if snapshot.is_stale(now) => {
            (LiveState::Stale, format!("NOT LIVE, last heard {} UTC ({})", time_of_day(at), relative(at.min(now), now)))
        }
        Some(at) => (LiveState::Live, format!("live, {} old", length(now.duration_since(at)))),
    };
    Live { state, text, heard_at: snapshot.heard_at }
}

/// Names with commas.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a RegionName>) -> String {
    let names: Vec<&str> = names.into_iter().map(RegionName::as_str).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// The newest value, if it is fresh.
fn newest(history: &[Point], now: Timestamp, of: impl Fn(&Point) -> Option<u32>) -> Option<u32> {
    let fresh = history.iter().rev().take_while(|point| now.duration_since(point.at) <= FRESH);
    fresh.filter_map(of).next()
}

/// The curve of one timing, in steps of ten seconds up to now.
pub(crate) fn spark(
    label: &str,
    history: &[Point],
    now: Timestamp,
    long: SignedDuration,
    of: impl Fn(&Point) -> Option<u32> + Copy,
) -> Spark {
    let step = Point::LENGTH.as_secs();
    let steps = usize::try_from(long.as_secs() / step).unwrap_or(0).min(Point::MOST);
    // The step under way is left out until something of it is known: a gap at the end would look like silence.
    let last = now.as_second().div_euclid(step) * step;
    let known = history.last().is_some_and(|point| point.at.as_second() >= last && (of(point).is_some() || point.failed > 0));
    let end = if known { last + step } else { last };
    let start = end - step * i64::try_from(steps).unwrap_or(0);
    let (mut values, mut failed, mut out) = (vec![None; steps], vec![false; steps], vec![false; steps]);
    for point in history {
        let index = (point.at.as_second() - start).div_euclid(step);
        let Some(index) = usize::try_from(index).ok().filter(|index| *index < steps) else { continue };
        (values[index], failed[index], out[index]) = (of(point), point.failed > 0, point.answers.is_out());
    }
    let fresh = newest(history, now, of);
    let bounds = values.iter().flatten().fold(None, |bounds: Option<(u32, u32)>, value| {
        Some(bounds.map_or((*value, *value), |(low, high)| (low.min(*value), high.max(*value))))
    });
    let failures = failed.iter().filter(|failed| **failed).count();
    let over = length(SignedDuration::from_secs(step * i64::try_from(steps).unwrap_or(0)));
    let mut title = match (fresh, bounds) {
        (Some(now), Some((low, high))) => format!("{label}: {now} ms now, {low} to {high} ms over {over}"),
        (None, Some((low, high))) => format!("{label}: none in the last minute, {low} to {high} ms over {over}"),
        (_, None) => format!("{label}: none over {over}"),
    };
    if failures > 0 {
        title.push_str(&format!("; checks failed in {}", length(SignedDuration::from_secs(step * i64::try_from(failures).unwrap_or(0)))));
    }
    Spark {
        label: label.to_owned(),
        now: fresh.map_or_else(|| "-".to_owned(), |millis| format!("{millis} ms")),
        title,
        from: Timestamp::from_second(start).ok(),
        step_seconds: u32::try_from(step).unwrap_or(u32::MAX),
        max: bounds.map_or(1, |(_, high)| high.max(1)),
        values,
        failed,
        out,
    }
}
