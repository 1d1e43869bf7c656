//! Many observers' copies of the intents become one standing set, the same for every controller.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::intent::{IntentKind, SafetyRule};

/// What a controller remembers of an intent, so that it stands while SSM is out of reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remembered {
    /// The intent's id.
    pub id: String,
    /// Its generation.
    pub generation: u64,
    /// Drain or hold.
    pub kind: IntentKind,
    /// Who asked.
    pub actor: String,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// The safety rules that it goes past.
    #[serde(default, rename = "override", skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<SafetyRule>,
    /// Whether a person ended it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
}
