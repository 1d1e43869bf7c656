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
