//! Parameters: what a template asks for, and what it is given.
//!
//! `AllowedPattern` is left to CloudFormation, which refuses before it makes anything; every other rule is held here.

use std::collections::BTreeMap;

use crate::error::{Fault, Path, TemplateError, What, unknown};
use crate::node::{Kind, Node};
use crate::value::Value;

const KEYS: [&str; 11] = [
    "Type",
    "Default",
    "Description",
    "NoEcho",
    "AllowedValues",
    "AllowedPattern",
    "ConstraintDescription",
    "MinLength",
    "MaxLength",
    "MinValue",
    "MaxValue",
];

/// One parameter as declared.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parameter {
    line: usize,
    list: bool,
    number: bool,
    default: Option<String>,
    allowed: Vec<String>,
    length: (Option<i64>, Option<i64>),
    range: (Option<i64>, Option<i64>),
    secret: bool,
}

pub(crate) fn declared(section: Option<&Node>, path: &Path<'_>) -> Result<BTreeMap<String, Parameter>, TemplateError> {
    let Some(section) = section else { return Ok(BTreeMap::new()) };
    let path = path.key("Parameters", section.line);
    let entries = section.map().ok_or_else(|| path.fault(Fault::Kind { wanted: "a mapping", found: section.word() }))?;
    entries.iter().map(|(name, node)| Ok((name.clone(), parameter(node, &path.key(name, node.line))?))).collect()
}

fn parameter(node: &Node, path: &Path<'_>) -> Result<Parameter, TemplateError> {
    let entries = node.map().ok_or_else(|| path.fault(Fault::Kind { wanted: "a mapping", found: node.word() }))?;
    if let Some((key, of)) = entries.iter().find(|(key, _)| !KEYS.contains(&key.as_str())) {
        return Err(path.key(key, of.line).fault(unknown(What::Property, key, KEYS)));
    }
    let kind = node.get("Type").and_then(Node::text).ok_or_else(|| path.fault(Fault::Missing { wanted: "Type" }))?;
    let (list, number) = match kind {
        "String" => (false, false),
        "Number" => (false, true),
        "CommaDelimitedList" => (true, false),
        "List<Number>" => (true, true),
        // AWS's own types are text, or lists of it, of things that exist: `AWS::Route53::HostedZone::Id`.
        aws if aws.starts_with("AWS::") && !aws.starts_with("AWS::SSM::") => (false, false),
        aws if aws.starts_with("List<AWS::") => (true, false),
        other => {
            let fault = unknown(What::ParameterType, other, ["String", "Number", "CommaDelimitedList", "List<Number>"]);
            return Err(path.key("Type", node.line).fault(fault));
        }
    };
    let scalar = |key| match node.get(key) {
        None => Ok(None),
        Some(found) => scalar(found)
            .map(Some)
            .ok_or_else(|| path.key(key, found.line).fault(Fault::Kind { wanted: "text or a number", found: found.word() })),
    };
    let whole = |key| match scalar(key)? {
        None => Ok(None),
        Some(text) => {
            text.parse().map(Some).map_err(|_| path.key(key, node.line).fault(Fault::Kind { wanted: "a whole number", found: "text" }))
        }
    };
    let allowed = match node.get("AllowedValues") {
        None => Vec::new(),
        Some(found) => {
            let items = found.list().and_then(|items| items.iter().map(self::scalar).collect::<Option<Vec<_>>>());
            items
                .ok_or_else(|| path.key("AllowedValues", found.line).fault(Fault::Kind { wanted: "a list of text", found: found.word() }))?
        }
    };
    Ok(Parameter {
        line: node.line,
        list,
        number,
        default: scalar("Default")?,
        allowed,
        length: (whole("MinLength")?, whole("MaxLength")?),
        range: (whole("MinValue")?, whole("MaxValue")?),
        secret: scalar("NoEcho")?.as_deref() == Some("true"),
    })
}

fn scalar(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Text(text) => Some(text.clone()),
        Kind::Int(number) => Some(number.to_string()),
        Kind::Float(number) => Some(number.to_string()),
        Kind::Bool(yes) => Some(yes.to_string()),
        Kind::List(_) | Kind::Map(_) | Kind::Call(..) => None,
    }
}

/// The value of every parameter: what is given, or else its default.
pub(crate) fn values(
    declared: &BTreeMap<String, Parameter>,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Value>, TemplateError> {
    let path = Path::TOP.key("Parameters", 0);
    if let Some(name) = given.keys().find(|name| !declared.contains_key(*name)) {
        return Err(path.fault(unknown(What::Parameter, name, declared.keys().map(String::as_str))));
    }
    let value = |(name, parameter): (&String, &Parameter)| {
        let path = path.key(name, parameter.line);
        let text = given.get(name).or(parameter.default.as_ref()).ok_or_else(|| path.fault(Fault::NoParameterValue))?;
        Ok((name.clone(), parameter.value(text, &path)?))
    };
    declared.iter().map(value).collect()
}

impl Parameter {
    fn value(&self, text: &str, path: &Path<'_>) -> Result<Value, TemplateError> {
        let items: Vec<&str> = if self.list { text.split(',').map(str::trim).collect() } else { vec![text] };
        for item in &items {
            if let Some(why) = self.refusal(item) {
                let value = if self.secret { "(hidden)".to_owned() } else { item.chars().take(80).collect() };
                return Err(path.fault(Fault::ParameterValue { value, why }));
            }
        }
        Ok(if self.list { Value::List(items.into_iter().map(Value::from).collect()) } else { Value::from(text) })
    }

    fn refusal(&self, item: &str) -> Option<String> {
        if !self.allowed.is_empty() && !self.allowed.iter().any(|allowed| allowed == item) {
            return Some(format!("allowed is {}", self.allowed.join(", ")));
        }
        let length = i64::try_from(item.chars().count()).unwrap_or(i64::MAX);
        if let Some(min) = self.length.0.filter(|&min| length < min) {
            return Some(format!("{min} characters is the least"));
        }
        if let Some(max) = self.length.1.filter(|&max| length > max) {
            return Some(format!("{max} characters is the most"));
        }
        if !self.number {
            return None;
        }
        let Ok(number) = item.parse::<f64>() else { return Some("it is not a number".to_owned()) };
        #[expect(clippy::cast_precision_loss, reason = "bounds of parameters are small")]
        let outside = self.range.0.is_some_and(|min| number < min as f64) || self.range.1.is_some_and(|max| number > max as f64);
        outside.then(|| "it is out of range".to_owned())
    }
}
