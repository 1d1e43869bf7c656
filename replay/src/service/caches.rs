//! What resolvers hold: which regions the users of one home are led to, while an answer changes. Answers come from elsewhere.
//!
//! An alias has a TTL of 60 s. Resolvers look again when it is over, each at its own second of the minute: what they hold together is what was
//! answered during the last 60 s, second by second. So a change moves users in a straight line over a minute, and one that is taken back half-way
//! moves half of them, and back.

use std::collections::VecDeque;
use std::time::Duration;

/// How long an answer is held.
pub(super) const TTL: Duration = Duration::from_secs(60);
/// Regions, and the place of those whom nobody answers.
pub(super) const PLACES: usize = 4;
/// The place of those whom nobody answers.
pub(super) const NOWHERE: usize = 3;

/// The resolvers of one home.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Caches {
    /// What was answered, oldest first, and for how many seconds of the last [`TTL`].
    answered: VecDeque<(usize, f64)>,
}

impl Caches {
    /// Every resolver holds `place`.
    pub(super) fn new(place: usize) -> Self {
        Self { answered: VecDeque::from([(place, TTL.as_secs_f64())]) }
    }

    /// `place` is answered for `seconds`.
    pub(super) fn pass(&mut self, place: usize, seconds: f64) {
        if self.answered.len() == 1 && self.answered.front().is_some_and(|held| held.0 == place) {
            return;
        }
        let mut over = seconds.min(TTL.as_secs_f64());
        match self.answered.back_mut() {
            Some(last) if last.0 == place => last.1 += over,
            _ => self.answered.push_back((place, over)),
        }
        while let Some(oldest) = self.answered.front_mut() {
            if oldest.1 > over + 1e-9 {
                oldest.1 -= over;
                break;
            }
            over -= oldest.1;
            self.answered.pop_front();
        }
        if let [only] = self.answered.make_contiguous() {
            only.1 = TTL.as_secs_f64();
        }
    }

    /// The share that is led to each place; their sum is 1.
    pub(super) fn shares(&self) -> [f64; PLACES] {
        let whole: f64 = self.answered.iter().map(|held| held.1).sum();
        let mut shares = [0.0; PLACES];
        for (place, seconds) in &self.answered {
            shares[*place] += seconds / whole;
        }
        shares
    }

    /// All hold the same.
    pub(super) fn agree_on(&self, place: usize) -> bool {
        self.answered.iter().all(|held| held.0 == place)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn users_move_in_a_straight_line_over_a_minute() {
        let mut caches = Caches::new(0);
        caches.pass(1, 15.0);
        assert_eq!(caches.shares(), [0.75, 0.25, 0.0, 0.0]);
        caches.pass(1, 30.0);
        assert_eq!(caches.shares(), [0.25, 0.75, 0.0, 0.0]);
        assert!(!caches.agree_on(1));
        caches.pass(1, 15.0);
        assert_eq!(caches.shares(), [0.0, 1.0, 0.0, 0.0]);
        assert!(caches.agree_on(1));
    }

    #[test]
    fn a_change_taken_back_after_twenty_seconds_moves_a_third_of_them_for_a_minute() {
        let mut caches = Caches::new(0);
        caches.pass(1, 20.0);
        caches.pass(0, 40.0);
        assert!((caches.shares()[1] - 1.0 / 3.0).abs() < 1e-9);
        caches.pass(0, 20.0);
        assert_eq!(caches.shares(), [1.0, 0.0, 0.0, 0.0]);
    }

    proptest! {
        #[test]
        fn shares_always_sum_to_one(steps in prop::collection::vec((0usize..PLACES, 0.0f64..200.0), 0..40)) {
            let mut caches = Caches::new(0);
            for (place, seconds) in steps {
                caches.pass(place, seconds);
                let shares = caches.shares();
                prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{:?}", shares);
                prop_assert!(shares.iter().all(|share| (0.0..=1.0 + 1e-9).contains(share)));
            }
        }
    }
}
