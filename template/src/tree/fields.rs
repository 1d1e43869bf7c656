//! Properties, read one by one: whatever has not been asked for at the end is unknown, and an error.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::error::{At, ModelError, ModelFault};
use crate::error::Near;
use crate::value::{Text, Value};

/// A mapping of properties, and which of them were asked for.
pub(super) struct Fields<'a> {
    at: At<'a>,
    path: String,
    entries: &'a BTreeMap<String, Value>,
    asked: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(at: At<'a>) -> Self {
        Self { at, path: String::new(), entries: &at.resource.properties, asked: RefCell::default() }
    }

    fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn wrong(&self, name: &str, wanted: &'static str, found: &Value) -> ModelError {
        let found = found.text().map_or_else(|| found.word().to_owned(), |text| text.to_string());
        self.at.fault(ModelFault::Kind { path: self.path(name), wanted, found })
    }

    pub(super) fn value(&self, name: &'static str) -> Option<&'a Value> {
        self.asked.borrow_mut().insert(name);
        self.entries.get(name)
    }

    fn needed<T>(&self, name: &'static str, found: Option<T>) -> Result<T, ModelError> {
        found.ok_or_else(|| self.at.fault(ModelFault::Missing { path: self.path(name) }))
    }

    pub(super) fn text(&self, name: &'static str) -> Result<Option<Text>, ModelError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        value.text().map(Some).ok_or_else(|| self.wrong(name, "text", value))
    }

    pub(super) fn needed_text(&self, name: &'static str) -> Result<Text, ModelError> {
        let found = self.text(name)?;
        self.needed(name, found)
    }

    /// Text of which every part is known, this stack's own resources by their stand-in names.
    pub(super) fn literal(&self, name: &'static str) -> Result<Option<String>, ModelError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let text = self.at.stack.named(value).text();
        let literal = text.and_then(|text| text.literal().map(str::to_owned));
        literal.map(Some).ok_or_else(|| self.wrong(name, "text that is known before the stack exists", value))
    }

    pub(super) fn needed_literal(&self, name: &'static str) -> Result<String, ModelError> {
        let found = self.literal(name)?;
        self.needed(name, found)
    }

    /// A whole number, which may be written as text.
    pub(super) fn number<T: TryFrom<i64>>(&self, name: &'static str) -> Result<Option<T>, ModelError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let number = match value {
            Value::Int(number) => Some(*number),
            Value::Text(text) => text.literal().and_then(|text| text.parse().ok()),
            _ => None,
        };
        number.and_then(|number| T::try_from(number).ok()).map(Some).ok_or_else(|| self.wrong(name, "a whole number in range", value))
    }

    /// A truth value, which may be written as text, or what it is when it is not there.
    pub(super) fn truth(&self, name: &'static str, otherwise: bool) -> Result<bool, ModelError> {
        match self.value(name) {
            None => Ok(otherwise),
            Some(Value::Bool(yes)) => Ok(*yes),
            Some(value) => match value.literal() {
                Some("true") => Ok(true),
                Some("false") => Ok(false),
                _ => Err(self.wrong(name, "true or false", value)),
            },
        }
    }

    /// A list of texts of which every part is known; empty when it is not there.
    pub(super) fn literals(&self, name: &'static str) -> Result<Vec<String>, ModelError> {
        let Some(value) = self.value(name) else { return Ok(Vec::new()) };
        let named = self.at.stack.named(value);
        let texts = named.items().and_then(|items| items.iter().map(|item| item.literal().map(str::to_owned)).collect());
        texts.ok_or_else(|| self.wrong(name, "a list of texts that are known before the stack exists", &named))
    }

    /// The properties below one of these.
    pub(super) fn below(&self, name: &'static str) -> Result<Option<Self>, ModelError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let entries = value.entries().ok_or_else(|| self.wrong(name, "a mapping", value))?;
        Ok(Some(Self { at: self.at, path: self.path(name), entries, asked: RefCell::default() }))
    }

    pub(super) fn needed_below(&self, name: &'static str) -> Result<Self, ModelError> {
        let found = self.below(name)?;
        self.needed(name, found)
    }

    /// Refuses what nobody asked for.
    pub(super) fn end(self) -> Result<(), ModelError> {
        let asked = self.asked.borrow();
        match self.entries.keys().find(|name| !asked.contains(name.as_str())) {
            Some(name) => {
                let near = Near::to(name, asked.iter().copied());
                Err(self.at.fault(ModelFault::UnknownProperty { path: self.path(name), near }))
            }
            None => Ok(()),
        }
    }
}
