//! The account of one region as sentences: the region, the intent, then one block per observer.
//!
//! Sentences only; signs, colours and indents are for those who show them.

use decision::moment::{date_time, relative, time_of_day, utc};
use decision::{Check, Heard, News, RegionName, Vote};
use jiff::Timestamp;

use super::account::{Account, Evidence, Spoken, Witness};
use super::documents::{Missing, Source, Stored, Turn};

/// A word and what is to be said of it. The word is empty where a row goes on with the one above.
pub type Row = (&'static str, String);

/// The account of one region as sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Which moment is told of, unless it is now.
    pub headline: Option<String>,
    /// Where the region is, since when.
    pub title: String,
    /// Votes, verdict, who decided, the intent.
    pub rows: Vec<Row>,
    /// What each observer says.
    pub blocks: Vec<Block>,
}

/// What one observer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The observer.
    pub observer: RegionName,
    /// How good that is.
    pub news: News,
    /// Its vote, or why there is none: goes on from its name.
    pub title: String,
    /// What is behind it.
    pub rows: Vec<Row>,
}

impl Account {
    /// The sentences.
    #[must_use]
    pub fn told(&self) -> Told {
        let now = self.at;
        let of = self.observers.len();
        let since = self.since.map(|since| format!(" since {} ({})", utc(since, now), relative(since, now))).unwrap_or_default();
        let unknown = if self.votes.unknown > 0 { format!(", {} unknown", self.votes.unknown) } else { String::new() };
        let mut rows = vec![
            row("votes", format!("{} of {of} eject, {} serve{unknown}", self.votes.eject, self.votes.serve)),
            row("verdict", format!("{} {}/{of} say so", self.verdict, self.agreeing)),
            row("decided by", self.decided_by.sentence(now)),
        ];
        if !self.reason.is_empty() {
            rows.push(row("because", self.reason.clone()));
        }
        rows.extend(intent(self));
        if let Some(rule) = self.drain_refused_by {
            rows.push(row("a drain", format!("would be refused by {rule}")));
        }
        Told {
            headline: headline(&self.source, now),
            title: format!("{} is {}{since}", self.region, self.answers),
            rows,
            blocks: self.observers.iter().map(|witness| block(witness, now)).collect(),
        }
    }
}

fn row(word: &'static str, text: String) -> Row {
    (word, text)
}

/// Which moment is told of, unless it is now.
fn headline(source: &Source, at: Timestamp) -> Option<String> {
    let at_utc = date_time(at);
    match source {
        Source::Now => None,
        Source::History { asked_at } => {
            Some(format!("as of {at_utc} UTC, {}, by what SSM still has. Ages count from then.", relative(at, *asked_at)))
        }
        Source::Replay { file, minute } => Some(format!("as of minute {minute} of {file}, {at_utc} UTC there. Ages count from then.")),
    }
}

fn intent(account: &Account) -> Vec<Row> {
    let Some(standing) = &account.intent else { return vec![] };
    let intent = &standing.intent;
    let ticket = intent.ticket.as_ref().map(|ticket| format!(" {ticket}")).unwrap_or_default();
    let state = standing.state.sentence();
    let past = if intent.overrides.is_empty() {
        String::new()
    } else {
        format!(", past {}", intent.overrides.iter().map(|rule| rule.as_str()).collect::<Vec<_>>().join(" and "))
    };
    vec![
        row("intent", format!("{} by {}, {state}{past}: {:?}{ticket}", intent.kind, intent.actor, intent.reason)),
        row("", format!("{} until {}", relative(intent.recorded_at, account.at), utc(intent.ends_at, account.at))),
        row(
            "",
            format!(
                "generation {}, stored at {} of {}: {}",
                intent.generation,
                standing.stored_at.len(),
                account.observers.len(),
                list(&standing.stored_at)
            ),
        ),
    ]
}

