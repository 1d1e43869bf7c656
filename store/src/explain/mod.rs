//! Why a region is where it is, from stored documents alone: now, at a moment that SSM still remembers, or as a replay left them.
//!
//! `documents` is what it is told from, `account` arranges it as data, `told` makes the sentences. Pure, once the documents are read.

mod account;
mod documents;
mod told;

pub use self::account::{Account, Evidence, Spoken, Witness, account, view};
pub use self::documents::{Documents, Held, Kept, Missing, Source, Stored, Turn, reach};
pub use self::told::{Block, Row, Told};
