//! The `votes` document: what one observer's controller publishes, with its reasons and its memory.
//!
//! Documents only; `decide` makes them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::document::{GENERATION_MAX, Schema, TextFault, checked_document, checked_text};
use crate::intent::SafetyRule;
use crate::memory::{MEMORY_ROUNDS_MAX, Memory};
use crate::name::{RegionName, ServiceName};
use crate::policy::REGIONS_MAX;
use crate::reason::Reason;
use crate::standing::{REMEMBERED_ACTOR_BYTES, Remembered};

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

/// The longest policy fingerprint, in bytes.
pub const FINGERPRINT_MAX: usize = 64;

/// The `votes` document of one observer. One that was parsed has passed [`Votes::check`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
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

checked_document!(Votes);

/// What is wrong with a `votes` document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidVotes {
    /// A counter is larger than JSON readers can hold.
    #[error("{0} is more than a generation or round number may be, {GENERATION_MAX}")]
    Counter(u64),
    /// The fingerprint is not one that we make.
    #[error("the policy's fingerprint is at most {FINGERPRINT_MAX} letters and digits")]
    Fingerprint,
    /// More regions than a service can have.
    #[error("it votes on {0} regions; a service has at most {REGIONS_MAX}")]
    Regions(usize),
    /// A memory holds something else than rounds.
    #[error("{0}: its memory is no run of at most {MEMORY_ROUNDS_MAX} rounds")]
    Memory(RegionName),
    /// The remembered actor is no text that we keep.
    #[error("{region}: the actor {fault}")]
    Actor {
        /// The region.
        region: RegionName,
        /// What is wrong with it.
        fault: TextFault,
    },
}

impl Votes {
    /// Checks every limit. Parsing does it too.
    ///
    /// # Errors
    /// The first thing in it that breaks a limit.
    pub fn check(&self) -> Result<(), InvalidVotes> {
        if let Some(counter) = [self.generation, self.round].into_iter().find(|counter| *counter > GENERATION_MAX) {
            return Err(InvalidVotes::Counter(counter));
        }
        if self.policy.len() > FINGERPRINT_MAX || !self.policy.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(InvalidVotes::Fingerprint);
        }
        if self.regions.len() > REGIONS_MAX {
            return Err(InvalidVotes::Regions(self.regions.len()));
        }
        for (region, vote) in &self.regions {
            if !vote.memory.is_well_formed() {
                return Err(InvalidVotes::Memory(region.clone()));
            }
            for actor in vote.reason.actor().into_iter().chain(vote.intent.as_ref().map(|intent| intent.actor.as_str())) {
                let fault = |fault| InvalidVotes::Actor { region: region.clone(), fault };
                checked_text(actor, 0, REMEMBERED_ACTOR_BYTES).map_err(fault)?;
            }
        }
        Ok(())
    }

    /// The regions that the other observers must count as ejected by this one: those it ejects, and those it marks as announced.
    #[must_use]
    pub fn shown(&self) -> BTreeSet<RegionName> {
        self.regions.iter().filter(|(_, vote)| vote.is_shown()).map(|(region, _)| region.clone()).collect()
    }
}

/// One observer's vote on one region, and all that the next decision needs to remember.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionVote {
    /// Serve or eject.
    pub vote: Vote,
    /// Since when the vote is what it is.
    pub since: Timestamp,
    /// Of a region that serves: whether the other observers must count it as ejected all the same, because it is about to be, or was until so recently that
    /// Route 53's checkers may still see it.
    #[serde(default, rename = "ann", skip_serializing_if = "std::ops::Not::not")]
    pub announced: bool,
    /// Why. Its `Display` is the sentence people read.
    pub reason: Reason,
    /// The automatic verdict, beside the vote and whatever a person asked for.
    pub verdict: Verdict,
    /// Since when the verdict is what it is.
    pub verdict_since: Timestamp,
    /// The safety rule that took the last ejection back, until the vote moves again. The reason tells how the region does by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<SafetyRule>,
    /// Hysteresis memory.
    pub memory: Memory,
    /// The intent this controller last saw for the region: what it knows while SSM is out of reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Remembered>,
}

impl RegionVote {
    /// Whether the other observers must count the region as ejected by this one.
    pub(crate) fn is_shown(&self) -> bool {
        self.vote == Vote::Eject || self.announced
    }
}
