//! What is wrong at one moment, and what one fresh attempt meets.

use std::time::Duration;

use super::met::{Met, StoreState, Vantage};
use super::users::Users;
use crate::engine::Setup;
use crate::incident::{Act, Place};

/// The compiled timeline of a run, at one moment.
#[derive(Debug, Clone)]
pub struct Truth {
    now: Duration,
    acts: Vec<(Duration, Place, Act)>,
}

impl Truth {
    /// The timeline of a run, at its zero.
    #[must_use]
    pub fn new(setup: &Setup) -> Self {
        let _ = setup;
        Self { now: Duration::ZERO, acts: Vec::new() }
    }

    /// The moment it stands at.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.now
    }

    /// Moves on to `to`: levels, lags, and what `users` load the regions with. Never back.
    pub fn advance(&mut self, to: Duration, users: &Users) {
        let _ = users;
        self.now = self.now.max(to);
    }

    /// What one fresh attempt from `from` to `region` meets now.
    #[must_use]
    pub fn met(&self, from: Vantage, region: usize) -> Met {
        let _ = (from, region);
        Met::default()
    }

    /// How much later than written something appears in the tables of `to` that was written in those of `from`.
    #[must_use]
    pub fn replication_lag(&self, from: usize, to: usize) -> Duration {
        let _ = (from, to);
        Duration::ZERO
    }

    /// Seconds by which the clock of the probe and the controller in `region` is ahead; negative when it is behind.
    #[must_use]
    pub fn clock_ahead(&self, region: usize) -> f64 {
        let _ = region;
        0.0
    }

    /// What the store in `region` does with a call.
    #[must_use]
    pub fn store(&self, region: usize) -> StoreState {
        let _ = region;
        StoreState::default()
    }

    /// Share of Route 53's checkers that falsely call `region` unhealthy.
    #[must_use]
    pub fn checkers_wrong(&self, region: usize) -> f64 {
        let _ = region;
        0.0
    }

    /// Share of record changes that are refused.
    #[must_use]
    pub fn changes_denied(&self) -> f64 {
        0.0
    }

    /// How much longer than usual a record change takes.
    #[must_use]
    pub fn changes_delayed(&self) -> Duration {
        Duration::ZERO
    }

    /// Share of look-ups led to `region` that fail.
    #[must_use]
    pub fn dns_hole(&self, region: usize) -> f64 {
        let _ = region;
        0.0
    }

    /// Share of `region`'s metrics that are missing.
    #[must_use]
    pub fn metrics_missing(&self, region: usize) -> f64 {
        let _ = region;
        0.0
    }

    /// The acts at `from` and later, before `to`, in order.
    #[must_use]
    pub fn acts_in(&self, from: Duration, to: Duration) -> &[(Duration, Place, Act)] {
        let _ = (from, to);
        &self.acts
    }

    /// The next moment after `after` at which something changes by itself: a line of the file, or a lag that reaches what users or probes feel.
    #[must_use]
    pub fn next_change(&self, after: Duration) -> Option<Duration> {
        let _ = after;
        None
    }

    /// Every level is zero, every lag drained, no region overloaded: nothing can fail.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        true
    }

    /// How much a user is hurt now whose answers and socket are all in `region`, over the carriers: 0 to 1.
    #[must_use]
    pub fn impact_at(&self, region: usize) -> f64 {
        let _ = region;
        0.0
    }
}
