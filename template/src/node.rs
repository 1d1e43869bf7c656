//! A template as written: nested nodes with the line on which each begins and intrinsic functions told apart from mappings.
//!
//! Nothing is looked up here; that is `resolve`'s.

use std::fmt;

/// One node, and the line on which it begins, from 1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
    /// An intrinsic function and what it is given, from `!Sub x` and `{"Fn::Sub": x}` alike.
    Call(Function, Box<Node>),
}

impl Node {
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn list(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn map(&self) -> Option<&[(String, Node)]> {
        match &self.kind {
            Kind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.map()?.iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// The kind as people call it.
    pub(crate) fn word(&self) -> &'static str {
        match &self.kind {
            Kind::Bool(_) => "a truth value",
            Kind::Int(_) | Kind::Float(_) => "a number",
            Kind::Text(_) => "text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
            Kind::Call(..) => "a function",
        }
    }
}

/// The intrinsic functions that are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of CloudFormation")]
pub enum Function {
    Ref,
    Condition,
    And,
    Equals,
    FindInMap,
    GetAtt,
    If,
    Join,
    Not,
    Or,
    Select,
    Split,
    Sub,
    Contains,
    EachMemberEquals,
    EachMemberIn,
}

impl Function {
    pub(crate) const ALL: [Self; 16] = [
        Self::Ref,
        Self::Condition,
        Self::And,
        Self::Equals,
        Self::FindInMap,
        Self::GetAtt,
        Self::If,
        Self::Join,
        Self::Not,
        Self::Or,
        Self::Select,
        Self::Split,
        Self::Sub,
        Self::Contains,
        Self::EachMemberEquals,
        Self::EachMemberIn,
    ];

    /// Its name in the short form, without the `!`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ref => "Ref",
            Self::Condition => "Condition",
            Self::And => "And",
            Self::Equals => "Equals",
            Self::FindInMap => "FindInMap",
            Self::GetAtt => "GetAtt",
            Self::If => "If",
            Self::Join => "Join",
            Self::Not => "Not",
            Self::Or => "Or",
            Self::Select => "Select",
            Self::Split => "Split",
            Self::Sub => "Sub",
            Self::Contains => "Contains",
            Self::EachMemberEquals => "EachMemberEquals",
            Self::EachMemberIn => "EachMemberIn",
        }
    }

    pub(crate) fn of_tag(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|function| function.name() == name)
    }

    /// The function of a mapping's only key. `Condition` is not among them: as a key it belongs to resources and policies, and only
    /// where a condition is expected does it mean the function.
    pub(crate) fn of_key(key: &str) -> Option<Self> {
        match key {
            "Ref" => Some(Self::Ref),
            _ => Self::of_tag(key.strip_prefix("Fn::")?).filter(|function| !matches!(function, Self::Ref | Self::Condition)),
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
