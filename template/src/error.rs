//! What can be wrong with a template, and where: one sentence that names the node, what is unknown and the nearest word.

use std::fmt;

use crate::node::Function;

/// The longest template, in bytes: what CloudFormation takes from S3.
pub const TEXT_MAX: usize = 1024 * 1024;
/// The deepest nesting.
pub const DEPTH_MAX: usize = 60;
/// The most nodes.
pub const NODES_MAX: usize = 100_000;

/// A template that cannot be read, or not for these parameters.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{place}: {fault}")]
pub struct TemplateError {
    /// Where in the template.
    pub place: Place,
    /// What is wrong there.
    pub fault: Fault,
}

/// Where something stands in a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The way to the node: `Resources.Topic.Properties.Tags[0]`. Empty for the template as a whole.
    pub path: String,
    /// The line, from 1; 0 when the fault is not the text's.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.path.as_str(), self.line) {
            ("", 0) => f.write_str("the template"),
            ("", line) => write!(f, "line {line}"),
            (path, 0) => f.write_str(path),
            (path, line) => write!(f, "line {line}, {path}"),
        }
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the sentences say what the fields are")]
pub enum Fault {
    #[error("not YAML: {0}")]
    Yaml(String),
    #[error("{0} bytes; {TEXT_MAX} is the most")]
    TooLarge(usize),
    #[error("nested deeper than {DEPTH_MAX}")]
    TooDeep,
    #[error("more than {NODES_MAX} nodes")]
    TooManyNodes,
    #[error("there is no template, or more than one document")]
    Documents,
    #[error("CloudFormation knows no anchors, aliases and merges")]
    Alias,
    #[error("nothing stands here; CloudFormation takes no empty value")]
    Null,
    #[error("a key is not text")]
    KeyNotText,
    #[error("there are two keys {0}")]
    KeyTwice(String),
    #[error("{0} has to stand alone in its mapping")]
    NotAlone(String),
    #[error("{0} is read differently by different readers of YAML; put it between quotes")]
    Ambiguous(String),
    #[error("there is no {what} {name}{near}")]
    Unknown { what: What, name: String, near: Near },
    #[error("{wanted} is wanted here, not {found}")]
    Kind { wanted: &'static str, found: &'static str },
    #[error("{wanted} is missing")]
    Missing { wanted: &'static str },
    #[error("!{function} takes {takes}")]
    Takes { function: Function, takes: &'static str },
    #[error("!{function} gives {gives} and cannot stand here")]
    OutOfPlace { function: Function, gives: &'static str },
    #[error("AWS::NoValue cannot stand here: something has to be given")]
    NoValue,
    #[error("a list of {length} has no item {index}")]
    OutOfRange { index: i64, length: usize },
    #[error("{0:?} opens a ${{ that is never closed, or holds no name")]
    Sub(String),
    #[error("the condition needs itself: {0}")]
    ConditionCycle(String),
    #[error("{0}")]
    Rule(String),
    #[error("{0} is not made under these parameters, its condition being false")]
    NotMade(String),
    #[error("{0} is known only once the stack exists")]
    Unresolved(String),
    #[error("a value is needed and none is given")]
    NoParameterValue,
    #[error("{value:?} is refused: {why}")]
    ParameterValue { value: String, why: String },
}

/// What was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum What {
    Section,
    Function,
    Parameter,
    ParameterType,
    /// Anything that a reference can name.
    Referent,
    Resource,
    Condition,
    Mapping,
    Key,
    Output,
    Property,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Section => "section",
            Self::Function => "function",
            Self::Parameter => "parameter",
            Self::ParameterType => "type of parameter",
            Self::Referent => "parameter or resource",
            Self::Resource => "resource",
            Self::Condition => "condition",
            Self::Mapping => "mapping",
            Self::Key => "key",
            Self::Output => "output",
            Self::Property => "property",
        })
    }
}

/// The known word that is nearest to an unknown one, if any is near.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Near(Option<String>);

/// How like two words must be to be named together, from 0 to 1.
const LIKE: f64 = 0.8;

impl Near {
    pub(crate) fn to<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let like = |known: &'a str| (strsim::jaro_winkler(&word.to_lowercase(), &known.to_lowercase()), known);
        let nearest = known.into_iter().map(like).max_by(|a, b| a.0.total_cmp(&b.0));
        Self(nearest.filter(|(like, _)| *like >= LIKE).map(|(_, known)| known.to_owned()))
    }
}

impl fmt::Display for Near {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(known) => write!(f, "; did you mean {known}?"),
            None => Ok(()),
        }
    }
}

/// Something by that name is not there.
pub(crate) fn unknown<'a>(what: What, name: &str, known: impl IntoIterator<Item = &'a str>) -> Fault {
    Fault::Unknown { what, name: name.to_owned(), near: Near::to(name, known) }
}

/// The way from a template's top to a node, kept on the stack while a template is walked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Path<'a> {
    above: Option<&'a Path<'a>>,
    step: Step<'a>,
    line: usize,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Top,
    Key(&'a str),
    Item(usize),
}

impl<'a> Path<'a> {
    pub(crate) const TOP: Self = Self { above: None, step: Step::Top, line: 0 };

    pub(crate) fn key(&'a self, key: &'a str, line: usize) -> Self {
        Self { above: Some(self), step: Step::Key(key), line }
    }

    pub(crate) fn item(&'a self, index: usize, line: usize) -> Self {
        Self { above: Some(self), step: Step::Item(index), line }
    }

    pub(crate) fn fault(&self, fault: Fault) -> TemplateError {
        TemplateError { place: Place { path: self.to_string(), line: self.line }, fault }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(above) = self.above {
            fmt::Display::fmt(above, f)?;
        }
        let dot = if matches!(self.above, Some(Path { step: Step::Top, .. })) { "" } else { "." };
        match self.step {
            Step::Top => Ok(()),
            Step::Key(key) => write!(f, "{dot}{key}"),
            Step::Item(index) => write!(f, "[{index}]"),
        }
    }
}
