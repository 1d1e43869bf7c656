//! From rounds to memory: what a run of outcomes means for one region, seen by one observer.
//!
//! * **Down**: a leaky count. A round counts as failed when a critical check failed, or passed only on its second attempt: the first attempt is
//!   what a user gets. `down_after` failed rounds of the last `down_window` make a region unhealthy.
//! * **Up**: `up_after` rounds in a row without a critical failure. After an automatic ejection it must also have stayed clean for the hold-down,
//!   which doubles with each relapse and decays with clean time.
//! * `unknown` counts neither way. A round whose self-check does not pass, or in which the observer reached no region at all, counts for nothing.
//! * Rounds are told apart by the time at which they ended, not by their number: a probe that lost its count starts again at one and must not be
//!   ignored until it has caught up.
//!
//! Only counts over the last few rounds are kept. Not here yet: grey failure, seen as a ratio of first attempts that fail over longer windows.
//!
//! Whether an unhealthy region is ejected is not decided here.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::check::{Cause, Check, Outcome};
use crate::memory::{MEMORY_ROUNDS_MAX, Memory};
use crate::name::RegionName;
use crate::observation::{Observation, Observed, Round};
use crate::policy::{Failback, Policy};
use crate::reason::Failing;
use crate::time::{age, later, millis};
use crate::vote::Votes;

/// What one observer knows after its newest rounds.
#[derive(Debug)]
pub(crate) struct Sight<'a> {
    /// Whether the newest round may be believed.
    pub(crate) eyes: Eyes,
    /// The number of the newest round that is in the memories.
    pub(crate) round: u64,
    /// When it ended.
    pub(crate) round_at: Option<Timestamp>,
    /// The memory of every region of the policy.
    pub(crate) memories: BTreeMap<RegionName, Memory>,
    /// The rounds that are not from the future, oldest first.
    rounds: Vec<&'a Round>,
}

/// Whether an observer's newest round may be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Eyes {
    /// It may.
    Open,
    /// There is no news. Holds the end of the last round.
    Silent(Option<Timestamp>),
    /// It claims to be from the future.
    Future(Timestamp),
    /// The observer's own check does not pass.
    Unfit(Cause),
    /// It reached no region at all.
    Blind(Cause),
}

/// What one round says of one region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Every check passed at the first attempt.
    Clean,
    /// Every critical check passed at the first attempt; something is late, or an advisory check failed.
    Degraded,
    /// The first attempt of this critical check failed and its retry passed.
    Retried(Check),
    /// This critical check failed, before any other.
    Failed(Check),
    /// No critical check failed, but not all of them could be judged.
    Unknown,
}

/// Folds the rounds that are new since `last` into its memories.
pub(crate) fn fold<'a>(policy: &Policy, observed: Option<&'a Observed>, last: Option<&Votes>, now: Timestamp) -> Sight<'a> {
    let bound = later(now, policy.thresholds().silent_after());
    let all = observed.map_or(&[][..], |observed| &observed.rounds);
    let mut rounds: Vec<&Round> = all.iter().filter(|round| round.produced_at <= bound).collect();
    rounds.sort_by_key(|round| round.produced_at);
    let future = all.iter().map(|round| round.produced_at).find(|at| *at > bound);
    let memory_of = |region| last.and_then(|votes| votes.regions.get(region)).map(|vote| vote.memory.clone()).unwrap_or_default();
    let mut sight = Sight {
        eyes: Eyes::Open,
        round: last.map_or(0, |votes| votes.round),
        // A last round from the future is one from a clock that has been set back since: it must not hide the rounds after it.
        round_at: last.and_then(|votes| votes.round_at).filter(|at| *at <= bound),
        memories: policy.regions().iter().map(|region| (region.clone(), memory_of(region))).collect(),
        rounds,
    };
    for round in sight.rounds.clone() {
        let at = millis(round.produced_at);
        if sight.round_at.is_none_or(|last| at > last) {
            sight.take(policy, round, at);
        }
    }
    sight.eyes = eyes(policy, sight.rounds.last().copied(), future, sight.round_at, now);
    sight
}

fn eyes(policy: &Policy, newest: Option<&Round>, future: Option<Timestamp>, last_at: Option<Timestamp>, now: Timestamp) -> Eyes {
    match newest {
        Some(round) if age(now, round.produced_at) <= policy.thresholds().silent_after() => believe(policy, round),
        _ => match future {
            Some(at) => Eyes::Future(millis(at)),
            None => Eyes::Silent(newest.map(|round| millis(round.produced_at)).or(last_at)),
        },
    }
}

