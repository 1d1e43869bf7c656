//! People at the command line, and writers that are late: acts of an incident as calls on the stores of all observers.
//!
//! As the command line does it: the highest generation seen plus one, refused early by the rules that controllers hold, done when a majority has it.

use std::collections::BTreeMap;
use std::time::Duration;

use decision::{Ended, Intent, IntentKind, Observed, RegionName, Schema, ServiceView, Votes};
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};

use super::clock::{For, calendar, draws};
use super::control::Control;
use super::report::Documents;
use super::stores::{Behind, Caller, gets_through};
use crate::incident::{Act, Place, Role};
use crate::service::Truth;

/// How long an intent is asked for.
const LENGTH: SignedDuration = SignedDuration::from_hours(4);
/// By how much the clocks of two observers may differ in any incident: within it, an intent that ends soon may have ended already.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(15);
const ACTOR: &str = "operator";
const REASON: &str = "the incident's script says so";

/// What came of one act.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) act: String,
    pub(super) result: String,
}

/// What people asked for, as they know it.
#[derive(Debug, Clone, Default)]
pub(super) struct Operators {
    /// By role: the last intent that a majority took.
    recorded: [Option<Intent>; 3],
}

impl Operators {
    /// The drain of a region that people rely on at this moment, if any.
    pub(super) fn drain(&self, region: usize, now: Duration) -> Option<&Intent> {
        let margin = calendar(now, CLOCKS_APART.as_secs_f64());
        self.recorded[region].as_ref().filter(|intent| intent.kind == IntentKind::Drain && intent.is_active(margin))
    }

    /// Carries out one act. Places without a region mean every region in turn.
    pub(super) fn act(&mut self, control: &mut Control, truth: &Truth, place: Place, act: &Act) -> Vec<Done> {
        let regions = match place {
            Place::Region(role) => vec![role],
            Place::Everywhere => Role::ALL.to_vec(),
            Place::Path(..) | Place::Vantage(..) => Vec::new(),
        };
        regions.into_iter().filter_map(|role| self.act_on(control, truth, role, act)).collect()
    }

    fn act_on(&mut self, control: &mut Control, truth: &Truth, role: Role, act: &Act) -> Option<Done> {
        let region = role.index();
        let done = |act: String, result: String| Some(Done { act, result });
        match act {
            Act::Drain => done(format!("an operator drains {role}"), self.ask(control, truth, region, IntentKind::Drain)),
            Act::Hold => done(format!("an operator holds {role}"), self.ask(control, truth, region, IntentKind::Hold)),
            Act::Resume => done(format!("an operator resumes {role}"), self.resume(control, truth, region)),
            Act::Crash => {
                control.controllers[region].crashed = true;
                done(format!("the controller in {role} crashes"), "it no longer decides".to_owned())
            }
            Act::Restart => {
                control.controllers[region].crashed = false;
                done(format!("the controller in {role} starts"), "it decides again at its next tick".to_owned())
            }
            Act::StaleWriter => done(format!("a writer in {role} publishes what it knows from before"), late_writer(control, region)),
            Act::Note(_) => None,
        }
    }

    fn ask(&mut self, control: &mut Control, truth: &Truth, region: usize, kind: IntentKind) -> String {
        let mut rng = draws(control.seed, For::Operator, region, truth.now());
        let (reached, now) = (reached(truth, &mut rng), calendar(truth.now(), 0.0));
        let view = view(control, &reached, now);
        let name = control.names[region].clone();
        if kind == IntentKind::Drain
            && let Some(rule) = view.preview_drain(&control.policy, &name, &[]).refused_by()
        {
            return format!("refused by {}", rule.as_str());
        }
        let intent = Intent {
            schema: Schema::V1,
            service: control.policy.service().clone(),
            region: name,
            id: format!("{:016x}", rng.u64(..)),
            generation: next_generation(control, &reached),
            kind,
            actor: ACTOR.to_owned(),
            reason: REASON.to_owned(),
            ticket: None,
            recorded_at: now,
            ends_at: now.checked_add(LENGTH).unwrap_or(now),
            overrides: Vec::new(),
            ended: None,
        };
        self.record(control, &reached, region, intent)
    }

