//! The intents that stand, as every controller merges them, with what each does at this moment.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::ObserverView;
use crate::document::Schema;
use crate::intent::{Intent, SafetyRule};
use crate::name::RegionName;
use crate::policy::Policy;
use crate::standing::{self, Effect, Remembered, Standing};
use crate::vote::Votes;

/// What an intent that is neither ended nor over does at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum IntentState {
    /// The controllers act by it.
    InForce,
    /// It is not yet seen at a majority of observers.
    Pending {
        /// At how many it was seen.
        seen: usize,
        /// At how many it must be seen.
        needed: usize,
    },
    /// A safety rule refuses it: other drains come first.
    Refused {
        /// The rule.
        rule: SafetyRule,
    },
}

/// The intent that stands for a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IntentView {
    /// The document.
    #[serde(flatten)]
    pub intent: Intent,
    /// What it does.
    #[serde(flatten)]
    pub state: IntentState,
    /// The observers whose SSM holds it, as far as they can be read.
    pub stored_at: Vec<RegionName>,
    /// Whether it is a drain that has a place among those that the rules let pass.
    #[serde(skip)]
    pub reserved: bool,
}

/// The intents that stand and are neither ended nor over, merged as every controller merges them.
pub(super) fn standing_intents<F>(
    policy: &Policy,
    heard: &[(ObserverView, Option<&Votes>)],
    intents: &BTreeMap<RegionName, Result<BTreeMap<RegionName, Intent>, F>>,
    now: Timestamp,
) -> BTreeMap<RegionName, IntentView> {
    let seen: BTreeMap<RegionName, BTreeMap<RegionName, Intent>> =
        intents.iter().filter_map(|(observer, read)| Some((observer.clone(), read.as_ref().ok()?.clone()))).collect();
    let mut own: BTreeMap<RegionName, Remembered> = BTreeMap::new();
    for (region, vote) in heard.iter().filter_map(|(_, votes)| *votes).flat_map(|votes| &votes.regions) {
        let Some(known) = &vote.intent else { continue };
        let rank = |intent: &Remembered| (intent.generation, intent.recorded_at, intent.state);
        if own.get(region).is_none_or(|other| rank(other) < rank(known)) {
            own.insert(region.clone(), known.clone());
        }
    }
    let merged = standing::merge(policy, &seen, &own, now);
    merged.into_iter().filter_map(|(region, standing)| Some((region.clone(), intent_view(policy, region, &standing, &seen)?))).collect()
}

fn intent_view(
    policy: &Policy,
    region: RegionName,
    standing: &Standing,
    seen: &BTreeMap<RegionName, BTreeMap<RegionName, Intent>>,
) -> Option<IntentView> {
    let state = match standing.effect {
        Effect::Drained | Effect::Held => IntentState::InForce,
        Effect::Pending { seen, needed } => IntentState::Pending { seen, needed },
        Effect::Refused(rule) => IntentState::Refused { rule },
        Effect::Over => return None,
    };
    let known = &standing.intent;
    let same = |intent: &&Intent| intent.id == known.id && intent.generation == known.generation;
    let copies: Vec<(&RegionName, &Intent)> =
        seen.iter().filter_map(|(observer, intents)| Some((observer, intents.get(&region).filter(same)?))).collect();
    let stored_at = copies.iter().map(|(observer, _)| (*observer).clone()).collect();
    let intent = copies.first().map(|(_, intent)| (*intent).clone()).unwrap_or_else(|| Intent {
        schema: Schema::V1,
        service: policy.service().clone(),
        region,
        id: known.id.clone(),
        generation: known.generation,
        kind: known.kind,
        actor: known.actor.clone(),
        reason: "remembered by the controllers; no copy of it can be read".to_owned(),
        ticket: None,
        recorded_at: known.recorded_at,
        ends_at: known.ends_at,
        overrides: known.overrides.clone(),
        ended: None,
    });
    Some(IntentView { intent, state, stored_at, reserved: standing.reserved })
}
