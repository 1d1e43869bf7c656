//! What the stacks of a service say together, and where they contradict each other. Pure.

use std::collections::{BTreeMap, BTreeSet};

use decision::{PolicySpec, RegionName};

use crate::doctor::facts::Stack;

/// A service as its stacks tell it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// The stacks' name.
    pub(super) stack: String,
    /// What the controllers decide by.
    pub(super) policy: PolicySpec,
    /// The public name of the REST API.
    pub(super) api: String,
    /// The public name of the WebSocket API.
    pub(super) websocket: String,
    /// The hosted zone.
    pub(super) hosted_zone: Option<String>,
    /// The table of messages.
    pub(super) messages_table: Option<String>,
    /// Per observer: SSM and gate.
    pub(super) observers: BTreeMap<RegionName, Ends>,
}

/// Where an observer is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) ssm: String,
    pub(super) gate: String,
}

/// What one stack says that every other must say too.
const SHARED: [&str; 6] = ["Service", "ApiName", "WebSocketName", "HostedZoneId", "MessagesTable", "ControllersCheckId"];

/// The policy in a stack's outputs.
///
/// # Errors
/// What is wrong with it, or with the stack.
pub(super) fn policy_of(region: &RegionName, stack: &Stack) -> Result<PolicySpec, String> {
    if !stack.status.ends_with("_COMPLETE") || stack.status == "ROLLBACK_COMPLETE" || stack.status == "DELETE_COMPLETE" {
        return Err(format!("{} in {region} is {}", stack.name, stack.status));
    }
    let text =
        stack.outputs.get("Policy").ok_or_else(|| format!("{} in {region} has no output Policy: is it of template.yaml?", stack.name))?;
    serde_json::from_str(text).map_err(|error| format!("the output Policy of {} in {region} cannot be read: {error}", stack.name))
}

/// Puts together what the stack of every observer says. `ssm` tells the endpoint of a region's SSM.
///
/// # Errors
/// Every contradiction, one line each.
pub(super) fn together(stacks: &BTreeMap<RegionName, Stack>, ssm: impl Fn(&RegionName) -> String) -> Result<Found, Vec<String>> {
    let mut flaws = Vec::new();
    let mut policies: Vec<(&RegionName, PolicySpec)> = Vec::new();
    for (region, stack) in stacks {
        match policy_of(region, stack) {
            Ok(policy) => policies.push((region, policy)),
            Err(why) => flaws.push(why),
        }
    }
    let Some((home, policy)) = policies.first().cloned() else {
        flaws.push("no stack says what it is part of".to_owned());
        return Err(flaws);
    };
    flaws.extend(
        policies
            .iter()
            .filter(|(_, other)| *other != policy)
            .map(|(region, other)| format!("{region} decides by another policy than {home}: {}", differences(&policy, other).join("; "))),
    );
    for key in SHARED {
        let said: BTreeMap<&str, BTreeSet<&str>> = stacks
            .iter()
            .filter_map(|(region, stack)| Some((stack.outputs.get(key)?, region)))
            .fold(BTreeMap::new(), |mut said, (value, region)| {
                said.entry(value.as_str()).or_default().insert(region.as_str());
                said
            });
        if said.len() > 1 {
            let each = said.iter().map(|(value, regions)| format!("{value} in {}", regions.iter().copied().collect::<Vec<_>>().join(", ")));
            flaws.push(format!("{key} is {}", each.collect::<Vec<_>>().join(", but ")));
        }
    }
    let one = |key: &str| stacks.values().find_map(|stack| stack.outputs.get(key).cloned());
    let mut needed = |key: &str| {
        one(key).unwrap_or_else(|| {
            flaws.push(format!("no stack has an output {key}"));
            String::new()
        })
    };
    let (api, websocket) = (needed("ApiName"), needed("WebSocketName"));
    let mut observers = BTreeMap::new();
    for (region, stack) in stacks {
        match stack.outputs.get("GateUrl") {
            Some(gate) => drop(observers.insert(region.clone(), Ends { ssm: ssm(region), gate: gate.clone() })),
            None => flaws.push(format!("{} in {region} has no output GateUrl", stack.name)),
        }
    }
    if !flaws.is_empty() {
        return Err(flaws);
    }
    Ok(Found {
        stack: stacks.values().next().map(|stack| stack.name.clone()).unwrap_or_default(),
        policy,
        api,
        websocket,
        hosted_zone: one("HostedZoneId"),
        messages_table: one("MessagesTable"),
        observers,
    })
}

/// In which of its parts one policy differs from another.
fn differences(one: &PolicySpec, other: &PolicySpec) -> Vec<String> {
    let names = |set: &BTreeSet<RegionName>| set.iter().map(RegionName::as_str).collect::<Vec<_>>().join(", ");
    let mut list = Vec::new();
    if one.service != other.service {
        list.push(format!("service {} and {}", one.service, other.service));
    }
    if one.regions != other.regions {
        list.push(format!("regions {} and {}", names(&one.regions), names(&other.regions)));
    }
    if one.observers != other.observers {
        list.push(format!("observers {} and {}", names(&one.observers), names(&other.observers)));
    }
    for (what, differs) in [
        ("thresholds", one.thresholds != other.thresholds),
        ("failback", one.failback != other.failback),
        ("capacity", one.capacity != other.capacity),
    ] {
        if differs {
            list.push(what.to_owned());
        }
    }
    list
}
