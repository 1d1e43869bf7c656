//! The 18 % rule, and what a Route 53 location can see of the checkers.

use std::collections::BTreeSet;

use crate::region::CheckerId;

/// A check is healthy while MORE than this share of its checkers says so. AWS reserves the right to change it. `[R-HOW]`
pub const HEALTHY_SHARE_PERCENT: usize = 18;

/// Whether `healthy` of `checkers` are enough. With nobody to ask, nothing speaks against the endpoint.
#[must_use]
pub fn enough_healthy(healthy: usize, checkers: usize) -> bool {
    checkers == 0 || healthy * 100 > HEALTHY_SHARE_PERCENT * checkers
}

/// What one Route 53 location sees. Every location receives the statuses of the checkers by itself; one that is cut off from some
/// of them judges on the rest, and may disagree with other locations and with CloudWatch. `[R-PROB]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    cut_off: BTreeSet<CheckerId>,
}

impl View {
    /// A location that hears every checker.
    #[must_use]
    pub fn whole() -> Self {
        Self::default()
    }

    /// A location that does not hear these.
    pub fn without(checkers: impl IntoIterator<Item = CheckerId>) -> Self {
        Self { cut_off: checkers.into_iter().collect() }
    }

    /// Whether the location hears this checker.
    #[must_use]
    pub fn hears(&self, checker: CheckerId) -> bool {
        !self.cut_off.contains(&checker)
    }
}
