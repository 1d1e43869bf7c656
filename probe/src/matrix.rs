//! The delivery matrix: what was sent into which region and arrived where, and whom a hole in it blames.
//!
//! Pure. A lost row blames that region's write path, a lost column its stream reader or broadcast, a lost cell that
//! replication pair, everything lost the observer itself.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use decision::{Cause, CheckResult, Outcome, RegionName};
use serde::{Serialize, Serializer};

use crate::pace::Pace;
use crate::seen::whole_millis;

/// Arrival times of one nonce per region, on one clock. Only regions whose socket stood all the time are in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matrix {
    regions: Vec<RegionName>,
    /// `[from][to]`, since the send.
    arrivals: Vec<Vec<Option<Duration>>>,
    /// Rows whose region answered that it did not take the message.
    refused: Vec<bool>,
}

/// What a hole in the matrix blames.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blame {
    /// Everything is lost: the observer.
    Observer,
    /// The region's write path: nothing that is sent into it arrives anywhere.
    Row(RegionName),
    /// The region's stream reader or broadcast: nothing arrives at its sockets.
    Column(RegionName),
    /// The region alone with itself: what is sent into it arrives elsewhere, and what is sent elsewhere arrives there.
    Own(RegionName),
    /// One replication pair, in one direction.
    Pair {
        /// Where it was sent.
        from: RegionName,
        /// Where it did not arrive.
        to: RegionName,
    },
}

/// How long deliveries may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Back at the region it was sent into.
    pub own: Duration,
    /// At every other region.
    pub across: Duration,
    /// Longer than this is late.
    pub late: Duration,
    /// Whether it is worth waiting for what is under way between regions.
    pub patience: Patience,
}

/// How much one round waits for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Patience {
    /// For everything that its deadlines allow.
    #[default]
    Full,
    /// For each region's own message only: the round confirms that a region is gone, and how soon that is known matters more than
    /// how long the others take to replicate. What has not arrived between two regions is then not judged.
    Confirming,
}

/// What the matrix says of every region in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judgement {
    /// The `delivery` check.
    pub delivery: BTreeMap<RegionName, CheckResult>,
    /// The `replication` check.
    pub replication: BTreeMap<RegionName, CheckResult>,
    /// Whom the holes blame, in order.
    pub blamed: Vec<Blame>,
}

impl Limits {
    /// Those of a pace.
    #[must_use]
    pub fn of(pace: &Pace, patience: Patience) -> Self {
        Self { own: pace.own, across: pace.across, late: pace.late, patience }
    }
}

impl Matrix {
    /// An empty matrix: nothing has arrived.
    #[must_use]
    pub fn new(regions: Vec<RegionName>) -> Self {
        let size = regions.len();
        Self { regions, arrivals: vec![vec![None; size]; size], refused: vec![false; size] }
    }

    /// The regions in it, in the order of its rows and columns.
    #[must_use]
    pub fn regions(&self) -> &[RegionName] {
        &self.regions
    }

    /// How long a message took from one region to another; `None` = lost, or not in the matrix.
    #[must_use]
    pub fn arrival(&self, from: &RegionName, to: &RegionName) -> Option<Duration> {
        let index = |region| self.regions.iter().position(|known| known == region);
        self.arrivals[index(from)?][index(to)?]
    }

    /// Notes an arrival by index. Returns whether it is the first.
    pub fn arrived(&mut self, from: usize, to: usize, after: Duration) -> bool {
        let cell = &mut self.arrivals[from][to];
        let first = cell.is_none();
        cell.get_or_insert(after);
        first
    }

    /// Notes that a region did not take the message, by index.
    pub fn refused(&mut self, from: usize) {
        self.refused[from] = true;
    }

    /// The matrix of the other regions: those at these indexes have lost their socket and can neither blame nor be blamed.
    #[must_use]
    pub fn without(&self, gone: &[bool]) -> Self {
        let kept: Vec<usize> = (0..self.regions.len()).filter(|index| !gone[*index]).collect();
        Self {
            regions: kept.iter().map(|index| self.regions[*index].clone()).collect(),
            arrivals: kept.iter().map(|from| kept.iter().map(|to| self.arrivals[*from][*to]).collect()).collect(),
            refused: kept.iter().map(|index| self.refused[*index]).collect(),
        }
    }

    /// Whether waiting longer than `elapsed` cannot change what the matrix says.
    #[must_use]
    pub fn is_settled(&self, elapsed: Duration, limits: &Limits) -> bool {
        let mut pending = self.cells().filter(|(from, to)| self.lost(*from, *to) && !self.refused[*from]);
        if elapsed >= limits.across {
            return true;
        }
        if elapsed < limits.own {
            return match limits.patience {
                Patience::Full => pending.next().is_none(),
                Patience::Confirming => pending.all(|(from, to)| from != to),
            };
        }
        if limits.patience == Patience::Confirming {
            return true;
        }
        // From here on a region that does not hear itself has failed; only replication is still open.
        pending.all(|(from, to)| from == to || self.row_is_lost(from) || self.column_is_lost(to))
    }

    /// What the matrix says after waiting for `waited`.
    #[must_use]
    pub fn judge(&self, waited: Duration, limits: &Limits) -> Judgement {
        let size = self.regions.len();
        let everything = size >= 2 && !self.refused.contains(&true) && self.cells().all(|(from, to)| self.lost(from, to));
        let mut judgement = Judgement::default();
        if everything {
            judgement.blamed.push(Blame::Observer);
        }
        for (index, region) in self.regions.iter().enumerate() {
            let (delivery, replication) = if everything {
                let unfit = (Outcome::Unknown(Cause::Observer), waited);
                (unfit.clone(), unfit)
            } else {
                (self.delivery(index, waited, limits), self.replication(index, waited, limits))
            };
            let result = |(outcome, took): (Outcome, Duration)| CheckResult { outcome, millis: whole_millis(took), attempts: 1 };
            judgement.delivery.insert(region.clone(), result(delivery));
            judgement.replication.insert(region.clone(), result(replication));
        }
        if !everything {
            judgement.blamed = self.blamed(limits.patience);
        }
        judgement
    }

