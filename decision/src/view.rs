//! The service at one moment, for people: every observer's votes and the standing intents become one summary, and what a drain would do to it.
//!
//! A summary decides nothing: votes are made by `decide` alone, and only the controllers refuse. What is refused here is refused early, before it is written.

mod intent;
mod preview;
#[cfg(test)]
mod tests;
mod warning;
mod words;

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

pub use self::intent::{IntentState, IntentView};
pub use self::preview::{DrainPreview, RuleCheck};
pub use self::warning::Warning;
pub use self::words::News;
use crate::intent::{Intent, IntentKind, SafetyRule};
use crate::name::{RegionName, ServiceName};
use crate::policy::Policy;
use crate::vote::{RegionVote, Verdict, Vote, Votes};

/// What the votes make of a region: whether Route 53 sends users there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answers {
    /// No majority ejects it, and none could with the votes that cannot be read.
    Serving,
    /// A majority ejects it by its own judgement.
    Ejected,
    /// A majority ejects it and a drain is in force.
    Drained,
    /// Too few votes can be read to say.
    Unknown,
}

impl Answers {
    /// The word used in JSON, tables and sentences.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Answers::Serving => "serving",
            Answers::Ejected => "ejected",
            Answers::Drained => "drained",
            Answers::Unknown => "unknown",
        }
    }

    /// Whether a majority takes the region out, for whatever reason.
    #[must_use]
    pub fn is_out(self) -> bool {
        match self {
            Answers::Ejected | Answers::Drained => true,
            Answers::Serving | Answers::Unknown => false,
        }
    }
}

impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What could be read of one observer's votes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Heard {
    /// Its votes are younger than the policy's `votes_fresh_seconds`.
    Fresh,
    /// They are older: its gate still says them, but no longer `alive`, and its verdicts count as unknown.
    Stale,
    /// Its SSM answers and holds none. A gate without votes ejects nobody.
    Absent,
    /// Its SSM does not answer. What its gate says is not known.
    Unreachable,
}

impl Heard {
    /// The word used in JSON, tables and sentences.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Heard::Fresh => "fresh",
            Heard::Stale => "stale",
            Heard::Absent => "absent",
            Heard::Unreachable => "unreachable",
        }
    }
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One observer, as far as it could be heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ObserverView {
    /// The observer.
    pub observer: RegionName,
    /// What could be read.
    pub heard: Heard,
    /// When its votes were decided.
    pub decided_at: Option<Timestamp>,
    /// Their generation.
    pub generation: Option<u64>,
}

/// What one observer says of one region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Says {
    /// The observer.
    pub observer: RegionName,
    /// What could be read.
    pub heard: Heard,
    /// Its vote, if there is one.
    pub vote: Option<Vote>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Its verdict; unknown while its votes are not fresh.
    pub verdict: Verdict,
    /// The sentence of its reason.
    pub reason: Option<String>,
}

/// How the observers' votes on one region add up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Observers that vote `serve`, or whose gate has nothing to say.
    pub serve: usize,
    /// Observers that vote `eject`.
    pub eject: usize,
    /// Observers whose votes cannot be read.
    pub unknown: usize,
}

/// Who decided that a region is where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum DecidedBy {
    /// The controllers, by what the probes saw.
    Automatic,
    /// A person, through a drain or a hold in force.
    Person {
        /// Drain or hold.
        kind: IntentKind,
        /// Who.
        actor: String,
        /// Until when.
        until: Timestamp,
    },
}

/// One region at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegionView {
    /// The region.
    pub region: RegionName,
    /// Whether users are sent there.
    pub answers: Answers,
    /// Since when, by the vote that made the majority.
    pub since: Option<Timestamp>,
    /// How the votes add up.
    pub votes: Tally,
    /// The verdict that most observers share; of two equally shared ones the worse.
    pub verdict: Verdict,
    /// How many observers say so.
    #[serde(rename = "says")]
    pub agreeing: usize,
    /// Who decided.
    pub decided_by: DecidedBy,
    /// The sentence that most of the deciding side gives; empty when nothing can be read.
    pub reason: String,
    /// The intent that stands and is neither ended nor over, if any.
    pub intent: Option<IntentView>,
    /// The rule that would refuse a drain of this region now.
    pub drain_refused_by: Option<SafetyRule>,
    /// What each observer says.
    pub observers: Vec<Says>,
}

