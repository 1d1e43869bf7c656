//! Virtual time: what is due when, what the calendar says then, and draws that belong to a moment.
//!
//! A run's moments count from its beginning, [`WARM_UP`] before the incident's zero; what is told of a run counts from the zero.
//!
//! A draw belongs to who draws, for what, and when; never to how many others have drawn before. So one consumer does not shift another's draws,
//! and stretches in which nothing can happen may be left out.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};

use super::Setup;

/// The calendar time of every incident's zero: 2026-11-23T00:00:00Z.
pub const START: Timestamp = Timestamp::constant(1_795_392_000, 0);

/// How long before an incident's zero its run begins: the slow window of the default policy. Whoever watches has watched for that long when the first
/// line takes hold.
pub(super) const WARM_UP: Duration = Duration::from_secs(20 * 60);
/// The calendar time at which every run begins.
pub(super) const BEGINS: Timestamp = Timestamp::constant(1_795_392_000 - 20 * 60, 0);

/// What a clock shows that is so many seconds ahead, `at` after the beginning.
pub(super) fn calendar(at: Duration, ahead_s: f64) -> Timestamp {
    let ahead = SignedDuration::try_from_secs_f64(ahead_s).unwrap_or_default();
    let at = SignedDuration::try_from(at).unwrap_or(SignedDuration::MAX);
    BEGINS.checked_add(at).and_then(|now| now.checked_add(ahead)).unwrap_or(BEGINS)
}

/// The same run with everything [`WARM_UP`] later: an incident whose zero is a run's beginning becomes one that comes upon a service at work.
pub(super) fn after_warm_up(setup: &Setup) -> Setup {
    let mut setup = setup.clone();
    for tuple in &mut setup.incident.faults {
        tuple.minute += WARM_UP.as_secs_f64() / 60.0;
    }
    setup
}

/// A moment of a run as one of its incident; the zero for what is before it.
pub(super) fn of_incident(at: Duration) -> Duration {
    at.saturating_sub(WARM_UP)
}

/// Minutes as a duration.
pub(super) fn moment(minutes: f64) -> Duration {
    Duration::try_from_secs_f64(minutes * 60.0).unwrap_or_default()
}

/// What a draw is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum For {
    Phase,
    Jitter,
    Round,
    Wake,
    Store,
    Gate,
    Poll,
    Liars,
    Tripwire,
    Operator,
    Manual,
}

/// Draws for one purpose of one drawer at one moment.
pub(super) fn draws(seed: u64, purpose: For, who: usize, when: Duration) -> Rng {
    let when = u64::try_from(when.as_nanos()).unwrap_or(u64::MAX);
    let mixed = [purpose as u64, who as u64, when].into_iter().fold(mix(seed), |state, part| mix(state ^ part));
    Rng::with_seed(mixed)
}

/// The finalizer of SplitMix64, after a step of its sequence.
fn mix(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// Something that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// A line of the incident takes hold: its place among the faults.
    Line(usize),
    /// An observer's round starts, unless another was planned since: the number of the plan.
    Round(usize, u64),
    /// Its round ends.
    Ended(usize),
    /// A controller is woken by a change.
    Woken(usize),
    /// A controller's level-triggered run.
    Tick(usize),
    /// A gate reads the votes.
    Gate(usize),
    /// A minute ends.
    Minute,
    /// A look at whether everybody may rest, when somebody was busy at the last one.
    Rest,
}

/// What is due, in order of time; at one time, in the order in which it was planned.
#[derive(Debug, Clone, Default)]
pub(super) struct Queue {
    due: BTreeMap<(Duration, u64), Due>,
    planned: u64,
}

impl Queue {
    pub(super) fn plan(&mut self, at: Duration, what: Due) {
        self.due.insert((at, self.planned), what);
        self.planned += 1;
    }

    pub(super) fn next(&self) -> Option<Duration> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// Whether a round starts next.
    pub(super) fn starts_a_round(&self) -> bool {
        matches!(self.due.first_key_value(), Some((_, Due::Round(..))))
    }

    pub(super) fn take(&mut self) -> Option<Due> {
        self.due.pop_first().map(|(_, what)| what)
    }

    /// Takes out everything that `wanted` picks, with its time.
    pub(super) fn take_all(&mut self, wanted: impl Fn(Due) -> bool) -> Vec<(Duration, Due)> {
        let taken: Vec<(Duration, Due)> = self.due.iter().filter(|(_, what)| wanted(**what)).map(|((at, _), what)| (*at, *what)).collect();
        self.due.retain(|_, what| !wanted(*what));
        taken
    }
}
