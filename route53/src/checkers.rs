//! The health checkers at work: which poll is due when, what the outcomes add up to, and whose health changed.
//!
//! Sans I/O. The caller makes the polls ([`Checkers::due`]) and brings the outcomes back ([`Checkers::report`]); time is an argument.

mod coast;

use std::collections::BTreeSet;
use std::time::Duration;

use self::coast::Coasting;
pub use self::coast::Steady;

use crate::check::{Check, CheckId, CheckSet, CheckSetError, Datapoint, Endpoint, History, Kind, Update, UpdateError};
use crate::checker::Checker;
use crate::judge::{Deadlines, Facts, Outcome, judge};
use crate::region::CheckerId;
use crate::share::{View, enough_healthy};
use crate::speed::ClockSpeed;

/// All checkers of all checks.
#[derive(Debug, Clone)]
pub struct Checkers {
    set: CheckSet,
    speed: ClockSpeed,
    deadlines: Deadlines,
    seed: u64,
    states: Vec<State>,
    /// When each checker polls next: (time, place of the check, number of the checker).
    schedule: BTreeSet<(Duration, usize, usize)>,
    /// What was last told of each check.
    told: Vec<bool>,
}

#[derive(Debug, Clone)]
enum State {
    /// The generation sets polls apart that were begun before the check was switched off or its checkers changed.
    /// A check that coasts has none of its checkers in the schedule.
    Polled {
        checkers: Vec<Checker>,
        generation: u64,
        coasting: Option<Vec<Coasting>>,
    },
    Metric(History),
    Switch(bool),
    Counted,
}

/// One poll to be made now. It is used up by reporting its outcome: a poll that is dropped silences its checker.
#[must_use = "a poll that is not reported silences its checker"]
#[derive(Debug, PartialEq, Eq)]
pub struct Poll {
    place: usize,
    number: usize,
    generation: u64,
    checker: CheckerId,
    due: Duration,
}

impl Poll {
    /// Who polls.
    #[must_use]
    pub fn checker(&self) -> CheckerId {
        self.checker
    }

    /// When it was due.
    #[must_use]
    pub fn due(&self) -> Duration {
        self.due
    }
}

/// A check whose health changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which check.
    pub check: CheckId,
    /// What it counts as now, inversion and all.
    pub healthy: bool,
    /// Since when.
    pub at: Duration,
}

/// A check as people look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// What it counts as, inversion and all.
    pub healthy: bool,
    /// Checkers that say the endpoint passes.
    pub passing: usize,
    /// Checkers that say it fails.
    pub failing: usize,
    /// Checkers without enough data.
    pub undecided: usize,
    /// Each checker's last poll.
    pub last: Vec<(CheckerId, Option<Outcome>)>,
}

/// A call that does not fit the kind of check.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a check of that kind")]
pub struct WrongKind(pub CheckId);

impl Checkers {
    /// Sets the checkers to work at time zero. `seed` gives every checker of every check a phase of its own; the same seed gives
    /// the same phases. Recovery controls start on.
    #[must_use]
    pub fn new(set: CheckSet, seed: u64, speed: ClockSpeed, deadlines: Deadlines) -> Self {
        let states = set.iter().map(state).collect();
        let mut checkers = Self { told: Vec::new(), schedule: BTreeSet::new(), set, speed, deadlines, seed, states };
        for place in 0..checkers.states.len() {
            checkers.begin(place, Duration::ZERO);
        }
        checkers.told = checkers.health(Duration::ZERO);
        checkers
    }

    /// As [`Checkers::new`], with checks that were made long before time zero: every checker has made up its mind, as `passed`
    /// says of the check's endpoint.
    #[must_use]
    pub fn established(set: CheckSet, seed: u64, speed: ClockSpeed, deadlines: Deadlines, passed: impl Fn(&CheckId) -> bool) -> Self {
        let mut checkers = Self::new(set, seed, speed, deadlines);
        for (state, check) in checkers.states.iter_mut().zip(checkers.set.iter()) {
            if let State::Polled { checkers, .. } = state {
                checkers.iter_mut().for_each(|checker| checker.establish(passed(check.id())));
            }
        }
        checkers.told = checkers.health(Duration::ZERO);
        checkers
    }

    /// The checks as they are now.
    #[must_use]
    pub fn checks(&self) -> &CheckSet {
        &self.set
    }

    /// The deadlines that polls are held to.
    #[must_use]
    pub fn deadlines(&self) -> &Deadlines {
        &self.deadlines
    }

