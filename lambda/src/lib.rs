//! How a function of ours runs on Lambda: one way to start, one format of log lines, one rule for deadlines.
//!
//! [`start`] reads the settings or says in one line what is wrong with them; [`run`] and [`serve`] hand events to a handler, each with the [`Deadline`] by
//! which it has to be done. What an event means never lives here, nor a word of chat or of failover: that is why `chat` may stand on it.

mod deadline;
pub mod environment;
mod failure;
#[cfg(feature = "http")]
mod http;
mod invocation;
mod log;
mod run;
#[cfg(feature = "service")]
pub mod service;

pub use deadline::{Deadline, MARGIN, Overdue};
#[cfg(feature = "http")]
pub use http::serve;
pub use run::{run, start};
