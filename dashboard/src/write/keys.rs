//! Which forms were sent already, and what became of them: a form that is sent twice, even at once, is written once.
//!
//! In memory, bounded. Where another process answers the second time, the form's generation is behind: it is refused, not written again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex as Latch, PoisonError};

use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::model::Outcome;

/// How many keys are kept.
const KEYS_MAX: usize = 256;

/// The keys that were used.
#[derive(Default)]
pub(crate) struct Keys(Latch<VecDeque<Used>>);

struct Used {
    key: String,
    /// By whom, for what.
    what: String,
    outcome: Arc<Mutex<Option<Outcome>>>,
}

/// What a key stands for.
pub(crate) enum Turn {
    /// It is new, or nothing was written with it: whoever holds the seat acts.
    First(Seat),
    /// It was written with, and this became of it.
    Again(Outcome),
    /// It was used for something else.
    Other,
}

/// The right to act with a key. Others with the same key wait until it is dropped.
pub(crate) struct Seat(OwnedMutexGuard<Option<Outcome>>);

impl Seat {
    /// Keeps what became of it.
    pub(crate) fn keep(mut self, outcome: Outcome) {
        *self.0 = Some(outcome);
    }
}

impl Keys {
    /// Waits for its turn with `key`.
    pub(crate) async fn turn(&self, key: &str, what: &str) -> Turn {
        let outcome = {
            let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match used.iter().find(|used| used.key == key) {
                Some(used) if used.what != what => return Turn::Other,
                Some(used) => Arc::clone(&used.outcome),
                None => {
                    let outcome = Arc::default();
                    used.push_back(Used { key: key.to_owned(), what: what.to_owned(), outcome: Arc::clone(&outcome) });
                    if used.len() > KEYS_MAX {
                        used.pop_front();
                    }
                    outcome
                }
            }
        };
        let seat = outcome.lock_owned().await;
        match seat.as_ref() {
            Some(outcome) => Turn::Again(outcome.clone()),
            None => Turn::First(Seat(seat)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn done() -> Outcome {
        Outcome::Failed { kind: "failed", text: "kept".to_owned(), missing: vec![], hints: vec![] }
    }

    #[tokio::test]
    async fn a_form_that_is_sent_twice_at_once_is_acted_on_once() {
        let keys = Arc::new(Keys::default());
        let Turn::First(seat) = keys.turn("k", "drain").await else { panic!("it is new") };
        let second = tokio::spawn({
            let keys = Arc::clone(&keys);
            async move { matches!(keys.turn("k", "drain").await, Turn::Again(_)) }
        });
        tokio::task::yield_now().await;
        assert!(!second.is_finished(), "it waits for the first");
        seat.keep(done());
        assert!(second.await.unwrap());
    }

    #[tokio::test]
    async fn what_was_not_done_may_be_tried_again_and_a_key_is_for_one_thing() {
        let keys = Keys::default();
        drop(keys.turn("k", "drain").await);
        assert!(matches!(keys.turn("k", "drain").await, Turn::First(_)));
        assert!(matches!(keys.turn("k", "resume").await, Turn::Other));
    }

    #[tokio::test]
    async fn the_oldest_keys_are_forgotten() {
        let keys = Keys::default();
        for number in 0..=KEYS_MAX {
            drop(keys.turn(&number.to_string(), "drain").await);
        }
        assert_eq!(keys.0.lock().unwrap().len(), KEYS_MAX);
        assert!(matches!(keys.turn("0", "resume").await, Turn::First(_)));
    }
}
