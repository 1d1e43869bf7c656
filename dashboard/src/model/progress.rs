//! How far a drain, or a return, has come: four stages with their times.

use decision::RegionName;
use jiff::Timestamp;
use serde::Serialize;

use super::header::Header;
use super::overview::Row;
use super::part::{Button, Line, Mark};

/// How far a region's newest intent has come. The page may be closed: what stands goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// The head.
    pub header: Header,
    /// The region.
    pub region: RegionName,
    /// `Drain of eu-west-2 by ana, until 07:22 UTC`.
    pub title: String,
    /// What it is now: `eu-west-2 is drained until 07:22 UTC. Then it returns through its failback gates; …`.
    pub text: String,
    /// How good that is.
    pub mark: Mark,
    /// The four stages, in order.
    pub stages: Vec<StageLine>,
    /// Whether nothing is left to wait for.
    pub over: bool,
    /// Reason, ticket, generation, where it is stored.
    pub lines: Vec<Line>,
    /// What takes it back.
    pub undo: Option<Button>,
    /// The region as in the table.
    pub row: Row,
}

/// The stages of every intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// A majority of observers holds the intent.
    Recorded,
    /// A majority of votes has turned.
    Health,
    /// Every DNS lookup says so.
    Answers,
    /// Answers that resolvers still kept have run out.
    Settled,
}

impl Stage {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Recorded => "recorded",
            Stage::Health => "health",
            Stage::Answers => "answers",
            Stage::Settled => "settled",
        }
    }

    /// What has happened then, in two words: `votes turned`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Stage::Recorded => "recorded",
            Stage::Health => "votes turned",
            Stage::Answers => "answers moved",
            Stage::Settled => "settled",
        }
    }
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StageLine {
    /// The stage.
    pub stage: Stage,
    /// Its label.
    pub label: &'static str,
    /// Where it is.
    pub state: StageState,
    /// The mark of that.
    pub mark: Mark,
    /// `03:22:31 (24s after it was recorded)`; empty while it is not reached.
    pub time: String,
    /// When it was reached.
    pub at: Option<Timestamp>,
    /// `3 of 3 observers vote eject`.
    pub text: String,
}

/// Where a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageState {
    /// Reached.
    Done,
    /// What is waited for now.
    Going,
    /// Comes after the one that is waited for.
    Waiting,
    /// Will not be reached: refused, overtaken, or over.
    Failed,
    /// Cannot be seen from here.
    Unknown,
}
