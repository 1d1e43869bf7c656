//! A template, and the stack that it makes under given parameters.

use std::collections::{BTreeMap, BTreeSet};

use crate::conditions;
use crate::error::{Fault, Path, Place, TemplateError, What, unknown};
use crate::node::{Kind, Node};
use crate::parameters::{Parameter, declared, values};
use crate::resolve::Scope;
use crate::value::{Attribute, Value};
use crate::yaml;

const SECTIONS: [&str; 11] = [
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Transform",
    "Globals",
    "Resources",
    "Outputs",
];
/// What may stand in a resource beside its properties.
const OF_RESOURCE: [&str; 9] =
    ["Type", "Properties", "Condition", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy", "UpdatePolicy", "CreationPolicy", "Metadata"];
/// What may stand in an output.
const OF_OUTPUT: [&str; 4] = ["Value", "Description", "Export", "Condition"];

/// A template as read: every name in it may still be wrong until [`Template::stack`] resolves it.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    root: Node,
    parameters: BTreeMap<String, Parameter>,
}

/// What a stack is made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The stack's name.
    pub name: String,
    /// The region in which it is made.
    pub region: String,
    /// The account, twelve digits.
    pub account: String,
    /// The parameters as text, lists with commas.
    pub parameters: BTreeMap<String, String>,
}

/// A stack as a template makes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stack {
    /// Its name.
    pub name: String,
    /// The region in which it is made.
    pub region: String,
    /// What is made, by logical name; what a condition leaves out is not there.
    pub resources: BTreeMap<String, Resource>,
    /// The values of its outputs.
    pub outputs: BTreeMap<String, Value>,
    /// The values of its parameters, defaults included.
    pub parameters: BTreeMap<String, Value>,
}

/// One resource of a stack.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Its type: `AWS::Route53::HealthCheck`.
    pub kind: String,
    /// Its properties.
    pub properties: BTreeMap<String, Value>,
    /// What has to be there before it, by logical name.
    pub depends_on: BTreeSet<String>,
    /// What becomes of it when its stack is deleted, where that is not left to CloudFormation.
    pub deletion_policy: Option<String>,
    /// The line on which it stands in the template.
    pub line: usize,
}

impl Template {
    /// Reads a template: YAML, or JSON.
    ///
    /// # Errors
    /// [`TemplateError`] for what is no template at all.
    pub fn read(text: &str) -> Result<Self, TemplateError> {
        let root = yaml::read(text)?;
        let entries = root.map().ok_or_else(|| Path::TOP.fault(Fault::Kind { wanted: "a mapping", found: root.word() }))?;
        if let Some((section, node)) = entries.iter().find(|(section, _)| !SECTIONS.contains(&section.as_str())) {
            return Err(Path::TOP.key(section, node.line).fault(unknown(What::Section, section, SECTIONS)));
        }
        let parameters = declared(root.get("Parameters"), &Path::TOP)?;
        Ok(Self { root, parameters })
    }

    /// The names of its parameters.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.parameters.keys().map(String::as_str)
    }

    /// Resolves everything for these parameters.
    ///
    /// # Errors
    /// [`TemplateError`] names the first thing that is unknown, missing or out of place.
    pub fn stack(&self, given: &Given) -> Result<Stack, TemplateError> {
        let parameters = values(&self.parameters, &given.parameters)?;
        let mut names = pseudo(given);
        names.extend(parameters.clone());
        let transformed = self.root.get("Transform").is_some();
        let nothing = (BTreeMap::new(), BTreeMap::new());
        let early = Scope {
            values: &names,
            mappings: self.root.get("Mappings"),
            resources: &nothing.0,
            transformed: false,
            conditions: &nothing.1,
        };
        conditions::ruled(self.root.get("Rules"), &early)?;
        let conditions = conditions::evaluated(self.root.get("Conditions"), &early)?;
        let without = Scope { conditions: &conditions, ..early };
        let declared = self.section("Resources")?;
        let mut made = BTreeMap::new();
        for (name, node) in declared {
            made.insert(name.clone(), is_made(node, &without, &Path::TOP.key("Resources", 0).key(name, node.line))?);
        }
        let scope = Scope { resources: &made, transformed, ..without };
        let mut resources = BTreeMap::new();
        for (name, node) in declared.iter().filter(|(name, _)| made[name]) {
            resources.insert(name.clone(), resource(node, &scope, &Path::TOP.key("Resources", 0).key(name, node.line))?);
        }
        let mut outputs = BTreeMap::new();
        for (name, node) in self.section("Outputs")? {
            if let Some(value) = output(node, &scope, &Path::TOP.key("Outputs", 0).key(name, node.line))? {
                outputs.insert(name.clone(), value);
            }
        }
        Ok(Stack { name: given.name.clone(), region: given.region.clone(), resources, outputs, parameters })
    }

    fn section(&self, name: &str) -> Result<&[(String, Node)], TemplateError> {
        let Some(node) = self.root.get(name) else { return Ok(&[]) };
        node.map().ok_or_else(|| Path::TOP.key(name, node.line).fault(Fault::Kind { wanted: "a mapping", found: node.word() }))
    }
}

