//! What `decide` answers to everything that the model can ask: one observer's votes and the others' as small numbers, and back.
//!
//! # What is left out, and why that loses nothing
//!
//! What an observer *wants* is no state of the model: before each decision every region may turn sick or well, be drained, held or not to be judged. That is
//! more than hysteresis, hold-downs, windows and operators let happen, so whatever they can lead to is among it. Thresholds are the most nervous ones there
//! are: one failed round ejects, one clean round returns. The rules themselves are the real ones: each answer is a call of the real `decide`.

#![expect(clippy::unwrap_used, reason = "numbers that do not fit are a failed test")]

use std::collections::{BTreeMap, BTreeSet};

use decision::{
    Check, Decision, Intent, IntentKind, Observed, Policy, RegionName, RegionVote, Remembered, Schema, Snapshot, State, Thresholds,
    Verdict, Vote, Votes, decide,
};
use jiff::Timestamp;

use crate::fixture::{at, chat, drain, policy, round, seconds};

/// One observer's stored votes, a number per region; those of regions that do not exist stay `SERVE`.
pub(crate) type Doc = [u8; 3];
/// It serves.
pub(crate) const SERVE: u8 = 0;
/// It is ejected.
pub(crate) const EJECT: u8 = 1;
/// It serves and is marked `announced`; this many steps and more have passed since it last moved. The last of these is settled.
pub(crate) const ANNOUNCED: u8 = 2;

/// What another observer's votes show, a bit per region, or this: they could not be read.
pub(crate) const UNREAD: u8 = 8;

const NAMES: [&str; 3] = ["aa-a-1", "aa-b-1", "aa-c-1"];
/// How long a region takes to settle, in seconds.
const SETTLE: i64 = 60;

/// What an observer makes of a region when it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Well,
    Sick,
    Drained,
    Held,
    Unjudged,
}

impl Wish {
    const ALL: [Wish; 5] = [Wish::Well, Wish::Sick, Wish::Drained, Wish::Held, Wish::Unjudged];
}

/// The regions that are not `SERVE`, a bit each.
pub(crate) fn shown(doc: Doc) -> u8 {
    mask(doc, |cell| cell != SERVE)
}

pub(crate) fn mask(doc: Doc, is: impl Fn(u8) -> bool) -> u8 {
    doc.iter().zip([1, 2, 4]).filter(|(cell, _)| is(**cell)).map(|(_, bit)| bit).sum()
}

/// The answers for one shape of service, each asked for once.
pub(crate) struct Answers {
    policy: Policy,
    observers: Vec<RegionName>,
    pub(crate) regions: usize,
    /// How many steps a region takes to settle.
    pub(crate) settle: u8,
    now: Timestamp,
    known: BTreeMap<(Doc, [u8; 2]), Vec<Doc>>,
    pub(crate) asked: usize,
}

