//! Ejecting in company: what an observer ejects at once, what it announces first, and what has to wait.
//!
//! Observers never talk to each other to decide. They do read each other's votes, as a restraint alone: what another observer says can forbid an
//! ejection and never cause one.
//!
//! # Why the answer is never empty
//!
//! n observers vote on R regions; m = ⌊n/2⌋+1 is a majority. To empty the answer takes a majority against every region: R·m votes.
//!
//! * *Seen* of an observer is what Route 53's checkers may see it eject: what its votes eject, and what they brought back less than a settling time ago.
//!   No observer lets its seen regions be all R.
//! * *Shown* of an observer is what its stored votes tell the others: what they eject, and what they mark `announced`. A region that is brought back stays
//!   marked until it has settled, so whatever is seen is shown.
//! * *Free* is a seen set that cannot help to empty the answer, whatever all the others eject: n−1 others eject at most R−1 regions each, so that k regions
//!   are free if k + (n−1)·(R−1) < R·m. With three observers one region is free, however many there are.
//!
//! An observer may let its seen set grow to S beyond what is free only if (1) all of S was shown by its own votes *as it read them*, (2) it read the others'
//! votes *after* that, and (3) S, with what each of them showed, or with any R−1 regions of one that could not be read, does not empty the answer. So it says
//! what it is about to do, looks, and then does it.
//!
//! Suppose that the answer is empty, because the checkers see the sets S₁ … Sₙ. None of those that matter is free. Each Sᵢ was shown without a break since
//! some moment wᵢ. Let i be the observer with the latest. When its seen set last grew to take in all of Sᵢ, it had read its own votes showing Sᵢ, that is
//! after wᵢ, and the others' after that: after every wⱼ. It saw at least Sⱼ of every one that it could read, allowed for Sⱼ of every other, and would not have
//! done it. This is the bakery's argument, on registers: the last to raise its flag sees all the others'.
//!
//! It needs of the stores that a read sees every earlier write, and that a write on top of another than the one that was read fails (`store` says how, and
//! what is left); of the gates and the checkers that they see a vote within the settling time. Nothing else: neither agreement on the drains, nor on the time,
//! nor that anybody hurries. A controller that dies between any two steps leaves at worst a mark that restrains the others until its successor takes it away.
//! `tests/it/model.rs` runs [`decide`](crate::decide) through all of it.
//!
//! # Why it blocks no drain
//!
//! Let up to n−m observers be out of reach, ejecting whatever they like, and let there be one region that nobody within reach shows. It has at most n−m < m
//! votes against it, so nothing is refused. Drains leave such a region once the observers within reach agree on them, because automatic ejections give way:
//! those of an observer whose own drain has still to leave, and those of one that has drained already, as long as another within reach has not. Each counts the
//! drains as shown by everybody within reach, so that it leaves them room before they take it.

use std::collections::{BTreeMap, BTreeSet};

use crate::intent::SafetyRule;
use crate::name::RegionName;
use crate::policy::Policy;
use crate::snapshot::Snapshot;

/// What the other observers may eject, as this one read it.
#[derive(Debug)]
pub(crate) struct Others<'a> {
    /// How many of those that were read show each region.
    shown: BTreeMap<&'a RegionName, usize>,
    /// How many were read.
    read: usize,
    /// How many were not read: each may eject all regions but one.
    unread: usize,
    majority: usize,
}

impl<'a> Others<'a> {
    pub(crate) fn of(policy: &'a Policy, snapshot: &Snapshot) -> Self {
        let others = || policy.observers().iter().filter(|observer| **observer != snapshot.observer);
        let shows =
            |region: &RegionName| others().filter_map(|other| snapshot.others.get(other)).filter(|shown| shown.contains(region)).count();
        let read = others().filter(|other| snapshot.others.contains_key(*other)).count();
        Self {
            shown: policy.regions().iter().map(|region| (region, shows(region))).collect(),
            read,
            unread: others().count() - read,
            majority: policy.majority(),
        }
    }

    /// Whether somebody who was read has still to eject one of these drains.
    pub(crate) fn have_still_to(&self, drained: &BTreeSet<&RegionName>) -> bool {
        self.shown.iter().any(|(region, shown)| *shown < self.read && drained.contains(region))
    }

    /// The same once all who were read have ejected these drains.
    pub(crate) fn once(&self, drained: &BTreeSet<&RegionName>) -> Self {
        let shown = |(region, shown): (&&'a RegionName, &usize)| (*region, if drained.contains(region) { self.read } else { *shown });
        Self { shown: self.shown.iter().map(shown).collect(), ..*self }
    }

    /// Whether a majority could be against every region if this observer ejected `own`.
    pub(crate) fn could_empty_with(&self, own: &BTreeSet<&RegionName>) -> bool {
        let lacking = |(region, shown): (&&RegionName, &usize)| self.majority.saturating_sub(shown + usize::from(own.contains(region)));
        let lacking: Vec<usize> = self.shown.iter().map(lacking).collect();
        // Those that were not read each spare one region. They can do so as long as no region needs more of them than there are.
        lacking.iter().all(|votes| *votes <= self.unread) && lacking.iter().sum::<usize>() <= self.unread * (self.shown.len() - 1)
    }
}

/// What this observer's own stored votes say.
#[derive(Debug)]
pub(crate) struct Own<'a> {
    /// What the checkers may see it eject.
    pub(crate) seen: BTreeSet<&'a RegionName>,
    /// What the others can read: that, and what it announced.
    pub(crate) shown: BTreeSet<&'a RegionName>,
}

/// What becomes of a region that is to be ejected and is not yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is ejected.
    Now,
    /// It is announced, and ejected by a later decision.
    Announce,
    /// It waits: the rule does not let it now.
    Wait(SafetyRule),
}

/// What becomes of the `wanted` regions, which are not ejected yet, in their order.
pub(crate) fn turns<'a>(
    policy: &Policy,
    own: &Own<'a>,
    others: &Others<'_>,
    wanted: impl IntoIterator<Item = &'a RegionName>,
) -> BTreeMap<&'a RegionName, Turn> {
    let mut seen = own.seen.clone();
    let is_last = |seen: &BTreeSet<&RegionName>| seen.len() >= policy.regions().len();
    let mut turns = BTreeMap::new();
    let mut waiting = Vec::new();
    for region in wanted {
        let with: BTreeSet<&RegionName> = seen.iter().copied().chain([region]).collect();
        if is_last(&with) || others.could_empty_with(&with) {
            waiting.push(region);
            continue;
        }
        let turn = if with.len() <= policy.free() || with.is_subset(&own.shown) { Turn::Now } else { Turn::Announce };
        turns.insert(region, turn);
        seen = with;
    }
    for region in waiting {
        let with = seen.iter().copied().chain([region]).collect();
        let rule = if is_last(&with) { SafetyRule::LastRegion } else { SafetyRule::TooManyEjected };
        turns.insert(region, Turn::Wait(rule));
    }
    turns
}
