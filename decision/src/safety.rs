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
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::hysteresis::Evidence;
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
#[derive(Debug, Clone)]
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
    /// What speaks for an ejection now.
    pub(crate) evidence: Option<Evidence>,
    /// How many of its last rounds failed, at the first attempt at least.
    pub(crate) failed: usize,
    /// The share of first attempts at its worst check that failed over the slow window.
    pub(crate) share: f64,
    /// How much speaks against it, to compare it with others.
    pub(crate) weight: usize,
}

/// Applies every rule. `reserved` is how many regions are drained or have a place among the drains, `last_ejection` when this observer last ejected one.
pub(crate) fn apply(
    policy: &Policy,
    candidates: &mut BTreeMap<RegionName, Candidate>,
    reserved: usize,
    last_ejection: Option<Timestamp>,
    now: Timestamp,
) {
    let wishes = candidates.clone();
    pass(policy, candidates, reserved, last_ejection, now);
    // What is stored must be what the next decision finds on the same facts, and that one starts from these votes.
    let mut next: BTreeMap<RegionName, Candidate> =
        wishes.into_iter().map(|(region, wish)| (region.clone(), wish.after(&candidates[&region], now))).collect();
    let ejected = candidates.values().any(|candidate| (candidate.before, candidate.vote) == (Vote::Serve, Vote::Eject));
    pass(policy, &mut next, reserved, if ejected { Some(now) } else { last_ejection }, now);
    for (region, candidate) in candidates {
        if let (Reason::Refused { rule, .. }, Some(Candidate { refused: Some((found_again, _)), .. })) =
            (&mut candidate.reason, next.get(region))
        {
            *rule = *found_again;
        }
    }
}

/// Every rule once.
fn pass(
    policy: &Policy,
    candidates: &mut BTreeMap<RegionName, Candidate>,
    reserved: usize,
    last_ejection: Option<Timestamp>,
    now: Timestamp,
) {
    for region in everyone_looks_sick(candidates) {
        if let Some(candidate) = candidates.get_mut(&region).filter(|candidate| !candidate.held && candidate.before == Vote::Serve) {
            candidate.refuse(SafetyRule::EveryoneLooksSick);
        }
    }
    limit(policy, candidates, reserved, last_ejection, now);
}

/// The regions than which no other undrained one looks much better: leaving one of them would help nobody, and what they have in common is more likely
/// to be the probe, a shared dependency or a release than all of them at once.
///
/// One that tips over a round before the others is caught too: they need only look half as sick, not be unhealthy. A region that is plainly worse than the
/// best of the others is none of these, however the rest does.
fn everyone_looks_sick(candidates: &BTreeMap<RegionName, Candidate>) -> BTreeSet<RegionName> {
    let as_sick = |other: &Candidate, than: &Candidate| match than.evidence {
        Some(Evidence::Burn) => 2.0 * other.share >= than.share,
        Some(Evidence::Gone | Evidence::Dead | Evidence::Count) | None => other.failed >= 2 && 2 * other.failed >= than.failed,
    };
    let everyone = |(region, candidate): &(&RegionName, &Candidate)| {
        let mut others = candidates.iter().filter(|(other, _)| other != region);
        candidates.len() >= 2 && others.all(|(_, other)| as_sick(other, candidate))
    };
    candidates.iter().filter(everyone).map(|(region, _)| region.clone()).collect()
}

/// Whether it takes known room elsewhere to eject a region for what speaks against it, while `out` others are out.
///
/// A region in which nothing works, or some check never does, is left whatever becomes of the others. One that still serves most of its users is left only for
/// regions that can take them: it may be their load that makes it fail. A service survives the loss of one region without saying so, not of two.
fn needs_room(evidence: Option<Evidence>, out: usize) -> bool {
    match evidence {
        Some(Evidence::Gone | Evidence::Dead) => false,
        Some(Evidence::Count) => out > 0,
        Some(Evidence::Burn) | None => true,
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
    let serves = |(region, c): (&RegionName, &Candidate)| (c.before == Vote::Serve || c.vote == Vote::Serve).then(|| region.clone());
    let mut survivors: BTreeSet<RegionName> = candidates.iter().filter_map(serves).collect();
    let mut ejected: Vec<(&RegionName, &mut Candidate)> = candidates.iter_mut().filter(|(_, c)| c.vote == Vote::Eject).collect();
    ejected.sort_by(|(a_name, a), (b_name, b)| a.precedence().cmp(&b.precedence()).then(a_name.cmp(b_name)));
    for (region, candidate) in ejected {
        let new = candidate.before == Vote::Serve;
        let has_room = || policy.has_room(survivors.iter().filter(|survivor| *survivor != region));
        if room == 0 {
            candidate.refuse(rule);
            survivors.insert(region.clone());
        } else if new && soon {
            candidate.refuse(SafetyRule::TooSoon);
        } else if new && needs_room(candidate.evidence, policy.regions().len() - survivors.len()) && !has_room() {
            candidate.refuse(SafetyRule::Capacity);
        } else {
            room -= 1;
            soon |= new;
            survivors.remove(region);
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
        (!self.held, !self.down, out_since, Reverse(self.weight))
    }

    /// Makes it serve although it would be ejected.
    fn refuse(&mut self, rule: SafetyRule) {
        if self.vote == Vote::Serve {
            return;
        }
        let refused = Reason::Refused { rule, because: Box::new(self.reason.clone()) };
        self.reason = if matches!(self.reason, Reason::Failing(_)) { refused.clone() } else { self.if_serving.clone() };
        self.refused = Some((rule, refused));
        self.vote = Vote::Serve;
    }

    /// The same region as the next decision finds it on the same facts, after this one `came` out.
    fn after(self, came: &Candidate, now: Timestamp) -> Self {
        let since = if came.vote == self.before { self.since } else { now };
        // A region that was forced back serves, and is ejected again only for what speaks against it now.
        let forced = self.vote == Vote::Eject && came.vote == Vote::Serve && !matches!(self.reason, Reason::Failing(_));
        let (vote, reason) = if forced { (Vote::Serve, self.if_serving.clone()) } else { (self.vote, self.reason) };
        Self { before: came.vote, since, vote, reason, ..self }
    }
}
