//! Incidents in virtual time: a chat service as users feel it, watched, decided on and moved by the code that ships.
//!
//! Three parts, each pure. [`incident`] reads what happened from a file. [`service`] says what that means for a connection, a message and a user at
//! one moment. [`engine`] lets observers look, lets the `decision` crate decide once per observer, lets the `route53` model carry it out, and tells
//! what came of it. No clock, no sleep, no thread: time is a number, and one seed draws everything that is random.

pub mod engine;
pub mod incident;
pub mod random;
pub mod service;
