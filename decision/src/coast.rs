//! Coasting: rounds that find everything well, remembered without deciding anew. For replays that pass over hours in which nothing happens.
//!
//! No rule lives here, and no vote moves: the caller answers for it that deciding would come to the same.

use jiff::Timestamp;

use crate::burn::CRITICAL;
use crate::check::{CheckResult, Outcome};
use crate::hysteresis::Mark;
use crate::observation::Observation;
use crate::policy::Policy;
use crate::time::{age, later, millis};
use crate::vote::Votes;

impl Votes {
    /// Remembers rounds in which every check of every region passed at the first attempt: their numbers, and when they ended, oldest first.
    ///
    /// The memories, `round` and `round_at` become what [`decide`](crate::decide) makes of these rounds, one by one.
    pub fn remember_clean(&mut self, policy: &Policy, rounds: impl IntoIterator<Item = (u64, Timestamp)>) {
        let passed = || CheckResult { outcome: Outcome::Pass, millis: 0, attempts: 1 };
        let observation: Observation = CRITICAL.into_iter().map(|check| (check, passed())).collect();
        let silent_after = policy.thresholds().silent_after();
        for (number, at) in rounds {
            let at = millis(at);
            let elapsed = self.round_at.map_or(policy.thresholds().round(), |last| age(at, last).min(silent_after));
            (self.round, self.round_at) = (number, Some(at));
            for (region, entry) in &mut self.regions {
                entry.memory.take(policy, region, (Some(&observation), Mark::Clean), elapsed, at);
            }
        }
    }

    /// When the next relapse is forgiven if every round from now on finds everything well. Until then a memory that one such round leaves as it is stays so.
    #[must_use]
    pub fn next_forgiven(&self, policy: &Policy) -> Option<Timestamp> {
        let relapsed = self.regions.values().filter(|entry| entry.memory.relapses > 0);
        relapsed.filter_map(|entry| entry.memory.clean_since).map(|since| later(since, policy.thresholds().hold_down_decay())).min()
    }
}
