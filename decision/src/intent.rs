//! What a person asked for: a drain or a hold of one region, as stored in `intents/{region}`.
//!
//! How intents of several observers become one is `standing`; whether one is refused is `safety`.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::document::Schema;
use crate::name::{RegionName, ServiceName};

/// The longest reason, in characters.
pub const REASON_MAX: usize = 200;
/// The longest actor, in characters.
pub const ACTOR_MAX: usize = 64;
/// The longest ticket, in characters.
pub const TICKET_MAX: usize = 40;

/// The current intent for one region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// Document version.
    pub schema: Schema,
    /// The service it is for.
    pub service: ServiceName,
    /// The region it is for.
    pub region: RegionName,
    /// Names this drain or hold through its extensions and its end. Made by the writer, at most 32 of `a-z0-9-`.
    pub id: String,
    /// Service-wide counter: one more than the highest generation of any intent the writer saw.
    pub generation: u64,
    /// Drain or hold.
    pub kind: IntentKind,
    /// Who asked, at most [`ACTOR_MAX`] characters.
    pub actor: String,
    /// Why, at most [`REASON_MAX`] characters, never empty.
    pub reason: String,
    /// The ticket, if any, at most [`TICKET_MAX`] characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// When it was recorded, by the writer's clock. Orders intents of one generation; decides nothing else.
    pub recorded_at: Timestamp,
    /// When it ends. The region is then eligible to return, through the failback gates.
    pub ends_at: Timestamp,
    /// The safety rules that it goes past, by name.
    #[serde(default, rename = "override", skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<SafetyRule>,
    /// Set when a person ended it before its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IntentKind {
    /// Send no users there.
    Drain,
    /// Freeze automation: the vote stays as it is. People may still act.
    Hold,
}

impl IntentKind {
    /// The word used in JSON, tables and sentences.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            IntentKind::Drain => "drain",
            IntentKind::Hold => "hold",
        }
    }
}

impl fmt::Display for IntentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How a person ended an intent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// When, by the writer's clock.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// Why, if said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

impl Intent {
    /// Whether it is in force at `now`: neither ended by a person nor past its end.
    #[must_use]
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.ended.is_none() && now < self.ends_at
    }
}

/// A condition that refuses a vote or an intent, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SafetyRule {
    /// At least one region serves at every moment.
    LastRegion,
    /// At least `min_serving` regions stay, so that the survivors can carry the load.
    Capacity,
    /// One observer's automatic votes leave more than R·(n−m)/n of the R undrained regions in service.
    TooManyEjected,
    /// Nothing moves while everyone looks sick: then the fault is shared, or in the eye.
    EveryoneLooksSick,
    /// At most one automatic ejection per window.
    TooSoon,
}

impl SafetyRule {
    /// Every rule.
    pub const ALL: [SafetyRule; 5] =
        [SafetyRule::LastRegion, SafetyRule::Capacity, SafetyRule::TooManyEjected, SafetyRule::EveryoneLooksSick, SafetyRule::TooSoon];

    /// The name used in JSON, `--override` and sentences.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            SafetyRule::LastRegion => "last-region",
            SafetyRule::Capacity => "capacity",
            SafetyRule::TooManyEjected => "too-many-ejected",
            SafetyRule::EveryoneLooksSick => "everyone-looks-sick",
            SafetyRule::TooSoon => "too-soon",
        }
    }
}

impl fmt::Display for SafetyRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Text that names no safety rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a safety rule; the rules are last-region, capacity, too-many-ejected, everyone-looks-sick, too-soon")]
pub struct UnknownRule(String);

impl FromStr for SafetyRule {
    type Err = UnknownRule;

    fn from_str(raw: &str) -> Result<Self, UnknownRule> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == raw).ok_or_else(|| UnknownRule(raw.chars().take(40).collect()))
    }
}