fn block(witness: &Witness, now: Timestamp) -> Block {
    let (news, title) = match (&witness.vote, witness.heard) {
        (Some(spoken), heard) => {
            let news = match (spoken.vote, heard) {
                (Vote::Serve, Heard::Fresh) => News::Good,
                (Vote::Eject, Heard::Fresh) if spoken.lane == "intent" => News::Warn,
                (Vote::Eject, Heard::Fresh) => News::Bad,
                (_, Heard::Stale | Heard::Absent | Heard::Unreachable) => News::Unknown,
            };
            let stale = if heard == Heard::Fresh { "" } else { ", stale" };
            (news, format!("votes {} since {} ({}){stale}", spoken.vote, time_of_day(spoken.since), relative(spoken.since, now)))
        }
        (None, Heard::Unreachable) => {
            let what = match &witness.votes_missing {
                Some(Missing::Forgotten(_)) => "is not known so far back",
                Some(Missing::Unreadable(_)) => "cannot be read",
                Some(Missing::Silent(_)) | None => "does not answer",
            };
            (News::Unknown, what.to_owned())
        }
        (None, Heard::Absent | Heard::Fresh | Heard::Stale) => (News::Unknown, "has no vote on it".to_owned()),
    };
    let word = if matches!(witness.votes_missing, Some(Missing::Silent(_))) { "failure" } else { "votes" };
    let mut rows: Vec<Row> = witness.failure.iter().map(|failure| row(word, failure.clone())).collect();
    rows.extend(witness.stored.get("votes").and_then(|version| turn(version, now)));
    rows.extend(witness.vote.iter().flat_map(|spoken| vote(spoken, now)));
    rows.extend(witness.evidence.iter().flat_map(|evidence| checks(evidence, now)));
    rows.extend(witness.missing.iter().map(|(what, why)| row(what, why.clone())));
    rows.extend(stored(witness, now));
    Block { observer: witness.observer.clone(), news, title, rows }
}

fn list(names: &[RegionName]) -> String {
    names.iter().map(RegionName::as_str).collect::<Vec<_>>().join(", ")
}

/// Which turn tells of a moment whose votes are forgotten.
fn turn(version: &Stored, now: Timestamp) -> Option<Row> {
    let Turn { until, last_word } = version.turn?;
    let kept = format!("{} ({})", date_time(version.stored_at), relative(version.stored_at, now));
    let text = match until {
        _ if last_word => format!("the last word before a silence, kept {kept}"),
        Some(until) => format!("kept {kept}, and the next one {} ({})", date_time(until), relative(until, now)),
        None => format!("kept {kept}, and none since"),
    };
    Some(row("turn", text))
}

/// How old each document was, by SSM's clock.
fn stored(witness: &Witness, now: Timestamp) -> Option<Row> {
    let one = |(what, version): (&&str, &Stored)| {
        let late = if version.late { ", a late write that was put right" } else { "" };
        let what = if version.turn.is_some() { format!("turns/{what}") } else { (*what).to_owned() };
        format!("{what} {} ({}){late}", time_of_day(version.stored_at), relative(version.stored_at, now))
    };
    let all: Vec<String> = witness.stored.iter().map(one).collect();
    if all.is_empty() { None } else { Some(row("stored", all.join(", "))) }
}

fn vote(spoken: &Spoken, now: Timestamp) -> Vec<Row> {
    let memory = &spoken.memory;
    let mut remembers = vec![format!("[{}]", memory.rounds), format!("{} clean", memory.clean)];
    if memory.relapses > 0 {
        remembers.push(if memory.relapses == 1 { "ejected once".to_owned() } else { format!("ejected {} times", memory.relapses) });
    }
    remembers.extend(memory.held_until.map(|until| format!("held down until {} ({})", time_of_day(until), relative(until, now))));
    let mut rows = vec![row("lane", format!("{}: {}", spoken.lane, spoken.reason))];
    rows.extend(spoken.refused.map(|rule| row("refused", format!("{rule} took the last ejection back"))));
    if spoken.other_policy {
        rows.push(row("policy", "another one than is configured here".to_owned()));
    }
    rows.extend([
        row("verdict", format!("{} since {} ({})", spoken.verdict, time_of_day(spoken.verdict_since), relative(spoken.verdict_since, now))),
        row("memory", remembers.join(", ")),
        row(
            "decided",
            format!("{} ({}), generation {}", time_of_day(spoken.decided_at), relative(spoken.decided_at, now), spoken.generation),
        ),
    ]);
    rows
}

fn checks(evidence: &Evidence, now: Timestamp) -> Vec<Row> {
    let results = Check::ALL.iter().filter_map(|check| {
        let result = evidence.checks.get(check.as_str())?;
        let retried = if result.attempts > 1 { format!(", attempt {}", result.attempts) } else { String::new() };
        Some(format!("{check} {} {} ms{retried}", result.outcome, result.millis))
    });
    let results: Vec<String> = results.collect();
    let results = if results.is_empty() { "nothing about it".to_owned() } else { results.join(", ") };
    vec![
        row(
            "round",
            format!(
                "{} at {} ({}), observer itself {}",
                evidence.round,
                time_of_day(evidence.produced_at),
                relative(evidence.produced_at, now),
                evidence.observer
            ),
        ),
        row("saw", results),
    ]
}