    fn delivery(&self, region: usize, waited: Duration, limits: &Limits) -> (Outcome, Duration) {
        if self.row_is_lost(region) {
            return (Outcome::Fail(Cause::Row), waited);
        }
        if self.column_is_lost(region) {
            return (Outcome::Fail(Cause::Column), waited);
        }
        match self.arrivals[region][region] {
            None => (Outcome::Fail(Cause::Own), waited),
            Some(after) if after > limits.own => (Outcome::Fail(Cause::Late), after),
            Some(after) if after > limits.late => (Outcome::Degraded(Cause::Late), after),
            Some(after) => (Outcome::Pass, after),
        }
    }

    /// Both directions with every other region, as far as neither end is blamed already.
    fn replication(&self, region: usize, waited: Duration, limits: &Limits) -> (Outcome, Duration) {
        let mut worst = None;
        for (from, to, other) in self.pairs_of(region) {
            if self.row_is_lost(from) || self.column_is_lost(to) {
                continue;
            }
            let Some(after) = self.arrivals[from][to] else {
                if limits.patience == Patience::Confirming {
                    continue;
                }
                let other = self.regions[other].clone();
                let cause = if from == region { Cause::To(other) } else { Cause::From(other) };
                return (Outcome::Fail(cause), waited);
            };
            worst = worst.max(Some(after));
        }
        match worst {
            None => (Outcome::Unknown(Cause::NotTried), Duration::ZERO),
            Some(after) if after > limits.late => (Outcome::Degraded(Cause::Late), after),
            Some(after) => (Outcome::Pass, after),
        }
    }

    fn blamed(&self, patience: Patience) -> Vec<Blame> {
        let mut blamed = Vec::new();
        for (index, region) in self.regions.iter().enumerate() {
            let (row, column) = (self.row_is_lost(index), self.column_is_lost(index));
            if row {
                blamed.push(Blame::Row(region.clone()));
            }
            if column {
                blamed.push(Blame::Column(region.clone()));
            }
            if !row && !column && self.lost(index, index) {
                blamed.push(Blame::Own(region.clone()));
            }
        }
        for (from, to) in self.cells().filter(|_| patience == Patience::Full) {
            if from != to && self.lost(from, to) && !self.row_is_lost(from) && !self.column_is_lost(to) {
                blamed.push(Blame::Pair { from: self.regions[from].clone(), to: self.regions[to].clone() });
            }
        }
        blamed.sort();
        blamed
    }

    /// A lone region's row and column are one cell, which tells only that it does not hear itself.
    fn row_is_lost(&self, from: usize) -> bool {
        self.refused[from] || (self.regions.len() >= 2 && (0..self.regions.len()).all(|to| self.lost(from, to)))
    }

    /// Nothing arrives at `to`, and at least one *other* region sent something that arrived elsewhere.
    fn column_is_lost(&self, to: usize) -> bool {
        let speaks = |from: &usize| !self.row_is_lost(*from);
        let others = (0..self.regions.len()).filter(speaks).any(|from| from != to);
        others && (0..self.regions.len()).all(|from| self.lost(from, to))
    }

    fn lost(&self, from: usize, to: usize) -> bool {
        self.arrivals[from][to].is_none()
    }

    fn cells(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let size = self.regions.len();
        (0..size).flat_map(move |from| (0..size).map(move |to| (from, to)))
    }

    /// Every pair that this region is one end of: from, to, and the other end.
    fn pairs_of(&self, region: usize) -> impl Iterator<Item = (usize, usize, usize)> + use<> {
        (0..self.regions.len())
            .filter(move |other| *other != region)
            .flat_map(move |other| [(region, other, other), (other, region, other)])
    }

    /// The matrix as `observed` holds it: whole milliseconds; lost cells are absent.
    #[must_use]
    pub fn millis(&self) -> BTreeMap<RegionName, BTreeMap<RegionName, u32>> {
        let row = |from: usize| {
            let cells = self.regions.iter().enumerate();
            cells.filter_map(|(to, region)| Some((region.clone(), whole_millis(self.arrivals[from][to]?)))).collect()
        };
        self.regions.iter().enumerate().map(|(from, region)| (region.clone(), row(from))).collect()
    }
}

impl Serialize for Matrix {
    /// `{from: {to: milliseconds or null}}`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let millis = |after: Duration| after.as_micros() as f64 / 1000.0;
        let row = |from: usize| -> BTreeMap<&RegionName, Option<f64>> {
            self.regions.iter().enumerate().map(|(to, region)| (region, self.arrivals[from][to].map(millis))).collect()
        };
        serializer.collect_map(self.regions.iter().enumerate().map(|(from, region)| (region, row(from))))
    }
}

impl fmt::Display for Blame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Blame::Observer => f.write_str("nothing arrived anywhere: the observer itself"),
            Blame::Row(region) => write!(f, "nothing sent into {region} arrived: its write path"),
            Blame::Column(region) => write!(f, "nothing arrived at {region}: its stream reader or broadcast"),
            Blame::Own(region) => write!(f, "{region} did not hear itself, but others and was heard"),
            Blame::Pair { from, to } => write!(f, "nothing arrived from {from} at {to}: that replication pair"),
        }
    }
}

#[cfg(test)]
#[path = "matrix_tests.rs"]
mod tests;
