//! One checker's own view of one endpoint: consecutive outcomes, the same count for both directions. `[R-API]`

use crate::judge::Outcome;
use crate::region::CheckerId;

/// One checker at work on one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checker {
    pub(crate) id: CheckerId,
    /// What it says; `None` until enough polls in a row agreed.
    decided: Option<bool>,
    /// How many polls in a row gave the last outcome; stops counting at the threshold.
    streak: u8,
    last: Option<Outcome>,
}

impl Checker {
    pub(crate) fn new(id: CheckerId) -> Self {
        Self { id, decided: None, streak: 0, last: None }
    }

    pub(crate) fn take(&mut self, outcome: Outcome, threshold: u8) {
        let same = self.last.is_some_and(|last| last.passed() == outcome.passed());
        self.streak = if same { self.streak.saturating_add(1).min(threshold) } else { 1 };
        self.last = Some(outcome);
        if self.streak >= threshold {
            self.decided = Some(outcome.passed());
        }
    }

    /// Takes the same outcome so many times, where it has decided so already.
    pub(crate) fn take_many(&mut self, outcome: Outcome, threshold: u8, times: u128) {
        if times > 0 {
            self.take(outcome, threshold);
            let more = u8::try_from(times - 1).unwrap_or(u8::MAX);
            self.streak = self.streak.saturating_add(more).min(threshold);
        }
    }

    /// Makes up its mind without a poll.
    pub(crate) fn establish(&mut self, passed: bool) {
        self.decided = Some(passed);
    }

    pub(crate) fn decided(&self) -> Option<bool> {
        self.decided
    }

    /// Without enough data it speaks for the endpoint. `[R-HOW]`
    pub(crate) fn says_healthy(&self) -> bool {
        self.decided.unwrap_or(true)
    }

    pub(crate) fn last(&self) -> Option<Outcome> {
        self.last
    }
}
