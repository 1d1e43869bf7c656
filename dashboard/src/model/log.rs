//! The log: who did what, when and why, with what result; refusals too.

use decision::RegionName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::header::Header;
use super::part::Mark;

/// The log, filtered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogPage {
    /// The head.
    pub header: Header,
    /// What was asked for.
    pub filter: LogFilter,
    /// What is wrong with what was asked for; then the default is shown.
    pub problems: Vec<String>,
    /// The regions to choose from.
    pub regions: Vec<RegionName>,
    /// The lengths to choose from, as `since` has them.
    pub lengths: Vec<&'static str>,
    /// Newest first, at most 500.
    pub entries: Vec<LogLine>,
    /// `12 entries since 2026-11-16 03:22:07 UTC`, or `nothing happened in that time`.
    pub text: String,
    /// Who could not be read, and how far back votes are known.
    pub notes: Vec<String>,
    /// Where the same is as JSON to download.
    pub json: String,
}

/// What of the log is wanted. Empty is everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogFilter {
    /// One region.
    pub region: String,
    /// How far back: `24h`, `7d`. Seven days where it is empty.
    pub since: String,
    /// Text that stands in who or why.
    pub text: String,
    /// `people`, `votes`, `refusals`, or empty.
    pub what: String,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// When.
    pub at: Timestamp,
    /// `2026-11-23 03:22:07`.
    pub time: String,
    /// `12m ago`.
    pub ago: String,
    /// Where.
    pub region: RegionName,
    /// How good it is.
    pub mark: Mark,
    /// `drained until 05:10 UTC`, `votes eject`, `refused`, `drain refused`.
    pub what: String,
    /// A person, or `observer eu-west-1`.
    pub who: String,
    /// The reason, with the ticket.
    pub why: String,
    /// What came of it, where that is known: `recorded at 3 of 3 observers`; `nothing was changed`.
    pub result: String,
    /// The generation of the document that tells of it; none for what was never written.
    pub generation: Option<u64>,
}