    /// When [`Checkers::due`] will next have something.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        self.schedule.first().map(|&(at, ..)| at)
    }

    /// The polls to make now. Each is handed out once; its checker polls again an interval after its response.
    pub fn due(&mut self, now: Duration) -> Vec<Poll> {
        let mut polls = Vec::new();
        while let Some(&(due, place, number)) = self.schedule.first().filter(|&&(at, ..)| at <= now) {
            self.schedule.pop_first();
            if let State::Polled { checkers, generation, .. } = &self.states[place] {
                polls.push(Poll { place, number, generation: *generation, checker: checkers[number].id, due });
            }
        }
        polls
    }

    /// The check that a poll is for.
    #[must_use]
    pub fn check_of(&self, poll: &Poll) -> &Check {
        self.set.at(poll.place)
    }

    /// The endpoint that a poll goes to.
    #[must_use]
    pub fn endpoint_of(&self, poll: &Poll) -> Option<&Endpoint> {
        match self.set.at(poll.place).kind() {
            Kind::Endpoint(endpoint) => Some(endpoint),
            Kind::Calculated(_) | Kind::Alarm(_) | Kind::Control(_) => None,
        }
    }

    /// What the facts of a poll amount to.
    #[must_use]
    pub fn judge(&self, poll: &Poll, facts: &Facts<'_>) -> Outcome {
        self.endpoint_of(poll).map_or(Outcome::Passed, |endpoint| judge(&endpoint.spec().speaks, &self.deadlines, facts))
    }

    /// Takes the facts of a poll that ended `now`.
    pub fn report(&mut self, poll: Poll, facts: &Facts<'_>, now: Duration) -> Vec<Change> {
        let outcome = self.judge(&poll, facts);
        self.record(poll, outcome, now)
    }

    /// Takes the outcome of a poll that ended `now`, and lets its checker poll again an interval later.
    pub fn record(&mut self, poll: Poll, outcome: Outcome, now: Duration) -> Vec<Change> {
        let Kind::Endpoint(endpoint) = self.set.at(poll.place).kind() else { return Vec::new() };
        let (threshold, interval) = (endpoint.spec().failure_threshold, self.speed.scale(endpoint.interval()));
        let State::Polled { checkers, generation, .. } = &mut self.states[poll.place] else { return Vec::new() };
        if *generation != poll.generation {
            return Vec::new();
        }
        let before = checkers[poll.number].says_healthy();
        checkers[poll.number].take(outcome, threshold);
        self.schedule.insert((now + interval, poll.place, poll.number));
        if before == checkers[poll.number].says_healthy() { Vec::new() } else { self.tick(now) }
    }

    /// Gives an alarm check the datapoint of the period that `of` lies in.
    ///
    /// # Errors
    /// [`WrongKind`] for any other check.
    pub fn datapoint(&mut self, id: &CheckId, of: Duration, datapoint: Datapoint, now: Duration) -> Result<Vec<Change>, WrongKind> {
        let wrong = || WrongKind(id.clone());
        let place = self.set.place(id).ok_or_else(wrong)?;
        let (Kind::Alarm(alarm), State::Metric(history)) = (self.set.at(place).kind(), &mut self.states[place]) else {
            return Err(wrong());
        };
        let period = self.speed.scale(Duration::from_secs(u64::from(alarm.spec().period_s)));
        history.take(alarm, period, of, datapoint, now);
        Ok(self.tick(now))
    }

    /// Turns a recovery control on or off: a data-plane write, the only one here.
    ///
    /// # Errors
    /// [`WrongKind`] for any other check.
    pub fn switch(&mut self, id: &CheckId, on: bool, now: Duration) -> Result<Vec<Change>, WrongKind> {
        let wrong = || WrongKind(id.clone());
        let place = self.set.place(id).ok_or_else(wrong)?;
        let State::Switch(state) = &mut self.states[place] else { return Err(wrong()) };
        *state = on;
        Ok(self.tick(now))
    }

    /// `UpdateHealthCheck`: a control-plane write. A check that is switched on again, or gets other checkers, starts anew.
    ///
    /// # Errors
    /// [`UpdateError`], or [`CheckSetError`] in its place when new children do not fit; the check is then unchanged.
    pub fn update(&mut self, id: &CheckId, update: Update, now: Duration) -> Result<Vec<Change>, UpdateRefused> {
        let place = self.set.place(id).ok_or_else(|| UpdateRefused::NoSuchCheck(id.clone()))?;
        let former = self.set.at(place).clone();
        let updated = former.updated(update)?;
        let anew = former.is_disabled() != updated.is_disabled() || checkers_of(&former) != checkers_of(&updated);
        self.wake(id, now);
        self.set.replace(place, updated)?;
        if anew {
            self.begin(place, now);
        }
        Ok(self.tick(now))
    }

    /// Finds what changed with time alone (metrics that fell silent), or with the last thing that was taken.
    pub fn tick(&mut self, now: Duration) -> Vec<Change> {
        let health = self.health(now);
        let told = std::mem::replace(&mut self.told, health);
        let pairs = told.iter().zip(&self.told).zip(self.set.iter());
        pairs
            .filter(|((before, after), _)| before != after)
            .map(|((_, &healthy), check)| Change { check: check.id().clone(), healthy, at: now })
            .collect()
    }

    /// Whether a check counts as healthy, seen from a location that hears every checker.
    #[must_use]
    pub fn is_healthy(&self, id: &CheckId, now: Duration) -> bool {
        self.is_healthy_from(&View::whole(), id, now)
    }

    /// Whether a check counts as healthy, seen from one location. A check that does not exist counts as healthy.
    #[must_use]
    pub fn is_healthy_from(&self, view: &View, id: &CheckId, now: Duration) -> bool {
        self.set.place(id).is_none_or(|place| self.set.is_healthy_at(place, &|place| self.measured(place, view, now)))
    }

    /// A check as people look at it.
    #[must_use]
    pub fn status(&self, id: &CheckId, now: Duration) -> Option<Status> {
        let place = self.set.place(id)?;
        let checkers: &[Checker] = match &self.states[place] {
            State::Polled { checkers, .. } => checkers,
            State::Metric(_) | State::Switch(_) | State::Counted => &[],
        };
        let count = |decided| checkers.iter().filter(|checker| checker.decided() == decided).count();
        Some(Status {
            healthy: self.is_healthy(id, now),
            passing: count(Some(true)),
            failing: count(Some(false)),
            undecided: count(None),
            last: checkers.iter().map(|checker| (checker.id, checker.last())).collect(),
        })
    }

    fn health(&self, now: Duration) -> Vec<bool> {
        let view = View::whole();
        (0..self.states.len()).map(|place| self.set.is_healthy_at(place, &|place| self.measured(place, &view, now))).collect()
    }

    /// What a check that is not calculated measured: before `Disabled` and `Inverted`.
    fn measured(&self, place: usize, view: &View, now: Duration) -> bool {
        match (&self.states[place], self.set.at(place).kind()) {
            (State::Polled { checkers, .. }, _) => {
                let heard = checkers.iter().filter(|checker| view.hears(checker.id));
                let (healthy, all) = heard.fold((0, 0), |(healthy, all), checker| (healthy + usize::from(checker.says_healthy()), all + 1));
                enough_healthy(healthy, all)
            }
            (State::Metric(history), Kind::Alarm(alarm)) => {
                let period = self.speed.scale(Duration::from_secs(u64::from(alarm.spec().period_s)));
                history.is_healthy(alarm, period, now)
            }
            (State::Switch(on), _) => *on,
            (State::Metric(_) | State::Counted, _) => true,
        }
    }

    /// Lets the checkers of a check start, each at its own phase of the interval; a disabled check has none at work.
    fn begin(&mut self, place: usize, now: Duration) {
        self.schedule.retain(|&(_, of, _)| of != place);
        let check = self.set.at(place);
        let (Kind::Endpoint(endpoint), State::Polled { checkers, generation, coasting }) = (check.kind(), &mut self.states[place]) else {
            return;
        };
        *generation += 1;
        *coasting = None;
        *checkers = endpoint.checkers().map(Checker::new).collect();
        if check.is_disabled() {
            return;
        }
        let interval = self.speed.scale(endpoint.interval());
        for (number, checker) in checkers.iter().enumerate() {
            self.schedule.insert((now + phase(self.seed, check.id(), checker.id, interval), place, number));
        }
    }
}

