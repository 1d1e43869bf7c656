//! One round of one observer: what each attempt meets is drawn, what it means is the real probe's business (`probe::conclude`).
//!
//! One number is drawn per attempt: below the greatest share that counts for it, it fails; below the greatest hole among them, in silence.

use std::collections::BTreeMap;
use std::time::Duration;

use decision::{Cause, RegionName, Round};
use fastrand::Rng;
use jiff::Timestamp;
use probe::{Limits, Matrix, Pace, Patience, Phase, RegionSeen, RoundMet, Step};

use crate::service::{Met, Truth, Vantage};

/// Round trips between the regions of two roles, in milliseconds.
const ROUND_TRIP_MS: [[f64; 3]; 3] = [[8.0, 75.0, 140.0], [75.0, 8.0, 110.0], [140.0, 110.0, 8.0]];
/// Round trips until a fresh connection has its answer: name, TCP, TLS, request.
const TRIPS: f64 = 4.0;
/// What the far side takes: the first figure at the least, and up to the second on top.
const REQUEST_MS: (f64, f64) = (15.0, 60.0);
/// From a stored message to the push to a socket of its region.
const STREAM_MS: (f64, f64) = (150.0, 250.0);
/// From one region's table to another's.
const REPLICATION_MS: (f64, f64) = (350.0, 500.0);
/// ln(100): the 99th percentile of an exponential distribution over its mean.
const P99_OVER_MEAN: f64 = 4.605;

/// A round that was made.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub(super) round: Round,
    pub(super) matrix: decision::Matrix,
}

/// What a round starts from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    pub(super) observer: usize,
    pub(super) number: u64,
    pub(super) patience: Patience,
}

/// A round as it was met: judged when its end is known by the calendar.
#[derive(Debug, Clone)]
pub(super) struct Attempts {
    start: Start,
    regions: BTreeMap<RegionName, RegionSeen>,
    matrix: Matrix,
    waited: Duration,
    /// From its start to its end.
    pub(super) took: Duration,
}

impl Attempts {
    /// Everything that a round tries, as it finds the world at its start.
    pub(super) fn make(truth: &Truth, names: &[RegionName; 3], start: Start, pace: &Pace, rng: &mut Rng) -> Self {
        let met: [Met; 3] = std::array::from_fn(|region| truth.met(Vantage::Observer(start.observer), region));
        let mut dice = Dice { pace, rng };
        let mut regions = BTreeMap::new();
        let mut standing = Vec::with_capacity(3);
        let (mut apart, mut ready) = (Duration::ZERO, Duration::ZERO);
        for (region, met) in met.iter().enumerate() {
            let trip = ROUND_TRIP_MS[start.observer][region];
            let (rest, table, websocket) = (dice.request(met, trip), dice.request(met, trip), dice.handshake(met, trip));
            apart = apart.max(rest.phases.total).max(table.phases.total);
            ready = ready.max(websocket.phases.total.min(pace.socket));
            if websocket.failure.is_none() {
                standing.push(region);
            }
            regions.insert(names[region].clone(), RegionSeen { rest, websocket, table });
        }
        let mut matrix = Matrix::new(standing.iter().map(|region| names[*region].clone()).collect());
        let waited = dice.deliver(truth, &met, &standing, start, &mut matrix);
        let took = apart.max(ready + waited).min(pace.deadline);
        Self { start, regions, matrix, waited, took }
    }

    pub(super) fn number(&self) -> u64 {
        self.start.number
    }

    /// What it says, at its end.
    pub(super) fn conclude(&self, at: Timestamp, pace: &Pace) -> Made {
        let met = RoundMet {
            number: self.start.number,
            at,
            regions: &self.regions,
            matrix: &self.matrix,
            waited: self.waited,
            patience: self.start.patience,
            loop_lag: Duration::ZERO,
        };
        Made { round: probe::conclude(&met, pace).0, matrix: self.matrix.millis() }
    }
}

struct Dice<'a> {
    pace: &'a Pace,
    rng: &'a mut Rng,
}

