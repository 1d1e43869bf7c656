//! Writing intents: drafted, recorded at a majority of observers, followed until they take effect. CLI and dashboard write by this and nothing else.
//!
//! Who may write, and what a person must confirm before, is for those who ask.

mod draft;
mod follow;
mod record;
mod turned;

pub use self::draft::{Before, ToEnd, Wanted, ended, extended, longer, new_id, quoted, released, to_end};
pub use self::follow::{Health, Way, health};
pub use self::record::{Outpaced, RecordError, Standing, moved, record, withdraw};
pub use self::turned::{Turned, ejecting, turned};
