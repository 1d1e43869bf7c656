//! This project at work: three observers with their stores, controllers and gates. What they decide is `decision`'s.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use decision::{Change, Intent, Observed, Policy, RegionName, Schema, Snapshot, Votes};
use jiff::Timestamp;
use probe::Pace;

use super::broken::{Broken, decide};
use super::clock::{For, calendar, draws};
use super::gates::Gate;
use super::observer::Observer;
use super::report::{Documents, Stored};
use super::stores::{Behind, Caller, Store, gets_through};
use crate::incident::{Act, Component, Effect, Incident};
use crate::service::Truth;

/// How long after a change a controller is woken by it: at the least, and how much more at the most.
const WOKEN_AFTER_S: (f64, f64) = (0.2, 0.5);
/// How often one run decides at the most, as `controller` has it.
const DECISIONS_MAX: usize = 3;
/// A controller runs this often, whatever happens.
pub(super) const TICK: Duration = Duration::from_secs(60);

/// All observers, by role.
#[derive(Debug, Clone)]
pub(super) struct Control {
    pub(super) policy: Policy,
    pub(super) pace: Pace,
    pub(super) names: [RegionName; 3],
    pub(super) seed: u64,
    pub(super) observers: [Observer; 3],
    pub(super) stores: [Store; 3],
    pub(super) gates: [Gate; 3],
    pub(super) controllers: [Controller; 3],
    /// By controller: the intents as it heard them last, and from whom.
    heard: [Heard; 3],
    /// How old the oldest copy is that anybody reads.
    pub(super) longest_stale: Duration,
    /// The rule that controllers leave out, in tests of what would be noticed.
    pub(super) broken: Option<Broken>,
}

/// One observer's controller.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Controller {
    pub(super) crashed: bool,
    /// A run that a change asked for is still to come.
    pub(super) woken: bool,
    /// Whether its store failed it the last time.
    pub(super) failing: bool,
    /// When its gate reads next.
    pub(super) gate_reads: Option<Duration>,
}

/// The intents of every store that a controller could read, and how many each of these had taken: until they take more, nothing needs to be read anew.
#[derive(Debug, Clone, Default)]
struct Heard {
    taken: [Option<u64>; 3],
    intents: BTreeMap<RegionName, BTreeMap<RegionName, Intent>>,
}

/// What came of one run of a controller.
#[derive(Debug)]
pub(super) enum Decided {
    /// Its own votes cannot be read.
    Unread,
    /// What it decided could not be written.
    Unwritten,
    /// Somebody else's votes stand above what it decided.
    Behind(Behind),
    /// Stored, or nothing to store.
    Stored(Vec<Change>),
}

impl Control {
    pub(super) fn new(policy: Policy, names: &[RegionName; 3], incident: &Incident, seed: u64, broken: Option<Broken>) -> Self {
        let thresholds = policy.thresholds();
        let round = Duration::try_from(thresholds.round()).unwrap_or(Duration::from_secs(10));
        let pace = Pace::default().every(round);
        let copies = incident.faults.iter().filter_map(|tuple| match &tuple.effect {
            Effect::Stale(seconds) if tuple.component == Component::Config => Duration::try_from_secs_f64(*seconds).ok(),
            Effect::Act(Act::StaleWriter) => Some(Duration::ZERO),
            _ => None,
        });
        let oldest = copies.max();
        let observer = |index: usize| Observer::new(index, &names[index], policy.service(), &pace, seed);
        Self {
            observers: std::array::from_fn(observer),
            stores: std::array::from_fn(|_| Store::new(oldest, broken == Some(Broken::Generations))),
            gates: std::array::from_fn(|_| Gate::default()),
            controllers: [Controller::default(); 3],
            heard: Default::default(),
            longest_stale: oldest.map_or(Duration::ZERO, |oldest| oldest + 2 * TICK),
            broken,
            names: names.clone(),
            policy,
            pace,
            seed,
        }
    }

