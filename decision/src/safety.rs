//! The safety rules over one observer's automatic votes: what they refuse, and whom they force back into service.
//!
//! Drains are not refused here: `standing` does that, by the same names. When an ejection that is let pass may be carried out is `announce`'s to say.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::announce::{self, Others, Own, Turn};
use crate::hysteresis::Evidence;
use crate::intent::SafetyRule;
use crate::memory::MEMORY_ROUNDS_MAX;
use crate::name::RegionName;
use crate::policy::Policy;
use crate::reason::Reason;
use crate::time::age;
use crate::vote::Vote;

/// What the rules look at besides the regions themselves.
#[derive(Debug)]
pub(crate) struct Circumstances<'a> {
    /// The drains in effect.
    pub(crate) drained: BTreeSet<&'a RegionName>,
    /// Those of them that are not ejected yet.
    pub(crate) leaving: BTreeSet<&'a RegionName>,
    /// Since when those of them are ejected that are.
    pub(crate) drained_since: BTreeMap<&'a RegionName, Timestamp>,
    /// Every region that has a place among the drains, in effect or on its way.
    pub(crate) reserved: BTreeSet<&'a RegionName>,
    /// What this observer's stored votes say.
    pub(crate) own: Own<'a>,
    /// What the other observers may eject.
    pub(crate) others: Others<'a>,
    /// The region that looks, if anything was seen.
    pub(crate) observer: Option<&'a RegionName>,
    /// When this observer last ejected a region.
    pub(crate) last_ejection: Option<Timestamp>,
    /// The time.
    pub(crate) now: Timestamp,
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
    /// The share of first attempts at its worst check that failed over the fast window, and over the slow one.
    pub(crate) shares: [f64; 2],
    /// Whether all that failed of it lately failed on the way to it, if anything did.
    pub(crate) lost: Option<bool>,
    /// In how many rounds up to the newest nothing of it worked.
    pub(crate) gone: u8,
    /// How many of its newest rounds had no critical failure.
    pub(crate) clean: u8,
    /// Whether it was ever ejected automatically.
    pub(crate) was_ejected: bool,
    /// Since when it uses up its error budgets, if it does.
    pub(crate) onset: Option<Timestamp>,
    /// How much speaks against it, to compare it with others.
    pub(crate) weight: usize,
}

/// Applies every rule, and says what becomes of each region that is to leave: the drained ones among them are nobody's candidates.
pub(crate) fn apply<'a>(
    policy: &'a Policy,
    candidates: &mut BTreeMap<RegionName, Candidate>,
    circumstances: &Circumstances<'a>,
) -> BTreeMap<&'a RegionName, Turn> {
    let Circumstances { leaving, own, others, last_ejection, now, .. } = circumstances;
    let out: BTreeSet<RegionName> = candidates.iter().filter(|(_, c)| c.before == Vote::Eject).map(|(region, _)| region.clone()).collect();
    let mut wishes = candidates.clone();
    let mut gave_way = BTreeMap::new();
    loop {
        pass(policy, candidates, circumstances, *last_ejection);
        let forced = |c: &Candidate| c.refused.clone().filter(|_| (c.before, c.vote) == (Vote::Eject, Vote::Serve));
        let back: Vec<_> = candidates.iter().filter_map(|(region, c)| Some((region.clone(), forced(c)?))).collect();
        if back.is_empty() {
            break;
        }
        // Whoever gives way serves in all that follows, or else the next decision would find another one to give way to.
        gave_way.extend(back);
        wishes = wishes
            .into_iter()
            .map(|(region, wish)| (region.clone(), wish.after_giving_way(gave_way.contains_key(&region), *now)))
            .collect();
        candidates.clone_from(&wishes);
    }

    // A person's wish goes first.
    let leaves = |region: &&RegionName| candidates.get(*region).is_some_and(|c| (c.before, c.vote) == (Vote::Serve, Vote::Eject));
    let wanted = leaving.iter().copied().chain(policy.regions().iter().filter(leaves));
    let turns = announce::turns(policy, own, others, wanted);
    for (region, candidate) in &mut *candidates {
        match turns.get(region) {
            None | Some(Turn::Now) => {}
            Some(Turn::Announce) => candidate.announce(),
            Some(Turn::Wait(rule)) => candidate.refuse(*rule),
        }
    }

    // What is stored must be what the next decision finds on the same facts, and that one starts from these votes.
    let mut next: BTreeMap<RegionName, Candidate> =
        wishes.into_iter().map(|(region, wish)| (region.clone(), wish.after(candidates[&region].vote, *now))).collect();
    let is_new = |(region, c): (&RegionName, &Candidate)| c.vote == Vote::Eject && !out.contains(region);
    pass(policy, &mut next, circumstances, if candidates.iter().any(is_new) { Some(*now) } else { *last_ejection });
    for (region, candidate) in candidates {
        if let (Reason::Refused { rule, .. }, Some(Candidate { refused: Some((found_again, _)), .. })) =
            (&mut candidate.reason, next.get(region))
        {
            *rule = *found_again;
        }
        if candidate.vote == Vote::Serve {
            candidate.refused = gave_way.remove(region).or(candidate.refused.take());
        }
    }
    turns
}

