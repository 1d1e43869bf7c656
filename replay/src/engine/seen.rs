//! What observers have seen fail, told from what says more about the observer: the ground on which votes are judged, whatever the votes say.

use std::time::Duration;

use decision::{Observation, Outcome, RegionName, Round};

/// Nobody is ejected for what was seen longer ago: the slow window, and what it takes to store a round.
const REMEMBERED: Duration = Duration::from_secs(25 * 60);

/// By observer, then region: when it last failed, in a critical check and at the first attempt at least.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// While anything worked elsewhere.
    alone: [[Option<Duration>; 3]; 3],
    /// While something worked in each of the others: beyond doubt.
    plainly: [[Option<Duration>; 3]; 3],
}

impl Seen {
    /// A round ended.
    pub(super) fn take(&mut self, observer: usize, round: &Round, names: &[RegionName; 3], now: Duration) {
        if !matches!(round.self_check, Outcome::Pass | Outcome::Degraded(_)) {
            return;
        }
        let observations = names.each_ref().map(|name| round.regions.get(name));
        let works = observations.map(|observation| observation.is_some_and(works));
        for region in (0..3).filter(|region| observations[*region].is_some_and(fails)) {
            let elsewhere = (0..3).filter(|other| *other != region && works[*other]).count();
            if elsewhere >= 1 {
                self.alone[observer][region] = Some(now);
            }
            if elsewhere >= 2 {
                self.plainly[observer][region] = Some(now);
            }
        }
    }

    /// Whether an observer has reason to leave a region.
    pub(super) fn speaks_against(&self, observer: usize, region: usize, now: Duration) -> bool {
        self.alone[observer][region].is_some_and(|at| now.saturating_sub(at) <= REMEMBERED)
    }

    /// For how long a region has not failed beyond doubt, as an observer sees it.
    pub(super) fn clean_for(&self, observer: usize, region: usize, now: Duration) -> Duration {
        self.plainly[observer][region].map_or(Duration::MAX, |at| now.saturating_sub(at))
    }
}

/// Whether some critical check passes at once.
fn works(observation: &Observation) -> bool {
    observation.iter().any(|(check, result)| check.is_critical() && result.first_attempt_passed())
}

/// Whether some critical check fails, at the first attempt at least.
fn fails(observation: &Observation) -> bool {
    let failed = |outcome: &Outcome, attempts: u64| outcome.is_fail() || (attempts > 1 && !matches!(outcome, Outcome::Unknown(_)));
    observation.iter().any(|(check, result)| check.is_critical() && failed(&result.outcome, u64::from(result.attempts)))
}
