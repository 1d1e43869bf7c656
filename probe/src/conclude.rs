//! From what a round met to what it says: every check of every region, and whether the observer may be believed.
//!
//! Pure: whoever made the round, over a network or in a replay, has it judged here.
//!
//! The observer's check of itself covers three things: that the runtime kept up while the round lasted (loop lag), that anything was
//! reached when there are two regions or more, and that anything was heard on the sockets that stood. It calls no witness: that
//! the observer's own AWS and credentials work is proven by each publication of `observed`, and readers miss one that stops.

use std::collections::BTreeMap;
use std::time::Duration;

use decision::{Cause, Check, CheckResult, Observation, Outcome, RegionName, Round};
use jiff::Timestamp;

use crate::matrix::{Blame, Judgement, Limits, Matrix, Patience};
use crate::pace::Pace;
use crate::seen::{RegionSeen, Step};

/// What a round met, at its end.
#[derive(Debug, Clone, Copy)]
pub struct RoundMet<'a> {
    /// Counts up by one with every round.
    pub number: u64,
    /// When it ended, by the observer's clock.
    pub at: Timestamp,
    /// The connections to each region.
    pub regions: &'a BTreeMap<RegionName, RegionSeen>,
    /// What arrived, among the regions whose sockets stood to the end.
    pub matrix: &'a Matrix,
    /// How long it listened.
    pub waited: Duration,
    /// How much of that it was ready to listen for.
    pub patience: Patience,
    /// The longest time by which the runtime ran behind.
    pub loop_lag: Duration,
}

/// What a round says: the part that is published, and whom the holes in the matrix blame, in order.
#[must_use]
pub fn conclude(met: &RoundMet<'_>, pace: &Pace) -> (Round, Vec<Blame>) {
    let judgement = met.matrix.judge(met.waited, &Limits::of(pace, met.patience));
    let self_check = self_check(met.regions, &judgement, met.loop_lag, pace);
    let observations = met.regions.iter().map(|(name, seen)| (name.clone(), observation(name, seen, &judgement, pace)));
    let round = Round { number: met.number, produced_at: met.at, self_check, regions: observations.collect() };
    (round, judgement.blamed)
}

/// What the observer thinks of itself: unfit when it reached nothing at all or ran behind, degraded when it heard nothing
/// from regions that all answer.
fn self_check(regions: &BTreeMap<RegionName, RegionSeen>, judgement: &Judgement, loop_lag: Duration, pace: &Pace) -> Outcome {
    let reached_nothing = |seen: &RegionSeen| [&seen.rest, &seen.websocket, &seen.table].into_iter().all(Step::reached_nothing);
    // One region alone that cannot be reached says as much about itself as about us.
    let blind = regions.len() >= 2 && regions.values().all(reached_nothing);
    if blind || loop_lag > pace.loop_lag {
        Outcome::Fail(Cause::Observer)
    } else if judgement.blamed.contains(&Blame::Observer) {
        Outcome::Degraded(Cause::Observer)
    } else if loop_lag > pace.loop_lag / 2 {
        Outcome::Degraded(Cause::Late)
    } else {
        Outcome::Pass
    }
}

/// The checks of one region. One without a socket was not tried for delivery: its `websocket` has failed already.
fn observation(region: &RegionName, seen: &RegionSeen, judgement: &Judgement, pace: &Pace) -> Observation {
    let not_tried = CheckResult { outcome: Outcome::Unknown(Cause::NotTried), millis: 0, attempts: 0 };
    let judged = |checks: &BTreeMap<RegionName, CheckResult>| checks.get(region).cloned().unwrap_or_else(|| not_tried.clone());
    let result = |check: Check| match check {
        Check::Rest => seen.rest.result(pace.slow),
        Check::Websocket => seen.websocket.result(pace.slow),
        Check::Table => seen.table.result(pace.slow),
        Check::Delivery => judged(&judgement.delivery),
        Check::Replication => judged(&judgement.replication),
    };
    Check::ALL.into_iter().map(|check| (check, result(check))).collect()
}