    fn resume(&mut self, control: &mut Control, truth: &Truth, region: usize) -> String {
        let mut rng = draws(control.seed, For::Operator, region, truth.now());
        let (reached, now) = (reached(truth, &mut rng), calendar(truth.now(), 0.0));
        let name = &control.names[region];
        let found = (0..3).filter(|store| reached[*store]).filter_map(|store| control.stores[store].intents.get(name));
        let Some(newest) = found.max_by_key(|intent| intent.generation).filter(|intent| intent.is_active(now)) else {
            return "nothing stands that could be ended".to_owned();
        };
        let ended = Some(Ended { at: now, by: ACTOR.to_owned(), reason: String::new() });
        let intent = Intent { generation: next_generation(control, &reached), recorded_at: now, ended, ..newest.clone() };
        self.record(control, &reached, region, intent)
    }

    /// Writes an intent into every store that can be reached.
    fn record(&mut self, control: &mut Control, reached: &[bool; 3], region: usize, intent: Intent) -> String {
        let mut acks = 0;
        for (store, _) in control.stores.iter_mut().zip(reached).filter(|(_, reached)| **reached) {
            acks += usize::from(store.put_intent(intent.clone()).is_ok());
        }
        let enough = acks >= control.policy.majority();
        if enough {
            self.recorded[region] = Some(intent);
        } else if acks > 0 {
            // It may count for some, and stands above what was relied on before.
            self.recorded[region] = None;
        }
        format!("recorded at {acks} of 3 observers{}", if enough { "" } else { ", which is no majority" })
    }
}

/// Which stores a person reaches.
fn reached(truth: &Truth, rng: &mut Rng) -> [bool; 3] {
    std::array::from_fn(|store| gets_through(&truth.store(store), Caller::Outside, rng))
}

fn next_generation(control: &Control, reached: &[bool; 3]) -> u64 {
    let stores = control.stores.iter().zip(reached).filter(|(_, reached)| **reached);
    stores.flat_map(|(store, _)| store.intents.values()).map(|intent| intent.generation).max().unwrap_or(0) + 1
}

/// The service as a person sees it before asking.
fn view(control: &Control, reached: &[bool; 3], now: Timestamp) -> ServiceView {
    let mut votes: BTreeMap<RegionName, Result<Option<Votes>, ()>> = BTreeMap::new();
    let mut intents: BTreeMap<RegionName, Result<BTreeMap<RegionName, Intent>, ()>> = BTreeMap::new();
    for ((name, store), reached) in control.names.iter().zip(&control.stores).zip(reached) {
        votes.insert(name.clone(), if *reached { Ok(store.votes.clone()) } else { Err(()) });
        intents.insert(name.clone(), if *reached { Ok(store.intents.clone()) } else { Err(()) });
    }
    ServiceView::new(&control.policy, &votes, &intents, now)
}

/// A controller and a probe that slept, and now write what they held.
fn late_writer(control: &mut Control, region: usize) -> String {
    let store = &mut control.stores[region];
    let Some(old) = store.first_copy() else { return "it knows nothing".to_owned() };
    let Documents { observed, votes, intents } = (*old).clone();
    let word = |what: &str, outcome: Result<(), Behind>| match outcome {
        Ok(()) => format!("{what} taken"),
        Err(Behind(generation)) => format!("{what} refused: generation {generation} stands"),
    };
    let mut results = Vec::new();
    if let Some(votes) = votes {
        results.push(word("votes", store.put_votes(votes)));
    }
    if let Some(observed) = observed {
        let observed: Observed = observed;
        results.push(word("observed", store.put_observed(observed)));
    }
    for intent in intents.into_values() {
        results.push(word("intent", store.put_intent(intent)));
    }
    results.join("; ")
}
