//! The decision: one observer's votes from everything it read.
//!
//! Lanes, strictest first: safety rules, intent, automatic verdict, unknown. Each lane is a file; here is only their order.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::announce::{Others, Own, Turn};
use crate::automatic::Look;
use crate::document::Schema;
use crate::hysteresis::{self, Sight};
use crate::intent::SafetyRule;
use crate::memory::Memory;
use crate::name::RegionName;
use crate::observation::Observed;
use crate::policy::Policy;
use crate::reason::Reason;
use crate::safety::{self, Candidate, Circumstances};
use crate::snapshot::Snapshot;
use crate::standing::{self, Effect, Remembered, Standing, State};
use crate::time::{age, millis};
use crate::vote::{RegionVote, Verdict, Vote, Votes};

/// How often one run of a controller decides at the most: what the first announces the second carries out. One more never asks to be followed.
pub const DECISIONS_MAX: usize = 3;

/// What one controller decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The votes that hold: new ones if `write`, else the stored ones as they are.
    pub votes: Votes,
    /// The votes that moved, in order of region.
    pub changes: Vec<Change>,
    /// Whether they must be written: something but `decided_at` changed, or the stored ones get old.
    pub write: bool,
    /// Whether to decide again at once, when this is written: something was announced that may be carried out after a look at the others.
    pub again: bool,
}

/// One vote that moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The region.
    pub region: RegionName,
    /// What the vote was; `serve` when there was none.
    pub from: Vote,
    /// What it is.
    pub to: Vote,
    /// Why it moved. Where a safety rule takes back an ejection, this names the rule, which the vote keeps in `refused`, while the vote's own reason says how the region does.
    pub reason: Reason,
}

/// Decides the votes of `snapshot.observer` on every region of `policy`, as of `now`.
///
/// Depends on its arguments alone. Deciding again once the result is stored, on the same facts at the same time, moves nothing and writes nothing, unless it
/// asked to be called [`again`](Decision::again): then the next call moves what this one announced, and asks for no other.
/// Documents of another service or observer count as absent.
#[must_use]
pub fn decide(policy: &Policy, snapshot: &Snapshot, now: Timestamp) -> Decision {
    let now = millis(now);
    let last = own_votes(policy, snapshot);
    let sight = hysteresis::fold(policy, own_observed(policy, snapshot), last, now);
    let standing = standing::merge(policy, &snapshot.intents, &remembered(last), now);

    let settle = policy.thresholds().settle();
    let seats: Vec<Seat> =
        policy.regions().iter().map(|region| Seat::of(region, &sight, last, standing.get(region), settle, now)).collect();
    let others = Others::of(policy, snapshot);
    let ballots = vote(policy, &sight, &standing, &seats, others, now);

    let again = ballots.iter().any(|ballot| ballot.announced);
    let mut changes = Vec::new();
    let mut regions = BTreeMap::new();
    for (seat, ballot) in seats.into_iter().zip(ballots) {
        if ballot.vote != seat.before {
            changes.push(Change { region: seat.region.clone(), from: seat.before, to: ballot.vote, reason: ballot.moved_by.clone() });
        }
        regions.insert(seat.region.clone(), seat.record(policy, ballot, now));
    }
    let votes = Votes {
        schema: Schema::V1,
        service: policy.service().clone(),
        observer: snapshot.observer.clone(),
        generation: last.map_or(0, |votes| votes.generation).saturating_add(1),
        decided_at: now,
        policy: policy.fingerprint(),
        round: sight.round,
        round_at: sight.round_at,
        regions,
    };
    match last.filter(|last| still_holds(policy, last, &votes, now)) {
        Some(last) => Decision { votes: last.clone(), changes, write: false, again },
        None => Decision { votes, changes, write: true, again },
    }
}

/// One region before its vote: what was, and what is known.
struct Seat<'a> {
    region: &'a RegionName,
    last: Option<&'a RegionVote>,
    before: Vote,
    since: Timestamp,
    /// Whether the stored votes show it to the others as ejected.
    shown: bool,
    /// Whether it was brought back so recently that the checkers may still see it ejected.
    settles: bool,
    memory: Memory,
    standing: Option<&'a Standing>,
}

/// One region's vote.
struct Ballot {
    vote: Vote,
    announced: bool,
    reason: Reason,
    moved_by: Reason,
    refused: Option<SafetyRule>,
    automatic: bool,
    verdict: Verdict,
}

