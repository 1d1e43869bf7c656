//! The log: who did what, when and why, with what result; refusals too.

use std::collections::BTreeMap;

use decision::RegionName;
use decision::moment::{date_time, relative, span, utc};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::log::{Entry, History, What, entries};

use super::header::Header;
use super::part::{Act, Mark};
use super::path;
use super::scene::Scene;

/// The log, filtered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LogPage {
    /// The head.
    pub header: Header,
    /// What was asked for.
    pub filter: LogFilter,
    /// What is wrong with what was asked for; then the default is shown.
    pub problems: Vec<String>,
    /// The regions to choose from.
    #[schemars(with = "Vec<String>")]
    pub regions: Vec<RegionName>,
    /// The lengths to choose from, as `since` has them.
    pub lengths: Vec<&'static str>,
    /// Newest first, at most 500.
    pub entries: Vec<LogLine>,
    /// `12 entries since 2026-11-16 03:22:07 UTC`, or `nothing happened in that time`.
    pub text: String,
    /// Who could not be read, and how far back votes are known.
    pub notes: Vec<String>,
    /// Where the same is as JSON to download.
    pub json: String,
}

/// What of the log is wanted. Empty is everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LogFilter {
    /// One region.
    pub region: String,
    /// How far back: `24h`, `7d`. Seven days where it is empty.
    pub since: String,
    /// Text that stands in who or why.
    pub text: String,
    /// `people`, `votes`, `refusals`, or empty.
    pub what: String,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LogLine {
    /// When.
    pub at: Timestamp,
    /// `2026-11-23 03:22:07`.
    pub time: String,
    /// `12m ago`.
    pub ago: String,
    /// Where.
    #[schemars(with = "String")]
    pub region: RegionName,
    /// How good it is.
    pub mark: Mark,
    /// `drained until 05:10 UTC`, `votes eject`, `refused`, `drain refused`.
    pub what: String,
    /// A person, or `observer eu-west-1`.
    pub who: String,
    /// The reason, with the ticket.
    pub why: String,
    /// What came of it, where that is known: `recorded at 3 of 3 observers`; `nothing was changed`.
    pub result: String,
    /// The generation of the document that tells of it; none for what was never written.
    pub generation: Option<u64>,
}

/// How far back the log reaches where nobody says how far.
const SINCE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The lengths to choose from.
const LENGTHS: [&str; 5] = ["1h", "24h", "7d", "30d", "366d"];
/// How many entries are shown at once.
const ENTRIES_MAX: usize = 500;

/// What somebody tried through this dashboard, whatever became of it. Kept in memory: what was written stands in the documents too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) at: Timestamp,
    pub(crate) region: RegionName,
    pub(crate) act: Act,
    pub(crate) actor: String,
    pub(crate) reason: String,
    pub(crate) ticket: String,
    /// What came of it.
    pub(crate) result: String,
    /// The document that was written.
    pub(crate) generation: Option<u64>,
    /// Whether it stands.
    pub(crate) done: bool,
}

/// The stored log of every observer, and what of it could not be had.
pub(crate) struct Known<'a> {
    pub(crate) logs: &'a [History],
    /// Why observers could not be read.
    pub(crate) missing: BTreeMap<RegionName, String>,
    /// Of each observer, the time of its oldest vote.
    pub(crate) reach: BTreeMap<RegionName, Timestamp>,
    pub(crate) attempts: &'a [Attempt],
}

/// A stored entry as a line.
pub(crate) fn line(entry: &Entry, now: Timestamp) -> LogLine {
    let mark = match entry.what {
        What::Resumed | What::Ended | What::VotedServe => Mark::Good,
        What::Drained | What::Held | What::Extended | What::Refused => Mark::Warn,
        What::VotedEject => Mark::Bad,
    };
    let until = entry.until.map(|until| format!(" until {}", utc(until, now))).unwrap_or_default();
    LogLine {
        at: entry.at,
        time: date_time(entry.at),
        ago: relative(entry.at.min(now), now),
        region: entry.region.clone(),
        mark,
        what: format!("{}{until}", entry.what.as_str()),
        who: entry.actor.clone(),
        why: with_ticket(&entry.reason, entry.ticket.as_deref().unwrap_or_default()),
        result: String::new(),
        generation: Some(entry.generation),
    }
}

fn with_ticket(reason: &str, ticket: &str) -> String {
    format!("{reason} {ticket}").trim().to_owned()
}

