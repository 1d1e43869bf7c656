//! One look at what every observer holds: intents and votes at once, and what they come to when they disagree.
//!
//! Reading only, and no judgement: what votes mean is the decision core's.

use std::collections::BTreeMap;
use std::time::Duration;

use decision::{Intent, Observed, Policy, RegionName, ServiceView, Votes};
use jiff::Timestamp;

use crate::error::{StoreError, in_one_line};
use crate::gather::gather;
use crate::observers::Observers;

/// How long the slowest observers are waited for once a majority has answered: a region that swallows packets must not slow every look at the others.
const GRACE: Duration = Duration::from_millis(500);

/// Per observer what was read, or why not.
pub type Read<T> = BTreeMap<RegionName, Result<T, StoreError>>;

/// Everything that was read at one moment.
#[derive(Debug)]
pub struct Reading {
    /// When.
    pub at: Timestamp,
    /// The intents as every observer has them.
    pub intents: Read<BTreeMap<RegionName, Intent>>,
    /// The votes of every observer.
    pub votes: Read<Option<Votes>>,
}

/// Too few observers could be read to say or do anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TooFew {
    /// Too few answered.
    #[error("{answered} of {of} observers can be read; {needed} are needed")]
    Unread {
        /// How many answered.
        answered: usize,
        /// How many there are.
        of: usize,
        /// How many are needed.
        needed: usize,
        /// Why each of the others cannot be read.
        failures: BTreeMap<RegionName, String>,
    },
    /// All that did not answer refused the credentials.
    #[error("{observer}: {what}")]
    Denied {
        /// One of them.
        observer: RegionName,
        /// SSM's words, or the credential provider's.
        what: String,
    },
}

impl Observers {
    /// Reads intents and votes of every observer at once. Who is much slower than `majority` of them counts as silent. `now` tells when it is over.
    pub async fn read(&self, majority: usize, now: impl Fn() -> Timestamp) -> Reading {
        let asked = self.iter().cloned().map(|store| async move {
            let (intents, votes) = tokio::join!(store.intents(), store.votes());
            (store.observer().clone(), (intents, votes))
        });
        let mut answers = gather(asked, majority, |(intents, votes)| intents.is_ok() && votes.is_ok(), GRACE).await;
        let (mut intents, mut votes) = (Read::new(), Read::new());
        for observer in self.iter().map(|store| store.observer()) {
            let (of_intents, of_votes) = answers.remove(observer).unwrap_or_else(|| (Err(slow(observer)), Err(slow(observer))));
            intents.insert(observer.clone(), of_intents);
            votes.insert(observer.clone(), of_votes);
        }
        Reading { at: now(), intents, votes }
    }

    /// What every probe saw, read at once. Who is much slower than `majority` of the observers counts as silent.
    pub async fn seen(&self, majority: usize) -> Read<Option<Observed>> {
        let asked = self.iter().cloned().map(|store| async move { (store.observer().clone(), store.observed().await) });
        let mut answers = gather(asked, majority, Result::is_ok, GRACE).await;
        let observers = self.iter().map(|store| store.observer());
        observers.map(|observer| (observer.clone(), answers.remove(observer).unwrap_or_else(|| Err(slow(observer))))).collect()
    }
}

impl Reading {
    /// The reading as people see it.
    #[must_use]
    pub fn view(&self, policy: &Policy) -> ServiceView {
        ServiceView::new(policy, &self.votes, &self.intents, self.at)
    }

    /// The reading itself, if a majority of observers answered both.
    ///
    /// # Errors
    /// [`TooFew`].
    pub fn by_majority(self, policy: &Policy) -> Result<Self, TooFew> {
        answered(policy, &self.intents)?;
        answered(policy, &self.votes)?;
        Ok(self)
    }

    /// The highest generation in anything that was read: one more is newer than all of it.
    #[must_use]
    pub fn generation(&self) -> u64 {
        let stored = self.intents.values().flatten().flat_map(BTreeMap::values).map(|intent| intent.generation);
        let remembered = self.votes.values().flatten().flatten().flat_map(|votes| votes.regions.values());
        let remembered = remembered.filter_map(|vote| vote.intent.as_ref()).map(|intent| intent.generation);
        stored.chain(remembered).max().unwrap_or(0)
    }

    /// The newest document for a region, ended or not, by generation, then time recorded, then id: the one that stands wherever it has arrived.
    #[must_use]
    pub fn newest(&self, region: &RegionName) -> Option<&Intent> {
        self.intents
            .values()
            .flatten()
            .filter_map(|intents| intents.get(region))
            .max_by_key(|intent| (intent.generation, intent.recorded_at, intent.id.as_str()))
    }

    /// The observers that hold this very intent.
    #[must_use]
    pub fn holders(&self, intent: &Intent) -> Vec<RegionName> {
        let holds = |read: &Result<BTreeMap<RegionName, Intent>, StoreError>| {
            read.as_ref().is_ok_and(|intents| intents.get(&intent.region).is_some_and(|held| held == intent))
        };
        self.intents.iter().filter(|(_, read)| holds(read)).map(|(observer, _)| observer.clone()).collect()
    }
}

/// An observer that was not waited for.
fn slow(observer: &RegionName) -> StoreError {
    StoreError::Unreachable {
        observer: observer.clone(),
        parameter: "its documents".to_owned(),
        source: format!("none within {} ms after a majority had answered", GRACE.as_millis()).into(),
    }
}

/// Whether a majority of observers answered.
///
/// # Errors
/// Fewer did; when all the others refused the credentials, that is why.
pub fn answered<T>(policy: &Policy, read: &Read<T>) -> Result<(), TooFew> {
    let answered = read.values().filter(|result| result.is_ok()).count();
    if answered >= policy.majority() {
        return Ok(());
    }
    let errors = || read.values().filter_map(|result| result.as_ref().err());
    let all_denied = errors().all(|error| matches!(error, StoreError::Denied { .. }));
    if let (true, Some((observer, what))) = (all_denied, denied(errors())) {
        return Err(TooFew::Denied { observer, what });
    }
    Err(TooFew::Unread { answered, of: policy.observers().len(), needed: policy.majority(), failures: failures(read) })
}

/// Per observer why it could not be read.
#[must_use]
pub fn failures<T>(read: &Read<T>) -> BTreeMap<RegionName, String> {
    read.iter().filter_map(|(observer, result)| result.as_ref().err().map(|error| (observer.clone(), in_one_line(error)))).collect()
}

/// The first observer that refuses the credentials, if one of the errors is about them, and its words.
#[must_use]
pub fn denied<'a>(errors: impl Iterator<Item = &'a StoreError>) -> Option<(RegionName, String)> {
    errors.into_iter().find_map(|error| match error {
        StoreError::Denied { observer, .. } => Some((observer.clone(), in_one_line(error))),
        StoreError::Behind { .. }
        | StoreError::Unreachable { .. }
        | StoreError::Throttled { .. }
        | StoreError::Refused { .. }
        | StoreError::Malformed { .. }
        | StoreError::TooLarge { .. }
        | StoreError::Indefinite { .. } => None,
    })
}