/// Every rule once.
fn pass(
    policy: &Policy,
    candidates: &mut BTreeMap<RegionName, Candidate>,
    circumstances: &Circumstances<'_>,
    last_ejection: Option<Timestamp>,
) {
    for region in everyone_looks_sick(policy, candidates, circumstances.observer) {
        if let Some(candidate) = candidates.get_mut(&region).filter(|candidate| !candidate.held && candidate.before == Vote::Serve) {
            candidate.refuse(SafetyRule::EveryoneLooksSick);
        }
    }
    limit(policy, candidates, circumstances, last_ejection);
}

/// The regions than which no other undrained one looks much better: leaving one of them would help nobody, and what they have in common is more likely
/// to be the probe, a shared dependency or a release than all of them at once.
///
/// One that tips over a round before the others is caught too: they need only look half as sick, not be unhealthy. A region that is plainly worse than the
/// best of the others is none of these, however the rest does.
///
/// Where some attempts fail and some do not, a few rounds say little: until the shares of minutes tell them apart, it is enough that the other fails at all.
/// Of a count, shares are compared unless the other has been clean for long enough to show that its failing is over. Grey failure is luck for much longer:
/// it is held against both windows of the other, whatever its last rounds were.
///
/// A region that is unhealthy itself is no better one, unless the other fails three times as often. And whoever loses as much on the way to every other
/// region, while nothing but the one that it stands in answers, looks at its own way out: it leaves none of them for that.
fn everyone_looks_sick(
    policy: &Policy,
    candidates: &BTreeMap<RegionName, Candidate>,
    observer: Option<&RegionName>,
) -> BTreeSet<RegionName> {
    let everyone = |(region, candidate): &(&RegionName, &Candidate)| {
        let others = || candidates.iter().filter(|(other, _)| other != region);
        candidates.len() >= 2
            && (others().all(|(_, other)| candidate.is_as_sick(policy, other)) || is_way_out(candidates, region, candidate, observer))
    };
    candidates.iter().filter(everyone).map(|(region, _)| region.clone()).collect()
}

/// Whether what fails of a region fails on the way out of the one that looks: it reaches all others as badly, and hears no error from any of them.
fn is_way_out(
    candidates: &BTreeMap<RegionName, Candidate>,
    region: &RegionName,
    candidate: &Candidate,
    observer: Option<&RegionName>,
) -> bool {
    let here = observer.is_some_and(|observer| observer != region && candidates.contains_key(observer));
    let mut others = candidates.iter().filter(|(other, _)| *other != region && Some(*other) != observer).map(|(_, other)| other).peekable();
    let as_lost = |other: &Candidate| {
        other.lost != Some(false) && (candidate.is_matched_by_rounds(other) || candidate.is_matched_by_share(other, FAST))
    };
    here && candidate.lost == Some(true) && others.peek().is_some() && others.all(as_lost)
}

/// Whether it takes known room elsewhere to eject a region for what speaks against it, while `out` others are out.
///
/// A region in which nothing works is left whatever becomes of the others. One that still does something for its users is left only for regions that can
/// take them. A service survives the loss of one region without saying so, not of two.
fn needs_room(policy: &Policy, candidate: &Candidate, out: usize) -> bool {
    match candidate.evidence {
        Some(Evidence::Gone) if candidate.is_gone_for_good(policy) => false,
        Some(Evidence::Gone | Evidence::Count) => out > 0,
        Some(Evidence::Burn) | None => true,
    }
}

/// When another region last turned, and whether it is out since.
#[derive(Debug, Clone, Copy)]
struct Turned {
    out: bool,
    at: Timestamp,
    /// Whether automation ever left it.
    was_ejected: bool,
    /// Since when it uses up its error budgets, if it does.
    onset: Option<Timestamp>,
}

