//! Many observers' copies of the intents become one standing set, the same for every controller.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::intent::{Intent, IntentKind, SafetyRule};
use crate::name::RegionName;
use crate::policy::Policy;

/// What a controller remembers of an intent, so that it stands while SSM is out of reach. In JSON, times are milliseconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remembered {
    /// The intent's id.
    pub id: String,
    /// Its generation.
    pub generation: u64,
    /// Drain or hold.
    pub kind: IntentKind,
    /// Who asked, shortened to [`REMEMBERED_ACTOR_BYTES`].
    pub actor: String,
    /// When it was recorded, to the millisecond.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub recorded_at: Timestamp,
    /// When it ends, to the millisecond.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub ends_at: Timestamp,
    /// The safety rules that it goes past, of those that can refuse a drain.
    #[serde(default, rename = "override", skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<SafetyRule>,
    /// Whether a person ended it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
    /// Whether it was seen at a majority of observers, once. From then on it stands until a higher generation says otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub established: bool,
}

/// The longest actor that is remembered, in bytes; the intent itself holds all of it.
pub const REMEMBERED_ACTOR_BYTES: usize = 24;

/// The intent that stands for one region, and what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The intent.
    pub intent: Remembered,
    /// What it does at this moment.
    pub effect: Effect,
}

/// What a standing intent does at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The region is drained.
    Drained,
    /// The drain is refused by this rule: other drains come first.
    Refused(SafetyRule),
    /// The drain is not yet seen at a majority of observers. It keeps its place in the order.
    Pending {
        /// At how many observers it was seen.
        seen: usize,
        /// At how many it must be seen.
        needed: usize,
    },
    /// Automation is frozen for the region.
    Held,
    /// A person ended it, or its time is over.
    Over,
}

/// The standing intent of every region that has one.
///
/// `seen` is what each observer's store holds (an observer that did not answer is absent), `own` what this controller remembers.
#[must_use]
pub fn merge(
    policy: &Policy,
    seen: &BTreeMap<RegionName, BTreeMap<RegionName, Intent>>,
    own: &BTreeMap<RegionName, Remembered>,
    now: Timestamp,
) -> BTreeMap<RegionName, Standing> {
    let _ = (policy, seen, own, now);
    BTreeMap::new()
}
