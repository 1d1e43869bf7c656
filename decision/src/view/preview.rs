//! What a drain would do to the service, and which rules would refuse it.
//!
//! A forecast for people. The controllers apply the rules themselves, on what they read.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Answers, IntentView, RegionView};
use crate::intent::SafetyRule;
use crate::name::RegionName;
use crate::policy::Policy;

/// What a drain of one region would do, and which rules have a say.
///
/// Counted pessimistically: a region counts as left to serve only when no majority ejects it even if every observer that cannot be read did, and
/// when no drain of it is recorded. Better to refuse a drain that would have been safe, and name the rule and the way past it, than to empty the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DrainPreview {
    /// The region.
    pub region: RegionName,
    /// Regions that serve now.
    pub now: BTreeSet<RegionName>,
    /// Regions that would serve then.
    pub after: BTreeSet<RegionName>,
    /// The rules that have a say, strictest first.
    pub rules: Vec<RuleCheck>,
    /// The drained region that would have to serve again: going past `last-region` takes the place of the youngest drain, never of all regions.
    pub gives_way: Option<RegionName>,
}

/// One rule's answer to a drain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleCheck {
    /// The rule.
    pub rule: SafetyRule,
    /// Whether it lets the drain pass by itself.
    pub passes: bool,
    /// Whether the drain is asked to go past it.
    pub overridden: bool,
    /// What it looked at.
    pub why: String,
}

impl DrainPreview {
    pub(super) fn new(policy: &Policy, regions: &[RegionView], region: &RegionName, overrides: &[SafetyRule]) -> Self {
        let now = serving(regions);
        let after: BTreeSet<RegionName> = now
            .iter()
            .filter(|name| *name != region && !regions.iter().any(|view| view.region == **name && is_taken(view)))
            .cloned()
            .collect();
        let drained = regions.iter().any(|view| view.region == *region && is_taken(view));
        let others = regions.iter().filter(|view| view.region != *region && is_taken(view)).count();

        let all_but_one = regions.len().saturating_sub(1);
        let goes_first = overrides.contains(&SafetyRule::LastRegion);

        let last_region = RuleCheck {
            rule: SafetyRule::LastRegion,
            passes: drained || (!after.is_empty() && others < all_but_one),
            overridden: goes_first,
            why: match after.len() {
                0 => "no region would be left serving".to_owned(),
                1 => "1 region would be left serving".to_owned(),
                left => format!("{left} regions would be left serving"),
            },
        };
        let min_serving = usize::from(policy.thresholds().min_serving);
        let left = regions.len().saturating_sub(others + 1);
        let undrained = regions.iter().filter(|view| view.region != *region && !is_taken(view)).map(|view| &view.region);
        let lacks_room = others > 0 && policy.lacks_room(undrained);
        let capacity = RuleCheck {
            rule: SafetyRule::Capacity,
            // Where every other region is drained, last-region speaks; and who goes first takes another drain's place.
            passes: drained || goes_first || (others < policy.drains_max() && !lacks_room) || others >= all_but_one,
            overridden: overrides.contains(&SafetyRule::Capacity),
            why: if lacks_room {
                "the regions that would be left cannot carry the service's usual load".to_owned()
            } else {
                format!("{left} of {} regions would be left undrained; the policy wants {min_serving}", regions.len())
            },
        };
        let most = if capacity.overridden { all_but_one } else { policy.drains_max() };
        let gives_way = if goes_first && !drained && others >= most { youngest_drain(regions, region) } else { None };
        Self { region: region.clone(), now, after, rules: vec![last_region, capacity], gives_way }
    }

    /// The first rule that refuses, if any.
    #[must_use]
    pub fn refused_by(&self) -> Option<SafetyRule> {
        self.rules.iter().find(|check| !check.passes && !check.overridden).map(|check| check.rule)
    }
}

/// The drain that is last in order, and so the first to be refused.
fn youngest_drain(regions: &[RegionView], but: &RegionName) -> Option<RegionName> {
    let drains = regions.iter().filter(|view| view.region != *but && is_taken(view)).filter_map(|view| view.intent.as_ref());
    let order = |drain: &&IntentView| {
        let intent = &drain.intent;
        (!intent.overrides.contains(&SafetyRule::LastRegion), intent.generation, intent.recorded_at, intent.region.clone())
    };
    drains.max_by_key(order).map(|drain| drain.intent.region.clone())
}

/// Whether a drain of the region has its place, in effect or about to be.
pub(super) fn is_taken(view: &RegionView) -> bool {
    view.intent.as_ref().is_some_and(|standing| standing.reserved)
}

/// The regions that serve for sure.
pub(super) fn serving(regions: &[RegionView]) -> BTreeSet<RegionName> {
    regions.iter().filter(|view| view.answers == Answers::Serving).map(|view| view.region.clone()).collect()
}

pub(super) fn last_of(names: &BTreeSet<RegionName>) -> Option<&RegionName> {
    names.first().filter(|_| names.len() == 1)
}
