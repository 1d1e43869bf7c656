//! One observer's eyes: rounds of probes that do what a user does, and what they saw.
//!
//! [`Probe::round`] makes one round and tells it as [`Seen`]; [`run`] makes rounds for as long as it is let, publishes them, and
//! keeps a tripwire socket per region in between. Nothing here decides what a failure means for a region: that is the controller's.

mod certificate;
mod conclude;
mod connect;
mod delivery;
mod early;
mod endpoint;
pub mod environment;
mod exchange;
mod frame;
mod lag;
mod matrix;
mod metrics;
mod nonce;
mod pace;
mod publish;
mod rest;
mod round;
mod run;
mod seen;
mod settings;
mod ticket;
mod tripwire;
mod websocket;

pub use certificate::days_left;
pub use conclude::{RoundMet, conclude};
pub use early::EarlyRounds;
pub use matrix::{Blame, Judgement, Limits, Matrix, Patience};
pub use metrics::NAMESPACE;
pub use pace::{CONFIRMATIONS, FAST_ROUNDS, LOOKS_MAX, Look, Pace, SETTLE_ROUNDS, next_delay, phase, until_tick};
pub use publish::Publisher;
pub use round::Probe;
pub use run::{Ran, Runner, run};
pub use seen::{Counts, Distractor, Failure, Phase, Phases, PublicName, RegionSeen, Seen, Skew, Step};
pub use settings::{Network, PUBLIC_NAMES_MAX, Place, Settings, SettingsError, Target};
pub use ticket::{TICKET_HEADER, TICKET_LIFE, sign};
