//! Where users are, and what they go through.

use std::time::Duration;

use super::score::Score;
use super::truth::Truth;
use crate::engine::Setup;

/// All users of a run.
#[derive(Debug, Clone)]
pub struct Users {
    score: Score,
}

impl Users {
    /// Everybody at home. With `moves_sockets`, clients leave a socket on which their messages do not come back, as the reference client does.
    #[must_use]
    pub fn new(setup: &Setup, moves_sockets: bool) -> Self {
        let _ = (setup, moves_sockets);
        Self { score: Score::default() }
    }

    /// Lives `dt` on from the moment that `truth` stands at, under `answers`: to which region DNS leads users of each home, if to any.
    /// Levels are held over `dt`: stop at [`Truth::next_change`].
    pub fn step(&mut self, truth: &Truth, answers: &[Option<usize>; 3], dt: Duration) {
        let _ = (truth, answers, dt);
    }

    /// [`Users::step`] under the answers of the last step.
    pub fn coast(&mut self, truth: &Truth, dt: Duration) {
        let _ = (truth, dt);
    }

    /// The share of all users who are in `region`.
    #[must_use]
    pub fn placed(&self, region: usize) -> f64 {
        let _ = region;
        0.0
    }

    /// What they went through so far.
    #[must_use]
    pub fn score(&self) -> &Score {
        &self.score
    }

    /// How much an average user of each home is hurt now: 0 to 1.
    #[must_use]
    pub fn hurt(&self) -> [f64; 3] {
        [0.0; 3]
    }

    /// Nobody is on the move: every cached answer is the present one, and no socket is being left.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        true
    }
}
