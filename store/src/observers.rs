//! All observers of a service at once: asked in parallel, each with its own deadline, each with its own answer.
//!
//! One observer's failure never hides another's answer. What a majority means to a drain is the caller's to say to people.

use std::collections::BTreeMap;
use std::time::Duration;

use decision::{Intent, Observed, RegionName, Votes};
use futures_util::future::join_all;

use crate::error::StoreError;
use crate::store::Store;

/// The stores of all observers of one service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Observers {
    stores: BTreeMap<RegionName, Store>,
}

/// What became of an intent that was written to every observer.
#[derive(Debug)]
pub struct Recorded {
    /// The observers in which it stands, in order of name.
    pub acks: Vec<RegionName>,
    /// The others, and why. [`StoreError::Indefinite`]: it may stand there too.
    pub failures: BTreeMap<RegionName, StoreError>,
}

impl Recorded {
    /// Whether it stands in a majority of all observers.
    #[must_use]
    pub fn is_majority(&self) -> bool {
        self.acks.len() * 2 > self.acks.len() + self.failures.len()
    }

    /// Whether it might stand in a majority, counting those who did not say.
    #[must_use]
    pub fn may_be_majority(&self) -> bool {
        let unclear = self.failures.values().filter(|error| matches!(error, StoreError::Indefinite { .. })).count();
        (self.acks.len() + unclear) * 2 > self.acks.len() + self.failures.len()
    }
}

impl Observers {
    /// These stores, one per observer.
    #[must_use]
    pub fn new(stores: Vec<Store>) -> Self {
        Self { stores: stores.into_iter().map(|store| (store.observer().clone(), store)).collect() }
    }

    /// The same stores with another deadline for each operation.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { stores: self.stores.into_iter().map(|(observer, store)| (observer, store.with_deadline(deadline))).collect() }
    }

    /// The stores, in order of the observer's name.
    pub fn iter(&self) -> impl Iterator<Item = &Store> {
        self.stores.values()
    }

    /// One observer's store.
    #[must_use]
    pub fn get(&self, observer: &RegionName) -> Option<&Store> {
        self.stores.get(observer)
    }

    /// How many observers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.stores.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stores.is_empty()
    }

    /// The intents as every observer has them.
    pub async fn intents(&self) -> BTreeMap<RegionName, Result<BTreeMap<RegionName, Intent>, StoreError>> {
        self.each(|store| async move { store.intents().await }).await
    }

    /// The votes of every observer.
    pub async fn votes(&self) -> BTreeMap<RegionName, Result<Option<Votes>, StoreError>> {
        self.each(|store| async move { store.votes().await }).await
    }

    /// What every observer saw.
    pub async fn observed(&self) -> BTreeMap<RegionName, Result<Option<Observed>, StoreError>> {
        self.each(|store| async move { store.observed().await }).await
    }

    /// Writes an intent to every observer and waits for all of them, or their deadlines.
    pub async fn record(&self, intent: &Intent) -> Recorded {
        let mut recorded = Recorded { acks: Vec::new(), failures: BTreeMap::new() };
        let written = self.each(|store| {
            let intent = intent.clone();
            async move { store.put_intent(&intent).await }
        });
        for (observer, written) in written.await {
            match written {
                Ok(()) => recorded.acks.push(observer),
                Err(error) => drop(recorded.failures.insert(observer, error)),
            }
        }
        recorded
    }

    /// Owned stores, so that the future of a fan-out can be spawned.
    async fn each<T, F: Future<Output = T>>(&self, ask: impl Fn(Store) -> F) -> BTreeMap<RegionName, T> {
        let answers = join_all(self.stores.values().cloned().map(ask)).await;
        self.stores.keys().cloned().zip(answers).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may_be_spawned<T: Send>(_: impl FnOnce(&'static Observers, &'static Intent) -> T) {}

    #[test]
    fn the_fan_outs_can_run_in_tasks() {
        may_be_spawned(|observers, _| observers.intents());
        may_be_spawned(|observers, _| observers.votes());
        may_be_spawned(|observers, _| observers.observed());
        may_be_spawned(|observers, intent| observers.record(intent));
    }
}
