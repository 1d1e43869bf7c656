//! The safety rules over one observer's automatic votes: what they refuse, and whom they force back into service.
//!
//! Drains are not refused here: `standing` does that, by the same names.
//!
//! # Why disagreement cannot empty the answer
//!
//! Let n observers vote on R regions, m = ⌊n/2⌋+1 a majority, and let no drain be in force. Each ejects at most k = ⌈(R−1)/m⌉, and
//! k ≤ R − (⌊R·(n−m)/n⌋+1). To empty the answer takes R·m votes. There are n·k < R·m.
//!
//! Drains are the same for every observer only once every observer has read them. Let dᵢ of the nested sets be drained for observer i, and let D be the
//! set that the m-th most informed observer holds. The q = R − |D| regions outside of D need q·m votes. The m−1 observers who know of more drains
//! spare at least one region each: (m−1)·(q−1) votes at the most. Of the other m, m−1 may still know of no drain: k votes each. The m-th has f(|D|).
//! So the answer cannot be empty if
//!
//! > (m−1)·k + f(d) + (m−1)·(q−1) < m·q,  that is  f(d) ≤ R − d − 1 − (m−1)·(k−1),
//!
//! which is [`automatic_max`]. Leaving ⌊r·(n−m)/n⌋+1 of the r undrained regions, as [`Policy::keep`] says, is enough only where the observers agree on
//! the drains: with four regions and three observers, one that knows of no drain may eject c and d, while two that know of a and b drained eject c
//! and d respectively. `tests/it/disagreement.rs` enumerates all of this.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::intent::SafetyRule;
use crate::name::RegionName;
use crate::policy::Policy;
use crate::reason::Reason;
use crate::time::age;
use crate::vote::Vote;

/// How many of R `regions` one of n `observers` may eject automatically while `drained` of them are drained, for the answer never to be emptied.
///
/// With three observers: one of two, one of three, two of four, two of five, three of six, and fewer as drains take their share.
#[must_use]
pub fn automatic_max(regions: usize, observers: usize, drained: usize) -> usize {
    let majority = observers / 2 + 1;
    let undrained = regions.saturating_sub(drained);
    let most = regions.saturating_sub(1).div_ceil(majority).max(1);
    let keep = undrained * (observers - majority) / observers + 1;
    most.min(undrained.saturating_sub(keep)).min(undrained.saturating_sub(1 + (majority - 1) * (most - 1)))
}

/// One undrained region on its way to a vote.
#[derive(Debug)]
pub(crate) struct Candidate {
    /// The last vote.
    pub(crate) before: Vote,
    /// Since when.
    pub(crate) since: Timestamp,
    /// The vote as far as it goes.
    pub(crate) vote: Vote,
    /// Why.
    pub(crate) reason: Reason,
    /// The reason that holds once it serves, if a rule takes it back from an ejection that is over in all but the gates.
    pub(crate) if_serving: Reason,
    /// The rule that refused, if one did, and what it refused.
    pub(crate) refused: Option<(SafetyRule, Reason)>,
    /// Whether a person froze automation for it.
    pub(crate) held: bool,
    /// Whether it is unhealthy.
    pub(crate) down: bool,
    /// Whether it looks sick at all.
    pub(crate) suspect: bool,
    /// How much speaks against it.
    pub(crate) evidence: usize,
}

/// Applies every rule. `reserved` is how many regions are drained or have a place among the drains, `last_ejection` when this observer last ejected one.
pub(crate) fn apply(
    policy: &Policy,
    candidates: &mut BTreeMap<RegionName, Candidate>,
    reserved: usize,
    last_ejection: Option<Timestamp>,
    now: Timestamp,
) {
    let everyone = everyone_looks_sick(candidates);
    if everyone {
        for candidate in candidates.values_mut().filter(|candidate| !candidate.held && candidate.before == Vote::Serve) {
            candidate.refuse(SafetyRule::EveryoneLooksSick, everyone);
        }
    }
    limit(policy, candidates, reserved, everyone, last_ejection, now);
}

/// Whether every undrained region looks sick. Then nobody is ejected.
///
/// One that tips over a round before the others is caught too: they need only look sick, not be unhealthy.
fn everyone_looks_sick(candidates: &BTreeMap<RegionName, Candidate>) -> bool {
    candidates.len() >= 2 && candidates.values().all(|candidate| candidate.suspect)
}

/// `last-region`, `capacity`, `too-many-ejected` and `too-soon`: of all that would be ejected, those that may be.
fn limit(
    policy: &Policy,
    candidates: &mut BTreeMap<RegionName, Candidate>,
    reserved: usize,
    everyone: bool,
    last_ejection: Option<Timestamp>,
    now: Timestamp,
) {
    let rule = limiting_rule(policy, candidates.len(), reserved);
    let mut room = policy.automatic_max(reserved);
    let mut soon = last_ejection.is_some_and(|at| age(now, at).abs() < policy.thresholds().ejection_window());
    let mut ejected: Vec<(&RegionName, &mut Candidate)> = candidates.iter_mut().filter(|(_, c)| c.vote == Vote::Eject).collect();
    ejected.sort_by(|(a_name, a), (b_name, b)| a.precedence().cmp(&b.precedence()).then(a_name.cmp(b_name)));
    for (_, candidate) in ejected {
        let new = candidate.before == Vote::Serve;
        if room == 0 {
            candidate.refuse(rule, everyone);
        } else if new && soon {
            candidate.refuse(SafetyRule::TooSoon, everyone);
        } else {
            room -= 1;
            soon |= new;
        }
    }
}

/// The rule that says how many may be ejected.
fn limiting_rule(policy: &Policy, undrained: usize, reserved: usize) -> SafetyRule {
    if undrained <= 1 {
        SafetyRule::LastRegion
    } else if policy.automatic_max(reserved) < automatic_max(policy.regions().len(), policy.observers().len(), reserved) {
        SafetyRule::Capacity
    } else {
        SafetyRule::TooManyEjected
    }
}

impl Candidate {
    /// Who stays out when not all can: what a person froze, then what is unhealthy, then what is out already; of those the oldest, then the most evidence.
    fn precedence(&self) -> impl Ord + use<> {
        let out_since = if self.before == Vote::Eject { self.since } else { Timestamp::MAX };
        (!self.held, !self.down, out_since, Reverse(self.evidence))
    }

    /// Makes it serve although it would be ejected. `everyone` says whether everyone looks sick.
    fn refuse(&mut self, rule: SafetyRule, everyone: bool) {
        if self.vote == Vote::Serve {
            return;
        }
        let refused = |rule| Reason::Refused { rule, because: Box::new(self.reason.clone()) };
        // What is stored must be what the next decision finds on the same facts, and that one starts from a region that serves.
        let found_again = if everyone { SafetyRule::EveryoneLooksSick } else { rule };
        let stored = if matches!(self.reason, Reason::Failing(_)) { refused(found_again) } else { self.if_serving.clone() };
        self.refused = Some((rule, refused(rule)));
        self.reason = stored;
        self.vote = Vote::Serve;
    }
}