impl Dice<'_> {
    /// A REST request that touches the table: the read, or the heartbeat.
    fn request(&mut self, met: &Met, trip_ms: f64) -> Step {
        let u = self.rng.f64();
        let silent = met.hole.max(met.rest_hole);
        let refused = silent.max(met.probe_only).max(met.rest).max(met.table);
        // Both are drawn whatever comes of the attempt, so that a fault does not shift the draws after it.
        let (took, slow) = (self.between(REQUEST_MS) + TRIPS * trip_ms, -self.rng.f64().max(1e-9).ln() * met.latency_ms / P99_OVER_MEAN);
        if u < met.hole {
            Step::failed(Phase::Connect, Cause::Timeout, self.pace.connect)
        } else if u < silent {
            Step::failed(Phase::FirstByte, Cause::Timeout, millis(TRIPS * trip_ms) + self.pace.answer)
        } else if u < refused {
            let status = if u < met.probe_only { 403 } else { 500 };
            Step::failed(Phase::Answer, Cause::Status(status), millis(took))
        } else if millis(slow) > self.pace.answer {
            Step::failed(Phase::FirstByte, Cause::Timeout, millis(TRIPS * trip_ms) + self.pace.answer)
        } else {
            Step::passed(millis(took + slow))
        }
    }

    /// A fresh WebSocket.
    fn handshake(&mut self, met: &Met, trip_ms: f64) -> Step {
        let u = self.rng.f64();
        let silent = met.hole.max(met.handshake_hole);
        let took = millis(self.between(REQUEST_MS) + TRIPS * trip_ms);
        if u < met.hole {
            Step::failed(Phase::Connect, Cause::Timeout, self.pace.connect)
        } else if u < silent {
            Step::failed(Phase::FirstByte, Cause::Timeout, millis(TRIPS * trip_ms) + self.pace.upgrade)
        } else if u < silent.max(met.handshake) {
            Step::failed(Phase::Answer, Cause::Status(500), took)
        } else {
            Step::passed(took)
        }
    }

    /// Sends into every socket that stands and listens. Returns for how long.
    fn deliver(&mut self, truth: &Truth, met: &[Met; 3], standing: &[usize], start: Start, matrix: &mut Matrix) -> Duration {
        let limits = Limits::of(self.pace, start.patience);
        let mut arrivals = Vec::with_capacity(9);
        for (row, from) in standing.iter().enumerate() {
            let refused = self.rng.f64() < met[*from].send;
            if refused {
                matrix.refused(row);
            }
            for (column, to) in standing.iter().enumerate() {
                let trips = f64::midpoint(ROUND_TRIP_MS[start.observer][*from], ROUND_TRIP_MS[start.observer][*to]);
                let replicated = self.between(REPLICATION_MS);
                let streamed = self.between(STREAM_MS);
                let is_lost = self.rng.f64() < met[*to].push;
                let across = if from == to { Duration::ZERO } else { millis(replicated) + truth.replication_lag(*from, *to) };
                let after = millis(trips + streamed) + across + met[*to].stream_lag;
                if !refused && !is_lost && after <= limits.across {
                    arrivals.push((after, row, column));
                }
            }
        }
        arrivals.sort_unstable();
        listen(&arrivals, &limits, matrix)
    }

    fn between(&mut self, (least, more): (f64, f64)) -> f64 {
        least + self.rng.f64() * more
    }
}

/// Hears arrivals, in order, for as long as the real probe would. Returns how long that is.
fn listen(arrivals: &[(Duration, usize, usize)], limits: &Limits, matrix: &mut Matrix) -> Duration {
    let mut arrivals = arrivals.iter().peekable();
    let mut waited = Duration::ZERO;
    while !matrix.is_settled(waited, limits) {
        // Both deadlines change what is still worth waiting for.
        let deadline = if waited < limits.own { limits.own } else { limits.across };
        match arrivals.next_if(|(after, ..)| *after <= deadline) {
            Some((after, from, to)) => {
                waited = *after;
                matrix.arrived(*from, *to, *after);
            }
            None => waited = deadline,
        }
    }
    waited
}

fn millis(millis: f64) -> Duration {
    Duration::try_from_secs_f64(millis / 1000.0).unwrap_or_default()
}