/// The service at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceView {
    /// The service.
    pub service: ServiceName,
    /// The moment.
    pub at: Timestamp,
    /// How many regions serve, by votes that can be read.
    pub serving: usize,
    /// Every region of the policy, by name.
    pub regions: Vec<RegionView>,
    /// Every observer of the policy, by name.
    pub observers: Vec<ObserverView>,
    /// What a person should know beside the table.
    pub warnings: Vec<Warning>,
}

impl ServiceView {
    /// Sums up what could be read. `Err` is an observer that did not answer; one that is missing counts the same.
    #[must_use]
    pub fn new<E, F>(
        policy: &Policy,
        votes: &BTreeMap<RegionName, Result<Option<Votes>, E>>,
        intents: &BTreeMap<RegionName, Result<BTreeMap<RegionName, Intent>, F>>,
        now: Timestamp,
    ) -> Self {
        let heard: Vec<(ObserverView, Option<&Votes>)> =
            policy.observers().iter().map(|observer| hear(policy, observer, votes.get(observer), now)).collect();
        let mut standing = intent::standing_intents(policy, &heard, intents, now);
        let mut regions: Vec<RegionView> =
            policy.regions().iter().map(|region| region_view(policy, region, &heard, standing.remove(region))).collect();
        let refusals: Vec<Option<SafetyRule>> =
            regions.iter().map(|view| DrainPreview::new(policy, &regions, &view.region, &[]).refused_by()).collect();
        for (view, refused_by) in regions.iter_mut().zip(refusals) {
            view.drain_refused_by = refused_by;
        }
        let warnings = warning::warnings(policy, &regions, &heard, now);
        Self {
            service: policy.service().clone(),
            at: now,
            serving: regions.iter().filter(|view| view.answers == Answers::Serving).count(),
            regions,
            observers: heard.into_iter().map(|(observer, _)| observer).collect(),
            warnings,
        }
    }

    /// The view of one region.
    #[must_use]
    pub fn region(&self, region: &RegionName) -> Option<&RegionView> {
        self.regions.iter().find(|view| view.region == *region)
    }

    /// The one region that serves, when there is exactly one.
    #[must_use]
    pub fn last_serving(&self) -> Option<RegionName> {
        preview::last_of(&preview::serving(&self.regions)).cloned()
    }

    /// What a drain of `region` would do, with the rules that it is asked to go past.
    #[must_use]
    pub fn preview_drain(&self, policy: &Policy, region: &RegionName, overrides: &[SafetyRule]) -> DrainPreview {
        DrainPreview::new(policy, &self.regions, region, overrides)
    }

    /// How many observers have fresh votes.
    #[must_use]
    pub fn fresh(&self) -> usize {
        self.observers.iter().filter(|observer| observer.heard == Heard::Fresh).count()
    }

    /// The line over the table: who serves users.
    #[must_use]
    pub fn service_line(&self) -> String {
        let unknown = self.regions.iter().filter(|view| view.answers == Answers::Unknown).count();
        let of = self.regions.len();
        match (self.serving, unknown) {
            (0, 0) => "users: no region passes, so every region is answered".to_owned(),
            (serving, 0) => format!("users: served by {serving} of {of} regions"),
            (serving, unknown) => format!("users: served by {serving} of {of} regions, {unknown} unknown"),
        }
    }
}

fn hear<'a, E>(
    policy: &Policy,
    observer: &RegionName,
    read: Option<&'a Result<Option<Votes>, E>>,
    now: Timestamp,
) -> (ObserverView, Option<&'a Votes>) {
    let (heard, votes) = match read {
        None | Some(Err(_)) => (Heard::Unreachable, None),
        Some(Ok(None)) => (Heard::Absent, None),
        Some(Ok(Some(votes))) if now.duration_since(votes.decided_at) > policy.thresholds().votes_fresh() => (Heard::Stale, Some(votes)),
        Some(Ok(Some(votes))) => (Heard::Fresh, Some(votes)),
    };
    let view = ObserverView {
        observer: observer.clone(),
        heard,
        decided_at: votes.map(|votes| votes.decided_at),
        generation: votes.map(|votes| votes.generation),
    };
    (view, votes)
}