/// A refused [`Checkers::update`].
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum UpdateRefused {
    /// There is no such check.
    #[error("there is no check {0}")]
    NoSuchCheck(CheckId),
    /// The check refuses it.
    #[error("the update is refused")]
    Check(#[from] UpdateError),
    /// The other checks refuse it.
    #[error("the updated check does not fit the others")]
    Set(#[from] CheckSetError),
}

fn state(check: &Check) -> State {
    match check.kind() {
        Kind::Endpoint(_) => State::Polled { checkers: Vec::new(), generation: 0, coasting: None },
        Kind::Calculated(_) => State::Counted,
        Kind::Alarm(_) => State::Metric(History::default()),
        Kind::Control(_) => State::Switch(true),
    }
}

fn checkers_of(check: &Check) -> Vec<CheckerId> {
    match check.kind() {
        Kind::Endpoint(endpoint) => endpoint.checkers().collect(),
        Kind::Calculated(_) | Kind::Alarm(_) | Kind::Control(_) => Vec::new(),
    }
}

/// A checker's phase within the interval. Checkers do not coordinate `[R-API]`, so each has its own, evenly spread over all seeds.
fn phase(seed: u64, check: &CheckId, checker: CheckerId, interval: Duration) -> Duration {
    let bytes = check.as_str().bytes().chain(checker.region.as_str().bytes()).chain([checker.zone]);
    // FNV-1a, then the finalizer of SplitMix64: two checkers that differ in one byte must not be near each other.
    let hash = bytes.fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let nanos = (u128::from(hash ^ (hash >> 31)) * interval.as_nanos()) >> 64;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
}
