//! One observer's controller on a clock of our own: rounds come in, people act, it decides and stores.

#![expect(clippy::unwrap_used, reason = "a fixture that does not hold is a failed test")]

use std::collections::{BTreeMap, BTreeSet};

use decision::{
    Check, CheckResult, Decision, Ended, Intent, IntentKind, Observation, Observed, Outcome, Policy, PolicySpec, RegionName, Round,
    SafetyRule, Schema, ServiceName, Snapshot, Thresholds, Verdict, Vote, Votes, decide,
};
use jiff::{SignedDuration, Timestamp};

pub(crate) const LONDON: &str = "eu-west-2";
pub(crate) const OREGON: &str = "us-west-2";
pub(crate) const DUBLIN: &str = "eu-west-1";

/// What is wrong in a round: region, check, outcome.
pub(crate) type Fault = (&'static str, Check, &'static str);

pub(crate) const LONDON_SOCKETS: Fault = (LONDON, Check::Websocket, "fail:status-503");
pub(crate) const OREGON_TABLE: Fault = (OREGON, Check::Table, "fail:status-503");
pub(crate) const DUBLIN_REST: Fault = (DUBLIN, Check::Rest, "fail:timeout");

pub(crate) fn region(name: &str) -> RegionName {
    name.parse().unwrap()
}

pub(crate) fn chat() -> ServiceName {
    "chat".parse().unwrap()
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn seconds(n: i64) -> SignedDuration {
    SignedDuration::from_secs(n)
}

/// A policy for these regions, all of them observers, with witnesses until there are `observers`.
pub(crate) fn policy(regions: &[&str], observers: usize, thresholds: Thresholds) -> Policy {
    let regions: Vec<RegionName> = regions.iter().map(|name| region(name)).collect();
    let witnesses = (1..).map(|n| region(&format!("zz-witness-{n}")));
    let observers = regions.iter().cloned().chain(witnesses).take(observers).collect();
    let spec = PolicySpec {
        service: chat(),
        regions: regions.into_iter().collect(),
        observers,
        thresholds,
        failback: BTreeMap::new(),
        capacity: BTreeMap::new(),
    };
    Policy::new(spec).unwrap()
}

/// An observation in which every check passes at the first attempt.
pub(crate) fn clean() -> Observation {
    Check::ALL.into_iter().map(|check| (check, CheckResult { outcome: Outcome::Pass, millis: 40, attempts: 1 })).collect()
}

/// A round in which all is well but for `faults`.
pub(crate) fn round(policy: &Policy, number: u64, produced_at: Timestamp, faults: &[Fault]) -> Round {
    let mut regions: BTreeMap<RegionName, Observation> = policy.regions().iter().map(|region| (region.clone(), clean())).collect();
    for (name, check, outcome) in faults {
        // "retried" is a pass at the second attempt.
        let (outcome, attempts) = if *outcome == "retried" { (Outcome::Pass, 2) } else { (outcome.parse().unwrap(), 1) };
        regions.get_mut(&region(name)).unwrap().insert(*check, CheckResult { outcome, millis: 40, attempts });
    }
    Round { number, produced_at, self_check: Outcome::Pass, regions }
}

/// Nothing of the region works.
pub(crate) fn gone(name: &'static str) -> Vec<Fault> {
    [Check::Rest, Check::Websocket, Check::Table]
        .map(|check| (name, check, "fail:connect"))
        .into_iter()
        .chain([(name, Check::Delivery, "unknown:not-tried")])
        .collect()
}

/// Everything of the region answers with an error: it is reached, so that nobody takes itself for cut off.
pub(crate) fn broken(name: &'static str) -> Vec<Fault> {
    [Check::Rest, Check::Websocket, Check::Table, Check::Delivery].map(|check| (name, check, "fail:status-500")).into()
}

/// Three regions, each of which can carry this share of the service.
pub(crate) fn with_capacity(share: f64) -> Policy {
    let spec = policy(&[LONDON, OREGON, DUBLIN], 3, Thresholds::default()).spec().clone();
    let capacity = spec.regions.iter().map(|region| (region.clone(), share)).collect();
    Policy::new(PolicySpec { capacity, ..spec }).unwrap()
}

/// A drain by ana of four hours.
pub(crate) fn drain(region: &RegionName, generation: u64, recorded_at: Timestamp) -> Intent {
    Intent {
        schema: Schema::V1,
        service: chat(),
        region: region.clone(),
        id: format!("drain-{region}-{generation}"),
        generation,
        kind: IntentKind::Drain,
        actor: "ana".to_owned(),
        reason: "p99 over 3 s after deploy 4471".to_owned(),
        ticket: None,
        recorded_at,
        ends_at: recorded_at + SignedDuration::from_hours(4),
        overrides: Vec::new(),
        ended: None,
    }
}

/// One controller, what it reads, and the time.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) policy: Policy,
    pub(crate) snapshot: Snapshot,
    pub(crate) now: Timestamp,
    number: u64,
    generation: u64,
}

impl Scene {
    /// Three regions, seen from Dublin, at 03:20 in the morning.
    pub(crate) fn three_regions() -> Self {
        Self::with(policy(&[LONDON, OREGON, DUBLIN], 3, Thresholds::default()))
    }

