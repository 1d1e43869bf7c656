//! Global tables: what is written in one region appears in the others a little later, in order, exactly once.
//!
//! One carrier per ordered pair of regions, reading the source's stream. What cannot be carried now stays in the stream: nothing is
//! lost while a fault lasts, however long.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use decision::RegionName;
use dynoxide::DynoxideError;
use tokio::time::Instant;

use super::region::AwsRegion;
use super::tables::{Change, Position, Tables};
use crate::fault::{Component, Faults};
use crate::speed::Speed;

/// The usual lag, at least and at most [DDB].
const LAG: (Duration, Duration) = (Duration::from_millis(300), Duration::from_millis(1000));
/// What `ReplicationLate` adds.
const LATE: Duration = Duration::from_secs(30);
/// The changes a carrier holds; further ones wait in the stream.
const HELD_MAX: usize = 1000;
/// How long a carrier waits before it tries a refused change again.
const RETRY: Duration = Duration::from_millis(200);
/// How often a change is tried before it is dropped, with an error in the log.
const TRIES_MAX: u32 = 50;

/// Replicates a table between all of these regions, both ways, until they stop.
pub fn replicate(regions: &[AwsRegion], table: &str) {
    for from in regions {
        for to in regions.iter().filter(|to| to.region() != from.region()) {
            tokio::spawn(Carrier::new(from, to, table).run(from.stop.clone()));
        }
    }
}

/// A change on its way.
struct Held {
    change: Change,
    seen: Instant,
    lag: Duration,
}

/// What carries one table's changes from one region to another.
struct Carrier {
    table: String,
    from: (RegionName, Arc<Tables>),
    to: (RegionName, Arc<Tables>),
    faults: Faults,
    speed: Speed,
    held: VecDeque<Held>,
    /// Up to where the stream was read.
    read: Position,
    tries: u32,
}

impl Carrier {
    fn new(from: &AwsRegion, to: &AwsRegion, table: &str) -> Self {
        let end = |region: &AwsRegion| (region.region().clone(), Arc::clone(&region.services.tables));
        let carrier = Self {
            table: table.to_owned(),
            from: end(from),
            to: end(to),
            faults: from.services.faults.clone(),
            speed: from.speed,
            held: VecDeque::new(),
            read: Position::default(),
            tries: 0,
        };
        carrier.note(Position::default());
        carrier
    }

    async fn run(mut self, stop: tokio_util::sync::CancellationToken) {
        let mut wrote = self.from.1.wrote();
        let mut faults = self.faults.watch();
        loop {
            wrote.borrow_and_update();
            faults.borrow_and_update();
            self.fill();
            let wait = self.carry_due();
            tokio::select! {
                () = stop.cancelled() => return,
                changed = faults.changed() => if changed.is_err() { return },
                changed = wrote.changed(), if self.held.len() < HELD_MAX => if changed.is_err() { return },
                () = until(wait) => {}
            }
        }
    }

    /// Takes what is new in the stream, as far as there is room.
    fn fill(&mut self) {
        while self.held.len() < HELD_MAX {
            let room = HELD_MAX - self.held.len();
            let (changes, end) = self.from.1.local_changes(&self.table, self.read, room);
            if end == self.read {
                return;
            }
            self.read = end;
            let seen = Instant::now();
            for change in changes {
                // Deletions by TTL are made by each region for itself.
                if change.record.user_identity.is_none() {
                    let lag = self.speed.scale(LAG.0 + (LAG.1 - LAG.0).mul_f64(fastrand::f64()));
                    self.held.push_back(Held { change, seen, lag });
                }
            }
            if self.held.is_empty() {
                self.note(end);
            }
        }
    }

    /// Carries what is due, in order. Returns how long to wait for the next; `None`: until something changes.
    fn carry_due(&mut self) -> Option<Duration> {
        let stopped = [Component::Replication, Component::Region];
        if self.faults.any(&self.from.0, &stopped) || self.faults.any(&self.to.0, &stopped) {
            return None;
        }
        let late = [&self.from.0, &self.to.0].iter().any(|region| self.faults.is_on(region, Component::ReplicationLate));
        let extra = if late { self.speed.scale(LATE) } else { Duration::ZERO };
        while let Some(next) = self.held.front() {
            let wait = (next.seen + next.lag + extra).saturating_duration_since(Instant::now());
            if !wait.is_zero() {
                return Some(wait);
            }
            match self.to.1.apply(&self.table, &next.change.record) {
                Ok(()) => {}
                // The table may still be on its way into this region.
                Err(DynoxideError::ResourceNotFoundException(_)) => return Some(RETRY),
                Err(error) if self.tries < TRIES_MAX => {
                    self.tries += 1;
                    tracing::debug!(from = %self.from.0, to = %self.to.0, %error, "a change is not taken yet");
                    return Some(RETRY);
                }
                Err(error) => tracing::error!(from = %self.from.0, to = %self.to.0, %error, "a change is dropped"),
            }
            self.tries = 0;
            let carried = self.held.pop_front().map(|held| held.change.position);
            self.note(if self.held.is_empty() { self.read } else { carried.unwrap_or_default() });
        }
        None
    }

    /// Tells the stream how far everything is carried.
    fn note(&self, position: Position) {
        self.from.1.read_to(&self.table, &format!("replication to {}", self.to.0), position);
    }
}

async fn until(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}
