//! The probe over real sockets, against a model of a chat API in several regions.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is all its fixture can do")]

mod fixture;

mod classified;
mod deadlines;
mod delivered;
mod function;
mod names;
mod running;
mod secured;
mod strangers;
