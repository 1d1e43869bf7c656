//! A resolved value: what CloudFormation would hand to a service, with what only CloudFormation can know left as a name.

use std::collections::BTreeMap;
use std::fmt;

/// The name of the attribute that `!Ref` of a resource gives.
pub const REF: &str = "Ref";

/// A resolved value.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the kinds of JSON")]
pub enum Value {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Text),
    List(Vec<Value>),
    Map(BTreeMap<String, Value>),
}

/// What a resource is asked for: `!GetAtt resource.name`, or `!Ref resource` with the name [`REF`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attribute {
    /// The resource's logical name.
    pub resource: String,
    /// The attribute.
    pub name: String,
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name == REF { write!(f, "${{{}}}", self.resource) } else { write!(f, "${{{}.{}}}", self.resource, self.name) }
    }
}

/// Text in which attributes may stand.
#[derive(Debug, Clone, PartialEq, Eq, Default, PartialOrd, Ord)]
pub struct Text(Vec<Part>);

/// One part of a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// As it will be.
    Literal(String),
    /// Known only once the stack exists.
    Attribute(Attribute),
}

impl Text {
    /// The text, if every part of it is known.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The attribute, if the text is nothing else.
    #[must_use]
    pub fn attribute(&self) -> Option<&Attribute> {
        match self.0.as_slice() {
            [Part::Attribute(attribute)] => Some(attribute),
            _ => None,
        }
    }

    /// Its parts; no two literals in a row.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    pub(crate) fn push(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(Part::Literal(last)) => last.push_str(text),
            _ if text.is_empty() => {}
            _ => self.0.push(Part::Literal(text.to_owned())),
        }
    }

    pub(crate) fn append(&mut self, other: &Self) {
        for part in &other.0 {
            match part {
                Part::Literal(text) => self.push(text),
                Part::Attribute(_) => self.0.push(part.clone()),
            }
        }
    }

    fn known(&self, lookup: &impl Fn(&Attribute) -> Option<String>) -> Self {
        let mut known = Self::default();
        for part in &self.0 {
            match part {
                Part::Literal(text) => known.push(text),
                Part::Attribute(attribute) => match lookup(attribute) {
                    Some(text) => known.push(&text),
                    None => known.0.push(part.clone()),
                },
            }
        }
        known
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        let mut own = Self::default();
        own.push(text);
        own
    }
}

impl From<Attribute> for Text {
    fn from(attribute: Attribute) -> Self {
        Self(vec![Part::Attribute(attribute)])
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                Part::Literal(text) => f.write_str(text)?,
                Part::Attribute(attribute) => fmt::Display::fmt(attribute, f)?,
            }
        }
        Ok(())
    }
}

impl Value {
    /// The value with every attribute that `lookup` knows in its place.
    #[must_use]
    pub fn known(&self, lookup: &impl Fn(&Attribute) -> Option<String>) -> Self {
        match self {
            Self::Text(text) => Self::Text(text.known(lookup)),
            Self::List(items) => Self::List(items.iter().map(|item| item.known(lookup)).collect()),
            Self::Map(entries) => Self::Map(entries.iter().map(|(key, value)| (key.clone(), value.known(lookup))).collect()),
            Self::Bool(_) | Self::Int(_) | Self::Float(_) => self.clone(),
        }
    }

    /// The value below a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.get(key),
            _ => None,
        }
    }

    /// The items, if it is a list.
    #[must_use]
    pub fn items(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, if it is a mapping.
    #[must_use]
    pub fn entries(&self) -> Option<&BTreeMap<String, Self>> {
        match self {
            Self::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The text: of text itself, and of numbers and truth values as CloudFormation writes them where text is wanted.
    #[must_use]
    pub fn text(&self) -> Option<Text> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Bool(yes) => Some(Text::from(yes.to_string().as_str())),
            Self::Int(number) => Some(Text::from(number.to_string().as_str())),
            Self::Float(number) => Some(Text::from(number.to_string().as_str())),
            Self::List(_) | Self::Map(_) => None,
        }
    }

    /// The text, if it is text of which every part is known.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        match self {
            Self::Text(text) => text.literal(),
            _ => None,
        }
    }

    /// The kind as people call it.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Bool(_) => "a truth value",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Text::from(text))
    }
}