/// Every region's vote, lane by lane.
fn vote(
    policy: &Policy,
    sight: &Sight<'_>,
    standing: &BTreeMap<RegionName, Standing>,
    seats: &[Seat<'_>],
    others: Others<'_>,
    now: Timestamp,
) -> Vec<Ballot> {
    let is_out = |other: &RegionName| {
        let drained = standing.get(other).is_some_and(|standing| standing.effect == Effect::Drained);
        drained || sight.memories.get(other).is_some_and(|memory| memory.down)
    };
    let pressed = |but: &RegionName| seats.iter().any(|seat| seat.region != but && seat.memory.down && !seat.is_drained());
    let looks: Vec<Look<'_>> = seats.iter().map(|seat| Look::at(policy, sight, seat.region, &seat.memory)).collect();

    // Unknown, automatic verdict and hold.
    let mut candidates = BTreeMap::new();
    for (seat, look) in seats.iter().zip(&looks).filter(|(seat, _)| !seat.is_drained()) {
        candidates.insert(seat.region.clone(), seat.candidate(look, is_out, pressed(seat.region), now));
    }
    // Safety rules. By them somebody may leave only when the other observers can know.
    let regions = |which: fn(&Seat<'_>) -> bool| seats.iter().filter(|seat| which(seat)).map(|seat| seat.region).collect();
    let circumstances = Circumstances {
        drained: regions(|seat| seat.is_drained()),
        leaving: regions(|seat| seat.is_drained() && seat.before == Vote::Serve),
        drained_since: seats
            .iter()
            .filter(|seat| seat.is_drained() && seat.before == Vote::Eject)
            .map(|seat| (seat.region, seat.since))
            .collect(),
        reserved: standing.iter().filter(|(_, standing)| standing.reserved).map(|(region, _)| region).collect(),
        own: Own { seen: regions(|seat| seat.before == Vote::Eject || seat.settles), shown: regions(|seat| seat.shown) },
        others,
        observer: sight.own(),
        last_ejection: seats.iter().filter_map(|seat| seat.memory.ejected_at).filter(|at| *at <= now).max(),
        now,
    };
    let turns = safety::apply(policy, &mut candidates, &circumstances);

    let ballot = |(seat, look): (&Seat<'_>, &Look<'_>)| {
        let turn = turns.get(seat.region).copied().unwrap_or(Turn::Now);
        match candidates.remove(seat.region) {
            Some(candidate) => seat.ballot(candidate, turn, look),
            None => seat.drained(turn, look),
        }
    };
    seats.iter().zip(&looks).map(ballot).collect()
}

impl<'a> Seat<'a> {
    fn of(
        region: &'a RegionName,
        sight: &Sight<'_>,
        last: Option<&'a Votes>,
        standing: Option<&'a Standing>,
        settle: SignedDuration,
        now: Timestamp,
    ) -> Self {
        let last = last.and_then(|votes| votes.regions.get(region));
        let (before, since) = last.map_or((Vote::Serve, now), |last| (last.vote, last.since));
        let announced = last.is_some_and(|last| last.announced);
        let settles = before == Vote::Serve && announced && age(now, since) < settle;
        let mut memory = sight.memories.get(region).cloned().unwrap_or_default();
        memory.resumed |= before == Vote::Eject && is_resumed(standing, last);
        Self { region, last, before, since, shown: before == Vote::Eject || announced, settles, memory, standing }
    }

    fn is_drained(&self) -> bool {
        self.standing.is_some_and(|standing| standing.effect == Effect::Drained)
    }

    /// The vote of lanes 2 to 4 on a region that no drain takes.
    fn candidate(&self, look: &Look<'_>, is_out: impl Fn(&RegionName) -> bool, pressed: bool, now: Timestamp) -> Candidate {
        let hold = self.standing.filter(|standing| standing.effect == Effect::Held).map(|standing| &standing.intent);
        let (vote, reason, if_serving) = if let Some(hold) = hold {
            (self.before, held(hold, self.before), held(hold, Vote::Serve))
        } else if let (Some(reason), Some(if_serving)) = (look.unknown(self.before), look.unknown(Vote::Serve)) {
            (self.before, reason, if_serving)
        } else {
            let (vote, reason) = match self.before {
                Vote::Serve => look.leave_or_stay(),
                Vote::Eject => look.return_or_stay(is_out, pressed, now),
            };
            (vote, reason, look.serving())
        };
        Candidate {
            before: self.before,
            since: self.since,
            vote,
            reason,
            if_serving,
            refused: None,
            held: hold.is_some(),
            down: self.memory.down,
            evidence: look.evidence(),
            failed: self.memory.failed(),
            shares: self.memory.shares(),
            lost: look.is_lost_on_the_way(),
            gone: self.memory.gone(),
            clean: self.memory.clean,
            was_ejected: self.memory.ejected_at.is_some(),
            onset: self.memory.checks.onset(),
            weight: self.memory.weight(),
        }
    }

    /// What became of a candidate, with what a person who asked for a drain must know.
    fn ballot(&self, candidate: Candidate, turn: Turn, look: &Look<'_>) -> Ballot {
        let announced = turn == Turn::Announce;
        let Candidate { vote, reason, refused, .. } = candidate;
        let drain = self.standing.filter(|_| vote == Vote::Serve).and_then(not_drained);
        let (refused, refusal) = refused.unzip();
        let moved_by = drain.clone().or(refusal).unwrap_or_else(|| reason.clone());
        Ballot { vote, announced, reason: drain.unwrap_or(reason), moved_by, refused, automatic: true, verdict: look.verdict() }
    }

    /// The vote on a region that a person drained.
    fn drained(&self, turn: Turn, look: &Look<'_>) -> Ballot {
        let vote = if turn == Turn::Now { Vote::Eject } else { Vote::Serve };
        let reason = self.standing.map_or(Reason::Healthy, |standing| {
            let Remembered { actor, ends_at, generation, .. } = &standing.intent;
            let (by, generation) = (actor.clone(), *generation);
            match turn {
                Turn::Now => Reason::Drained { by, until: *ends_at, generation },
                // It waits for one more look at the others.
                Turn::Announce => Reason::DrainWaits { by, generation, rule: SafetyRule::TooManyEjected },
                Turn::Wait(rule) => Reason::DrainWaits { by, generation, rule },
            }
        });
        let announced = turn == Turn::Announce;
        Ballot { vote, announced, moved_by: reason.clone(), reason, refused: None, automatic: false, verdict: look.verdict() }
    }

    /// The vote as it is stored.
    fn record(self, policy: &Policy, ballot: Ballot, now: Timestamp) -> RegionVote {
        let Ballot { vote, announced, reason, verdict, automatic, refused, .. } = ballot;
        let mut memory = self.memory;
        if (self.before, vote, refused) == (Vote::Eject, Vote::Serve, None) {
            memory.come_back(policy);
        }
        match (self.before, vote) {
            (_, Vote::Serve) => (memory.held_until, memory.resumed) = (None, false),
            (Vote::Serve, Vote::Eject) => {
                memory.resumed = false;
                if automatic {
                    memory.eject(policy, self.region, self.since, now);
                }
            }
            (Vote::Eject, Vote::Eject) => {}
        }
        let verdict_since = self.last.filter(|last| last.verdict == verdict).map_or(now, |last| last.verdict_since);
        let since = if vote == self.before { self.since } else { now };
        // A rule that refuses a region which serves is the reason; one that took an ejection back must be known for as long as it serves by it.
        let refused = match (self.before, vote) {
            (Vote::Eject, Vote::Serve) => refused,
            (Vote::Serve, Vote::Serve) => self.last.and_then(|last| last.refused),
            (_, Vote::Eject) => None,
        };
        let intent = self.standing.map(|standing| standing.remember.clone());
        let announced = vote == Vote::Serve && (announced || self.before == Vote::Eject || self.settles);
        RegionVote { vote, since, announced, reason, verdict, verdict_since, refused, memory, intent }
    }
}

/// Whether a person ended an intent that this controller last knew as not ended.
fn is_resumed(standing: Option<&Standing>, last: Option<&RegionVote>) -> bool {
    let known = last.and_then(|last| last.intent.as_ref()).filter(|known| known.state == State::Ended).map(|known| known.generation);
    standing.is_some_and(|standing| standing.intent.state == State::Ended && known != Some(standing.intent.generation))
}

fn held(hold: &Remembered, kept: Vote) -> Reason {
    Reason::Held { by: hold.actor.clone(), until: hold.ends_at, generation: hold.generation, kept }
}

/// Why a drain that was asked for is not in effect.
fn not_drained(standing: &Standing) -> Option<Reason> {
    let Remembered { actor, generation, .. } = &standing.intent;
    let (by, generation) = (actor.clone(), *generation);
    let count = |observers: usize| observers.try_into().unwrap_or(u8::MAX);
    match standing.effect {
        Effect::Pending { seen, needed } => Some(Reason::DrainPending { by, generation, seen: count(seen), needed: count(needed) }),
        Effect::Refused(rule) => Some(Reason::DrainRefused { by, generation, rule }),
        Effect::Drained | Effect::Held | Effect::Over => None,
    }
}

fn own_votes<'a>(policy: &Policy, snapshot: &'a Snapshot) -> Option<&'a Votes> {
    snapshot.votes.as_ref().filter(|votes| votes.service == *policy.service() && votes.observer == snapshot.observer)
}

fn own_observed<'a>(policy: &Policy, snapshot: &'a Snapshot) -> Option<&'a Observed> {
    snapshot.observed.as_ref().filter(|observed| observed.service == *policy.service() && observed.observer == snapshot.observer)
}

fn remembered(last: Option<&Votes>) -> BTreeMap<RegionName, Remembered> {
    let votes = last.into_iter().flat_map(|votes| &votes.regions);
    votes.filter_map(|(region, vote)| Some((region.clone(), vote.intent.clone()?))).collect()
}

/// Whether the stored votes say all that the new ones do, and are not yet old.
fn still_holds(policy: &Policy, last: &Votes, new: &Votes, now: Timestamp) -> bool {
    let Votes { schema, service, observer, generation: _, decided_at, policy: fingerprint, round, round_at, regions } = last;
    let same = (schema, service, observer, fingerprint) == (&new.schema, &new.service, &new.observer, &new.policy);
    let young = age(now, *decided_at).abs() < policy.thresholds().votes_refresh();
    same && young && (round, round_at, regions) == (&new.round, &new.round_at, &new.regions)
}
