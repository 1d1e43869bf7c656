//! What a person asked for: a drain or a hold of one region, as stored in `intents/{region}`.
//!
//! How intents of several observers become one is `standing`; whether one is refused is `safety`.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::document::{GENERATION_MAX, Schema, TextFault, checked_document, checked_text};
use crate::name::{RegionName, ServiceName};

/// The longest reason, in characters.
pub const REASON_MAX: usize = 200;
/// The longest actor, in characters.
pub const ACTOR_MAX: usize = 64;
/// The longest ticket, in characters.
pub const TICKET_MAX: usize = 40;

/// The longest id, in bytes.
pub const ID_MAX: usize = 32;
/// The longest time from an intent's record to its end.
pub const INTENT_MAX: SignedDuration = SignedDuration::from_hours(72);

/// The current intent for one region. One that was parsed has passed [`Intent::check`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
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

checked_document!(Intent);

/// What is wrong with an intent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIntent {
    /// The id is not one that we make.
    #[error("an intent's id is 1 to {ID_MAX} of a-z, 0-9 and -; this one is {0:?}")]
    Id(String),
    /// The generation is larger than JSON readers can hold.
    #[error("generation {0} is more than {GENERATION_MAX}")]
    Generation(u64),
    /// A text is missing, too long, or not one plain line.
    #[error("{field} {fault}")]
    Text {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        fault: TextFault,
    },
    /// It ends before it was recorded, or too long after.
    #[error("an intent ends after it was recorded, and at most {} hours after; this one was recorded {recorded_at} and ends {ends_at}", INTENT_MAX.as_hours())]
    Length {
        /// When it was recorded.
        recorded_at: Timestamp,
        /// When it ends.
        ends_at: Timestamp,
    },
    /// A safety rule is named twice.
    #[error("override names {0} twice")]
    Override(SafetyRule),
}

impl Intent {
    /// Checks every limit. Parsing does it too; a writer does it before it stores.
    ///
    /// # Errors
    /// The first thing in it that breaks a limit.
    pub fn check(&self) -> Result<(), InvalidIntent> {
        let of_id = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        if !(1..=ID_MAX).contains(&self.id.len()) || !self.id.bytes().all(of_id) {
            return Err(InvalidIntent::Id(self.id.chars().take(ID_MAX).collect()));
        }
        if self.generation > GENERATION_MAX {
            return Err(InvalidIntent::Generation(self.generation));
        }
        let text = |field, text: &str, min, max| checked_text(text, min, max).map_err(|fault| InvalidIntent::Text { field, fault });
        text("actor", &self.actor, 1, ACTOR_MAX)?;
        text("reason", &self.reason, 1, REASON_MAX)?;
        text("ticket", self.ticket.as_deref().unwrap_or("-"), 1, TICKET_MAX)?;
        if let Some(ended) = &self.ended {
            text("ended.by", &ended.by, 1, ACTOR_MAX)?;
            text("ended.reason", &ended.reason, 0, REASON_MAX)?;
        }
        let length = self.ends_at.duration_since(self.recorded_at);
        if length.is_negative() || length > INTENT_MAX {
            return Err(InvalidIntent::Length { recorded_at: self.recorded_at, ends_at: self.ends_at });
        }
        let twice = |rule: &&SafetyRule| self.overrides.iter().filter(|other| other == rule).count() > 1;
        self.overrides.iter().find(twice).map_or(Ok(()), |rule| Err(InvalidIntent::Override(*rule)))
    }

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
    /// All observers together leave a region in service, whatever those do that cannot be read.
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
