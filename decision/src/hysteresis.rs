//! From rounds to memory: what a run of outcomes means for one region, seen by one observer.
//!
//! * **Down**, in proportion to the evidence. Nothing of a region works for `gone_after` rounds in a row: seconds. One and the same check fails in
//!   `down_after` of its last `down_window` rounds: a leaky count per check, so that a few percent of errors spread over all checks never add up. The
//!   *first* attempts of a check use up its error budget too fast over the fast or the slow window: grey failure, which retries hide from a count.
//! * **Up**: `up_after` rounds in a row without a critical failure. After an automatic ejection it must also have stayed clean for the hold-down: a
//!   little longer than it was out, doubled with each relapse. Relapses decay with clean time.
//! * `unknown` counts neither way. A round whose self-check does not pass, or in which the observer reached no region at all or none of several
//!   others, counts for nothing.
//! * Rounds are told apart by the time at which they ended, not by their number: a probe that lost its count starts again at one and must not be
//!   ignored until it has caught up.
//!
//! Whether an unhealthy region is ejected is not decided here.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::burn::{CRITICAL, Checks, Window};
use crate::check::{Cause, Check, Outcome};
use crate::memory::{MEMORY_ROUNDS_MAX, Memory};
use crate::name::RegionName;
use crate::observation::{Observation, Observed, Round};
use crate::policy::{Failback, Policy};
use crate::reason::{Failing, Share};
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
    /// The region that looks, if anything was seen.
    own: Option<&'a RegionName>,
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
    /// It reached no region at all, or none of several others.
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
    /// Every critical check that could be tried failed.
    Gone,
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
        own: observed.map(|observed| &observed.observer),
    };
    for round in sight.rounds.clone() {
        let at = millis(round.produced_at);
        if sight.round_at.is_none_or(|last| at > last) {
            sight.take(policy, round, at);
        }
    }
    sight.eyes = eyes(policy, sight.own, sight.rounds.last().copied(), future, sight.round_at, now);
    sight
}

fn eyes(
    policy: &Policy,
    own: Option<&RegionName>,
    newest: Option<&Round>,
    future: Option<Timestamp>,
    last_at: Option<Timestamp>,
    now: Timestamp,
) -> Eyes {
    match newest {
        Some(round) if age(now, round.produced_at) <= policy.thresholds().silent_after() => believe(policy, own, round),
        _ => match future {
            Some(at) => Eyes::Future(millis(at)),
            None => Eyes::Silent(newest.map(|round| millis(round.produced_at)).or(last_at)),
        },
    }
}

