//! The dashboard of a running demo as people use it: in a real browser, through the link that the demo prints.
//!
//! Each test brings up a world of its own. What the pages looked like is left under `target/dashboard/`, for people to look at.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on ends with what stopped it")]

mod album;
mod attacks;
#[path = "../running/mod.rs"]
#[expect(dead_code, reason = "demo.rs uses what this does not")]
mod running;
#[expect(dead_code, reason = "the bench uses what this does not")]
mod site;
mod states;
mod story;
