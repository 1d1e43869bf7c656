//! The stacks: deployed, finished, with the parameters of the configuration, and from the template that this command carries.

use std::collections::{BTreeMap, BTreeSet};

use decision::RegionName;

use super::{names, unread};
use crate::config::Config;
use crate::doctor::drift::{self, Drift};
use crate::doctor::expected::Expected;
use crate::doctor::facts::{Facts, Stack};
use crate::doctor::finding::{Anchor, Finding, Findings, Section};

pub(super) fn judge(facts: &Facts, config: &Config, expected: &Expected) -> Vec<Finding> {
    let mut found = Findings::of(Section::Deployment);
    if facts.stacks.is_empty() {
        return found.into_list();
    }
    let Some(deployed) = &config.file.deployed else { return found.into_list() };
    let mut good = Vec::new();
    for (region, stack) in &facts.stacks {
        let mut of_stack = Findings::of(Section::Deployment);
        match stack {
            Ok(Some(stack)) => {
                one(&mut of_stack, region, stack, expected);
                // Resolved for other lists, every template looks different.
                if of_stack.all_ok() {
                    good.push((region, stack));
                }
            }
            Ok(None) => of_stack.error(
                Anchor::StackMissing,
                format!("there is no stack {} in {region}", deployed.stack),
                "deploy it, or take the region out of failover.toml and every other stack",
            ),
            Err(why) => unread(&mut of_stack, &format!("the stack {} in {region}", deployed.stack), why),
        }
        found.extend(of_stack);
    }
    let mut of_templates = Findings::of(Section::Deployment);
    drifts(&mut of_templates, &good);
    if !good.is_empty() {
        let regions = names(good.iter().map(|(region, _)| region.as_str()));
        if of_templates.all_ok() {
            found.ok(
                Anchor::TemplateDrift,
                format!("the stack {} in {regions} is of this version's template, with the parameters of failover.toml", deployed.stack),
            );
        } else {
            found.ok(Anchor::StackParameters, format!("the stack {} in {regions} has the parameters of failover.toml", deployed.stack));
        }
    }
    found.extend(of_templates);
    found.into_list()
}

fn one(found: &mut Findings, region: &RegionName, stack: &Stack, expected: &Expected) {
    let name = &stack.name;
    if stack.status.ends_with("_IN_PROGRESS") {
        found.warning(Anchor::StackMissing, format!("{name} in {region} is being changed: {}", stack.status), "wait for it, and ask again");
    } else if !matches!(stack.status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE") {
        found.error(
            Anchor::StackMissing,
            format!("{name} in {region} is {}", stack.status),
            "see its events, mend the cause and deploy it again",
        );
    }
    let differences = differences(region, stack, expected);
    if !differences.is_empty() {
        found.error(
            Anchor::StackParameters,
            format!("{name} in {region} was deployed otherwise than failover.toml says: {}", differences.join("; ")),
            format!("deploy every stack with the same lists, then write the file anew: failover init --from-stack {name} --force"),
        );
    }
}

/// The templates of all stacks: those that differ in the same are said together.
fn drifts(found: &mut Findings, stacks: &[(&RegionName, &Stack)]) {
    let mut by: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (region, stack) in stacks {
        match &stack.template {
            Ok(text) => match drift::regional(text, stack, region) {
                Drift::None => {}
                Drift::Resources(changed) => by.entry(format!("it differs in {}", some(&changed))).or_default().push(region.as_str()),
                Drift::Unreadable(why) => by.entry(why).or_default().push(region.as_str()),
            },
            Err(why) => unread(found, &format!("the template of {} in {region}", stack.name), why),
        }
    }
    let name = stacks.first().map_or("", |(_, stack)| stack.name.as_str());
    for (how, regions) in by {
        found.warning(
            Anchor::TemplateDrift,
            format!("{name} in {} was deployed from another template than this version's: {how}", names(regions)),
            "deploy it with this version, or use the version of failover that deployed it",
        );
    }
}

/// What the stack was given, beside what the configuration says.
fn differences(region: &RegionName, stack: &Stack, expected: &Expected) -> Vec<String> {
    let mut list = Vec::new();
    let given = |key: &str| stack.parameters.get(key).map(String::as_str);
    let mut note = |key: &str, wanted: &str| {
        if let Some(given) = given(key).filter(|given| *given != wanted) {
            list.push(format!("{key} is {given}, and {wanted} here"));
        }
    };
    note("Service", &expected.service);
    if let Some(domain) = expected.domain() {
        note("DomainName", domain);
    }
    note("ObserverCount", &expected.observers.len().to_string());
    note("Serves", if expected.regions.contains(region) { "true" } else { "false" });
    for (key, wanted) in [("Regions", &expected.regions), ("Observers", &expected.observers)] {
        let Some(given) = given(key) else { continue };
        let given: BTreeSet<&str> = given.split(',').map(str::trim).collect();
        let wanted: BTreeSet<&str> = wanted.iter().map(RegionName::as_str).collect();
        if given != wanted {
            list.push(format!("{key} is {}, and {} here", names(given), names(wanted)));
        }
    }
    list
}

/// A few names, and how many more.
fn some(list: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown = names(list.iter().take(SHOWN).map(String::as_str));
    if list.len() > SHOWN { format!("{shown}, and {} more", list.len() - SHOWN) } else { shown }
}
