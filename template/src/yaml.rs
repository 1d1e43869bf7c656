//! From text to nodes: YAML (and JSON, which is YAML) within limits, with what CloudFormation does not take refused.
//!
//! Readers of YAML 1.1, which the SAM CLI and CloudFormation are, and of 1.2 differ on a few plain scalars. Those are refused, so that
//! a template means the same here and there.

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use crate::error::{DEPTH_MAX, Fault, NODES_MAX, Place, TEXT_MAX, TemplateError, What, unknown};
use crate::node::{Function, Kind, Node};

/// Reads one document.
pub(crate) fn read(text: &str) -> Result<Node, TemplateError> {
    if text.len() > TEXT_MAX {
        return Err(at(0, Fault::TooLarge(text.len())));
    }
    let mut building = Building::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| at(error.marker().line(), Fault::Yaml(error.info().to_owned())))?;
        building.take(event, &span)?;
    }
    match (building.root, building.documents) {
        (Some(root), 1) => Ok(root),
        _ => Err(at(0, Fault::Documents)),
    }
}

fn at(line: usize, fault: Fault) -> TemplateError {
    TemplateError { place: Place { path: String::new(), line }, fault }
}

/// The tree as far as it is built. No recursion: the parser gives events, and what is open is kept in a list.
#[derive(Default)]
struct Building {
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    nodes: usize,
}

/// A list or mapping whose end has not come.
struct Open {
    line: usize,
    call: Option<Function>,
    holds: Holds,
}

enum Holds {
    Items(Vec<Node>),
    Entries(Vec<(String, Node)>, Option<String>),
}

impl Building {
    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), TemplateError> {
        let line = span.start.line();
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 { Err(at(line, Fault::Documents)) } else { Ok(()) }
            }
            Event::Alias(_) => Err(at(line, Fault::Alias)),
            Event::Scalar(text, style, anchor, tag) => {
                unanchored(anchor, line)?;
                self.scalar(&text, style, tag.as_deref(), line)
            }
            Event::SequenceStart(anchor, tag) => {
                unanchored(anchor, line)?;
                self.open(line, tag.as_deref(), Holds::Items(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                unanchored(anchor, line)?;
                self.open(line, tag.as_deref(), Holds::Entries(Vec::new(), None))
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
        }
    }

    fn open(&mut self, line: usize, tag: Option<&Tag>, holds: Holds) -> Result<(), TemplateError> {
        if self.open.len() >= DEPTH_MAX {
            return Err(at(line, Fault::TooDeep));
        }
        if self.awaits_key() {
            return Err(at(line, Fault::KeyNotText));
        }
        self.open.push(Open { line, call: function(tag, line)?, holds });
        Ok(())
    }

    fn close(&mut self) -> Result<(), TemplateError> {
        let Some(Open { line, call, holds }) = self.open.pop() else { return Ok(()) };
        let node = match holds {
            Holds::Items(items) => Node { line, kind: Kind::List(items) },
            Holds::Entries(entries, _) => long_form(entries, line)?,
        };
        self.place(called(call, node))
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, line: usize) -> Result<(), TemplateError> {
        if self.awaits_key() {
            if tag.is_some() {
                return Err(at(line, Fault::KeyNotText));
            }
            let Some(Open { holds: Holds::Entries(entries, key), .. }) = self.open.last_mut() else { return Ok(()) };
            if text == "<<" && style == ScalarStyle::Plain {
                return Err(at(line, Fault::Alias));
            }
            if entries.iter().any(|(name, _)| name == text) {
                return Err(at(line, Fault::KeyTwice(text.to_owned())));
            }
            *key = Some(text.to_owned());
            return Ok(());
        }
        let call = function(tag, line)?;
        // What a function is given is text, as it is for CloudFormation: `!Ref 1` names `1`.
        let plain = style == ScalarStyle::Plain && call.is_none();
        let kind = if plain { of_plain(text).map_err(|fault| at(line, fault))? } else { Kind::Text(text.to_owned()) };
        self.place(called(call, Node { line, kind }))
    }

    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { holds: Holds::Entries(_, None), .. }))
    }

    fn place(&mut self, node: Node) -> Result<(), TemplateError> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(at(node.line, Fault::TooManyNodes));
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open { holds: Holds::Items(items), .. }) => items.push(node),
            Some(Open { holds: Holds::Entries(entries, key), .. }) => {
                let key = key.take().ok_or_else(|| at(node.line, Fault::KeyNotText))?;
                entries.push((key, node));
            }
        }
        Ok(())
    }
}

