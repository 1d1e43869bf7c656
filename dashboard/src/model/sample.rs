//! A service to show in tests: three regions, three observers, what they say and saw, and what DNS says. Compiled for tests only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use decision::standing::{Remembered, State};
use decision::{
    Cause, Check, CheckResult, Failing, Intent, IntentKind, Memory, Observed, Outcome, Policy, PolicySpec, Reason, RegionName, RegionVote,
    Round, Schema, ServiceName, Thresholds, Verdict, Vote, Votes,
};
use jiff::{SignedDuration, Timestamp};
use store::{Reading, StoreError};

use super::scene::Scene;
use crate::dns::{Lookup, Said, Survey};
use crate::settings::Names;
use crate::state::{Answered, DnsState, Documents, Point, RegionState, Seen, Snapshot};

/// The regions, which are the observers too.
pub(crate) const NAMES: [&str; 3] = ["eu-west-1", "eu-west-2", "us-east-1"];

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

pub(crate) fn policy() -> Policy {
    let names: BTreeSet<RegionName> = NAMES.iter().map(|name| region(name)).collect();
    Policy::new(PolicySpec {
        service: ServiceName::new("chat").unwrap(),
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

/// The vote on a region that fails, and is not out yet.
pub(crate) fn sick() -> RegionVote {
    let failing = Failing::Count { check: Check::Websocket, cause: Some(Cause::Status(503)), failed: 3, of: 6 };
    RegionVote { reason: Reason::Suspect(failing), verdict: Verdict::Unhealthy, verdict_since: ago(9), ..fine() }
}

/// A failing region's vote.
pub(crate) fn failing() -> RegionVote {
    let failing = Failing::Count { check: Check::Websocket, cause: Some(Cause::Status(503)), failed: 5, of: 6 };
    RegionVote {
        vote: Vote::Eject,
        since: ago(61),
        reason: Reason::Failing(failing),
        verdict: Verdict::Unhealthy,
        verdict_since: ago(61),
        ..fine()
    }
}

/// A drained, healthy region's vote.
pub(crate) fn drained() -> RegionVote {
    let intent = drain("eu-west-2");
    RegionVote {
        vote: Vote::Eject,
        since: ago(60),
        reason: Reason::Drained { by: "ana".to_owned(), until: intent.ends_at, generation: intent.generation },
        intent: Some(Remembered { state: State::Stands, ..Remembered::from(&intent) }),
        ..fine()
    }
}

/// Ana's drain.
pub(crate) fn drain(name: &str) -> Intent {
    Intent {
        schema: Schema::V1,
        service: ServiceName::new("chat").unwrap(),
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
        service: ServiceName::new("chat").unwrap(),
        observer: region(observer),
        generation: 7,
        decided_at: ago(2),
        policy: policy().fingerprint(),
        round: 412,
        round_at: Some(ago(4)),
        regions: NAMES.iter().map(|name| region(name)).zip(said).collect(),
    }
}

/// What a probe saw: a websocket that fails in us-east-1, and a message that was lost on the way there.
fn observed(observer: &str) -> Observed {
    let passes = |millis| CheckResult { outcome: Outcome::Pass, millis, attempts: 1 };
    let fails = CheckResult { outcome: Outcome::Fail(Cause::Status(503)), millis: 12, attempts: 2 };
    let well: BTreeMap<Check, CheckResult> =
        [(Check::Rest, passes(42)), (Check::Websocket, passes(31)), (Check::Replication, passes(92))].into();
    let ill = BTreeMap::from([(Check::Rest, passes(42)), (Check::Websocket, fails)]);
    let seen = [(region("eu-west-1"), well.clone()), (region("eu-west-2"), well), (region("us-east-1"), ill)];
    let row = |cells: &[(&str, u32)]| cells.iter().map(|(to, millis)| (region(to), *millis)).collect();
    Observed {
        schema: Schema::V1,
        service: ServiceName::new("chat").unwrap(),
        observer: region(observer),
        generation: 9,
        rounds: vec![Round { number: 412, produced_at: ago(4), self_check: Outcome::Pass, regions: seen.into() }],
        matrix: BTreeMap::from([
            (region("eu-west-1"), row(&[("eu-west-1", 20), ("eu-west-2", 92), ("us-east-1", 180)])),
            (region("eu-west-2"), row(&[("eu-west-1", 95), ("eu-west-2", 18)])),
            (region("us-east-1"), row(&[("eu-west-1", 170), ("eu-west-2", 175), ("us-east-1", 22)])),
        ]),
    }
}

/// Everything that is known where every observer says `said` and holds `intents`.
pub(crate) fn known(said: [RegionVote; 3], intents: &[Intent]) -> Snapshot {
    let held: BTreeMap<RegionName, Intent> = intents.iter().map(|intent| (intent.region.clone(), intent.clone())).collect();
    let reading = Reading {
        at: now(),
        intents: NAMES.iter().map(|name| (region(name), Ok(held.clone()))).collect(),
        votes: NAMES.iter().map(|name| (region(name), Ok(Some(votes(name, said.clone()))))).collect(),
    };
    snapshot(&reading)
}

/// The same where one observer does not answer.
pub(crate) fn known_by_two(said: [RegionVote; 3], intents: &[Intent], silent: &str) -> Snapshot {
    let error = || StoreError::Unreachable { observer: region(silent), parameter: "its documents".to_owned(), source: "no answer".into() };
    let held: BTreeMap<RegionName, Intent> = intents.iter().map(|intent| (intent.region.clone(), intent.clone())).collect();
    let mut reading = Reading {
        at: now(),
        intents: NAMES.iter().map(|name| (region(name), Ok(held.clone()))).collect(),
        votes: NAMES.iter().map(|name| (region(name), Ok(Some(votes(name, said.clone()))))).collect(),
    };
    reading.intents.insert(region(silent), Err(error()));
    reading.votes.insert(region(silent), Err(error()));
    snapshot(&reading)
}

fn snapshot(reading: &Reading) -> Snapshot {
    let policy = policy();
    let view = reading.view(&policy);
    let newest: BTreeMap<RegionName, Intent> =
        policy.regions().iter().filter_map(|region| Some((region.clone(), reading.newest(region)?.clone()))).collect();
    let observers = policy.observers().iter().map(|observer| {
        let documents = match (&reading.votes[observer], &reading.intents[observer]) {
            (Ok(votes), Ok(intents)) => Some(Arc::new(Documents { votes: votes.clone(), intents: intents.clone() })),
            _ => None,
        };
        let seen = match documents {
            Some(_) => Seen { heard_at: Some(now()), problem: None, observed: Some(Arc::new(observed(observer.as_str()))), documents },
            None => Seen { heard_at: Some(ago(40)), problem: Some("no answer from SSM".to_owned()), observed: None, documents: None },
        };
        (observer.clone(), seen)
    });
    let start = now().as_second() / 10 * 10;
    let history = |name: &str| -> Arc<Vec<Point>> {
        let point = |index: i64| {
            let mut point = Point::new(Timestamp::from_second(start - (30 - index) * 10).unwrap());
            (point.rest_ms, point.delivery_ms, point.replication_ms, point.made) =
                (Some(40 + 2 * u32::try_from(index).unwrap()), Some(90), Some(92), 5);
            if name == "us-east-1" && index > 27 {
                (point.rest_ms, point.failed) = (None, 2);
            }
            point
        };
        Arc::new((0..30).map(point).collect())
    };
    let regions = view.regions.iter().map(|view| {
        let answered = Answered { by_dns: !view.answers.is_out(), since: ago(31), turned: true };
        (view.region.clone(), RegionState { history: history(view.region.as_str()), awaits_resume: false, answered: Some(answered) })
    });
    let serving: Vec<RegionName> = view.regions.iter().filter(|view| !view.answers.is_out()).map(|view| view.region.clone()).collect();
    let lookup = |name: &str, client: &str, index: usize| Lookup {
        name: name.to_owned(),
        client: client.to_owned(),
        said: serving
            .get(index % serving.len().max(1))
            .map_or(Said::Nothing("no answer in time".to_owned()), |region| Said::Regions([region.clone()].into())),
    };
    let lookups = ["London", "Tokyo"]
        .iter()
        .enumerate()
        .flat_map(|(index, client)| [lookup("api.chat.example.com", client, index), lookup("api-ws.chat.example.com", client, index)]);
    Snapshot {
        version: 12,
        changes: 3,
        at: now(),
        heard_at: Some(now()),
        generation: reading.generation(),
        newest,
        observers: observers.collect(),
        regions: regions.collect(),
        dns: DnsState { asked_at: Some(ago(3)), survey: Survey { lookups: lookups.collect() }, problem: None },
        view,
    }
}

/// Ana looks at it, as an operator.
pub(crate) fn scene<'a>(policy: &'a Policy, names: &'a Names, snapshot: &'a Snapshot) -> Scene<'a> {
    Scene { policy, names, here: "eu-west-1", snapshot, now: now(), actor: "ana", may_write: true }
}

pub(crate) fn names() -> Names {
    Names { api: "api.chat.example.com".to_owned(), websocket: "api-ws.chat.example.com".to_owned() }
}
