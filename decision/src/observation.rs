//! What one observer saw: rounds of observations, as the probe publishes them in `observed`.
//!
//! Documents only. What a run of rounds means is hysteresis.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::check::{Check, CheckResult, Outcome};
use crate::document::{DOCUMENT_BYTES_MAX, GENERATION_MAX, Schema, checked_document};
use crate::name::{RegionName, ServiceName};
use crate::policy::REGIONS_MAX;

/// How many rounds `observed` holds at the most. Older ones are already in the controllers' memory.
pub const ROUNDS_MAX: usize = 5;

/// The delivery matrix: milliseconds from the send into the first region to the arrival in the second; absent = lost.
pub type Matrix = BTreeMap<RegionName, BTreeMap<RegionName, u32>>;

/// The `observed` document: the last rounds of one observer, oldest first. One that was parsed has passed [`Observed::check`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Observed {
    /// Document version.
    pub schema: Schema,
    /// The service that was probed.
    pub service: ServiceName,
    /// The observer that probed it.
    pub observer: RegionName,
    /// Counts up with every write; a writer that is behind loses.
    pub generation: u64,
    /// Oldest first, at most [`ROUNDS_MAX`].
    pub rounds: Vec<Round>,
    /// The delivery matrix of the newest round.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub matrix: Matrix,
}

checked_document!(Observed);

/// What is wrong with an `observed` document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidObserved {
    /// A counter is larger than JSON readers can hold.
    #[error("{0} is more than a generation or round number may be, {GENERATION_MAX}")]
    Counter(u64),
    /// More rounds than are ever kept.
    #[error("it holds {0} rounds; at most {ROUNDS_MAX} are kept")]
    Rounds(usize),
    /// More regions than a service can have.
    #[error("round {number} tells of {regions} regions; a service has at most {REGIONS_MAX}")]
    Regions {
        /// The round.
        number: u64,
        /// How many.
        regions: usize,
    },
    /// More rows or columns than a service has regions.
    #[error("its matrix is larger than {REGIONS_MAX} by {REGIONS_MAX}")]
    Matrix,
}

impl Observed {
    /// Checks every limit. Parsing does it too.
    ///
    /// # Errors
    /// The first thing in it that breaks a limit.
    pub fn check(&self) -> Result<(), InvalidObserved> {
        let counters = [self.generation].into_iter().chain(self.rounds.iter().map(|round| round.number));
        if let Some(counter) = counters.into_iter().find(|counter| *counter > GENERATION_MAX) {
            return Err(InvalidObserved::Counter(counter));
        }
        if self.rounds.len() > ROUNDS_MAX {
            return Err(InvalidObserved::Rounds(self.rounds.len()));
        }
        if let Some(round) = self.rounds.iter().find(|round| round.regions.len() > REGIONS_MAX) {
            return Err(InvalidObserved::Regions { number: round.number, regions: round.regions.len() });
        }
        let large = self.matrix.len() > REGIONS_MAX || self.matrix.values().any(|row| row.len() > REGIONS_MAX);
        if large { Err(InvalidObserved::Matrix) } else { Ok(()) }
    }

    /// Adds the newest round with its matrix, and drops what no longer fits a document: the oldest rounds first, then the matrix.
    ///
    /// A round of the largest shape always fits, matrix and all. The generation is the writer's business.
    pub fn push(&mut self, round: Round, matrix: Matrix) {
        self.rounds.push(round);
        self.matrix = matrix;
        while self.rounds.len() > ROUNDS_MAX || (self.rounds.len() > 1 && !self.fits()) {
            self.rounds.remove(0);
        }
        if !self.fits() {
            self.matrix.clear();
        }
    }

    fn fits(&self) -> bool {
        serde_json::to_vec(self).is_ok_and(|json| json.len() <= DOCUMENT_BYTES_MAX)
    }
}

/// One round: every check of every region, from one observer, at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Round {
    /// Counts up by one; never goes back, also over restarts.
    pub number: u64,
    /// When the round ended, by the observer's clock.
    pub produced_at: Timestamp,
    /// The observer's judgement of itself. Anything but a pass or degraded makes the whole round `unknown`.
    #[serde(rename = "self")]
    pub self_check: Outcome,
    /// What was seen of each region.
    pub regions: BTreeMap<RegionName, Observation>,
}

/// What was seen of one region in one round.
pub type Observation = BTreeMap<Check, CheckResult>;