/// Whether a round may be believed.
///
/// An observer that reaches none of several other regions is cut off itself, however well it reaches the one that it stands in: that all of the others are
/// gone at once is the less likely of the two, and they will say so themselves.
fn believe(policy: &Policy, own: Option<&RegionName>, round: &Round) -> Eyes {
    match &round.self_check {
        Outcome::Pass | Outcome::Degraded(_) => {}
        Outcome::Fail(cause) | Outcome::Unknown(cause) => return Eyes::Unfit(cause.clone()),
    }
    let others = policy.regions().iter().filter(|region| own != Some(*region)).count();
    let looked_at = policy.regions().iter().filter(|region| others < 2 || own != Some(*region));
    let mut lost = looked_at.map(|region| round.regions.get(region).and_then(unreachable));
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

/// The time that a round at `at` speaks for: since the one before it, but not a silence.
pub(crate) fn spoken_for(policy: &Policy, last: Option<Timestamp>, at: Timestamp) -> SignedDuration {
    let thresholds = policy.thresholds();
    last.map_or(thresholds.round(), |last| age(at, last).min(thresholds.silent_after()))
}

/// What one round says of one region.
pub(crate) fn mark(observation: Option<&Observation>) -> Mark {
    let Some(observation) = observation else { return Mark::Unknown };
    let (mut retried, mut unknown, mut degraded) = (None, false, false);
    let outcome = |check: &Check| observation.get(check).map(|result| &result.outcome);
    let failed = |check: &Check| outcome(check).is_some_and(Outcome::is_fail);
    if let Some(first) = Check::ALL.into_iter().find(|check| check.is_critical() && failed(check)) {
        // Delivery needs a socket: without one it was not tried.
        let tried = CRITICAL.iter().filter(|check| !matches!(outcome(check), Some(Outcome::Unknown(_)) | None));
        let all = tried.clone().all(failed) && tried.count() >= CRITICAL.len() - 1;
        return if all { Mark::Gone } else { Mark::Failed(first) };
    }
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
        let elapsed = spoken_for(policy, self.round_at, at);
        (self.round, self.round_at) = (round.number, Some(at));
        let believed = believe(policy, self.own, round) == Eyes::Open;
        for (region, memory) in &mut self.memories {
            if gap {
                memory.forget_rounds();
            }
            if believed {
                let observation = round.regions.get(region);
                memory.take(policy, region, (observation, mark(observation)), elapsed, at);
            }
        }
    }

    /// The region that looks, if anything was seen.
    pub(crate) fn own(&self) -> Option<&RegionName> {
        self.own
    }

    /// The newest round, if it may be believed.
    pub(crate) fn newest(&self) -> Option<&Round> {
        self.rounds.last().copied().filter(|_| self.eyes == Eyes::Open)
    }

    /// Whether all that failed of a region in the rounds at hand failed on the way to it: nothing there answered, not even with an error. `None` if nothing
    /// failed to the end.
    pub(crate) fn is_lost_on_the_way(&self, region: &RegionName) -> Option<bool> {
        let results = self.rounds.iter().filter_map(|round| round.regions.get(region)).flatten();
        let causes = results.filter(|(check, _)| check.is_critical()).filter_map(|(_, result)| match &result.outcome {
            Outcome::Fail(cause) => Some(cause),
            Outcome::Pass | Outcome::Degraded(_) | Outcome::Unknown(_) => None,
        });
        let mut told = causes.filter(|cause| !matches!(cause, Cause::NotTried | Cause::Row | Cause::Column | Cause::Own)).peekable();
        told.peek()?;
        Some(told.all(|cause| matches!(cause, Cause::Dns | Cause::Connect | Cause::Timeout)))
    }

    /// What speaks against a region, in words: the strongest that is enough to be unhealthy, or else the count that comes nearest; `None` when nothing does.
    pub(crate) fn failing(&self, policy: &Policy, region: &RegionName) -> Option<Failing> {
        let memory = self.memories.get(region)?;
        let thresholds = policy.thresholds();
        let cause = |check: Option<Check>| {
            let failed = |observation: &'_ Observation| {
                let of = Check::ALL.into_iter().filter(|known| check.map_or(known.is_critical(), |check| check == *known));
                of.filter_map(|check| observation.get(&check))
                    .find(|result| result.outcome.is_fail())
                    .and_then(|result| result.outcome.cause().cloned())
            };
            self.rounds.iter().rev().find_map(|round| failed(round.regions.get(region)?))
        };
        let gone = memory.gone();
        let (check, failed) = memory.checks.most_failed(thresholds.down_window);
        let count = || Failing::Count { check, cause: cause(Some(check)), failed, of: thresholds.down_window };
        let burning = memory.burning(policy);
        match memory.evidence(policy) {
            Some(Evidence::Gone) => Some(Failing::Gone { rounds: gone, cause: cause(None) }),
            Some(Evidence::Count) => Some(count()),
            // What burnt before it recovered is over.
            Some(Evidence::Burn) | None if memory.checks.is_recovered() => None,
            Some(Evidence::Burn) => burning.map(|burn| burn.told(policy, cause(Some(burn.check)))),
            None if gone > 0 => Some(Failing::Gone { rounds: gone, cause: cause(None) }),
            None if failed > 0 => Some(count()),
            None => burning.map(|burn| burn.told(policy, cause(Some(burn.check)))),
        }
    }
}

/// How many of the last eight rounds must have failed, at the first attempt at least, for what a window holds to be of now: a window forgets slowly, and one
/// stray failure after a long outage is not more of it.
const STILL_FAILED: usize = 3;

/// The part of what is too much from which on a budget burns.
const A_PART: f64 = 1.0 / 3.0;