/// Everything since then, newest first: what is stored, with what came of it here; and what was tried here and never stored.
pub(crate) fn lines(known: &Known<'_>, regions: &[RegionName], since: Timestamp, now: Timestamp) -> Vec<LogLine> {
    let mut lines: Vec<LogLine> = entries(known.logs, regions, since, now).iter().map(|entry| line(entry, now)).collect();
    for attempt in known.attempts.iter().filter(|attempt| attempt.at >= since && regions.contains(&attempt.region)) {
        let stored = attempt.generation.filter(|_| attempt.done).and_then(|generation| {
            let of_people =
                |line: &&mut LogLine| line.generation == Some(generation) && line.region == attempt.region && line.who == attempt.actor;
            lines.iter_mut().find(of_people)
        });
        if let Some(line) = stored {
            line.result.clone_from(&attempt.result);
            continue;
        }
        lines.push(LogLine {
            at: attempt.at,
            time: date_time(attempt.at),
            ago: relative(attempt.at.min(now), now),
            region: attempt.region.clone(),
            mark: if attempt.done { Mark::Good } else { Mark::Warn },
            what: if attempt.done { attempt.act.as_str().to_owned() } else { format!("{} refused", attempt.act.as_str()) },
            who: attempt.actor.clone(),
            why: with_ticket(&attempt.reason, &attempt.ticket),
            result: attempt.result.clone(),
            generation: attempt.generation,
        });
    }
    lines.sort_by(|a, b| (b.at, b.generation, &b.who, &b.region).cmp(&(a.at, a.generation, &a.who, &a.region)));
    lines
}

/// The log, filtered.
pub(crate) fn log_page(scene: &Scene<'_>, filter: LogFilter, known: &Known<'_>) -> LogPage {
    let now = scene.now;
    let mut problems = Vec::new();
    let all: Vec<RegionName> = scene.policy.regions().iter().cloned().collect();
    let named: Vec<RegionName> = all.iter().filter(|region| region.as_str() == filter.region).cloned().collect();
    let regions = if filter.region.is_empty() {
        &all
    } else if named.is_empty() {
        problems.push(format!("{:?} is not a region; all are shown", shortened(&filter.region)));
        &all
    } else {
        &named
    };
    let long = match filter.since.as_str() {
        "" => SINCE,
        given => span(given).unwrap_or_else(|why| {
            problems.push(format!("{:?} is {why}; the last 7 days are shown", shortened(given)));
            SINCE
        }),
    };
    let since = now.checked_sub(long).unwrap_or(Timestamp::MIN);
    let wanted = filter.text.trim().to_lowercase();
    let is_vote = |line: &LogLine| line.who.starts_with("observer ");
    let is_refusal = |line: &LogLine| line.what.contains("refused");
    let mut found = lines(known, regions, since, now);
    found.retain(|line| {
        wanted.is_empty() || [&line.who, &line.why, &line.what, &line.result].iter().any(|text| text.to_lowercase().contains(&wanted))
    });
    match filter.what.as_str() {
        "" => {}
        "people" => found.retain(|line| !is_vote(line)),
        "votes" => found.retain(|line| is_vote(line) && !is_refusal(line)),
        "refusals" => found.retain(is_refusal),
        other => problems.push(format!("{:?} is none of people, votes, refusals; everything is shown", shortened(other))),
    }
    let of = found.len();
    found.truncate(ENTRIES_MAX);
    let text = match of {
        0 => "nothing happened in that time".to_owned(),
        of if of > ENTRIES_MAX => format!("the newest {ENTRIES_MAX} of {of} entries since {} UTC", date_time(since)),
        1 => format!("1 entry since {} UTC", date_time(since)),
        of => format!("{of} entries since {} UTC", date_time(since)),
    };
    let oldest = known.reach.iter().filter(|(_, oldest)| **oldest > since);
    let mut notes: Vec<String> =
        oldest.map(|(observer, oldest)| format!("votes of {observer} reach back to {}", utc(*oldest, now))).collect();
    notes.extend(known.missing.iter().map(|(observer, why)| format!("the history of {observer} is missing: {why}")));
    let query: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("region", &filter.region), ("since", &filter.since), ("text", &filter.text), ("what", &filter.what)])
        .finish();
    LogPage {
        header: scene.header(),
        filter,
        problems,
        regions: all,
        lengths: LENGTHS.to_vec(),
        entries: found,
        text,
        notes,
        json: format!("{}?{query}", path::LOG_JSON),
    }
}

/// The beginning of what somebody wrote: it is said back to them.
fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}
