//! Whether `failover` itself is ready: facts are gathered (`gather`), then judged (`judge`), purely, against what the configuration demands
//! (`expected`).
//!
//! It goes on after every failure, changes nothing but one parameter that means nothing (`store::Rehearsal`), and decides nothing.

mod drift;
mod expected;
pub(crate) mod facts;
mod finding;
pub(crate) mod gather;
mod judge;
mod offline;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use self::finding::{Finding, Tally};
pub(crate) use self::judge::{in_order, judge, judge_before, judge_config};
pub(crate) use self::text::text;