    pub(crate) fn with(policy: Policy) -> Self {
        let observer = policy.observers().iter().next().unwrap().clone();
        let intents = policy.observers().iter().map(|observer| (observer.clone(), BTreeMap::new())).collect();
        let idle = policy.observers().iter().filter(|other| **other != observer).map(|other| (other.clone(), BTreeSet::new()));
        let others = idle.collect();
        let snapshot = Snapshot { observer, observed: None, intents, votes: None, others };
        Self { policy, snapshot, now: at("2026-11-23T03:20:00Z"), number: 0, generation: 117 }
    }

    /// So many rounds, ten seconds apart, each followed by a decision. Returns the last.
    pub(crate) fn rounds(&mut self, count: usize, faults: &[Fault]) -> Decision {
        let mut last = None;
        for _ in 0..count {
            self.push_round(faults);
            last = Some(self.decide());
        }
        last.unwrap()
    }

    /// The next round, ten seconds on. Nobody decides yet.
    pub(crate) fn push_round(&mut self, faults: &[Fault]) {
        self.now += seconds(10);
        let number = self.number();
        let round = round(&self.policy, number, self.now, faults);
        self.push(round);
    }

    /// The number of the next round.
    pub(crate) fn number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// Adds a round to what the probe publishes.
    pub(crate) fn push(&mut self, round: Round) {
        let observer = self.snapshot.observer.clone();
        let new = || Observed { schema: Schema::V1, service: chat(), observer, generation: 0, rounds: Vec::new(), matrix: BTreeMap::new() };
        self.snapshot.observed.get_or_insert_with(new).push(round, BTreeMap::new());
    }

    /// The probe is restarted without its memory: it counts from one again.
    pub(crate) fn restart_probe(&mut self) {
        self.snapshot.observed = None;
        self.number = 0;
    }

    /// Time passes without a round.
    pub(crate) fn wait(&mut self, duration: SignedDuration) -> Decision {
        self.now += duration;
        self.decide()
    }

    /// Decides and stores, and once more if something was announced. Deciding again at once must move nothing.
    pub(crate) fn decide(&mut self) -> Decision {
        let mut decision = self.decide_once();
        if decision.again {
            assert!(decision.write, "what is announced is stored");
            let announced = decision.changes;
            decision = self.decide_once();
            decision.changes.splice(0..0, announced);
        }
        let again = decide(&self.policy, &self.snapshot, self.now);
        assert_eq!((again.write, again.again, &again.changes, &again.votes), (false, false, &Vec::new(), &decision.votes));
        decision
    }

    /// Decides and stores, whatever was announced.
    pub(crate) fn decide_once(&mut self) -> Decision {
        let decision = decide(&self.policy, &self.snapshot, self.now);
        if decision.write {
            self.snapshot.votes = Some(decision.votes.clone());
        }
        decision
    }

    /// A person records an intent at every observer.
    pub(crate) fn record(&mut self, intent: &Intent) {
        let everywhere: Vec<RegionName> = self.policy.observers().iter().cloned().collect();
        self.record_at(&everywhere, intent);
    }

    /// A person records an intent, and only these observers get it.
    pub(crate) fn record_at(&mut self, observers: &[RegionName], intent: &Intent) {
        for observer in observers {
            self.snapshot.intents.entry(observer.clone()).or_default().insert(intent.region.clone(), intent.clone());
        }
    }

    /// The next intent: a drain by ana, now.
    pub(crate) fn next_drain(&mut self, name: &str) -> Intent {
        self.generation += 1;
        drain(&region(name), self.generation, self.now)
    }

    pub(crate) fn drain(&mut self, name: &str) -> Intent {
        let intent = self.next_drain(name);
        self.record(&intent);
        intent
    }

    pub(crate) fn override_drain(&mut self, name: &str, rule: SafetyRule) -> Intent {
        let intent = Intent { overrides: vec![rule], ..self.next_drain(name) };
        self.record(&intent);
        intent
    }

    pub(crate) fn hold(&mut self, name: &str) -> Intent {
        let intent = Intent { kind: IntentKind::Hold, ..self.next_drain(name) };
        self.record(&intent);
        intent
    }

    /// A person ends the drain or hold.
    pub(crate) fn resume(&mut self, intent: &Intent) {
        self.generation += 1;
        let ended = Ended { at: self.now, by: "ana".to_owned(), reason: String::new() };
        self.record(&Intent { generation: self.generation, ended: Some(ended), ..intent.clone() });
    }

    pub(crate) fn votes(&self) -> &Votes {
        self.snapshot.votes.as_ref().unwrap()
    }

    pub(crate) fn vote(&self, name: &str) -> Vote {
        self.votes().regions[&region(name)].vote
    }

    pub(crate) fn verdict(&self, name: &str) -> Verdict {
        self.votes().regions[&region(name)].verdict
    }

    /// The sentence that people read.
    pub(crate) fn why(&self, name: &str) -> String {
        self.votes().regions[&region(name)].reason.to_string()
    }

    /// Every region with its vote, as one line.
    pub(crate) fn line(&self) -> String {
        let words = [LONDON, OREGON, DUBLIN].map(|name| self.votes().regions.get(&region(name)).map_or("-", |vote| vote.vote.as_str()));
        words.join(" ")
    }

    /// Another observer shows these regions as ejected, or about to be.
    pub(crate) fn other_shows(&mut self, observer: &str, regions: &[&str]) {
        self.snapshot.others.insert(region(observer), regions.iter().map(|name| region(name)).collect());
    }

    /// The votes of another observer cannot be read.
    pub(crate) fn other_is_silent(&mut self, observer: &str) {
        self.snapshot.others.remove(&region(observer));
    }
}