fn unanchored(anchor: usize, line: usize) -> Result<(), TemplateError> {
    if anchor == 0 { Ok(()) } else { Err(at(line, Fault::Alias)) }
}

fn called(call: Option<Function>, node: Node) -> Node {
    match call {
        Some(function) => Node { line: node.line, kind: Kind::Call(function, Box::new(node)) },
        None => node,
    }
}

/// `{"Fn::Sub": x}` is `!Sub x`. A function beside another key is neither.
fn long_form(mut entries: Vec<(String, Node)>, line: usize) -> Result<Node, TemplateError> {
    let of_function = |key: &str| key == "Ref" || key.starts_with("Fn::");
    if entries.len() == 1
        && of_function(&entries[0].0)
        && let Some((key, given)) = entries.pop()
    {
        let function = Function::of_key(&key).ok_or_else(|| at(line, unknown_function(key.strip_prefix("Fn::").unwrap_or(&key))))?;
        return Ok(called(Some(function), Node { line, ..given }));
    }
    match entries.iter().find(|(key, _)| key.starts_with("Fn::")) {
        Some((key, _)) => Err(at(line, Fault::NotAlone(key.clone()))),
        None => Ok(Node { line, kind: Kind::Map(entries) }),
    }
}

fn function(tag: Option<&Tag>, line: usize) -> Result<Option<Function>, TemplateError> {
    let Some(tag) = tag else { return Ok(None) };
    match (tag.handle.as_str(), tag.suffix.as_str()) {
        // `!!str 10` and the like would say what the styles say already.
        ("!", name) => Function::of_tag(name).map(Some).ok_or_else(|| at(line, unknown_function(name))),
        (handle, suffix) => Err(at(line, unknown_function(&format!("{handle}{suffix}")))),
    }
}

fn unknown_function(name: &str) -> Fault {
    unknown(What::Function, name, Function::ALL.map(Function::name))
}

/// A plain scalar by YAML's core schema, or a refusal where YAML 1.1 reads it otherwise.
fn of_plain(text: &str) -> Result<Kind, Fault> {
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "" | "~" | "null" => return Err(Fault::Null),
        "true" => return Ok(Kind::Bool(true)),
        "false" => return Ok(Kind::Bool(false)),
        // YAML 1.1 would have y and n among them, and no reader of templates has: `AttributeType: N` is a number's letter everywhere.
        "yes" | "no" | "on" | "off" | "<<" | "=" => return Err(Fault::Ambiguous(text.to_owned())),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Ok(Kind::Text(text.to_owned()));
    }
    let all = |accepted: fn(char) -> bool| digits.chars().all(accepted);
    if all(|c| c.is_ascii_digit()) {
        // 010 is eight for the one and ten for the other.
        let octal = digits.len() > 1 && digits.starts_with('0');
        return text.parse().map(Kind::Int).ok().filter(|_| !octal).ok_or_else(|| Fault::Ambiguous(text.to_owned()));
    }
    // 1_000, 0x10, 0o7 and 12:30:00 are numbers for one of the two; 012345678901:role is plain text for both.
    let numeric = all(|c| c.is_ascii_digit() || matches!(c, '_' | ':' | '.' | 'e' | 'E' | '+' | '-'));
    let prefixed = ["0x", "0o", "0b"].iter().any(|prefix| lower.trim_start_matches(['-', '+']).starts_with(prefix));
    if let Ok(number) = text.parse::<f64>()
        && numeric
    {
        return Ok(Kind::Float(number));
    }
    if prefixed || (numeric && (text.contains('_') || text.contains(':'))) {
        return Err(Fault::Ambiguous(text.to_owned()));
    }
    Ok(Kind::Text(text.to_owned()))
}
