//! The facts of Route 53, one test or more each; `FACTS.md` names them by number.

#![expect(clippy::unwrap_used, reason = "what a test starts from must hold; where it does not, the test fails")]

mod answers;
mod checkers;
mod checks;
mod coasting;
mod detection;
mod facts;
mod given;
mod judging;
mod other_checks;
mod record_tree;
mod twins;