/// Whether a round may be believed.
fn believe(policy: &Policy, round: &Round) -> Eyes {
    match &round.self_check {
        Outcome::Pass | Outcome::Degraded(_) => {}
        Outcome::Fail(cause) | Outcome::Unknown(cause) => return Eyes::Unfit(cause.clone()),
    }
    let mut lost = policy.regions().iter().map(|region| round.regions.get(region).and_then(unreachable));
    match lost.next().flatten() {
        Some(cause) if lost.all(|other| other.is_some()) => Eyes::Blind(cause.clone()),
        _ => Eyes::Open,
    }
}

/// How a region failed, if nothing of it could be reached.
fn unreachable(observation: &Observation) -> Option<&Cause> {
    let mut first = None;
    for check in Check::ALL.into_iter().filter(|check| check.is_critical()) {
        match observation.get(&check).map(|result| &result.outcome) {
            Some(Outcome::Fail(cause @ (Cause::Dns | Cause::Connect | Cause::Timeout))) => first = first.or(Some(cause)),
            Some(Outcome::Pass | Outcome::Degraded(_)) => return None,
            // What follows from not reaching it says nothing more.
            Some(Outcome::Fail(Cause::NotTried | Cause::Row | Cause::Column | Cause::Own) | Outcome::Unknown(_)) | None => {}
            Some(Outcome::Fail(_)) => return None,
        }
    }
    first
}

/// What one round says of one region.
pub(crate) fn mark(observation: Option<&Observation>) -> Mark {
    let Some(observation) = observation else { return Mark::Unknown };
    let (mut retried, mut unknown, mut degraded) = (None, false, false);
    for check in Check::ALL {
        let result = observation.get(&check);
        match (check.is_critical(), result.map(|result| &result.outcome)) {
            (true, Some(Outcome::Fail(_))) => return Mark::Failed(check),
            (true, Some(Outcome::Unknown(_)) | None) => unknown = true,
            (false, Some(Outcome::Unknown(_)) | None) => {}
            (false, Some(Outcome::Fail(_))) => degraded = true,
            (critical, Some(outcome @ (Outcome::Pass | Outcome::Degraded(_)))) => {
                degraded |= *outcome != Outcome::Pass;
                if critical && result.is_some_and(|result| !result.first_attempt_passed()) {
                    retried = retried.or(Some(check));
                }
            }
        }
    }
    match retried {
        Some(check) => Mark::Retried(check),
        None if unknown => Mark::Unknown,
        None if degraded => Mark::Degraded,
        None => Mark::Clean,
    }
}

impl Sight<'_> {
    /// Takes one new round into every memory.
    fn take(&mut self, policy: &Policy, round: &Round, at: Timestamp) {
        let long_ago = policy.thresholds().silent_after().saturating_mul(i32::from(policy.thresholds().down_window));
        let gap = self.round_at.is_some_and(|last| age(at, last) > long_ago);
        (self.round, self.round_at) = (round.number, Some(at));
        let believed = believe(policy, round) == Eyes::Open;
        for (region, memory) in &mut self.memories {
            if gap {
                memory.forget_rounds();
            }
            if believed {
                memory.take(policy, region, mark(round.regions.get(region)), at);
            }
        }
    }

    /// The newest round, if it may be believed.
    pub(crate) fn newest(&self) -> Option<&Round> {
        self.rounds.last().copied().filter(|_| self.eyes == Eyes::Open)
    }

    /// The failed rounds in a region's memory, in words; `None` when none of them failed.
    pub(crate) fn failing(&self, policy: &Policy, region: &RegionName) -> Option<Failing> {
        let window = self.memories.get(region)?.window(policy);
        let letters: Vec<char> = window.chars().filter(|letter| letter.is_ascii_alphabetic()).collect();
        let check = checked(*letters.last()?)?;
        let cause = self.rounds.iter().rev().find_map(|round| {
            let result = round.regions.get(region)?.get(&check)?;
            result.outcome.is_fail().then(|| result.outcome.cause().cloned())?
        });
        Some(Failing {
            check,
            cause,
            failed: letters.len().try_into().unwrap_or(u8::MAX),
            of: policy.thresholds().down_window,
            mixed: letters.iter().any(|letter| checked(*letter) != Some(check)),
            retried: letters.iter().all(char::is_ascii_uppercase),
        })
    }
}