/// The pseudo parameters. The partition is AWS's public one; what is made elsewhere is not modelled.
fn pseudo(given: &Given) -> BTreeMap<String, Value> {
    let id = format!("arn:aws:cloudformation:{}:{}:stack/{}/{}", given.region, given.account, given.name, STACK_UUID);
    let text = |name: &str, value: &str| (format!("AWS::{name}"), Value::from(value));
    BTreeMap::from([
        text("AccountId", &given.account),
        text("Partition", "aws"),
        text("Region", &given.region),
        text("StackId", &id),
        text("StackName", &given.name),
        text("URLSuffix", "amazonaws.com"),
        ("AWS::NotificationARNs".to_owned(), Value::List(Vec::new())),
    ])
}

/// The last part of a stack's id, which CloudFormation makes up.
const STACK_UUID: &str = "00000000-0000-4000-8000-000000000000";

fn entries<'a>(node: &'a Node, known: &[&str], path: &Path<'_>) -> Result<&'a [(String, Node)], TemplateError> {
    let entries = node.map().ok_or_else(|| path.fault(Fault::Kind { wanted: "a mapping", found: node.word() }))?;
    match entries.iter().find(|(key, _)| !known.contains(&key.as_str())) {
        Some((key, of)) => Err(path.key(key, of.line).fault(unknown(What::Key, key, known.iter().copied()))),
        None => Ok(entries),
    }
}

fn is_made(node: &Node, scope: &Scope<'_>, path: &Path<'_>) -> Result<bool, TemplateError> {
    match node.get("Condition") {
        None => Ok(true),
        Some(condition) => {
            let path = path.key("Condition", condition.line);
            let name =
                condition.text().ok_or_else(|| path.fault(Fault::Kind { wanted: "the name of a condition", found: condition.word() }))?;
            scope.condition(name, &path)
        }
    }
}

fn resource(node: &Node, scope: &Scope<'_>, path: &Path<'_>) -> Result<Resource, TemplateError> {
    entries(node, &OF_RESOURCE, path)?;
    let kind = node.get("Type").and_then(Node::text).ok_or_else(|| path.fault(Fault::Missing { wanted: "Type" }))?;
    let properties = match node.get("Properties") {
        None => BTreeMap::new(),
        Some(properties) => {
            let path = path.key("Properties", properties.line);
            match scope.needed(properties, &path)? {
                Value::Map(entries) => entries,
                other => return Err(path.fault(Fault::Kind { wanted: "a mapping", found: other.word() })),
            }
        }
    };
    let mut depends_on = BTreeSet::new();
    if let Some(on) = node.get("DependsOn") {
        let path = path.key("DependsOn", on.line);
        let names = if let Kind::Text(name) = &on.kind {
            Some(vec![name.as_str()])
        } else {
            on.list().and_then(|all| all.iter().map(Node::text).collect())
        };
        for name in names.ok_or_else(|| path.fault(Fault::Kind { wanted: "names of resources", found: on.word() }))? {
            match scope.resources.get(name) {
                // CloudFormation waits for nothing that is not made.
                Some(false) => {}
                Some(true) => {
                    depends_on.insert(name.to_owned());
                }
                None => return Err(path.fault(unknown(What::Resource, name, scope.resources.keys().map(String::as_str)))),
            }
        }
    }
    let deletion_policy = node.get("DeletionPolicy").and_then(Node::text).map(str::to_owned);
    Ok(Resource { kind: kind.to_owned(), properties, depends_on, deletion_policy, line: node.line })
}

fn output(node: &Node, scope: &Scope<'_>, path: &Path<'_>) -> Result<Option<Value>, TemplateError> {
    entries(node, &OF_OUTPUT, path)?;
    if !is_made(node, scope, path)? {
        return Ok(None);
    }
    let value = node.get("Value").ok_or_else(|| path.fault(Fault::Missing { wanted: "Value" }))?;
    scope.needed(value, &path.key("Value", value.line)).map(Some)
}

impl Stack {
    /// The resources of a type, by logical name.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Resource)> {
        self.resources.iter().filter(move |(_, resource)| resource.kind == kind).map(|(name, resource)| (name.as_str(), resource))
    }

    /// The value of an output.
    ///
    /// # Errors
    /// [`TemplateError`] when there is none.
    pub fn output(&self, name: &str) -> Result<&Value, TemplateError> {
        let known = || self.outputs.keys().map(String::as_str);
        let fault = || TemplateError { place: Place { path: "Outputs".to_owned(), line: 0 }, fault: unknown(What::Output, name, known()) };
        self.outputs.get(name).ok_or_else(fault)
    }

    /// A value in which every `!Ref` of one of this stack's own resources is replaced by its [`Stack::physical_name`].
    #[must_use]
    pub fn named(&self, value: &Value) -> Value {
        value.known(&|attribute| self.physical(attribute))
    }

    fn physical(&self, attribute: &Attribute) -> Option<String> {
        (attribute.name == crate::REF).then(|| self.physical_name(&attribute.resource))
    }

    /// A stand-in for the physical name that CloudFormation would give to a resource: no other resource of any stack has it.
    #[must_use]
    pub fn physical_name(&self, resource: &str) -> String {
        format!("{}/{}/{resource}", self.region, self.name)
    }
}