    /// Stores the rounds of an observer that are not stored yet, if its store lets it. Returns whether it did.
    pub(super) fn publish(&mut self, index: usize, truth: &Truth, now: Duration) -> bool {
        if !gets_through(&truth.store(index), Caller::Inside, &mut draws(self.seed, For::Store, index, now)) {
            return false;
        }
        let (observer, store) = (&mut self.observers[index], &mut self.stores[index]);
        let mut document = store.observed.take().unwrap_or_else(|| Observed {
            schema: Schema::V1,
            service: self.policy.service().clone(),
            observer: self.names[index].clone(),
            generation: 0,
            rounds: Vec::new(),
            matrix: BTreeMap::new(),
        });
        document.generation = document.generation.saturating_add(1);
        let matrix = std::mem::take(&mut observer.matrix);
        while let Some(round) = observer.unpublished.pop_front() {
            let is_last = observer.unpublished.is_empty();
            document.push(round, if is_last { matrix.clone() } else { BTreeMap::new() });
        }
        store.observed = Some(document);
        store.remember(now);
        true
    }

    /// How long after a change the controller of an observer runs.
    pub(super) fn woken_after(&self, index: usize, now: Duration) -> Duration {
        let (least, more) = WOKEN_AFTER_S;
        Duration::from_secs_f64(least + more * draws(self.seed, For::Wake, index, now).f64())
    }

    /// When the controller of an observer first runs by itself.
    pub(super) fn first_tick(&self, index: usize) -> Duration {
        TICK.mul_f64(draws(self.seed, For::Phase, index, Duration::ZERO).f64())
    }

    /// One run of a controller: reads, decides, records; once more, whole, where the decision asks for it.
    pub(super) fn reconcile(&mut self, index: usize, truth: &Truth, at: Duration) -> (Timestamp, Decided) {
        let now = calendar(at, truth.clock_ahead(index));
        let mut rng = draws(self.seed, For::Store, 3 + index, at);
        let mut changes = Vec::new();
        for _ in 0..DECISIONS_MAX {
            let (decided, again) = self.decide_once(index, truth, at, now, &mut rng);
            match decided {
                Decided::Stored(moved) => changes.extend(moved),
                // What was stored before that stands, and is told of; the rest is the next run's.
                failed if changes.is_empty() => return (now, failed),
                _ => break,
            }
            if !again {
                break;
            }
        }
        (now, Decided::Stored(changes))
    }

    /// One decision. Returns too whether it asks to be followed by another.
    fn decide_once(&mut self, index: usize, truth: &Truth, at: Duration, now: Timestamp, rng: &mut fastrand::Rng) -> (Decided, bool) {
        let state = truth.store(index);
        if !gets_through(&state, Caller::Inside, rng) {
            return (Decided::Unread, false);
        }
        let intents = self.intents(index, truth, at, rng);
        let others = self.others(index, truth, at, rng);
        let observer = self.names[index].clone();
        let decision = if state.stale > Duration::ZERO {
            // An old copy is read; what is written is held against what stands.
            let copy = self.stores[index].copy_from(at.saturating_sub(state.stale));
            let Documents { observed, votes, .. } = copy.map(|copy| (*copy).clone()).unwrap_or_default();
            let snapshot = Snapshot { observer, observed, intents, votes, others };
            let decision = decide(self.broken, &self.policy, &snapshot, now);
            self.heard[index].intents = snapshot.intents;
            decision
        } else {
            // Documents are lent to the snapshot and go back: copying them would cost more than deciding.
            let store = &mut self.stores[index];
            let snapshot = Snapshot { observer, observed: store.observed.take(), intents, votes: store.votes.take(), others };
            let decision = decide(self.broken, &self.policy, &snapshot, now);
            (store.observed, store.votes) = (snapshot.observed, snapshot.votes);
            self.heard[index].intents = snapshot.intents;
            decision
        };
        let again = decision.again;
        (self.record(index, decision, gets_through(&state, Caller::Inside, rng)), again)
    }

    fn record(&mut self, index: usize, decision: decision::Decision, gets_through: bool) -> Decided {
        if !decision.write {
            return Decided::Stored(decision.changes);
        }
        if !gets_through {
            return Decided::Unwritten;
        }
        match self.stores[index].put_votes(decision.votes) {
            Ok(()) => Decided::Stored(decision.changes),
            Err(behind) => Decided::Behind(behind),
        }
    }

