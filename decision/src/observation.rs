//! What one observer saw: rounds of observations, as the probe publishes them in `observed`.
//!
//! Documents only. What a run of rounds means is hysteresis.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::check::{Check, CheckResult, Outcome};
use crate::document::Schema;
use crate::name::{RegionName, ServiceName};

/// How many rounds `observed` holds at the most. Older ones are already in the controllers' memory.
pub const ROUNDS_MAX: usize = 5;

/// The `observed` document: the last rounds of one observer, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    /// The delivery matrix of the newest round: milliseconds from send into the first region to arrival in the second; absent = lost.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub matrix: BTreeMap<RegionName, BTreeMap<RegionName, u32>>,
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