/// As how many relapses one counts that comes soon after the return: so many doublings lead from the shortest hold-down to the longest.
const SOON_COUNTS: u8 = 5;

/// How strong what speaks against a region is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Evidence {
    /// Grey failure: some of the first attempts fail.
    Burn,
    /// One check fails again and again.
    Count,
    /// Nothing works.
    Gone,
}

/// A check that uses up its error budget faster than it should.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Burning {
    check: Check,
    share: f64,
    window: Window,
    /// Whether it is fast enough to be unhealthy.
    enough: bool,
}

impl Burning {
    fn told(self, policy: &Policy, cause: Option<Cause>) -> Failing {
        let thresholds = policy.thresholds();
        let seconds = match self.window {
            Window::Fast => thresholds.fast_window_seconds,
            Window::Slow => thresholds.slow_window_seconds,
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded shares and windows; the casts saturate")]
        let (permille, seconds, burn) =
            ((self.share * 1000.0).round() as u16, seconds.round() as u32, (self.share / thresholds.error_budget * 10.0).round() as u16);
        Failing::Burn { check: self.check, cause, share: Share { permille, seconds, burn } }
    }
}

impl Memory {
    /// How many of the newest rounds that count found nothing of it working.
    pub(crate) fn gone(&self) -> u8 {
        self.rounds.bytes().rev().take_while(|letter| *letter == GONE).count().try_into().unwrap_or(u8::MAX)
    }

    /// How strong what speaks against it is; `None` when it is not enough to be unhealthy.
    pub(crate) fn evidence(&self, policy: &Policy) -> Option<Evidence> {
        let thresholds = policy.thresholds();
        if self.gone() >= thresholds.gone_after {
            Some(Evidence::Gone)
        } else if self.checks.most_failed(thresholds.down_window).1 >= thresholds.down_after {
            Some(Evidence::Count)
        } else {
            self.burning(policy).filter(|burning| burning.enough && self.failed() >= STILL_FAILED).map(|_| Evidence::Burn)
        }
    }

    /// The check that burns its budget fastest, if one burns at least a third of what makes a region unhealthy.
    fn burning(&self, policy: &Policy) -> Option<Burning> {
        let [fast, slow] = self.parts(policy);
        let (part, worst) = if fast.0 > slow.0 { fast } else { slow };
        (part >= A_PART).then_some(worst)
    }

    /// By window: how much of what is too much the worst check has, and which that is.
    fn parts(&self, policy: &Policy) -> [(f64, Burning); 2] {
        limits(policy).map(|(window, limit)| {
            let (check, share) = self.checks.worst(window);
            (share / limit, Burning { check, share, window, enough: share >= limit && !self.checks.is_excused(window) })
        })
    }

    /// The region was brought back by its own rounds: what it failed before speaks against it no longer.
    pub(crate) fn come_back(&mut self, policy: &Policy) {
        let parts = self.parts(policy);
        self.checks.excuse(parts.map(|(part, _)| part >= 1.0));
    }

    /// How many of the last rounds failed in some critical check, at the first attempt at least.
    pub(crate) fn failed(&self) -> usize {
        self.rounds.bytes().filter(u8::is_ascii_alphabetic).count()
    }

    /// The largest share of first attempts at one check that failed over the fast window, and over the slow one.
    pub(crate) fn shares(&self) -> [f64; 2] {
        [Window::Fast, Window::Slow].map(|window| self.checks.worst(window).1)
    }

    /// Whether the newest round that counts failed.
    pub(crate) fn just_failed(&self) -> bool {
        self.rounds.ends_with(|letter: char| letter.is_ascii_alphabetic())
    }

    /// Failed rounds, those that failed to the end counted twice: the more there is, the stronger the evidence.
    pub(crate) fn weight(&self) -> usize {
        self.failed() + self.rounds.bytes().filter(u8::is_ascii_lowercase).count()
    }

