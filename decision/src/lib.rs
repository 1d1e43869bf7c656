//! The decision core: what observers saw and what people asked for become one vote per region.
//!
//! Pure: no async, no I/O, no clock, no randomness, no AWS. Time comes in as an argument.
//!
//! [`decide`] takes a [`Policy`], a [`Snapshot`] of everything one controller read, and the time, and returns the [`Votes`] to store. Its lanes, strictest
//! first, are files: `safety` (rules over all regions), [`standing`] (what people asked for), `automatic` (one region by itself), and `hysteresis`
//! (what a run of rounds means, and when nothing can be said). `announce` keeps the observers together from emptying the answer. All else is documents,
//! with the limits that parsing them holds.

mod announce;
mod automatic;
mod burn;
mod check;
mod coast;
mod decide;
mod document;
mod hysteresis;
mod intent;
mod memory;
pub mod moment;
mod name;
mod observation;
mod policy;
mod reason;
mod safety;
mod snapshot;
pub mod standing;
mod time;
mod view;
mod vote;

pub use burn::{Checks, InvalidChecks};
pub use check::{Cause, Check, CheckResult, InvalidOutcome, Outcome};
pub use decide::{Change, DECISIONS_MAX, Decision, decide};
pub use document::{DOCUMENT_BYTES_MAX, GENERATION_MAX, Schema, TextFault};
pub use intent::{
    ACTOR_MAX, Ended, ID_MAX, INTENT_MAX, Intent, IntentKind, InvalidIntent, REASON_MAX, SafetyRule, TICKET_MAX, UnknownRule,
};
pub use memory::{MEMORY_ROUNDS_MAX, Memory};
pub use name::{InvalidName, REGION_NAME_MAX, RegionName, ServiceName};
pub use observation::{InvalidObserved, Matrix, Observation, Observed, ROUNDS_MAX, Round};
pub use policy::{Failback, OBSERVERS_MAX, Policy, PolicyError, PolicySpec, REGIONS_MAX, Thresholds};
pub use reason::{Failing, Reason, Share};
pub use snapshot::Snapshot;
pub use standing::{Remembered, State};
pub use view::{
    Answers, DecidedBy, DrainPreview, Heard, IntentState, IntentView, News, ObserverView, RegionView, RuleCheck, Says, ServiceView, Tally,
    Warning,
};
pub use vote::{FINGERPRINT_MAX, InvalidVotes, RegionVote, Verdict, Vote, Votes};