fn region_view(policy: &Policy, region: &RegionName, heard: &[(ObserverView, Option<&Votes>)], intent: Option<IntentView>) -> RegionView {
    let votes: Vec<(&ObserverView, Option<&RegionVote>)> =
        heard.iter().map(|(observer, votes)| (observer, votes.and_then(|votes| votes.regions.get(region)))).collect();

    let mut tally = Tally::default();
    for (observer, vote) in &votes {
        match vote.map(|vote| vote.vote) {
            Some(Vote::Eject) => tally.eject += 1,
            Some(Vote::Serve) => tally.serve += 1,
            None if observer.heard == Heard::Unreachable => tally.unknown += 1,
            None => tally.serve += 1,
        }
    }
    let majority = policy.majority();
    let in_force = intent.as_ref().filter(|standing| standing.state == IntentState::InForce).map(|standing| &standing.intent);
    let drained = in_force.is_some_and(|intent| intent.kind == IntentKind::Drain);
    let answers = if tally.eject >= majority {
        if drained { Answers::Drained } else { Answers::Ejected }
    } else if tally.eject + tally.unknown >= majority {
        Answers::Unknown
    } else {
        Answers::Serving
    };

    let side = if answers.is_out() { Vote::Eject } else { Vote::Serve };
    let needed = if answers.is_out() { majority } else { policy.observers().len() - majority + 1 };
    let decided_by = match in_force {
        Some(intent) => DecidedBy::Person { kind: intent.kind, actor: intent.actor.clone(), until: intent.ends_at },
        None => DecidedBy::Automatic,
    };
    let observers: Vec<Says> = votes
        .iter()
        .map(|(observer, vote)| Says {
            observer: observer.observer.clone(),
            heard: observer.heard,
            vote: vote.map(|vote| vote.vote),
            since: vote.map(|vote| vote.since),
            verdict: match (observer.heard, vote) {
                (Heard::Fresh, Some(vote)) => vote.verdict,
                (Heard::Fresh | Heard::Stale | Heard::Absent | Heard::Unreachable, _) => Verdict::Unknown,
            },
            reason: vote.map(|vote| vote.reason.to_string()),
        })
        .collect();
    let (verdict, agreeing) = shared_verdict(&observers);

    RegionView {
        region: region.clone(),
        answers,
        since: turned_at(&observers, side, needed),
        votes: tally,
        verdict,
        agreeing,
        decided_by,
        reason: shared_reason(&observers, side),
        intent,
        drain_refused_by: None,
        observers,
    }
}

/// When the side reached the votes it needed: the `needed`th of its votes, by the time they turned.
fn turned_at(observers: &[Says], side: Vote, needed: usize) -> Option<Timestamp> {
    let mut turned: Vec<Timestamp> = observers.iter().filter(|says| says.vote == Some(side)).filter_map(|says| says.since).collect();
    turned.sort_unstable();
    turned.get(needed.checked_sub(1)?).copied()
}

/// The verdict that most observers share, and by how many; of two equally shared ones the worse.
fn shared_verdict(observers: &[Says]) -> (Verdict, usize) {
    let count = |verdict: Verdict| observers.iter().filter(|says| says.verdict == verdict).count();
    [Verdict::Healthy, Verdict::Unknown, Verdict::Degraded, Verdict::Unhealthy]
        .into_iter()
        .map(|verdict| (verdict, count(verdict)))
        .max_by_key(|(_, count)| *count)
        .unwrap_or((Verdict::Unknown, 0))
}

/// The sentence that most of one side gives; of two equally shared ones that of the first observer by name.
fn shared_reason(observers: &[Says], side: Vote) -> String {
    let sentences: Vec<&str> = observers.iter().filter(|says| says.vote == Some(side)).filter_map(|says| says.reason.as_deref()).collect();
    let count = |sentence: &str| sentences.iter().filter(|other| **other == sentence).count();
    sentences.iter().rev().max_by_key(|sentence| count(sentence)).map(|sentence| (*sentence).to_owned()).unwrap_or_default()
}
