//! What is known of the service: looked at by one task, shown to everybody.
//!
//! Everybody shares the newest [`Snapshot`]; however many watch, the observers are asked once.

mod history;
mod look;
mod past;
mod snapshot;
mod watch;

pub(crate) use self::look::Looker;
pub(crate) use self::past::{Past, Remembered};
pub use self::snapshot::{Answered, DnsState, Documents, Point, RegionState, Seen, Snapshot};
pub(crate) use self::watch::Watch;
