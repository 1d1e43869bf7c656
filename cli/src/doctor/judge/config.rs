//! The configuration alone, beside the templates that this command carries: what can be said without asking anybody.

use decision::RegionName;

use super::names;
use crate::config::Config;
use crate::doctor::expected::Expected;
use crate::doctor::finding::{Anchor, Finding, Findings, Section, Severity};
use crate::doctor::offline;

/// What can be said of a configuration.
pub(crate) fn judge(config: &Config) -> Vec<Finding> {
    let mut found = Findings::of(Section::Config);
    pinned(&mut found, config);
    capacity(&mut found, config);
    if config.world().is_none() {
        tree(&mut found, config);
    }
    found.into_list()
}

/// Nothing has to be looked up while things are on fire.
fn pinned(found: &mut Findings, config: &Config) {
    let observers = config.policy.observers();
    let entry = |observer: &RegionName| config.file.observer.get(observer);
    let open: Vec<&str> = observers
        .iter()
        .filter(|observer| !entry(observer).is_some_and(|entry| entry.ssm.is_some() && entry.gate.is_some()))
        .map(RegionName::as_str)
        .collect();
    if open.is_empty() {
        found.ok(Anchor::PinnedEndpoints, format!("SSM and gate of all {} observers are pinned", observers.len()));
    } else {
        found.warning(
            Anchor::PinnedEndpoints,
            format!("SSM or gate of {} is not pinned", names(open)),
            "failover init --from-stack NAME writes them, or name them under [observer.REGION]",
        );
    }
}

/// What rules and previews know of room.
fn capacity(found: &mut Findings, config: &Config) {
    let policy = &config.policy;
    let unnamed: Vec<&str> =
        policy.regions().iter().filter(|region| !policy.spec().capacity.contains_key(*region)).map(RegionName::as_str).collect();
    if !unnamed.is_empty() {
        found.warning(
            Anchor::CapacityUnknown,
            format!(
                "[capacity] does not say what {} can carry: where something only sometimes fails, no other region is left for it",
                names(unnamed)
            ),
            "measure it, and write how much of the whole service's usual load each region can carry",
        );
        return;
    }
    let short: Vec<&str> = policy
        .regions()
        .iter()
        .filter(|out| policy.lacks_room(policy.regions().iter().filter(|region| region != out)))
        .map(RegionName::as_str)
        .collect();
    if short.is_empty() {
        found.ok(Anchor::CapacityUnknown, "without any one region, the others can carry the usual load");
    } else {
        found.warning(
            Anchor::CapacityUnknown,
            format!("without {} the others cannot carry the usual load, by [capacity]", names(short)),
            "give the others more room, or know that a drain there costs users",
        );
    }
}

/// The shipped templates make the tree that this configuration demands.
fn tree(found: &mut Findings, config: &Config) {
    let expected = Expected::of(config);
    let fix = "this version's templates do not fit this configuration; see docs/deploy.md for what they can do";
    let facts = match offline::facts(&expected) {
        Ok(facts) => facts,
        Err(why) => {
            found.error(Anchor::TreeDiffers, format!("the templates cannot be resolved for this configuration: {why}"), fix);
            return;
        }
    };
    let wrong: Vec<Finding> =
        super::records::judge(&facts, &expected).into_iter().filter(|finding| finding.severity != Severity::Ok).collect();
    for finding in &wrong {
        found.error(
            Anchor::TreeDiffers,
            format!("the templates would make another record tree than is demanded: {}", finding.sentence),
            fix,
        );
    }
    if wrong.is_empty() {
        found.ok(
            Anchor::TreeDiffers,
            format!(
                "the templates make the record tree that {} regions and {} observers demand",
                expected.regions.len(),
                expected.observers.len()
            ),
        );
    }
}