/// Whether what speaks against a region may be of our own making: the load of another that was left, or of the crowd that came back.
///
/// A region that has carried the load of another well for a while and then begins to fail does so by itself. One that has not may fail of that load, and one
/// that begins together with the other fails of one cause with it; no room elsewhere helps against either. What burnt while it carried another's load says
/// nothing of it once it is relieved; nor does a count of what fails in part, once the region that automation had left is back.
fn may_be_ours(policy: &Policy, candidate: &Candidate, others: &[Turned], now: Timestamp) -> bool {
    let [_, window] = policy.thresholds().windows();
    let onset = candidate.onset.unwrap_or(now);
    let together = |other: &Turned| age(onset, other.at) < window || other.onset.is_some_and(|began| age(onset, began).abs() < window);
    others.iter().any(|other| match candidate.evidence {
        Some(Evidence::Gone) if candidate.is_gone_for_good(policy) => false,
        Some(Evidence::Gone | Evidence::Count | Evidence::Burn) | None if other.out => together(other),
        Some(Evidence::Burn) => onset <= other.at && age(now, other.at) < window,
        Some(Evidence::Count) => {
            let lately = other.was_ejected && other.at <= now && age(now, other.at) < window;
            lately && candidate.is_partial() && candidate.onset.is_some_and(|onset| onset <= other.at)
        }
        Some(Evidence::Gone) | None => false,
    })
}

/// `last-region`, `capacity`, `too-many-ejected` and `too-soon`: of all that would be ejected, those that may be.
fn limit(
    policy: &Policy,
    candidates: &mut BTreeMap<RegionName, Candidate>,
    circumstances: &Circumstances<'_>,
    last_ejection: Option<Timestamp>,
) {
    let Circumstances { drained, leaving, reserved, others, now, .. } = circumstances;
    let mut soon = last_ejection.is_some_and(|at| age(*now, at).abs() < policy.thresholds().ejection_window());
    let (mut out, mut taken) = (drained.clone(), reserved.clone());
    // What stands was looked at when it was voted. It gives way only to what comes first and is new, here or at another observer.
    let mut any_new = !leaving.is_empty() || others.have_still_to(drained);
    let others = others.once(drained);
    let serves = |(region, c): (&RegionName, &Candidate)| (c.before == Vote::Serve || c.vote == Vote::Serve).then(|| region.clone());
    let mut survivors: BTreeSet<RegionName> = candidates.iter().filter_map(serves).collect();
    let drained_at = drained.iter().map(|region| (*region, circumstances.drained_since.get(region).copied().unwrap_or(*now)));
    let mut turned: BTreeMap<RegionName, Turned> =
        drained_at.map(|(region, at)| (region.clone(), Turned { out: true, at, was_ejected: false, onset: None })).collect();
    turned.extend(candidates.iter().map(|(region, c)| {
        let returns = (c.before, c.vote) == (Vote::Eject, Vote::Serve);
        let (out, at) = (c.before == Vote::Eject && !returns, if returns { *now } else { c.since });
        (region.clone(), Turned { out, at, was_ejected: c.was_ejected, onset: c.onset })
    }));
    let mut ejected: Vec<(&RegionName, &mut Candidate)> = candidates.iter_mut().filter(|(_, c)| c.vote == Vote::Eject).collect();
    ejected.sort_by(|(a_name, a), (b_name, b)| a.precedence().cmp(&b.precedence()).then(a_name.cmp(b_name)));
    for (region, candidate) in ejected {
        let new = candidate.before == Vote::Serve;
        let with = |set: &BTreeSet<_>| set.iter().copied().chain([region]).collect::<BTreeSet<&RegionName>>();
        let crowded = crowded(policy, &taken, &with(&taken));
        let too_many = || (any_new || new) && others.could_empty_with(&with(&out));
        let is_ours = || {
            let others: Vec<Turned> = turned.iter().filter(|(other, _)| *other != region).map(|(_, turned)| *turned).collect();
            may_be_ours(policy, candidate, &others, *now)
        };
        let has_room = || policy.has_room(survivors.iter().filter(|survivor| *survivor != region));
        let lacks_room = || policy.lacks_room(survivors.iter().filter(|survivor| *survivor != region));
        if let Some(rule) = crowded.or_else(|| too_many().then_some(SafetyRule::TooManyEjected)) {
            candidate.refuse(rule);
            survivors.insert(region.clone());
        } else if new && soon {
            candidate.refuse(SafetyRule::TooSoon);
        } else if new
            && (is_ours()
                || needs_room(policy, candidate, policy.regions().len() - survivors.len()) && !has_room()
                || candidate.is_partial() && lacks_room())
        {
            candidate.refuse(SafetyRule::Capacity);
        } else {
            (out, taken) = (with(&out), with(&taken));
            soon |= new;
            any_new |= new;
            survivors.remove(region);
        }
    }
}

