//! The account of one region as data: every observer's vote, lane, reason, memory and newest evidence.
//!
//! Pure: it arranges what was read.

use std::collections::BTreeMap;

use decision::{
    Answers, CheckResult, DecidedBy, Heard, Intent, IntentView, Memory, Observed, Policy, Reason, RegionName, SafetyRule, ServiceView,
    Tally, Verdict, Vote, Votes,
};
use jiff::Timestamp;
use serde::Serialize;

use super::documents::{Documents, Held, Kept, Missing, Source, Stored};
use crate::log::Entry;

/// Everything that is known about one region.
#[derive(Debug, Serialize)]
pub struct Account {
    /// Always `explain`.
    pub command: &'static str,
    /// The moment that is told of. Everything below is as it was then.
    pub at: Timestamp,
    /// Where the documents are from.
    pub source: Source,
    /// The region.
    pub region: RegionName,
    /// Whether users are sent there.
    pub answers: Answers,
    /// Since when.
    pub since: Option<Timestamp>,
    /// How the votes add up.
    pub votes: Tally,
    /// Who decided.
    pub decided_by: DecidedBy,
    /// The sentence that most of the deciding side gives; empty when nothing can be read.
    pub reason: String,
    /// The verdict.
    pub verdict: Verdict,
    /// How many observers say so.
    #[serde(rename = "says")]
    pub agreeing: usize,
    /// The rule that would refuse a drain of it.
    pub drain_refused_by: Option<SafetyRule>,
    /// The intent that stands, if any.
    pub intent: Option<IntentView>,
    /// What each observer has to say.
    pub observers: Vec<Witness>,
    /// The last entries of the log until then, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Entry>,
}

/// What one observer has to say.
#[derive(Debug, Serialize)]
pub struct Witness {
    /// The observer.
    pub observer: RegionName,
    /// What could be read of its votes.
    pub heard: Heard,
    /// Why its votes are not known.
    pub failure: Option<String>,
    /// The same as data.
    #[serde(skip)]
    pub votes_missing: Option<Missing>,
    /// What else of it is not known, and why: `observed`, `intent`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub missing: BTreeMap<&'static str, String>,
    /// How its documents were stored, where they are from a history: `votes`, `observed`, `intent`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub stored: BTreeMap<&'static str, Stored>,
    /// Its vote.
    pub vote: Option<Spoken>,
    /// Its newest round.
    pub evidence: Option<Evidence>,
}

/// One observer's vote with what is behind it.
#[derive(Debug, Serialize)]
pub struct Spoken {
    /// Its vote.
    pub vote: Vote,
    /// Since when.
    pub since: Timestamp,
    /// When that was decided, by the controller's clock.
    pub decided_at: Timestamp,
    /// The generation of its votes.
    pub generation: u64,
    /// Whether it was decided under another policy than the one that is asked with.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub other_policy: bool,
    /// Which of the lanes decided: `safety-rule`, `intent`, `automatic` or `unknown`.
    pub lane: &'static str,
    /// The sentence that most of the deciding side gives; empty when nothing can be read.
    pub reason: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Since when the verdict is what it is.
    pub verdict_since: Timestamp,
    /// The safety rule that last took an ejection back, while the region has served since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<SafetyRule>,
    /// What it remembers of the region.
    pub memory: Memory,
}

/// The newest round that an observer published, as far as it is about the region.
#[derive(Debug, Serialize)]
pub struct Evidence {
    /// The round's number.
    pub round: u64,
    /// When it ended, by the probe's clock.
    pub produced_at: Timestamp,
    /// The observer's judgement of itself.
    pub observer: String,
    /// What each check came to, by its word.
    pub checks: BTreeMap<&'static str, CheckResult>,
}

/// Which lane a reason belongs to.
pub(crate) fn lane(reason: &Reason) -> &'static str {
    match reason {
        Reason::Refused { .. } | Reason::DrainRefused { .. } => "safety-rule",
        Reason::Drained { .. } | Reason::DrainPending { .. } | Reason::DrainWaits { .. } | Reason::Held { .. } => "intent",
        Reason::Announced { because } => lane(because),
        Reason::Healthy
        | Reason::Degraded { .. }
        | Reason::Suspect(_)
        | Reason::Failing(_)
        | Reason::HeldDown { .. }
        | Reason::Returning { .. }
        | Reason::Replication { .. }
        | Reason::AwaitsResume => "automatic",
        Reason::Silent { .. } | Reason::Future { .. } | Reason::Unfit { .. } | Reason::Blind { .. } | Reason::NotJudged { .. } => "unknown",
    }
}

