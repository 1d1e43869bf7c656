//! One observer's rounds in time: its ticks, faster rounds after a failure, at once when a tripwire is cut. The rules are the real probe's.
//!
//! What a round meets is `round`. A swallowed path cuts no tripwire: an idle socket cannot tell silence from peace.

use std::collections::VecDeque;
use std::time::Duration;

use decision::{ROUNDS_MAX, RegionName, Round, ServiceName};
use probe::{LOOKS_MAX, Look, Pace, Patience, Place, next_delay, phase, until_tick};

use super::clock::{BEGINS, For, draws};
use super::round::{Attempts, Made, Start};

/// One observer's probe.
#[derive(Debug, Clone)]
pub(super) struct Observer {
    index: usize,
    seed: u64,
    phase: Duration,
    /// By how much the service's ticks are apart from the calendar's in this run.
    offset: Duration,
    /// The number of the next round.
    number: u64,
    history: Vec<Look>,
    early: Early,
    /// When the next round starts, and which plan that is.
    pub(super) due: Duration,
    pub(super) plan: u64,
    is_early: bool,
    running: Option<(Duration, Attempts)>,
    /// A tripwire was cut while a round was under way.
    cut: bool,
    /// Rounds that are not stored yet.
    pub(super) unpublished: VecDeque<Round>,
    pub(super) matrix: decision::Matrix,
}

impl Observer {
    /// The probe in the region of this index, before its first round.
    pub(super) fn new(index: usize, name: &RegionName, service: &ServiceName, pace: &Pace, seed: u64) -> Self {
        let offset = pace.round.mul_f64(draws(seed, For::Phase, usize::MAX, Duration::ZERO).f64());
        let place = Some(Place { index, of: 3 });
        let mut observer = Self {
            index,
            seed,
            phase: phase(service, name, place, pace.round),
            offset,
            number: 1,
            history: Vec::with_capacity(LOOKS_MAX + 1),
            early: Early::default(),
            due: Duration::ZERO,
            plan: 0,
            is_early: false,
            running: None,
            cut: false,
            unpublished: VecDeque::new(),
            matrix: decision::Matrix::new(),
        };
        observer.due = observer.tick(Duration::ZERO, pace);
        observer
    }

    /// The start of the round that belongs to the first tick after `now`.
    pub(super) fn tick(&self, now: Duration, pace: &Pace) -> Duration {
        self.late_for(self.tick_after(now, pace), pace)
    }

    fn tick_after(&self, now: Duration, pace: &Pace) -> Duration {
        let since_epoch = Duration::try_from(BEGINS.duration_since(jiff::Timestamp::UNIX_EPOCH)).unwrap_or_default();
        now + until_tick(since_epoch + self.offset + now, pace.round, self.phase)
    }

    /// When the round of a tick starts: a little later, so that observers drift through each other's gaps.
    fn late_for(&self, tick: Duration, pace: &Pace) -> Duration {
        tick + pace.round.mul_f64(pace.jitter * draws(self.seed, For::Jitter, self.index, tick).f64())
    }

    /// What the round that starts now starts from.
    pub(super) fn start(&mut self, pace: &Pace) -> Start {
        let confirms = next_delay(pace, &self.history) == pace.confirm;
        let patience = if std::mem::take(&mut self.is_early) || confirms { Patience::Confirming } else { Patience::Full };
        let number = self.number;
        self.number += 1;
        Start { observer: self.index, number, patience }
    }

    /// A round is under way until it ends.
    pub(super) fn run(&mut self, started: Duration, attempts: Attempts) {
        self.running = Some((started, attempts));
    }

    /// The round under way has ended: what it met.
    pub(super) fn end(&mut self) -> Option<(Duration, Attempts)> {
        self.running.take()
    }

    /// Takes what a round said, and plans the next one.
    pub(super) fn take(&mut self, started: Duration, now: Duration, made: Made, pace: &Pace) {
        self.history.push(Look::of(&made.round));
        if self.history.len() > LOOKS_MAX {
            self.history.remove(0);
        }
        self.unpublished.push_back(made.round);
        while self.unpublished.len() > ROUNDS_MAX {
            self.unpublished.pop_front();
        }
        self.matrix = made.matrix;
        let delay = next_delay(pace, &self.history);
        self.due = if delay < pace.round { (started + delay).max(now) } else { self.tick(now, pace) };
        self.plan += 1;
        if std::mem::take(&mut self.cut) {
            self.wake(now, pace);
        }
    }

    /// A tripwire is cut. Returns whether the next round is planned anew.
    pub(super) fn wake(&mut self, now: Duration, pace: &Pace) -> bool {
        if self.running.is_some() {
            self.cut = true;
            return false;
        }
        match self.early.admit(now, pace) {
            Some(at) if at < self.due => {
                (self.due, self.is_early) = (at, true);
                self.plan += 1;
                true
            }
            Some(_) | None => false,
        }
    }

    /// Whether it is between two rounds of a calm time, with nothing left to store.
    pub(super) fn is_calm(&self, pace: &Pace) -> bool {
        self.running.is_none()
            && self.unpublished.is_empty()
            && !self.is_early
            && self.history.iter().all(|look| *look == Look::default())
            && { next_delay(pace, &self.history) == pace.round }
    }

    /// Leaves out rounds of a calm time that would start before `until`, one per tick. Returns how many.
    pub(super) fn leap(&mut self, until: Duration, pace: &Pace) -> u64 {
        let next = self.tick_after(self.due, pace);
        let ticks = until.saturating_sub(next).as_nanos() / pace.round.as_nanos().max(1);
        let rounds = u32::try_from(ticks).unwrap_or(u32::MAX);
        if rounds > 0 {
            self.number += u64::from(rounds);
            self.due = self.late_for(next + pace.round * (rounds - 1), pace);
        }
        rounds.into()
    }
}

/// How many rounds tripwires may start: a flapping socket must not become a storm. As the real probe's.
#[derive(Debug, Clone, Default)]
struct Early {
    starts: VecDeque<Duration>,
}

impl Early {
    fn admit(&mut self, now: Duration, pace: &Pace) -> Option<Duration> {
        while self.starts.front().is_some_and(|start| now.saturating_sub(*start) >= pace.early_window) {
            self.starts.pop_front();
        }
        let last = self.starts.back().copied();
        if let Some(planned) = last.filter(|last| *last > now) {
            return Some(planned);
        }
        if self.starts.len() >= pace.early_max {
            return None;
        }
        let start = last.map_or(now, |last| now.max(last + pace.early));
        self.starts.push_back(start);
        Some(start)
    }
}