/// The rule by which so many of this observer's own regions may not be out, if they are more than before.
fn crowded(policy: &Policy, before: &BTreeSet<&RegionName>, after: &BTreeSet<&RegionName>) -> Option<SafetyRule> {
    let serving = policy.regions().len().saturating_sub(after.len());
    match serving {
        _ if after.len() == before.len() => None,
        0 => Some(SafetyRule::LastRegion),
        _ if serving < usize::from(policy.thresholds().min_serving) => Some(SafetyRule::Capacity),
        _ => None,
    }
}

/// The windows of [`Candidate::shares`].
const FAST: usize = 0;
const SLOW: usize = 1;

impl Candidate {
    /// Whether `other` does not look much better than it.
    fn is_as_sick(&self, policy: &Policy, other: &Self) -> bool {
        let thresholds = policy.thresholds();
        let a_little = thresholds.error_budget * thresholds.fast_burn / 4.0;
        let (own, theirs) = (self.shares[FAST], other.shares[FAST]);
        let alike = |window: usize| other.shares[window] >= a_little && self.is_matched_by_share(other, window);
        let was_well = other.clean >= thresholds.up_after.saturating_mul(2);
        let fails = other.failed > 0 || !was_well && theirs >= a_little;
        let not_told_apart = fails && own < (2.0 * a_little).max(3.0 * theirs);
        let is_unhealthy = other.down && theirs >= a_little && own < 3.0 * theirs;
        match self.evidence {
            Some(Evidence::Burn) => alike(FAST) || alike(SLOW) || not_told_apart || is_unhealthy,
            Some(Evidence::Count) => self.is_matched_by_rounds(other) || !was_well && alike(FAST) || not_told_apart || is_unhealthy,
            Some(Evidence::Gone) => self.is_matched_by_rounds(other) || !self.is_gone_for_good(policy) && is_unhealthy,
            None => self.is_matched_by_rounds(other),
        }
    }

    /// Whether `other` failed in at least half as many of the last rounds.
    fn is_matched_by_rounds(&self, other: &Self) -> bool {
        other.failed >= 2 && 2 * other.failed >= self.failed
    }

    /// Whether the share that failed of `other` over a window is at least half as large.
    fn is_matched_by_share(&self, other: &Self, window: usize) -> bool {
        2.0 * other.shares[window] >= self.shares[window]
    }

    /// Whether more than half of what is tried at it has worked for minutes.
    fn is_partial(&self) -> bool {
        self.evidence != Some(Evidence::Gone) && self.shares[0] < 0.5
    }

    /// Whether nothing of it worked for three times as long as it takes to be gone, or in all the rounds that are remembered: of one in which much fails, a
    /// few such rounds in a row are chance.
    fn is_gone_for_good(&self, policy: &Policy) -> bool {
        usize::from(self.gone) >= MEMORY_ROUNDS_MAX.min(3 * usize::from(policy.thresholds().gone_after))
    }

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

    /// The same region as the next decision finds it on the same facts, once it votes this.
    fn after(self, vote: Vote, now: Timestamp) -> Self {
        let since = if vote == self.before { self.since } else { now };
        Self { before: vote, since, ..self }
    }

    /// The same region once it serves, if it gives way: it is ejected again only for what speaks against it now.
    fn after_giving_way(self, gives_way: bool, now: Timestamp) -> Self {
        match (gives_way && self.before == Vote::Eject, &self.reason) {
            (false, _) => self,
            (true, Reason::Failing(_)) => self.after(Vote::Serve, now),
            (true, _) => Self { vote: Vote::Serve, reason: self.if_serving.clone(), ..self.after(Vote::Serve, now) },
        }
    }

    /// Makes it serve for as long as it takes to tell the others.
    fn announce(&mut self) {
        self.reason = Reason::Announced { because: Box::new(self.reason.clone()) };
        self.vote = Vote::Serve;
    }
}
