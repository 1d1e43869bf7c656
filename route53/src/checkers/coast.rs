//! Coasting: polls that could only say again what their checkers say already are not made one by one.
//!
//! Nothing else comes of it: health, counts and the times of all later polls are those of a check that was polled all the time.

use std::time::Duration;

use super::{Checkers, State};
use crate::check::{CheckId, Kind};
use crate::judge::Outcome;
use crate::region::CheckerId;

/// What every poll of one checker comes to for as long as its endpoint is steady.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steady {
    /// What it comes to.
    pub outcome: Outcome,
    /// How long it takes.
    pub took: Duration,
}

/// One checker of a check that coasts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coasting {
    /// When it would have polled next.
    due: Duration,
    steady: Steady,
}

impl Checkers {
    /// Lets a check coast: until it is woken, its endpoint is steady, and every checker's poll comes to what `steady` says.
    ///
    /// Returns whether it coasts. It does only if every checker has decided already what its polls would tell it, and none is polling at
    /// this moment; else nothing happens, and it has to be polled on.
    pub fn coast(&mut self, id: &CheckId, steady: impl Fn(CheckerId) -> Steady) -> bool {
        let Some(place) = self.set.place(id) else { return false };
        let State::Polled { checkers, coasting, .. } = &mut self.states[place] else { return false };
        if coasting.is_some() {
            return true;
        }
        let mut due = vec![None; checkers.len()];
        for &(at, _, number) in self.schedule.iter().filter(|(_, of, _)| *of == place) {
            due[number] = Some(at);
        }
        let begin = |(checker, due): (&crate::checker::Checker, Option<Duration>)| {
            let steady = steady(checker.id);
            (checker.decided() == Some(steady.outcome.passed())).then_some(Coasting { due: due?, steady })
        };
        let Some(begun) = checkers.iter().zip(due).map(begin).collect::<Option<Vec<_>>>() else { return false };
        *coasting = Some(begun);
        self.schedule.retain(|&(_, of, _)| of != place);
        true
    }

    /// Whether a check coasts.
    #[must_use]
    pub fn coasts(&self, id: &CheckId) -> bool {
        let state = self.set.place(id).map(|place| &self.states[place]);
        matches!(state, Some(State::Polled { coasting: Some(_), .. }))
    }

    /// Ends the coasting of a check, if it does: its endpoint may answer otherwise from `now` on. Polls due before `now` count as made.
    pub fn wake(&mut self, id: &CheckId, now: Duration) {
        let Some(place) = self.set.place(id) else { return };
        let (Kind::Endpoint(endpoint), State::Polled { checkers, coasting, .. }) = (self.set.at(place).kind(), &mut self.states[place])
        else {
            return;
        };
        let (threshold, interval) = (endpoint.spec().failure_threshold, self.speed.scale(endpoint.interval()));
        for (number, (checker, coasted)) in checkers.iter_mut().zip(coasting.take().into_iter().flatten()).enumerate() {
            let Coasting { due, steady: Steady { outcome, took } } = coasted;
            let period = interval + took;
            let made = now.saturating_sub(due).as_nanos().div_ceil(period.as_nanos().max(1));
            checker.take_many(outcome, threshold, made);
            let ahead = period.as_nanos().saturating_mul(made);
            let ahead = Duration::from_nanos(u64::try_from(ahead).unwrap_or(u64::MAX));
            self.schedule.insert((due.saturating_add(ahead), place, number));
        }
    }
}