impl Memory {
    /// The rounds that the leaky count looks at.
    fn window(&self, policy: &Policy) -> &str {
        let skip = self.rounds.len().saturating_sub(policy.thresholds().down_window.into());
        self.rounds.get(skip..).unwrap_or(&self.rounds)
    }

    /// How many of the rounds that the leaky count looks at failed.
    pub(crate) fn failed(&self, policy: &Policy) -> usize {
        self.window(policy).bytes().filter(u8::is_ascii_alphabetic).count()
    }

    /// Whether the newest round that counts failed.
    pub(crate) fn just_failed(&self) -> bool {
        self.rounds.ends_with(|letter: char| letter.is_ascii_alphabetic())
    }

    /// Failed rounds, those that failed to the end counted twice: the more there is, the stronger the evidence.
    pub(crate) fn evidence(&self, policy: &Policy) -> usize {
        self.failed(policy) + self.window(policy).bytes().filter(u8::is_ascii_lowercase).count()
    }

    /// How long the region must stay clean after its latest automatic ejection.
    pub(crate) fn hold_down(&self, policy: &Policy, region: &RegionName) -> SignedDuration {
        let thresholds = policy.thresholds();
        let doublings = match policy.failback(region) {
            Failback::AfterHold => u8::MAX,
            Failback::Automatic | Failback::Manual => self.relapses.saturating_sub(1),
        };
        thresholds.hold_down(doublings)
    }

    /// The region was ejected automatically.
    pub(crate) fn eject(&mut self, policy: &Policy, region: &RegionName, now: Timestamp) {
        self.relapses = self.relapses.saturating_add(1);
        self.ejected_at = Some(now);
        self.held_until = Some(later(now, self.hold_down(policy, region)));
    }

    /// Rounds from before a long silence say nothing of the present.
    fn forget_rounds(&mut self) {
        self.rounds.clear();
        (self.clean, self.clean_since) = (0, None);
    }

    fn take(&mut self, policy: &Policy, region: &RegionName, mark: Mark, at: Timestamp) {
        match mark {
            Mark::Unknown => {}
            Mark::Clean => self.take_clean(policy, '.', at),
            Mark::Degraded => self.take_clean(policy, '~', at),
            Mark::Failed(check) => self.take_failed(policy, region, letter(check), at),
            Mark::Retried(check) => self.take_failed(policy, region, letter(check).to_ascii_uppercase(), at),
        }
    }

    fn take_clean(&mut self, policy: &Policy, letter: char, at: Timestamp) {
        self.push(letter);
        self.clean = self.clean.saturating_add(1);
        let since = *self.clean_since.get_or_insert(at);
        let decay = policy.thresholds().hold_down_decay();
        if self.relapses > 0 && age(at, since) >= decay {
            self.relapses -= 1;
            self.clean_since = Some(later(since, decay));
        }
        if self.down && self.clean >= policy.thresholds().up_after {
            self.down = false;
            // With up_after < down_window the failed rounds would still be in the window and count again.
            let failed = |letter: char| letter.is_ascii_alphabetic();
            self.rounds = self.rounds.rsplit(failed).next().unwrap_or_default().to_owned();
        }
    }

    fn take_failed(&mut self, policy: &Policy, region: &RegionName, letter: char, at: Timestamp) {
        self.push(letter);
        (self.clean, self.clean_since) = (0, None);
        if self.held_until.is_some() {
            self.held_until = Some(later(at, self.hold_down(policy, region)));
        }
        self.down |= self.failed(policy) >= usize::from(policy.thresholds().down_after);
    }

    fn push(&mut self, letter: char) {
        while self.rounds.len() >= MEMORY_ROUNDS_MAX {
            self.rounds.remove(0);
        }
        self.rounds.push(letter);
    }
}

fn letter(check: Check) -> char {
    match check {
        Check::Rest => 'r',
        Check::Websocket => 'w',
        Check::Delivery => 'd',
        Check::Table => 't',
        Check::Replication => 'p',
    }
}

fn checked(mark: char) -> Option<Check> {
    Check::ALL.into_iter().find(|check| letter(*check) == mark.to_ascii_lowercase())
}
