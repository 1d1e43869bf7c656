//! Reconcile: the same reads on a good day and a bad one, one pure decision, one write; then, when that is done, history for people.
//!
//! It takes no hint about what changed, and it never tries again: the next tick is the retry. Only where a decision announces something and asks for
//! it, reads, decision and write follow once more, whole.
//!
//! The order of the reads is part of a proof (`decision`, `announce.rs`): the own votes first, and the other observers' only when those have come, so that
//! whatever the own votes were seen to announce had been announced before anybody else was looked at.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use decision::{DECISIONS_MAX, Decision, Policy, RegionName, Snapshot};
use jiff::Timestamp;
use store::{Observers, Store, StoreError, in_one_line};

use crate::turn::{Turn, turn};

/// What looking at the last turn and keeping a new one may take together. Votes are recorded by then; what is not kept in time is tried with the next ones.
const TURN_WITHIN: Duration = Duration::from_secs(1);

/// The controller of one observer. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Controller {
    policy: Policy,
    observer: RegionName,
    observers: Observers,
    /// Whether turns cannot be kept, so that it is said once and not with every round.
    forgetful: Arc<AtomicBool>,
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
        Self { policy, observer, observers, forgetful: Arc::default() }
    }

    /// The same controller, whose every operation on a store may take this long.
    #[must_use]
    pub fn within(self, each: Duration) -> Self {
        Self { observers: self.observers.with_deadline(each), ..self }
    }

    /// Reads, decides, records. Takes no hint. Running it twice changes nothing. Returns the last decision, with everything that moved.
    ///
    /// # Errors
    /// [`ReconcileError`]; the stored votes are then what they were, or those of a controller that was faster.
    pub async fn reconcile(&self, now: Timestamp) -> Result<Decision, ReconcileError> {
        let own = self.observers.get(&self.observer).ok_or_else(|| ReconcileError::NotAnObserver(self.observer.clone()))?;
        // On the heap: the futures of a controller's reads nest deeper than a layout may.
        let (mut snapshot, mut decision) = Box::pin(self.decide(own, now)).await?;
        let stood = snapshot.votes.take();
        for _ in 1..DECISIONS_MAX {
            if !decision.again {
                break;
            }
            let before = decision;
            (snapshot, decision) = Box::pin(self.decide(own, now)).await?;
            decision.write |= before.write;
            decision.changes.splice(0..0, before.changes);
        }
        if decision.write {
            let before = Snapshot { votes: stood, ..snapshot };
            Box::pin(self.keep(own, &before, &decision)).await;
        }
        Ok(decision)
    }

    async fn decide(&self, own: &Store, now: Timestamp) -> Result<(Snapshot, Decision), ReconcileError> {
        let snapshot = self.read(own).await?;
        let decision = decision::decide(&self.policy, &snapshot, now);
        self.record(own, &decision).await?;
        Ok((snapshot, decision))
    }

    /// Keeps the recorded votes as a turn if they are one. Nothing depends on it, so that nothing comes of a failure but a line in the log; and because it
    /// looks at the last turn and not at what just moved, a turn that could not be kept is kept with the next votes.
    async fn keep(&self, own: &Store, before: &Snapshot, decision: &Decision) {
        let own = own.clone().with_deadline(TURN_WITHIN);
        let keeping = async {
            let kept = match own.last_turn().await {
                // What cannot be read is replaced.
                Err(StoreError::Malformed { .. }) => None,
                read => read?,
            };
            match (turn(&self.policy, kept.as_ref(), before.votes.as_ref(), &decision.votes), &before.votes) {
                (Turn::New, _) => own.put_turn(&decision.votes, before.observed.as_ref()).await,
                (Turn::LastWord, Some(last_word)) => own.put_turn(last_word, None).await,
                (Turn::LastWord, None) | (Turn::No, _) => Ok(()),
            }
        };
        let failure = match tokio::time::timeout(TURN_WITHIN, keeping).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(in_one_line(&error)),
            Err(_) => Some(format!("not done within {TURN_WITHIN:?}")),
        };
        let failed = self.forgetful.swap(failure.is_some(), Ordering::Relaxed);
        match failure {
            Some(error) if !failed => {
                tracing::warn!(observer = %self.observer, error, "turns of votes cannot be kept: there will be less history")
            }
            None if failed => tracing::info!(observer = %self.observer, "turns of votes are kept again"),
            Some(_) | None => {}
        }
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
