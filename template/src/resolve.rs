//! From nodes to values: the intrinsic functions, under given parameters and conditions.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Fault, Path, TemplateError, What, unknown};
use crate::node::{Function, Kind, Node};
use crate::sub::{Piece, pieces};
use crate::value::{Attribute, REF, Text, Value};

/// The pseudo parameter that stands for nothing.
const NO_VALUE: &str = "AWS::NoValue";

/// What names mean while a template is resolved.
pub(crate) struct Scope<'a> {
    /// Parameters and pseudo parameters.
    pub(crate) values: &'a BTreeMap<String, Value>,
    pub(crate) mappings: Option<&'a Node>,
    /// Every resource, and whether it is made.
    pub(crate) resources: &'a BTreeMap<String, bool>,
    /// Whether a transform makes further resources, whose names begin with those of the resources that they are made from.
    pub(crate) transformed: bool,
    pub(crate) conditions: &'a BTreeMap<String, bool>,
}

type Resolved<T> = Result<T, TemplateError>;

impl Scope<'_> {
    /// The value of a node; `None` for AWS::NoValue, which takes what holds it away.
    pub(crate) fn value(&self, node: &Node, path: &Path<'_>) -> Resolved<Option<Value>> {
        Ok(Some(match &node.kind {
            Kind::Bool(yes) => Value::Bool(*yes),
            Kind::Int(number) => Value::Int(*number),
            Kind::Float(number) => Value::Float(*number),
            Kind::Text(text) => Value::from(text.as_str()),
            Kind::List(items) => Value::List(self.list(items, path)?),
            Kind::Map(entries) => {
                let mut map = BTreeMap::new();
                for (key, node) in entries {
                    if let Some(value) = self.value(node, &path.key(key, node.line))? {
                        map.insert(key.clone(), value);
                    }
                }
                Value::Map(map)
            }
            Kind::Call(function, given) => return self.call(*function, given, path),
        }))
    }

    /// The value of a node that cannot be nothing.
    pub(crate) fn needed(&self, node: &Node, path: &Path<'_>) -> Resolved<Value> {
        self.value(node, path)?.ok_or_else(|| path.fault(Fault::NoValue))
    }

    fn list(&self, items: &[Node], path: &Path<'_>) -> Resolved<Vec<Value>> {
        let mut list = Vec::new();
        for (index, item) in items.iter().enumerate() {
            list.extend(self.value(item, &path.item(index, item.line))?);
        }
        Ok(list)
    }

    fn call(&self, function: Function, given: &Node, path: &Path<'_>) -> Resolved<Option<Value>> {
        let takes = |takes| path.fault(Fault::Takes { function, takes });
        match function {
            Function::Ref => self.reference(given.text().ok_or_else(|| takes("a name"))?, path),
            Function::GetAtt => self.attribute(given, path).map(Some),
            Function::If => match given.list() {
                Some([condition, then, otherwise]) => {
                    let name = condition.text().ok_or_else(|| takes("the name of a condition, a value and another"))?;
                    let (index, chosen) = if self.condition(name, path)? { (1, then) } else { (2, otherwise) };
                    self.value(chosen, &path.item(index, chosen.line))
                }
                _ => Err(takes("the name of a condition, a value and another")),
            },
            Function::Sub => self.sub(given, path).map(|text| Some(Value::Text(text))),
            Function::Join => match given.list() {
                Some([between, items]) => {
                    let between = between.text().ok_or_else(|| takes("what to put between, as text, and a list"))?;
                    self.join(between, items, path).map(|text| Some(Value::Text(text)))
                }
                _ => Err(takes("what to put between, as text, and a list")),
            },
            Function::Split => match given.list() {
                Some([at, text]) => {
                    let at = at.text().filter(|at| !at.is_empty()).ok_or_else(|| takes("what to split at, as text, and a text"))?;
                    let text = self.known_text(text, &path.item(1, text.line))?;
                    Ok(Some(Value::List(text.split(at).map(Value::from).collect())))
                }
                _ => Err(takes("what to split at, as text, and a text")),
            },
            Function::Select => match given.list() {
                Some([index, items]) => self.select(index, items, path).map(Some),
                _ => Err(takes("a number from 0 and a list")),
            },
            Function::FindInMap => match given.list() {
                Some([mapping, top, second]) => self.find(mapping, top, second, path).map(Some),
                _ => Err(takes("the name of a mapping and two keys")),
            },
            Function::And
            | Function::Or
            | Function::Not
            | Function::Equals
            | Function::Condition
            | Function::Contains
            | Function::EachMemberEquals
            | Function::EachMemberIn => Err(path.fault(Fault::OutOfPlace { function, gives: "a condition" })),
        }
    }

    pub(crate) fn condition(&self, name: &str, path: &Path<'_>) -> Resolved<bool> {
        let known = || self.conditions.keys().map(String::as_str);
        self.conditions.get(name).copied().ok_or_else(|| path.fault(unknown(What::Condition, name, known())))
    }

    fn reference(&self, name: &str, path: &Path<'_>) -> Resolved<Option<Value>> {
        if name == NO_VALUE {
            return Ok(None);
        }
        if let Some(value) = self.values.get(name) {
            return Ok(Some(value.clone()));
        }
        self.resource(name, path)?;
        Ok(Some(Value::Text(Attribute { resource: name.to_owned(), name: REF.to_owned() }.into())))
    }

    /// Sees to it that a resource is there to be referred to.
    fn resource(&self, name: &str, path: &Path<'_>) -> Resolved<()> {
        match self.resources.get(name) {
            Some(true) => Ok(()),
            Some(false) => Err(path.fault(Fault::NotMade(name.to_owned()))),
            None if self.transformed && self.resources.keys().any(|made| name.starts_with(made)) => Ok(()),
            None => {
                let known: BTreeSet<&str> = self.resources.keys().chain(self.values.keys()).map(String::as_str).collect();
                Err(path.fault(unknown(What::Referent, name, known)))
            }
        }
    }

    fn attribute(&self, given: &Node, path: &Path<'_>) -> Resolved<Value> {
        let takes = || path.fault(Fault::Takes { function: Function::GetAtt, takes: "a resource and an attribute" });
        let (resource, name) = match &given.kind {
            Kind::Text(text) => text.split_once('.').map(|(resource, name)| (resource.to_owned(), name.to_owned())).ok_or_else(takes)?,
            Kind::List(parts) => match parts.as_slice() {
                [resource, name] => {
                    let resource = resource.text().ok_or_else(takes)?;
                    (resource.to_owned(), self.known_text(name, &path.item(1, name.line))?)
                }
                _ => return Err(takes()),
            },
            _ => return Err(takes()),
        };
        if resource.is_empty() || name.is_empty() {
            return Err(takes());
        }
        self.resource(&resource, path)?;
        Ok(Value::Text(Attribute { resource, name }.into()))
    }

    fn sub(&self, given: &Node, path: &Path<'_>) -> Resolved<Text> {
        let takes = || path.fault(Fault::Takes { function: Function::Sub, takes: "a text, or a text and a mapping of names" });
        let (pattern, own) = match &given.kind {
            Kind::Text(text) => (text.as_str(), None),
            Kind::List(parts) => match parts.as_slice() {
                [text, names] => (text.text().ok_or_else(takes)?, Some(names.map().ok_or_else(takes)?)),
                _ => return Err(takes()),
            },
            _ => return Err(takes()),
        };
        let broken = || path.fault(Fault::Sub(pattern.chars().take(80).collect()));
        let mut text = Text::default();
        for piece in pieces(pattern).ok_or_else(broken)? {
            match piece {
                Piece::Literal(literal) => text.push(literal),
                Piece::Name(name) => {
                    let value = match own.and_then(|own| own.iter().find(|(key, _)| key == name)) {
                        Some((key, node)) => self.needed(node, &path.key(key, node.line))?,
                        None => self.named(name, path)?,
                    };
                    let wrong = || path.fault(Fault::Kind { wanted: "text", found: value.word() });
                    text.append(&value.text().ok_or_else(wrong)?);
                }
            }
        }
        Ok(text)
    }

    /// What a name in a `!Sub` stands for: `Parameter`, `Resource` or `Resource.Attribute`.
    fn named(&self, name: &str, path: &Path<'_>) -> Resolved<Value> {
        match name.split_once('.') {
            Some((resource, attribute)) => {
                self.resource(resource, path)?;
                Ok(Value::Text(Attribute { resource: resource.to_owned(), name: attribute.to_owned() }.into()))
            }
            None => self.reference(name, path)?.ok_or_else(|| path.fault(Fault::NoValue)),
        }
    }

    fn join(&self, between: &str, items: &Node, path: &Path<'_>) -> Resolved<Text> {
        let mut joined = Text::default();
        for (index, item) in self.items(items, Function::Join, path)?.iter().enumerate() {
            if index > 0 {
                joined.push(between);
            }
            let wrong = || path.item(index, items.line).fault(Fault::Kind { wanted: "text", found: item.word() });
            joined.append(&item.text().ok_or_else(wrong)?);
        }
        Ok(joined)
    }

    fn select(&self, index: &Node, items: &Node, path: &Path<'_>) -> Resolved<Value> {
        let takes = || path.fault(Fault::Takes { function: Function::Select, takes: "a number from 0 and a list" });
        let index = self.needed(index, &path.item(0, index.line))?;
        let index: i64 = index.text().and_then(|text| text.literal()?.parse().ok()).ok_or_else(takes)?;
        let items = self.items(items, Function::Select, path)?;
        let item = usize::try_from(index).ok().and_then(|index| items.get(index));
        item.cloned().ok_or_else(|| path.fault(Fault::OutOfRange { index, length: items.len() }))
    }

    /// What has to be a list, and may be a function that gives one.
    fn items(&self, node: &Node, function: Function, path: &Path<'_>) -> Resolved<Vec<Value>> {
        let path = path.item(1, node.line);
        match self.needed(node, &path)? {
            Value::List(items) => Ok(items),
            Value::Text(text) if text.literal().is_none() => Err(path.fault(Fault::Unresolved(text.to_string()))),
            other => {
                Err(path
                    .fault(Fault::Takes { function, takes: if matches!(other, Value::Text(_)) { "a list, not text" } else { "a list" } }))
            }
        }
    }

    fn find(&self, mapping: &Node, top: &Node, second: &Node, path: &Path<'_>) -> Resolved<Value> {
        let name = self.known_text(mapping, &path.item(0, mapping.line))?;
        let keys =
            |node: Option<&'_ Node>| node.and_then(Node::map).unwrap_or_default().iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
        let among = |what, name: &str, known: Vec<String>| path.fault(unknown(what, name, known.iter().map(String::as_str)));
        let mapping = self.mappings.and_then(|all| all.get(&name));
        let mapping = mapping.ok_or_else(|| among(What::Mapping, &name, keys(self.mappings)))?;
        let top = self.known_text(top, &path.item(1, top.line))?;
        let inner = mapping.get(&top).ok_or_else(|| among(What::Key, &top, keys(Some(mapping))))?;
        let second = self.known_text(second, &path.item(2, second.line))?;
        let found = inner.get(&second).ok_or_else(|| among(What::Key, &second, keys(Some(inner))))?;
        if matches!(found.kind, Kind::Call(..) | Kind::Map(_)) {
            return Err(path.fault(Fault::Kind { wanted: "a plain value in the mapping", found: found.word() }));
        }
        self.needed(found, path)
    }

    /// A text that is needed now, letter by letter.
    fn known_text(&self, node: &Node, path: &Path<'_>) -> Resolved<String> {
        let value = self.needed(node, path)?;
        let text = value.text().ok_or_else(|| path.fault(Fault::Kind { wanted: "text", found: value.word() }))?;
        text.literal().map(str::to_owned).ok_or_else(|| path.fault(Fault::Unresolved(text.to_string())))
    }
}