    /// The intents that a controller can read: of every store that answers it.
    fn intents(
        &mut self,
        index: usize,
        truth: &Truth,
        at: Duration,
        rng: &mut fastrand::Rng,
    ) -> BTreeMap<RegionName, BTreeMap<RegionName, Intent>> {
        let states: [_; 3] = std::array::from_fn(|other| truth.store(other));
        let reached: [bool; 3] = std::array::from_fn(|other| {
            let caller = if other == index { Caller::Inside } else { Caller::Across(truth.way(index, other)) };
            gets_through(&states[other], caller, rng)
        });
        let fresh = states.iter().all(|state| state.stale.is_zero());
        let taken = std::array::from_fn(|other| (fresh && reached[other]).then_some(self.stores[other].intents_taken));
        let heard = &mut self.heard[index];
        let before = std::mem::take(&mut heard.intents);
        if fresh && heard.taken == taken && before.len() == taken.iter().flatten().count() {
            return before;
        }
        heard.taken = taken;
        let of = |other: usize| match states[other].stale {
            Duration::ZERO => self.stores[other].intents.clone(),
            stale => self.stores[other].copy_from(at.saturating_sub(stale)).map(|copy| copy.intents.clone()).unwrap_or_default(),
        };
        (0..3).filter(|other| reached[*other]).map(|other| (self.names[other].clone(), of(other))).collect()
    }

    /// What the votes of the others show, as far as a controller can read them.
    fn others(&self, index: usize, truth: &Truth, at: Duration, rng: &mut fastrand::Rng) -> BTreeMap<RegionName, BTreeSet<RegionName>> {
        let mut shown = BTreeMap::new();
        for other in (0..3).filter(|other| *other != index) {
            let state = truth.store(other);
            if !gets_through(&state, Caller::Across(truth.way(index, other)), rng) {
                continue;
            }
            let shows = if state.stale > Duration::ZERO {
                let copy = self.stores[other].copy_from(at.saturating_sub(state.stale));
                copy.and_then(|copy| copy.votes.as_ref().map(Votes::shown))
            } else {
                self.stores[other].votes.as_ref().map(Votes::shown)
            };
            if let Some(shows) = shows {
                shown.insert(self.names[other].clone(), shows);
            }
        }
        shown
    }

    /// What a controller would read if everything answered: for looking at what it stored.
    pub(super) fn snapshot(&mut self, index: usize) -> Snapshot {
        let shown = |(other, store): (usize, &Store)| {
            let votes = store.votes.as_ref().filter(|_| other != index)?;
            Some((self.names[other].clone(), votes.shown()))
        };
        let others = self.stores.iter().enumerate().filter_map(shown).collect();
        let intents = self.names.iter().zip(&self.stores).map(|(name, store)| (name.clone(), store.intents.clone())).collect();
        let store = &mut self.stores[index];
        Snapshot { observer: self.names[index].clone(), observed: store.observed.take(), intents, votes: store.votes.take(), others }
    }

    /// Gives back what a snapshot was lent.
    pub(super) fn give_back(&mut self, index: usize, snapshot: Snapshot) {
        (self.stores[index].observed, self.stores[index].votes) = (snapshot.observed, snapshot.votes);
    }

    /// The gate of an observer reads. Returns whether it says anything else now, and when it reads again at the latest.
    pub(super) fn gate_reads(&mut self, index: usize, truth: &Truth, now: Duration) -> (bool, Duration) {
        let fresh = self.policy.thresholds().votes_fresh();
        let clock = calendar(now, truth.clock_ahead(index));
        let reads = gets_through(&truth.store(index), Caller::Inside, &mut draws(self.seed, For::Gate, 3 + index, now));
        let gate = &mut self.gates[index];
        let mut turned = false;
        if let Some(votes) = self.stores[index].votes.as_ref().filter(|_| reads) {
            turned |= gate.read(votes, &self.names);
        }
        turned |= gate.look_at_the_clock(clock, fresh);
        let again = if reads { gate.fresh_for(clock, fresh) } else { Duration::from_secs(1) };
        (turned, now + again)
    }

    /// Everything that is stored.
    pub(super) fn stored(&self, at: Duration) -> Stored {
        let observers = self.names.iter().zip(&self.stores).map(|(name, store)| (name.clone(), store.documents())).collect();
        Stored { at: calendar(at, 0.0), observers }
    }

    /// The stored votes of an observer.
    pub(super) fn votes(&self, index: usize) -> Option<&Votes> {
        self.stores[index].votes.as_ref()
    }
}
