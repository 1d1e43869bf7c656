//! One region in depth: what each observer saw, which messages arrive where, how long things took, and who decided what.

use decision::RegionName;
use jiff::Timestamp;
use serde::Serialize;

use super::header::Header;
use super::log::LogLine;
use super::overview::Row;
use super::part::{Line, Mark, Spark};

/// One region in depth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegionPage {
    /// The head.
    pub header: Header,
    /// The region as in the table of the first screen.
    pub row: Row,
    /// Each check as each observer saw it in its newest round. A row per observer, a cell per check of [`RegionPage::check_names`].
    pub checks: Vec<CheckRow>,
    /// The names of the checks, in the order of the cells.
    pub check_names: Vec<&'static str>,
    /// The delivery matrix of each observer's newest round, all regions.
    pub grids: Vec<Grid>,
    /// Timings of the last hour: REST read, delivery, replication.
    pub timings: Vec<Spark>,
    /// Who decided what, on which evidence: now, or at the moment that was asked for.
    pub explained: Explained,
    /// The moments that can be asked for.
    pub slider: Slider,
}

/// What one observer saw of the region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckRow {
    /// The observer.
    pub observer: RegionName,
    /// `round 412 at 03:22:03 (4s ago), observer itself pass`, or why there is none.
    pub round: String,
    /// The worst of the cells; unknown where the observer is unfit or its round too old.
    pub mark: Mark,
    /// One per check.
    pub cells: Vec<CheckCell>,
}

/// What one check came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckCell {
    /// The check.
    pub check: &'static str,
    /// How good that is.
    pub mark: Mark,
    /// `pass`, `degraded:late`, `fail:status-503`, `unknown:not-tried`; `-` where it was not made.
    pub outcome: String,
    /// `42 ms`, `12 ms, attempt 2`; empty where it was not made.
    pub took: String,
}

/// The delivery matrix by one observer: from the region of the row into the region of the column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Grid {
    /// The observer.
    pub observer: RegionName,
    /// `seen from eu-west-1, 4s ago: 8 of 9 messages arrived; into eu-west-2 from us-east-1 lost`.
    pub title: String,
    /// The regions of the columns.
    pub columns: Vec<RegionName>,
    /// The rows.
    pub rows: Vec<GridRow>,
}

/// The messages that were sent into one region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GridRow {
    /// Where they were sent into.
    pub from: RegionName,
    /// Whether this is the region of the page.
    pub here: bool,
    /// One per column.
    pub cells: Vec<GridCell>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GridCell {
    /// Where it should arrive.
    pub to: RegionName,
    /// Good, or bad where it was lost.
    pub mark: Mark,
    /// How long it took, in milliseconds; none where it was lost.
    pub millis: Option<u32>,
    /// `92 ms` or `lost`.
    pub text: String,
    /// How dark the cell is: 0 (at once) to 4 (as slow as the slowest); 0 where it was lost.
    pub shade: u8,
}

/// Who decided what, on which evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// Whether this is a moment of the past.
    pub past: bool,
    /// The moment.
    pub at: Timestamp,
    /// `as of 2026-11-23 03:22:07 UTC, 5h 12m ago, by what SSM still has. Ages count from then.`; none for now.
    pub headline: Option<String>,
    /// `us-east-1 is ejected since 03:21 UTC (1m 1s ago)`.
    pub title: String,
    /// Votes, verdict, decided by, because, intent, a drain.
    pub lines: Vec<Line>,
    /// One block per observer.
    pub says: Vec<Says>,
    /// What happened until then, newest first; empty for now.
    pub before: Vec<LogLine>,
    /// Why nothing can be told of the moment that was asked for.
    pub problem: Option<String>,
}

/// What one observer has to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Says {
    /// The observer.
    pub observer: RegionName,
    /// How good that is.
    pub mark: Mark,
    /// `votes eject since 03:21:06 (1m 1s ago)`; `does not answer`.
    pub title: String,
    /// Lane, verdict, memory, decided, round, saw, stored.
    pub lines: Vec<Line>,
}

/// The moments that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Slider {
    /// The oldest moment of which anything is known here.
    pub from: Timestamp,
    /// The newest.
    pub to: Timestamp,
    /// The moment that is shown; none for now.
    pub at: Option<Timestamp>,
    /// What `at` in the address must be to be there again; `%F %T` in UTC, empty for now.
    pub value: String,
    /// The step to the moment before, as an address; none at the oldest.
    pub earlier: Option<String>,
    /// The step to the moment after, as an address; none at now.
    pub later: Option<String>,
    /// Back to now.
    pub now: String,
    /// Moments at which something changed, oldest first: at most 40.
    pub moments: Vec<Moment>,
}

/// A moment at which something changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// `03:21:06`.
    pub text: String,
    /// What changed.
    pub what: String,
    /// Its address.
    pub href: String,
    /// How good it was.
    pub mark: Mark,
    /// How far along the slider, in thousandths.
    pub permille: u16,
}
