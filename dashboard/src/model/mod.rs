//! What a page says, as data: every sentence is made here, so that pages only lay it out and the JSON says the very same.
//!
//! Pure: built from a [`Snapshot`](crate::Snapshot), who asks and the time. Nothing here reads, writes or escapes. Times stand twice: as people read
//! them, and as a timestamp for machines.

mod header;
mod log;
mod overview;
mod part;
pub(crate) mod path;
mod preview;
mod progress;
mod region;
#[cfg(test)]
pub(crate) mod sample;
mod scene;
#[cfg(test)]
mod tests;

pub use self::header::{Header, Live, LiveState, ObserverLine};
pub(crate) use self::log::{Attempt, Known, lines, log_page};
pub use self::log::{LogFilter, LogLine, LogPage};
pub(crate) use self::overview::overview;
pub use self::overview::{Banner, DnsAnswer, DnsPlace, DnsTable, Overview, Row, Standing};
pub use self::part::{Act, Button, Line, Mark, Spark};
pub use self::preview::{Choice, Fields, Outcome, Preview, Problem, Refused, RuleLine};
pub(crate) use self::preview::{Given, drain_refused, moved, needs_name, preview};
pub(crate) use self::progress::progress;
pub use self::progress::{Progress, Stage, StageLine, StageState};
pub use self::region::{CheckCell, CheckRow, Explained, Grid, GridCell, GridRow, Moment, RegionPage, Says, Slider};
pub(crate) use self::region::{Telling, region_page};
pub(crate) use self::scene::{Scene, live};
