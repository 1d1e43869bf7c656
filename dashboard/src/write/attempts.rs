//! The last attempts to write through this dashboard, refusals included. In memory, bounded; what was written stands in the documents.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::model::Attempt;

/// How many are kept.
const ATTEMPTS_MAX: usize = 200;

/// The last attempts, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<VecDeque<Attempt>>);

impl Attempts {
    /// Adds one; the oldest makes room.
    pub(crate) fn add(&self, attempt: Attempt) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == ATTEMPTS_MAX {
            kept.pop_front();
        }
        kept.push_back(attempt);
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Attempt> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
