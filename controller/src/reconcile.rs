//! Reconcile: the same reads on a good day and a bad one, one pure decision, one write.
//!
//! It takes no hint about what changed, and it never tries again: the next tick is the retry. Only where a decision announces something and asks for
//! it, reads, decision and write follow once more, whole.
//!
//! The order of the reads is part of a proof (`decision`, `announce.rs`): the own votes first, and the other observers' only when those have come, so that
//! whatever the own votes were seen to announce had been announced before anybody else was looked at.

use std::collections::BTreeMap;

use decision::{Decision, Policy, RegionName, Snapshot};
use jiff::Timestamp;
use store::{Observers, Store, StoreError, in_one_line};

/// How often one reconcile decides at the most: what the first announces the second carries out. One more never asks to be followed.
const DECISIONS_MAX: usize = 3;

/// The controller of one observer. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Controller {
    policy: Policy,
    observer: RegionName,
    observers: Observers,
}

/// Why nothing was decided, or why what was decided is not recorded. The stored votes stand, and the gate shows them.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The observer that should decide is not among those whose stores are known.
    #[error("{0} is to decide, and has no store among the observers")]
    NotAnObserver(RegionName),
    /// The observer's own last votes cannot be read, so its memory is unknown and nothing may be decided.
    ///
    /// [`StoreError::Malformed`] does not pass by itself (a newer version wrote the votes and was rolled back, say). Roll forward,
    /// or delete the parameter: the controller then starts with an empty memory, and intents stand because they are not in it.
    #[error("the last votes cannot be read")]
    Votes(#[source] StoreError),
    /// The decision is not recorded. [`StoreError::Behind`]: another controller of this observer decided at the same time.
    #[error("the votes are not recorded")]
    Record(#[source] StoreError),
}

impl ReconcileError {
    /// Whether another controller of this observer was first. What it decided stands, and the next tick starts from there.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        matches!(self, ReconcileError::Record(StoreError::Behind { .. }))
    }
}

impl Controller {
    /// The controller of `observer`, whose own store is among `observers`.
    #[must_use]
    pub fn new(policy: Policy, observer: RegionName, observers: Observers) -> Self {
        Self { policy, observer, observers }
    }

    /// Reads, decides, records. Takes no hint. Running it twice changes nothing. Returns the last decision, with everything that moved.
    ///
    /// # Errors
    /// [`ReconcileError`]; the stored votes are then what they were, or those of a controller that was faster.
    pub async fn reconcile(&self, now: Timestamp) -> Result<Decision, ReconcileError> {
        let own = self.observers.get(&self.observer).ok_or_else(|| ReconcileError::NotAnObserver(self.observer.clone()))?;
        // On the heap: the futures of a controller's reads nest deeper than a layout may.
        let mut decision = Box::pin(self.decide(own, now)).await?;
        for _ in 1..DECISIONS_MAX {
            if !decision.again {
                break;
            }
            let before = decision;
            decision = Box::pin(self.decide(own, now)).await?;
            decision.write |= before.write;
            decision.changes.splice(0..0, before.changes);
        }
        Ok(decision)
    }

    async fn decide(&self, own: &Store, now: Timestamp) -> Result<Decision, ReconcileError> {
        let snapshot = self.read(own).await?;
        let decision = decision::decide(&self.policy, &snapshot, now);
        self.record(own, &decision).await?;
        Ok(decision)
    }

    /// Only the own votes are needed. What else cannot be read is silence, and the core knows what silence means: of the observations, that the regions are
    /// unknown; of the intents, that those stand which the votes remember; of another observer's votes, that it may eject whatever it likes.
    async fn read(&self, own: &Store) -> Result<Snapshot, ReconcileError> {
        let votes = own.votes().await.map_err(ReconcileError::Votes)?;
        let (observed, intents, others) = tokio::join!(own.observed(), self.observers.intents(), self.observers.votes());
        let observed = observed.unwrap_or_else(|error| {
            tracing::warn!(observer = %self.observer, error = %in_one_line(&error), "what was seen cannot be read: it counts as silence");
            None
        });
        let mut heard = BTreeMap::new();
        for (observer, answer) in intents {
            match answer {
                Ok(intents) => drop(heard.insert(observer, intents)),
                Err(error) => {
                    let error = in_one_line(&error);
                    tracing::warn!(observer = %self.observer, of = %observer, error, "the intents of {observer} cannot be read");
                }
            }
        }
        let mut shown = BTreeMap::new();
        for (observer, answer) in others.into_iter().filter(|(observer, _)| *observer != self.observer) {
            match answer {
                Ok(Some(votes)) => drop(shown.insert(observer, votes.shown())),
                Ok(None) => {}
                Err(error) => {
                    let error = in_one_line(&error);
                    tracing::warn!(observer = %self.observer, of = %observer, error, "the votes of {observer} cannot be read");
                }
            }
        }
        Ok(Snapshot { observer: self.observer.clone(), observed, intents: heard, votes, others: shown })
    }

    /// Stores the votes with their reasons, and only then says what changed.
    async fn record(&self, own: &Store, decision: &Decision) -> Result<(), ReconcileError> {
        if decision.write {
            own.put_votes(&decision.votes).await.map_err(ReconcileError::Record)?;
        }
        for change in &decision.changes {
            tracing::info!(
                service = %self.policy.service(),
                observer = %self.observer,
                region = %change.region,
                from = %change.from,
                to = %change.to,
                generation = decision.votes.generation,
                "{}", change.reason
            );
        }
        Ok(())
    }
}
