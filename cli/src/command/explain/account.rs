//! The account of one region as data: every observer's vote, lane, reason, memory and newest evidence.
//!
//! Pure: it arranges what was read.

use std::collections::BTreeMap;

use decision::{
    Answers, CheckResult, DecidedBy, Heard, IntentView, Memory, Observed, Policy, Reason, RegionName, SafetyRule, ServiceView, Tally,
    Verdict, Vote,
};
use jiff::Timestamp;
use serde::Serialize;
use store::{StoreError, in_one_line};

use crate::service::{Read, Reading};

/// Everything that is known about one region.
#[derive(Debug, Serialize)]
pub(super) struct Account {
    pub(super) command: &'static str,
    pub(super) at: Timestamp,
    pub(super) region: RegionName,
    pub(super) answers: Answers,
    pub(super) since: Option<Timestamp>,
    pub(super) votes: Tally,
    pub(super) decided_by: DecidedBy,
    pub(super) reason: String,
    pub(super) verdict: Verdict,
    #[serde(rename = "says")]
    pub(super) agreeing: usize,
    pub(super) drain_refused_by: Option<SafetyRule>,
    pub(super) intent: Option<IntentView>,
    pub(super) observers: Vec<Witness>,
}

/// What one observer has to say.
#[derive(Debug, Serialize)]
pub(super) struct Witness {
    pub(super) observer: RegionName,
    pub(super) heard: Heard,
    /// Why it could not be read.
    pub(super) failure: Option<String>,
    pub(super) vote: Option<Spoken>,
    pub(super) evidence: Option<Evidence>,
}

/// One observer's vote with what is behind it.
#[derive(Debug, Serialize)]
pub(super) struct Spoken {
    pub(super) vote: Vote,
    pub(super) since: Timestamp,
    pub(super) decided_at: Timestamp,
    pub(super) generation: u64,
    /// Which of the lanes decided: `safety-rule`, `intent`, `automatic` or `unknown`.
    pub(super) lane: &'static str,
    pub(super) reason: String,
    pub(super) verdict: Verdict,
    pub(super) verdict_since: Timestamp,
    /// The safety rule that last took an ejection back, while the region has served since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refused: Option<SafetyRule>,
    pub(super) memory: Memory,
}

/// The newest round that an observer published, as far as it is about the region.
#[derive(Debug, Serialize)]
pub(super) struct Evidence {
    pub(super) round: u64,
    pub(super) produced_at: Timestamp,
    /// The observer's judgement of itself.
    pub(super) observer: String,
    pub(super) checks: BTreeMap<&'static str, CheckResult>,
}

/// Which lane a reason belongs to.
pub(super) fn lane(reason: &Reason) -> &'static str {
    match reason {
        Reason::Refused { .. } | Reason::DrainRefused { .. } => "safety-rule",
        Reason::Drained { .. } | Reason::DrainPending { .. } | Reason::Held { .. } => "intent",
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

/// Arranges what was read about `region`. `None` when the policy does not have it.
pub(super) fn account(
    policy: &Policy,
    view: &ServiceView,
    reading: &Reading,
    observed: &Read<Option<Observed>>,
    region: &RegionName,
) -> Option<Account> {
    let shown = view.region(region)?;
    let heard =
        |observer: &RegionName| view.observers.iter().find(|seen| seen.observer == *observer).map_or(Heard::Unreachable, |seen| seen.heard);
    let observers = policy.observers().iter().map(|observer| {
        let votes = reading.votes.get(observer);
        let failure = votes.and_then(|read| read.as_ref().err()).map(|error: &StoreError| in_one_line(error));
        let votes = votes.and_then(|read| read.as_ref().ok()).and_then(Option::as_ref);
        let spoken = votes.and_then(|votes| {
            let vote = votes.regions.get(region)?;
            Some(Spoken {
                vote: vote.vote,
                since: vote.since,
                decided_at: votes.decided_at,
                generation: votes.generation,
                lane: lane(&vote.reason),
                reason: vote.reason.to_string(),
                verdict: vote.verdict,
                verdict_since: vote.verdict_since,
                refused: vote.refused,
                memory: vote.memory.clone(),
            })
        });
        let published = observed.get(observer).and_then(|read| read.as_ref().ok()).and_then(Option::as_ref);
        Witness {
            observer: observer.clone(),
            heard: heard(observer),
            failure,
            vote: spoken,
            evidence: published.and_then(|published| evidence(published, region)),
        }
    });
    Some(Account {
        command: "explain",
        at: view.at,
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
    })
}

fn evidence(published: &Observed, region: &RegionName) -> Option<Evidence> {
    let round = published.rounds.last()?;
    let checks = round.regions.get(region).into_iter().flatten().map(|(check, result)| (check.as_str(), result.clone())).collect();
    Some(Evidence { round: round.number, produced_at: round.produced_at, observer: round.self_check.to_string(), checks })
}