/// The documents as people see them at that moment.
#[must_use]
pub fn view(policy: &Policy, documents: &Documents) -> ServiceView {
    let votes: BTreeMap<RegionName, Result<Option<Votes>, &Missing>> = documents
        .observers
        .iter()
        .map(|(observer, held)| {
            (observer.clone(), held.votes.as_ref().map(|votes| votes.as_ref().map(|kept| standing(kept, documents.at))))
        })
        .collect();
    let of = |held: &Held| -> BTreeMap<RegionName, Intent> {
        let known = held.intents.iter().flatten().filter_map(|(region, intent)| Some((region, intent.as_ref().ok()?)));
        known.map(|(region, kept)| (region.clone(), kept.document.clone())).collect()
    };
    let intents: BTreeMap<RegionName, Result<BTreeMap<RegionName, Intent>, &Missing>> =
        documents.observers.iter().map(|(observer, held)| (observer.clone(), held.intents.as_ref().map(|_| of(held)))).collect();
    ServiceView::new(policy, &votes, &intents, documents.at)
}

/// The votes as they stood then. A turn was decided long before, and again and again since; only a last word was not.
fn standing(kept: &Kept<Votes>, at: Timestamp) -> Votes {
    let goes_on = kept.turn().is_some_and(|turn| !turn.last_word);
    let decided_at = kept.document.decided_at;
    Votes { decided_at: if goes_on { decided_at.max(at) } else { decided_at }, ..kept.document.clone() }
}

/// Arranges what is known about `region`. `None` when the policy does not have it.
#[must_use]
pub fn account(policy: &Policy, documents: &Documents, region: &RegionName) -> Option<Account> {
    let view = view(policy, documents);
    let shown = view.region(region)?;
    let fingerprint = policy.fingerprint();
    let observers = view.observers.iter().map(|seen| match documents.observers.get(&seen.observer) {
        Some(held) => witness(held, seen.observer.clone(), seen.heard, region, &fingerprint),
        None => Witness {
            observer: seen.observer.clone(),
            heard: seen.heard,
            failure: None,
            votes_missing: None,
            missing: BTreeMap::new(),
            stored: BTreeMap::new(),
            vote: None,
            evidence: None,
        },
    });
    Some(Account {
        command: "explain",
        at: view.at,
        source: documents.source.clone(),
        region: region.clone(),
        answers: shown.answers,
        since: shown.since,
        votes: shown.votes,
        decided_by: shown.decided_by.clone(),
        reason: shown.reason.clone(),
        verdict: shown.verdict,
        agreeing: shown.agreeing,
        drain_refused_by: shown.drain_refused_by,
        intent: shown.intent.clone(),
        observers: observers.collect(),
        before: documents.before.clone(),
    })
}

/// What one observer's documents say.
fn witness(held: &Held, observer: RegionName, heard: Heard, region: &RegionName, fingerprint: &str) -> Witness {
    let intent = held.intent(region);
    let published = held.observed.as_ref().ok().and_then(Option::as_ref);
    let votes = held.votes.as_ref().ok().and_then(Option::as_ref);
    let versions = [
        ("votes", votes.and_then(|kept| kept.version)),
        ("observed", published.and_then(|kept| kept.version)),
        ("intent", intent.and_then(|intent| intent.ok()?.version)),
    ];
    let others = [("observed", held.observed.as_ref().err()), ("intent", intent.and_then(Result::err))];
    // One silence is one failure, however much of it there is.
    let told = held.votes.as_ref().err();
    let missing = others.into_iter().filter_map(|(what, missing)| Some((what, missing.filter(|why| told != Some(*why))?.to_string())));
    Witness {
        observer,
        heard,
        failure: told.map(ToString::to_string),
        votes_missing: told.cloned(),
        missing: missing.collect(),
        stored: versions.into_iter().filter_map(|(what, version)| Some((what, version?))).collect(),
        vote: votes.and_then(|kept| spoken(kept, region, fingerprint)),
        evidence: published.and_then(|kept| evidence(&kept.document, region)),
    }
}

fn spoken(kept: &Kept<Votes>, region: &RegionName, fingerprint: &str) -> Option<Spoken> {
    let votes = &kept.document;
    let vote = votes.regions.get(region)?;
    Some(Spoken {
        vote: vote.vote,
        since: vote.since,
        decided_at: votes.decided_at,
        generation: votes.generation,
        other_policy: votes.policy != fingerprint,
        lane: lane(&vote.reason),
        reason: vote.reason.to_string(),
        verdict: vote.verdict,
        verdict_since: vote.verdict_since,
        refused: vote.refused,
        memory: vote.memory.clone(),
    })
}

fn evidence(published: &Observed, region: &RegionName) -> Option<Evidence> {
    let round = published.rounds.last()?;
    let checks = round.regions.get(region).into_iter().flatten().map(|(check, result)| (check.as_str(), result.clone())).collect();
    Some(Evidence { round: round.number, produced_at: round.produced_at, observer: round.self_check.to_string(), checks })
}
