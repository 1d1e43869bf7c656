//! The `votes` document: what one observer's controller publishes, with its reasons and its memory.
//!
//! Documents only; `decide` makes them.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::document::Schema;
use crate::memory::Memory;
use crate::name::{RegionName, ServiceName};
use crate::reason::Reason;
use crate::standing::Remembered;

/// What an observer says about a region to Route 53.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vote {
    /// Send users there.
    Serve,
    /// Send no new users there.
    Eject,
}

impl Vote {
    /// The word used in JSON, on the gate and in sentences.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Vote::Serve => "serve",
            Vote::Eject => "eject",
        }
    }
}

impl fmt::Display for Vote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One observer's judgement of a region, after hysteresis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Users are served.
    Healthy,
    /// Users are served, not as they should be.
    Degraded,
    /// Users are not served.
    Unhealthy,
    /// Nothing can be said.
    Unknown,
}

impl Verdict {
    /// The word used in JSON, tables and sentences.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Healthy => "healthy",
            Verdict::Degraded => "degraded",
            Verdict::Unhealthy => "unhealthy",
            Verdict::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The `votes` document of one observer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Votes {
    /// Document version.
    pub schema: Schema,
    /// The service voted on.
    pub service: ServiceName,
    /// The observer that votes.
    pub observer: RegionName,
    /// Counts up with every write; a writer that is behind loses.
    pub generation: u64,
    /// When this was decided, by the controller's clock. The gate's `/alive` judges freshness by it.
    pub decided_at: Timestamp,
    /// Fingerprint of the policy it was decided under.
    pub policy: String,
    /// The newest round that is already in the memories below.
    pub round: u64,
    /// When that round ended, by the probe's clock. Rounds are told apart by it, because a probe that lost its count starts again at one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_at: Option<Timestamp>,
    /// One entry per region of the policy.
    pub regions: BTreeMap<RegionName, RegionVote>,
}

/// One observer's vote on one region, and all that the next decision needs to remember.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionVote {
    /// Serve or eject.
    pub vote: Vote,
    /// Since when the vote is what it is.
    pub since: Timestamp,
    /// Why. Its `Display` is the sentence people read.
    pub reason: Reason,
    /// The automatic verdict, beside the vote and whatever a person asked for.
    pub verdict: Verdict,
    /// Since when the verdict is what it is.
    pub verdict_since: Timestamp,
    /// Hysteresis memory.
    pub memory: Memory,
    /// The intent this controller last saw for the region: what it knows while SSM is out of reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Remembered>,
}
