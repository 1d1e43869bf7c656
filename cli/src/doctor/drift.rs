//! What was deployed beside the template that this command carries: resource by resource, both resolved for the deployed parameters.
//!
//! Compared is what the templates say, not what became of the resources since: records, checks and tables are read themselves.

use std::collections::{BTreeMap, BTreeSet};

use decision::RegionName;
use template::{Given, Resource, Template, Value};

use super::facts::Stack;

/// The template of a region's stack, as this version ships it.
pub(crate) const REGIONAL: &str = include_str!("../../../template.yaml");
/// Properties that packaging fills in: where code is, and never what it does.
const PACKAGED: [&str; 4] = ["CodeUri", "Code", "ContentUri", "DefinitionUri"];
/// An account to resolve with. No account shows in what is compared.
const ACCOUNT: &str = "123456789012";

/// How a deployed template differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Drift {
    /// In nothing.
    None,
    /// In these resources, by logical name.
    Resources(Vec<String>),
    /// So much that it cannot be said in resources.
    Unreadable(String),
}

/// Compares the template of a region's stack with the one of this version.
pub(crate) fn regional(deployed: &str, stack: &Stack, region: &RegionName) -> Drift {
    between(deployed, REGIONAL, &stack.name, region.as_str(), &stack.parameters)
}

fn between(deployed: &str, ours: &str, name: &str, region: &str, parameters: &BTreeMap<String, String>) -> Drift {
    let resources = |text: &str| {
        let template = Template::read(text).map_err(|error| error.to_string())?;
        let known: BTreeSet<&str> = template.parameters().collect();
        // Each resolves what it knows: a parameter that only the other has shows in the resources that use it.
        let parameters = parameters.iter().filter(|(key, _)| known.contains(key.as_str()));
        let given = Given {
            name: name.to_owned(),
            region: region.to_owned(),
            account: ACCOUNT.to_owned(),
            parameters: parameters.map(|(key, value)| (key.clone(), value.clone())).collect(),
        };
        template.stack(&given).map(|stack| stack.resources).map_err(|error| error.to_string())
    };
    match (resources(deployed), resources(ours)) {
        (Ok(deployed), Ok(ours)) => compare(&deployed, &ours),
        (Err(why), _) => Drift::Unreadable(why),
        (_, Err(why)) => Drift::Unreadable(format!("with the deployed parameters, this version's has a flaw: {why}")),
    }
}

fn compare(deployed: &BTreeMap<String, Resource>, ours: &BTreeMap<String, Resource>) -> Drift {
    let names: BTreeSet<&String> = deployed.keys().chain(ours.keys()).collect();
    let differs = |name: &&String| match (deployed.get(*name), ours.get(*name)) {
        (Some(deployed), Some(ours)) => {
            deployed.kind != ours.kind || deployed.deletion_policy != ours.deletion_policy || properties(deployed) != properties(ours)
        }
        _ => true,
    };
    let changed: Vec<String> = names.into_iter().filter(differs).cloned().collect();
    if changed.is_empty() { Drift::None } else { Drift::Resources(changed) }
}

fn properties(resource: &Resource) -> BTreeMap<&str, &Value> {
    let kept = resource.properties.iter().filter(|(key, _)| !PACKAGED.contains(&key.as_str()));
    kept.map(|(key, value)| (key.as_str(), value)).collect()
}
