//! What came of a run: numbers, broken promises, and what was stored.
//!
//! Values only. Who fills them is `score`, `watch` and the run itself.

use std::collections::BTreeMap;
use std::time::Duration;

use decision::{Intent, Observed, RegionName, Votes};
use jiff::Timestamp;
use serde::Serialize;

use super::transcript::{Transcript, seconds};
use crate::service::Score;

/// How much a run tells.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Detail {
    /// The numbers.
    #[default]
    Score,
    /// And everything that happened.
    Transcript,
    /// The run up to this minute, and what is stored then.
    Until(f64),
}

/// What came of one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// What users met.
    pub score: Score,
    /// How often a majority ejected a region by itself.
    pub ejections: u32,
    /// How often a majority ejected a region in which a user would have been hurt by less than 0.10, then and for the minute before.
    pub wrong_ejects: u32,
    /// Ejections by a majority and returns beyond the first of each, per region, summed.
    pub flips: u32,
    /// Minutes in which some home had no answer or one of last resort, and would have had a better one had nobody been ejected.
    pub minutes_nothing_served: f64,
    /// Minutes that passed without a round or a poll, because nothing could have come of it.
    pub coasted_minutes: f64,
    /// The first moment at which a user wholly in some region was hurt by 0.10 or more, in seconds.
    pub onset: Option<f64>,
    /// Seconds from the onset to the first ejection of that region by a majority.
    pub vote_after: Option<f64>,
    /// Seconds from the onset until that region was no longer answered to its own users.
    pub answers_after: Option<f64>,
    /// What the file forbids and happened all the same, as sentences.
    pub forbidden: Vec<String>,
    /// Promises that were broken.
    pub violations: Vec<Violation>,
    /// Everything that happened, if it was asked for.
    pub transcript: Option<Transcript>,
    /// What was stored at the moment asked for.
    pub documents: Option<Stored>,
}

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Violation {
    /// When, in seconds.
    #[serde(serialize_with = "seconds")]
    pub at: Duration,
    /// Which.
    pub invariant: Invariant,
    /// How, as a sentence.
    pub what: String,
}

/// A promise that a run watches. Numbers are those of `ARCHITECTURE.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Invariant {
    /// 4: silence ejects nobody, and neither does what an observer's own network swallows.
    SilenceIsUnknown,
    /// Every vote is stored with a reason that explains it.
    ReasonsFit,
    /// While a majority of gates can be reached, somebody is answered who is not ejected.
    SomethingAnswers,
    /// 2: deciding again on what is stored moves nothing.
    Settles,
    /// 5: votes never empty the answer.
    SomethingServes,
    /// 6: automation never undoes a person.
    PeopleStand,
    /// 7: a late writer loses.
    GenerationsGrow,
    /// Nobody who was left for failing serves again before the shortest hold-down, unless a safety rule needs it to.
    ReturnsAreHeld,
    /// While all regions fail alike, automation leaves none of them.
    AllAlikeStay,
    /// Documents fit a parameter, and are ones that can be read again.
    DocumentsFit,
}

/// What every observer's store held at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stored {
    /// That moment.
    pub at: Timestamp,
    /// By observer.
    pub observers: BTreeMap<RegionName, Documents>,
}

/// What one observer's store held.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Documents {
    /// The last rounds of its probe.
    pub observed: Option<Observed>,
    /// The votes of its controller.
    pub votes: Option<Votes>,
    /// The intents of operators, by region.
    pub intents: BTreeMap<RegionName, Intent>,
}
