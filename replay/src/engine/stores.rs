//! One observer's store: its documents, who gets through to it, and which writes it takes.
//!
//! A write is taken if its generation is higher than what stands, as the real store does it. Calls that fail are tried again by the client.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use decision::{Intent, Observed, RegionName, Votes};
use fastrand::Rng;

use super::report::Documents;
use crate::service::StoreState;

/// How often a client tries one call.
const TRIES: i32 = 3;
/// How far apart the moments are that a store remembers for readers of old copies.
const MEMORY_STEP: Duration = Duration::from_secs(60);

/// One observer's store.
#[derive(Debug, Clone, Default)]
pub(super) struct Store {
    pub(super) observed: Option<Observed>,
    pub(super) votes: Option<Votes>,
    pub(super) intents: BTreeMap<RegionName, Intent>,
    /// How many intents were taken.
    pub(super) intents_taken: u64,
    /// What stood before, oldest first; only where somebody may read it.
    past: VecDeque<(Duration, Rc<Documents>)>,
    /// The first that stood, for a writer that sleeps all the time.
    first: Option<Rc<Documents>>,
    /// How old a copy may be that anybody reads; nothing if nobody does.
    remembers: Option<Duration>,
    /// Whether it takes whatever comes, in tests of what would be noticed.
    takes_all: bool,
}

/// A write that was not taken: a document of this generation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Behind(pub(super) u64);

impl Store {
    /// A store that keeps what stood before for so long as it `remembers`.
    pub(super) fn new(remembers: Option<Duration>, takes_all: bool) -> Self {
        Self { remembers, takes_all, ..Self::default() }
    }

    pub(super) fn put_votes(&mut self, votes: Votes) -> Result<(), Behind> {
        match &self.votes {
            Some(standing) if standing.generation >= votes.generation && !self.takes_all => Err(Behind(standing.generation)),
            Some(_) | None => {
                self.votes = Some(votes);
                Ok(())
            }
        }
    }

    pub(super) fn put_observed(&mut self, observed: Observed) -> Result<(), Behind> {
        match &self.observed {
            Some(standing) if standing.generation >= observed.generation => Err(Behind(standing.generation)),
            Some(_) | None => {
                self.observed = Some(observed);
                Ok(())
            }
        }
    }

    pub(super) fn put_intent(&mut self, intent: Intent) -> Result<(), Behind> {
        match self.intents.get(&intent.region) {
            Some(standing) if standing.generation >= intent.generation => Err(Behind(standing.generation)),
            Some(_) | None => {
                self.intents.insert(intent.region.clone(), intent);
                self.intents_taken += 1;
                Ok(())
            }
        }
    }

    /// Everything in it.
    pub(super) fn documents(&self) -> Documents {
        Documents { observed: self.observed.clone(), votes: self.votes.clone(), intents: self.intents.clone() }
    }

    /// Keeps what stands, if it is time to and anybody may ask for it.
    pub(super) fn remember(&mut self, now: Duration) {
        let Some(remembers) = self.remembers else { return };
        let step = |at: Duration| at.as_nanos() / MEMORY_STEP.as_nanos();
        if self.past.back().is_some_and(|(at, _)| step(*at) >= step(now)) {
            return;
        }
        let documents = Rc::new(self.documents());
        self.first.get_or_insert_with(|| Rc::clone(&documents));
        self.past.push_back((now, documents));
        // One that is older than anybody asks for, so that whoever asks finds one from before.
        while self.past.get(1).is_some_and(|(at, _)| *at + remembers < now) {
            self.past.pop_front();
        }
    }

    /// What stood at first.
    pub(super) fn first_copy(&self) -> Option<Rc<Documents>> {
        self.first.clone()
    }

    /// What stood so long ago, to the minute; the oldest that is remembered, if that is younger.
    pub(super) fn copy_from(&self, at: Duration) -> Option<Rc<Documents>> {
        let after = self.past.partition_point(|(then, _)| *then <= at);
        self.past.get(after.saturating_sub(1)).map(|(_, documents)| Rc::clone(documents))
    }
}

/// From where a store is called.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Caller {
    /// From its own region.
    Inside,
    /// From another region, with the share of calls that are swallowed on the way.
    Across(f64),
    /// From anywhere else: a person.
    Outside,
}

/// Whether one call gets through to a store in this state.
pub(super) fn gets_through(state: &StoreState, caller: Caller, rng: &mut Rng) -> bool {
    let lost = match caller {
        Caller::Inside => state.unreachable_inside,
        Caller::Across(way) => state.unreachable.max(way),
        Caller::Outside => state.unreachable,
    };
    let fails = lost.max(state.refused).clamp(0.0, 1.0);
    fails <= 0.0 || rng.f64() >= fails.powi(TRIES)
}
