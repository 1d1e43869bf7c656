//! The small parts that several pages share: marks, lines, buttons, sparklines.

use decision::RegionName;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How good news is. Shown by shape and colour, always with [`Mark::word`] or another word beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// As it should be.
    Good,
    /// Worth a look.
    Warn,
    /// Broken.
    Bad,
    /// Not known: neither good nor bad.
    Unknown,
    /// Under way.
    Going,
}

impl Mark {
    /// The word of the JSON, which is a name for a style too.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Mark::Good => "good",
            Mark::Warn => "warn",
            Mark::Bad => "bad",
            Mark::Unknown => "unknown",
            Mark::Going => "going",
        }
    }

    /// The word for people who do not see shapes.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Mark::Good => "fine",
            Mark::Warn => "look",
            Mark::Bad => "broken",
            Mark::Unknown => "not known",
            Mark::Going => "under way",
        }
    }

    /// The sign that the command line shows.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Mark::Good => "✓",
            Mark::Warn => "!",
            Mark::Bad => "✗",
            Mark::Unknown => "?",
            Mark::Going => "…",
        }
    }
}

/// One line of two columns: what it is about, and what is to be said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Line {
    /// `now`, `after`, `undo`; empty where the line goes on with the one above.
    pub word: String,
    /// The sentence.
    pub text: String,
}

impl Line {
    pub(crate) fn new(word: &str, text: impl Into<String>) -> Self {
        Self { word: word.to_owned(), text: text.into() }
    }
}

/// What a person may do to a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Send no new users there.
    Drain,
    /// End what stands, or release a manual failback.
    Resume,
    /// Move the end of what stands.
    Extend,
    /// Freeze automation.
    Hold,
}

impl Act {
    /// All of them.
    pub const ALL: [Act; 4] = [Act::Drain, Act::Resume, Act::Extend, Act::Hold];

    /// The word in paths, JSON and commands.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Act::Drain => "drain",
            Act::Resume => "resume",
            Act::Extend => "extend",
            Act::Hold => "hold",
        }
    }

    /// The act by its word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.as_str() == word)
    }

    /// Whether it has an end, which must be given.
    #[must_use]
    pub fn has_length(self) -> bool {
        matches!(self, Act::Drain | Act::Extend | Act::Hold)
    }
}

/// A way to the preview of an act. Shown to operators; a viewer may open the preview and write nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Button {
    /// The act.
    pub act: Act,
    /// The region.
    #[schemars(with = "String")]
    pub region: RegionName,
    /// What stands on it: `Preview drain`.
    pub label: String,
    /// Where it leads.
    pub href: String,
    /// The same as a command to copy; what is to be filled in stands as `…`.
    pub command: String,
}

/// A small curve with its words. Drawn from left (old) to right (new), all steps equally long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Spark {
    /// What is drawn: `REST read`.
    pub label: String,
    /// The newest value with its unit: `174 ms`; `-` where there is none.
    pub now: String,
    /// The whole curve in one sentence, for those who do not see it.
    pub title: String,
    /// When the first step begins.
    pub from: Option<Timestamp>,
    /// How long a step is, in seconds.
    pub step_seconds: u32,
    /// The slowest of each step, in milliseconds; none where nothing passed or nothing was made.
    pub values: Vec<Option<u32>>,
    /// Of each step, whether a check failed.
    pub failed: Vec<bool>,
    /// Of each step, whether users were sent elsewhere.
    pub out: Vec<bool>,
    /// The largest value, in milliseconds; at least 1.
    pub max: u32,
}
