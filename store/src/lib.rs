//! The documents of each observer in SSM Parameter Store: `observed`, `votes`, `turns/votes`, `turns/observed`, `intents/{region}`.
//!
//! The only crate that knows parameter names, and the only one that knows how a late writer is made to lose
//! ([`Store`] describes the protocol). It judges nothing: documents come out as they went in, or not at all. [`intent`] is how people's drains and holds
//! are written, by every tool alike; [`log`] is what the histories tell, [`explain`] why a region is where it is.

mod client;
mod document;
mod error;
pub mod explain;
mod failure;
mod gather;
mod history;
pub mod intent;
pub mod log;
mod observers;
mod parameter;
mod past;
mod rank;
mod reading;
mod replace;
mod ssm;
mod store;

pub use client::{aws_config, http_client, ssm_client};
pub use document::Flaw;
pub use error::{BoxError, StoreError, in_one_line};
pub use history::{History, Stood, Version};
pub use observers::{Observers, Recorded};
pub use past::Histories;
pub use reading::{Read, Reading, TooFew, answered, denied, failures};
pub use store::{DEADLINE, Intents, Rehearsal, Store, Turned, Turns};
