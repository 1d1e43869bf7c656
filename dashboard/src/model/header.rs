//! The head of every page: which service, seen from where, how old, who is signed in.

use decision::RegionName;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::part::Mark;

/// The head of every page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Header {
    /// The service.
    pub service: String,
    /// The public REST name.
    pub api: String,
    /// The public WebSocket name.
    pub websocket: String,
    /// Where this dashboard looks from.
    pub here: String,
    /// Who is signed in.
    pub actor: String,
    /// `viewer` or `operator`.
    pub role: &'static str,
    /// Whether this person may write.
    pub may_write: bool,
    /// How old all of it is.
    pub live: Live,
    /// The version of the snapshot, as `/events` counts.
    pub version: u64,
    /// When the page was made.
    pub at: Timestamp,
    /// The same for people: `03:22:07 UTC`.
    pub at_text: String,
    /// Every observer, and whether it is heard.
    pub observers: Vec<ObserverLine>,
}

/// How old what is shown is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Live {
    /// The state.
    pub state: LiveState,
    /// `live, 2 s old`; `NOT LIVE, last heard 03:22:41 UTC (20 s ago)`.
    pub text: String,
    /// When a majority of observers last answered.
    pub heard_at: Option<Timestamp>,
}

/// Whether what is shown is what is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LiveState {
    /// A majority of observers answered within ten seconds.
    Live,
    /// It did once.
    Stale,
    /// It never did.
    Never,
}

impl LiveState {
    /// The word of the JSON, which is a name for a style too.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            LiveState::Live => "live",
            LiveState::Stale => "stale",
            LiveState::Never => "never",
        }
    }
}

/// One observer, as far as it is heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ObserverLine {
    /// The observer.
    #[schemars(with = "String")]
    pub observer: RegionName,
    /// How good that is.
    pub mark: Mark,
    /// `fresh`, `stale`, `absent`, `unreachable`.
    pub heard: &'static str,
    /// `votes 2s ago, rounds 4s ago`; or why it cannot be read.
    pub text: String,
}
