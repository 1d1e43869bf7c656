//! Rest: hours in which observers only see again what they saw are passed over, and what is stored is written as though they had gone on.
//!
//! Nothing fails for anybody, nobody acts, every vote has stood for a minute for a reason that peace does not change, and nothing that is stored ends soon.
//! Then the future is known: rounds at their ticks, each of which finds everything well. Memories take those rounds in one by one for as long as that
//! changes them. What comes next (a line of the incident, the end of an intent or of a hold-down) finds rounds that were made again for some minutes.

use std::time::Duration;

use decision::{Memory, Reason, RegionVote, Verdict, Votes};
use jiff::Timestamp;

use super::clock::{BEGINS, For, calendar, draws};
use super::control::{Control, TICK};
use super::observer::Observer;
use super::round::Attempts;
use crate::service::Truth;

/// How long before the next thing rounds are made again: so long that documents hold nothing else, and checkers have polled.
const AHEAD: Duration = Duration::from_secs(90);
/// Less is not worth passing over.
const WORTH: Duration = Duration::from_secs(120);
/// Rounds this far apart still cannot touch each other: they take up to 2.2 s while all is well, and start late by a tenth of the interval.
const ROUND_MIN: Duration = Duration::from_secs(4);
/// A controller has taken a round in by then.
const TAKEN_IN: Duration = Duration::from_secs(1);
/// Between two looks at whether a memory still changes, in rounds.
const LOOK_EVERY: u64 = 16;

/// What stands at every observer, memories left out.
pub(super) type Standing = [Vec<RegionVote>; 3];

impl Control {
    /// What stands, if it is such that peace alone does not change it.
    pub(super) fn standing(&self) -> Option<Standing> {
        let thresholds = self.policy.thresholds();
        // Votes are written by the round; were they refreshed in between, more would have to be known than the rounds.
        let plain = self.pace.round >= ROUND_MIN
            && Duration::try_from(thresholds.votes_refresh()).is_ok_and(|refresh| refresh > 2 * self.pace.round);
        let well = plain
            && (0..3).all(|index| !self.controllers[index].crashed && !self.controllers[index].failing && self.gates[index].is_alive());
        let standing = |index: usize| {
            let votes = self.votes(index).filter(|votes| votes.regions.len() == 3)?;
            votes
                .regions
                .values()
                .all(|entry| stands(entry, thresholds.up_after))
                .then(|| votes.regions.values().map(without_memory).collect())
        };
        if well { Some([standing(0)?, standing(1)?, standing(2)?]) } else { None }
    }

    /// Whether every observer is between two rounds of a calm time, and every controller has taken in the last one.
    pub(super) fn are_calm(&self) -> bool {
        self.observers.iter().all(|observer| observer.is_calm(&self.pace)) && self.controllers.iter().all(|controller| !controller.woken)
    }

    /// Until when nothing that is stored ends: the end itself, and `end` if there is none before. Only what is to come counts.
    pub(super) fn nothing_ends_before(&self, now: Duration, end: Duration) -> Duration {
        let held = |votes: &Votes| votes.regions.values().filter_map(|entry| entry.memory.held_until).collect::<Vec<_>>();
        let intents = self.stores.iter().flat_map(|store| store.intents.values());
        let remembered =
            (0..3).filter_map(|index| self.votes(index)).flat_map(|votes| votes.regions.values()).filter_map(|entry| entry.intent.as_ref());
        let ends = intents.flat_map(|intent| [intent.ends_at, later(intent.recorded_at)]);
        let ends = ends.chain(remembered.flat_map(|intent| [intent.ends_at, later(intent.recorded_at)]));
        let ends = ends.chain((0..3).filter_map(|index| self.votes(index)).flat_map(held));
        ends.filter_map(moment_of).filter(|at| *at > now).min().map_or(end, |at| at.min(end))
    }

    /// Passes over the rounds that start before `until`, or none. Returns whether it did, and the ticks that controllers are at.
    pub(super) fn pass_over(&mut self, truth: &Truth, now: Duration, until: Duration) -> bool {
        let until = until.saturating_sub(AHEAD + self.longest_stale);
        if until < now + WORTH {
            return false;
        }
        for index in 0..3 {
            self.pass_over_at(index, truth, until);
        }
        true
    }

    fn pass_over_at(&mut self, index: usize, truth: &Truth, until: Duration) {
        let Self { observers, stores, gates, policy, pace, names, seed, .. } = self;
        let (observer, store) = (&mut observers[index], &mut stores[index]);
        let (Some(votes), Some(observed)) = (&mut store.votes, &mut store.observed) else { return };
        let make = |observer: &mut Observer| {
            let start = observer.start(pace);
            (observer.due, Attempts::make(truth, names, start, pace, &mut draws(*seed, For::Round, index, observer.due)))
        };
        let mut passed = 0;
        let mut last = None;
        while observer.due < until {
            let (start, attempts) = make(observer);
            let end = start + attempts.took;
            let looks = passed % LOOK_EVERY == 0;
            let before = looks.then(|| votes.regions.clone());
            votes.remember_clean(policy, [(attempts.number(), calendar(end, 0.0))]);
            passed += 1;
            observer.due = observer.tick(end, pace);
            last = Some((end, attempts));
            if before.is_some_and(|before| before == votes.regions) {
                // Until a relapse is forgiven, no round changes it.
                let until = votes.next_forgiven(policy).and_then(moment_of).map_or(until, |at| at.min(until));
                passed += observer.leap(until.saturating_sub(2 * pace.round), pace);
            }
        }
        let Some((end, attempts)) = last else { return };
        votes.generation += passed;
        votes.decided_at = calendar(end + TAKEN_IN, 0.0);
        gates[index].read(votes, names);
        observed.generation += passed;
        let made = attempts.conclude(calendar(end, 0.0), pace);
        observed.push(made.round, made.matrix);
        observer.plan += 1;
    }
}

/// The first run of a controller by itself after `from`, of which it was to make one at `tick`.
pub(super) fn next_tick(tick: Duration, from: Duration) -> Duration {
    let missed = from.saturating_sub(tick).as_nanos().div_ceil(TICK.as_nanos());
    tick + TICK * u32::try_from(missed).unwrap_or(u32::MAX)
}

/// Whether a vote stands for as long as every round finds everything well and nothing that is stored ends.
fn stands(entry: &RegionVote, up_after: u8) -> bool {
    let reason = match &entry.reason {
        Reason::Healthy
        | Reason::AwaitsResume
        | Reason::Drained { .. }
        | Reason::DrainPending { .. }
        | Reason::DrainRefused { .. }
        | Reason::Held { .. } => true,
        Reason::HeldDown { clean, .. } => *clean >= up_after,
        _ => false,
    };
    let memory = &entry.memory;
    reason && entry.verdict == Verdict::Healthy && !entry.announced && !memory.down && memory.rounds.bytes().all(|round| round == b'.')
}

fn without_memory(entry: &RegionVote) -> RegionVote {
    RegionVote { memory: Memory::default(), ..entry.clone() }
}

/// When an override ends at the latest.
fn later(recorded_at: Timestamp) -> Timestamp {
    recorded_at.checked_add(decision::standing::OVERRIDE_MAX).unwrap_or(recorded_at)
}

/// A time of the calendar as a moment of the run, while all clocks are right.
fn moment_of(at: Timestamp) -> Option<Duration> {
    Duration::try_from(at.duration_since(BEGINS)).ok()
}
