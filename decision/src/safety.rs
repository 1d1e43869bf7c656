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
//! which is [`Policy::automatic_max`]. The bound R − keep(R−d) of the undrained alone is not enough: with four regions and three observers, one that
//! knows of no drain may eject c and d, while two that know of a and b drained eject c and d respectively. `tests/disagreement.rs` enumerates both.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::intent::SafetyRule;
use crate::name::RegionName;
use crate::policy::Policy;
use crate::reason::Reason;
use crate::time::age;
use crate::vote::Vote;

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
    /// What a rule refused, if one did.
    pub(crate) refused: Option<Reason>,
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
    everyone_looks_sick(candidates);
    limit(policy, candidates, reserved, last_ejection, now);
}

/// Nothing moves while every undrained region looks sick.
///
/// One that tips over a round before the others is caught too: they need only look sick, not be unhealthy.
fn everyone_looks_sick(candidates: &mut BTreeMap<RegionName, Candidate>) {
    if candidates.len() < 2 || !candidates.values().all(|candidate| candidate.suspect) {
        return;
    }
    for candidate in candidates.values_mut().filter(|candidate| !candidate.held && candidate.before == Vote::Serve) {
        candidate.refuse(SafetyRule::EveryoneLooksSick);
    }
}

/// `last-region`, `capacity`, `too-many-ejected` and `too-soon`: of all that would be ejected, those that may be.
fn limit(
    policy: &Policy,
    candidates: &mut BTreeMap<RegionName, Candidate>,
    reserved: usize,
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
            candidate.refuse(rule);
        } else if new && soon {
            candidate.refuse(SafetyRule::TooSoon);
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
    } else if policy.automatic_max(reserved) < policy.sound_max(reserved) {
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

    /// Makes it serve although it would be ejected.
    fn refuse(&mut self, rule: SafetyRule) {
        if self.vote == Vote::Serve {
            return;
        }
        let refused = Reason::Refused { rule, because: Box::new(self.reason.clone()) };
        self.vote = Vote::Serve;
        // What is stored must be what the next decision finds on the same facts, and that one starts from a region that serves.
        self.reason = if matches!(self.reason, Reason::Failing(_)) { refused.clone() } else { self.if_serving.clone() };
        self.refused = Some(refused);
    }
}
