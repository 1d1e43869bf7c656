//! Our code against emulators of AWS that others wrote: every call that we make, and the whole deployment.
//!
//! What the emulators lack, and what is done instead, is in the README beside this file. Stories that need no emulator are in `tests/it`.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on ends with what stopped it")]

mod clients;
mod emulators;
mod http;
mod programs;
mod story;
mod wire;