    /// How long the region must stay clean, having failed until `at`.
    fn hold_down(&self, policy: &Policy, region: &RegionName, at: Timestamp) -> SignedDuration {
        let thresholds = policy.thresholds();
        let doublings = match policy.failback(region) {
            Failback::AfterHold => u8::MAX,
            Failback::Automatic | Failback::Manual => self.relapses.saturating_sub(1),
        };
        let out = self.ejected_at.map_or(SignedDuration::ZERO, |ejected| age(at, ejected));
        thresholds.hold_down(out, doublings)
    }

    /// The region was ejected automatically, having served since `since`.
    ///
    /// One that fails again so soon after its return was well for as long as nobody was there, which says nothing: what ails it comes with its users. It is
    /// held down for the longest at once.
    pub(crate) fn eject(&mut self, policy: &Policy, region: &RegionName, since: Timestamp, now: Timestamp) {
        let [_, window] = policy.thresholds().windows();
        let is_soon = self.relapses > 0 && age(now, since) < window;
        self.relapses = self.relapses.saturating_add(if is_soon { SOON_COUNTS } else { 1 });
        self.ejected_at = Some(now);
        self.held_until = Some(millis(later(now, self.hold_down(policy, region, now))));
    }

    /// Rounds from before a long silence say nothing of the present.
    fn forget_rounds(&mut self) {
        self.rounds.clear();
        self.checks = Checks::default();
        (self.clean, self.clean_since) = (0, None);
    }

    /// Takes one round, which speaks for the time `elapsed` since the one before it.
    pub(crate) fn take(
        &mut self,
        policy: &Policy,
        region: &RegionName,
        (observation, mark): (Option<&Observation>, Mark),
        elapsed: SignedDuration,
        at: Timestamp,
    ) {
        if mark == Mark::Unknown {
            return;
        }
        for (check, result) in observation.into_iter().flatten().filter(|(check, _)| check.is_critical()) {
            if !matches!(result.outcome, Outcome::Unknown(_)) {
                let (failed, first_failed) = (result.outcome.is_fail(), !result.first_attempt_passed());
                self.checks.take(*check, failed, first_failed, elapsed, policy.thresholds().windows());
            }
        }
        let parts = self.parts(policy);
        self.checks.mark(parts.iter().any(|(part, _)| *part >= A_PART), parts.map(|(part, _)| part >= 1.0), at);
        match mark {
            Mark::Unknown => {}
            Mark::Clean => self.take_clean(policy, '.', at),
            Mark::Degraded => self.take_clean(policy, '~', at),
            Mark::Failed(check) => self.take_failed(policy, region, letter(check), at),
            Mark::Gone => self.take_failed(policy, region, char::from(GONE), at),
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
            self.clean_since = Some(millis(later(since, decay)));
        }
        if self.down && self.clean >= policy.thresholds().up_after {
            self.down = false;
            // The rounds that made it unhealthy have made their case, and must not count again.
            self.checks.recover();
            let failed = |letter: char| letter.is_ascii_alphabetic();
            self.rounds = self.rounds.rsplit(failed).next().unwrap_or_default().to_owned();
        }
    }

    fn take_failed(&mut self, policy: &Policy, region: &RegionName, letter: char, at: Timestamp) {
        self.push(letter);
        (self.clean, self.clean_since) = (0, None);
        if self.held_until.is_some() {
            self.held_until = Some(millis(later(at, self.hold_down(policy, region, at))));
        }
        self.down |= self.evidence(policy).is_some();
    }

    fn push(&mut self, letter: char) {
        while self.rounds.len() >= MEMORY_ROUNDS_MAX {
            self.rounds.remove(0);
        }
        self.rounds.push(letter);
    }
}

/// The share of failed first attempts that is too much in each window.
fn limits(policy: &Policy) -> [(Window, f64); 2] {
    let thresholds = policy.thresholds();
    [(Window::Fast, thresholds.fast_burn), (Window::Slow, thresholds.slow_burn)]
        .map(|(window, times)| (window, thresholds.error_budget * times))
}

/// A round in which nothing of a region worked.
const GONE: u8 = b'x';

fn letter(check: Check) -> char {
    match check {
        Check::Rest => 'r',
        Check::Websocket => 'w',
        Check::Delivery => 'd',
        Check::Table => 't',
        Check::Replication => 'p',
    }
}
