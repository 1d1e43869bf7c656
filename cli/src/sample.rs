//! A service to show in tests: three regions, three observers, and what they say. Compiled for tests only.

use std::collections::{BTreeMap, BTreeSet};

use decision::{
    Check, Failing, Intent, IntentKind, Memory, Policy, PolicySpec, Reason, RegionName, RegionVote, Remembered, Schema, ServiceName,
    ServiceView, Thresholds, Verdict, Vote, Votes,
};
use jiff::{SignedDuration, Timestamp};
use store::StoreError;

use crate::service::Reading;

/// The regions, which are the observers too.
pub(crate) const NAMES: [&str; 3] = ["eu-west-1", "eu-west-2", "us-east-1"];

/// A region by name.
pub(crate) fn region(name: &str) -> RegionName {
    RegionName::new(name).unwrap()
}

/// The moment at which all of it is shown.
pub(crate) fn now() -> Timestamp {
    "2026-11-23T03:22:07Z".parse().unwrap()
}

/// Some seconds before [`now`].
pub(crate) fn ago(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}

/// The service.
pub(crate) fn service_name() -> ServiceName {
    ServiceName::new("chat").unwrap()
}

/// Its policy.
pub(crate) fn policy() -> Policy {
    let names: BTreeSet<RegionName> = NAMES.iter().map(|name| region(name)).collect();
    Policy::new(PolicySpec {
        service: service_name(),
        regions: names.clone(),
        observers: names,
        thresholds: Thresholds::default(),
        failback: BTreeMap::new(),
        capacity: BTreeMap::new(),
    })
    .unwrap()
}

/// A healthy region's vote.
pub(crate) fn fine() -> RegionVote {
    RegionVote {
        vote: Vote::Serve,
        since: ago(6 * 86_400 + 7300),
        announced: false,
        reason: Reason::Healthy,
        verdict: Verdict::Healthy,
        verdict_since: ago(6 * 86_400 + 7300),
        refused: None,
        memory: Memory { rounds: "........".to_owned(), clean: 255, ..Memory::default() },
        intent: None,
    }
}

/// A failing region's vote.
pub(crate) fn failing() -> RegionVote {
    let failing = Failing::Count { check: Check::Websocket, cause: Some(decision::Cause::Status(503)), failed: 5, of: 6 };
    RegionVote {
        vote: Vote::Eject,
        since: ago(61),
        announced: false,
        reason: Reason::Failing(failing),
        verdict: Verdict::Unhealthy,
        verdict_since: ago(61),
        refused: None,
        memory: Memory { rounds: ".....www".to_owned(), relapses: 1, ejected_at: Some(ago(61)), down: true, ..Memory::default() },
        intent: None,
    }
}

/// A drained, healthy region's vote.
pub(crate) fn drained() -> RegionVote {
    let intent = drain("eu-west-2");
    RegionVote {
        vote: Vote::Eject,
        since: ago(60),
        announced: false,
        reason: Reason::Drained { by: "ana".to_owned(), until: intent.ends_at, generation: intent.generation },
        intent: Some(Remembered { state: decision::standing::State::Stands, ..Remembered::from(&intent) }),
        ..fine()
    }
}

/// Ana's drain.
pub(crate) fn drain(name: &str) -> Intent {
    Intent {
        schema: Schema::V1,
        service: service_name(),
        region: region(name),
        id: "d1".to_owned(),
        generation: 118,
        kind: IntentKind::Drain,
        actor: "ana".to_owned(),
        reason: "p99 over 3 s after deploy 4471".to_owned(),
        ticket: Some("OPS-918".to_owned()),
        recorded_at: ago(62),
        ends_at: now() + SignedDuration::from_mins(108),
        overrides: vec![],
        ended: None,
    }
}

/// One observer's votes on the regions of [`NAMES`], two seconds old.
pub(crate) fn votes(observer: &str, said: [RegionVote; 3]) -> Votes {
    Votes {
        schema: Schema::V1,
        service: service_name(),
        observer: region(observer),
        generation: 7,
        decided_at: ago(2),
        policy: policy().fingerprint(),
        round: 412,
        round_at: Some(ago(4)),
        regions: NAMES.iter().map(|name| region(name)).zip(said).collect(),
    }
}

/// A reading in which every observer says the same and holds the same intents.
pub(crate) fn reading(said: [RegionVote; 3], intents: &[Intent]) -> Reading {
    let stored: BTreeMap<RegionName, Intent> = intents.iter().map(|intent| (intent.region.clone(), intent.clone())).collect();
    Reading {
        at: now(),
        intents: NAMES.iter().map(|name| (region(name), Ok(stored.clone()))).collect(),
        votes: NAMES.iter().map(|name| (region(name), Ok(Some(votes(name, said.clone()))))).collect(),
    }
}

/// The same reading without an answer from one observer.
pub(crate) fn without(mut reading: Reading, observer: &str) -> Reading {
    reading.intents.insert(region(observer), Err(unreachable(observer)));
    reading.votes.insert(region(observer), Err(unreachable(observer)));
    reading
}

/// No answer from one observer's SSM.
pub(crate) fn unreachable(observer: &str) -> StoreError {
    let parameter = "/failover/chat/votes".to_owned();
    StoreError::Unreachable { observer: region(observer), parameter, source: "no answer within 2s".into() }
}

/// Everything serves.
pub(crate) fn serving() -> ServiceView {
    reading([fine(), fine(), fine()], &[]).view(&policy())
}

/// us-east-1 is ejected.
pub(crate) fn ejecting() -> ServiceView {
    reading([fine(), fine(), failing()], &[]).view(&policy())
}

/// eu-west-2 is drained and us-east-1 is ejected, and one observer is silent.
pub(crate) fn trouble() -> Reading {
    without(reading([fine(), drained(), failing()], &[drain("eu-west-2")]), "us-east-1")
}