impl Answers {
    /// Three observers of two or three regions.
    pub(crate) fn new(regions: usize, settle: u8) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a minute")]
        let thresholds = Thresholds {
            gone_after: 1,
            up_after: 1,
            hold_down_seconds: 0.001,
            hold_down_share: 0.0,
            ejection_window_seconds: 0.001,
            settle_seconds: SETTLE as f64,
            ..Thresholds::default()
        };
        let policy = policy(&NAMES[..regions], 3, thresholds);
        let observers = policy.observers().iter().cloned().collect();
        Self { policy, observers, regions, settle, now: at("2026-11-23T03:20:00Z"), known: BTreeMap::new(), asked: 0 }
    }

    /// In how many ways the regions can be wished.
    pub(crate) fn wishes(&self) -> usize {
        Wish::ALL.len().pow(self.regions.try_into().unwrap())
    }

    /// One of them.
    pub(crate) fn wish(number: usize) -> [Wish; 3] {
        let n = Wish::ALL.len();
        [number % n, number / n % n, number / n / n].map(|n| Wish::ALL[n])
    }

    /// The votes after a decision for this one wish.
    pub(crate) fn one(&mut self, doc: Doc, others: [u8; 2], wish: [Wish; 3]) -> Doc {
        let n = Wish::ALL.len();
        self.all(doc, others)[wish.iter().rev().fold(0, |number, wish| number * n + *wish as usize)]
    }

    /// The votes after one decision, for every wish by its number, and where two regions are out once more with the second of them
    /// out for longer.
    pub(crate) fn all(&mut self, doc: Doc, mut others: [u8; 2]) -> &[Doc] {
        others.sort_unstable();
        if !self.known.contains_key(&(doc, others)) {
            let ages = if doc.iter().filter(|cell| **cell == EJECT).count() > 1 { &[1, -1][..] } else { &[1] };
            let mut answers = Vec::new();
            for age in ages {
                for wish in 0..self.wishes() {
                    answers.push(self.ask(doc, others, Self::wish(wish), *age));
                }
            }
            self.known.insert((doc, others), answers);
        }
        &self.known[&(doc, others)]
    }

    fn ask(&mut self, doc: Doc, others: [u8; 2], wish: [Wish; 3], age: i64) -> Doc {
        let mut snapshot = self.snapshot(doc, others, wish, age);
        let decision = decide(&self.policy, &snapshot, self.now);
        self.asked += 1;
        let next = self.doc(&decision.votes);
        self.holds_still(&mut snapshot, decision);
        next
    }

    /// Decided again on the same facts, nothing moves, unless something was announced: then it moves once more.
    fn holds_still(&self, snapshot: &mut Snapshot, mut decision: Decision) {
        for last in [false, true] {
            let (written, again) = (self.doc(&decision.votes), decision.again);
            if decision.write {
                snapshot.votes = Some(decision.votes);
            }
            decision = decide(&self.policy, snapshot, self.now);
            if !again {
                assert!(!decision.write, "decided again, it moves {written:?} to {:?}: {snapshot:#?}", self.doc(&decision.votes));
                return;
            }
            assert!(!last, "announced for ever: {snapshot:#?}");
        }
    }

    fn names(&self) -> impl Iterator<Item = &RegionName> {
        self.policy.regions().iter()
    }

    fn snapshot(&self, doc: Doc, others: [u8; 2], wish: [Wish; 3], age: i64) -> Snapshot {
        let of = |wanted: Wish| NAMES.into_iter().zip(wish).filter(move |(_, wish)| *wish == wanted).map(|(name, _)| name);
        let sick = of(Wish::Sick)
            .flat_map(|name| [Check::Rest, Check::Websocket, Check::Table, Check::Delivery].map(|check| (name, check, "fail:status-503")));
        let faults: Vec<_> = sick.chain(of(Wish::Unjudged).map(|name| (name, Check::Delivery, "unknown:observer"))).collect();
        let observer = self.observers[0].clone();
        let observed = Observed {
            schema: Schema::V1,
            service: chat(),
            observer: observer.clone(),
            generation: 1,
            rounds: vec![round(&self.policy, 1, self.now, &faults)],
            matrix: BTreeMap::new(),
        };
        let regions = self
            .names()
            .zip(doc)
            .zip(wish)
            .zip(0_i64..)
            .map(|(((name, cell), wish), n)| (name.clone(), self.region_vote(name, cell, wish, seconds(1000 + n * age))));
        let votes = Votes {
            schema: Schema::V1,
            service: chat(),
            observer: observer.clone(),
            generation: 1,
            decided_at: self.now - seconds(1000),
            policy: self.policy.fingerprint(),
            round: 0,
            round_at: None,
            regions: regions.collect(),
        };
        let shows = |mask: u8| self.names().zip([1, 2, 4]).filter(|(_, bit)| mask & bit != 0).map(|(name, _)| name.clone()).collect();
        let read = self.observers[1..].iter().zip(others).filter(|(_, shown)| *shown != UNREAD);
        let others: BTreeMap<RegionName, BTreeSet<RegionName>> = read.map(|(observer, mask)| (observer.clone(), shows(mask))).collect();
        let intents = self.observers.iter().map(|observer| (observer.clone(), BTreeMap::new())).collect();
        Snapshot { observer, observed: Some(observed), intents, votes: Some(votes), others }
    }

    fn region_vote(&self, name: &RegionName, cell: u8, wish: Wish, long: jiff::SignedDuration) -> RegionVote {
        let recorded = self.now - seconds(2000);
        let asked = |kind| {
            let generation = self.names().position(|known| known == name).map_or(1, |n| 1 + n as u64);
            Remembered { state: State::Stands, ..Remembered::from(&Intent { kind, ..drain(name, generation, recorded) }) }
        };
        let intent = match wish {
            Wish::Drained => Some(asked(IntentKind::Drain)),
            Wish::Held => Some(asked(IntentKind::Hold)),
            Wish::Well | Wish::Sick | Wish::Unjudged => None,
        };
        let moved = if cell >= ANNOUNCED { seconds(i64::from(cell - ANNOUNCED) * SETTLE / i64::from(self.settle)) } else { long };
        RegionVote {
            vote: if cell == EJECT { Vote::Eject } else { Vote::Serve },
            since: self.now - moved,
            announced: cell >= ANNOUNCED,
            reason: decision::Reason::Healthy,
            verdict: Verdict::Healthy,
            verdict_since: recorded,
            refused: None,
            memory: decision::Memory::default(),
            intent,
        }
    }

    fn doc(&self, votes: &Votes) -> Doc {
        let mut doc = [SERVE; 3];
        for (cell, vote) in doc.iter_mut().zip(votes.regions.values()) {
            let steps = self.now.duration_since(vote.since).as_secs() * i64::from(self.settle) / SETTLE;
            *cell = match vote.vote {
                Vote::Eject => EJECT,
                Vote::Serve if vote.announced => ANNOUNCED + u8::try_from(steps).unwrap_or(u8::MAX).min(self.settle),
                Vote::Serve => SERVE,
            };
        }
        doc
    }
}
