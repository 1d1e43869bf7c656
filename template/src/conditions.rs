//! The conditions of a template, each evaluated once, whatever refers to it; and its rules, which refuse parameters that do not fit together.

use std::collections::BTreeMap;

use crate::error::{Fault, Path, TemplateError, What, unknown};
use crate::node::{Function, Kind, Node};
use crate::resolve::Scope;
use crate::value::Value;

/// How many conditions AND and OR take, by CloudFormation.
const OPERANDS: std::ops::RangeInclusive<usize> = 2..=10;

/// Evaluates all of them.
pub(crate) fn evaluated(section: Option<&Node>, scope: &Scope<'_>) -> Result<BTreeMap<String, bool>, TemplateError> {
    let Some(section) = section else { return Ok(BTreeMap::new()) };
    let path = Path::TOP.key("Conditions", section.line);
    let declared = section.map().ok_or_else(|| path.fault(Fault::Kind { wanted: "a mapping", found: section.word() }))?;
    let mut evaluation = Evaluation { declared, scope, known: BTreeMap::new(), under_way: Vec::new(), of_rules: false };
    for (name, node) in declared {
        evaluation.named(name, &path.key(name, node.line))?;
    }
    Ok(evaluation.known)
}

/// Holds the rules: the first assertion that is not true refuses the parameters.
pub(crate) fn ruled(section: Option<&Node>, scope: &Scope<'_>) -> Result<(), TemplateError> {
    let Some(section) = section else { return Ok(()) };
    let path = Path::TOP.key("Rules", section.line);
    // Rules know nothing of conditions.
    let mut evaluation = Evaluation { declared: &[], scope, known: BTreeMap::new(), under_way: Vec::new(), of_rules: true };
    for (name, rule) in mapping(section, &path)? {
        let path = path.key(name, rule.line);
        keys(rule, &["RuleCondition", "Assertions"], &path)?;
        if let Some(condition) = rule.get("RuleCondition")
            && !evaluation.evaluate(condition, &path.key("RuleCondition", condition.line))?
        {
            continue;
        }
        let assertions =
            rule.get("Assertions").and_then(Node::list).ok_or_else(|| path.fault(Fault::Missing { wanted: "a list Assertions" }))?;
        let listed = path.key("Assertions", rule.line);
        for (index, assertion) in assertions.iter().enumerate() {
            let path = listed.item(index, assertion.line);
            keys(assertion, &["Assert", "AssertDescription"], &path)?;
            let assert = assertion.get("Assert").ok_or_else(|| path.fault(Fault::Missing { wanted: "Assert" }))?;
            if !evaluation.evaluate(assert, &path.key("Assert", assert.line))? {
                let said = assertion.get("AssertDescription").and_then(Node::text).unwrap_or("the parameters break this rule");
                return Err(path.fault(Fault::Rule(said.to_owned())));
            }
        }
    }
    Ok(())
}

fn mapping<'a>(node: &'a Node, path: &Path<'_>) -> Result<&'a [(String, Node)], TemplateError> {
    node.map().ok_or_else(|| path.fault(Fault::Kind { wanted: "a mapping", found: node.word() }))
}

fn keys(node: &Node, known: &[&str], path: &Path<'_>) -> Result<(), TemplateError> {
    match mapping(node, path)?.iter().find(|(key, _)| !known.contains(&key.as_str())) {
        Some((key, of)) => Err(path.key(key, of.line).fault(unknown(What::Key, key, known.iter().copied()))),
        None => Ok(()),
    }
}

struct Evaluation<'a> {
    declared: &'a [(String, Node)],
    scope: &'a Scope<'a>,
    known: BTreeMap<String, bool>,
    under_way: Vec<&'a str>,
    /// Whether functions are known that only rules may use.
    of_rules: bool,
}

impl<'a> Evaluation<'a> {
    fn named(&mut self, name: &str, path: &Path<'_>) -> Result<bool, TemplateError> {
        if let Some(&known) = self.known.get(name) {
            return Ok(known);
        }
        let declared = self.declared;
        let Some((name, node)) = declared.iter().find(|(declared, _)| declared == name) else {
            return Err(path.fault(unknown(What::Condition, name, declared.iter().map(|(name, _)| name.as_str()))));
        };
        if let Some(from) = self.under_way.iter().position(|open| open == name) {
            let round = self.under_way[from..].iter().copied().chain([name.as_str()]).collect::<Vec<_>>();
            return Err(path.fault(Fault::ConditionCycle(round.join(" → "))));
        }
        // A chain of conditions is as long as there are conditions, and each is a call deeper; a template's limits bound both.
        if self.under_way.len() >= crate::error::DEPTH_MAX {
            return Err(path.fault(Fault::TooDeep));
        }
        self.under_way.push(name);
        let conditions = Path::TOP.key("Conditions", 0);
        let value = self.evaluate(node, &conditions.key(name, node.line))?;
        self.under_way.pop();
        self.known.insert(name.clone(), value);
        Ok(value)
    }

    fn evaluate(&mut self, node: &'a Node, path: &Path<'_>) -> Result<bool, TemplateError> {
        match &node.kind {
            Kind::Call(Function::Condition, given) => self.reference(given, path),
            // The long form of `!Condition`, which is a function only here.
            Kind::Map(entries) if matches!(entries.as_slice(), [(key, _)] if key == "Condition") => self.reference(&entries[0].1, path),
            Kind::Call(function @ (Function::And | Function::Or), given) => {
                let operands = given.list().filter(|operands| OPERANDS.contains(&operands.len()));
                let operands = operands.ok_or_else(|| path.fault(Fault::Takes { function: *function, takes: "two to ten conditions" }))?;
                let mut all = Vec::new();
                for (index, operand) in operands.iter().enumerate() {
                    all.push(self.evaluate(operand, &path.item(index, operand.line))?);
                }
                Ok(if *function == Function::And { all.iter().all(|&one| one) } else { all.iter().any(|&one| one) })
            }
            Kind::Call(Function::Not, given) => match given.list() {
                Some([operand]) => Ok(!self.evaluate(operand, &path.item(0, operand.line))?),
                _ => Err(path.fault(Fault::Takes { function: Function::Not, takes: "a list of one condition" })),
            },
            Kind::Call(Function::Equals, given) => match given.list() {
                Some([one, other]) => Ok(self.compared(one, path, 0)? == self.compared(other, path, 1)?),
                _ => Err(path.fault(Fault::Takes { function: Function::Equals, takes: "a list of two values" })),
            },
            Kind::Call(function @ (Function::Contains | Function::EachMemberEquals | Function::EachMemberIn), given) if self.of_rules => {
                match given.list() {
                    Some([one, other]) => self.membership(*function, one, other, path),
                    _ => Err(path.fault(Fault::Takes { function: *function, takes: "a list and what is looked for" })),
                }
            }
            Kind::Call(function @ (Function::Contains | Function::EachMemberEquals | Function::EachMemberIn), _) => {
                Err(path.fault(Fault::OutOfPlace { function: *function, gives: "a condition for rules alone" }))
            }
            Kind::Call(function, _) => Err(path.fault(Fault::OutOfPlace { function: *function, gives: "a value" })),
            _ => Err(path.fault(Fault::Kind { wanted: "a condition", found: node.word() })),
        }
    }

    fn reference(&mut self, given: &Node, path: &Path<'_>) -> Result<bool, TemplateError> {
        match given.text() {
            Some(name) => self.named(name, path),
            None => Err(path.fault(Fault::Takes { function: Function::Condition, takes: "the name of a condition" })),
        }
    }

    fn membership(&self, function: Function, one: &Node, other: &Node, path: &Path<'_>) -> Result<bool, TemplateError> {
        let list = self.compared_list(one, path, 0)?;
        Ok(match function {
            Function::Contains => list.contains(&self.compared(other, path, 1)?),
            Function::EachMemberEquals => {
                let value = self.compared(other, path, 1)?;
                list.iter().all(|member| *member == value)
            }
            _ => {
                let among = self.compared_list(other, path, 1)?;
                list.iter().all(|member| among.contains(member))
            }
        })
    }

    fn compared_list(&self, node: &Node, path: &Path<'_>, index: usize) -> Result<Vec<String>, TemplateError> {
        let path = path.item(index, node.line);
        let value = self.scope.needed(node, &path)?;
        let texts = value.items().and_then(|items| items.iter().map(|item| item.literal().map(str::to_owned)).collect());
        texts.ok_or_else(|| path.fault(Fault::Kind { wanted: "a list of text", found: value.word() }))
    }

    /// One side of a comparison, as text: `3` equals `"3"`.
    fn compared(&self, node: &Node, path: &Path<'_>, index: usize) -> Result<String, TemplateError> {
        let path = path.item(index, node.line);
        let value = self.scope.needed(node, &path)?;
        let text = value.text().ok_or_else(|| path.fault(Fault::Kind { wanted: "text", found: value.word() }))?;
        let literal = text.literal().map(str::to_owned);
        literal.ok_or_else(|| path.fault(Fault::Unresolved(Value::Text(text).text().unwrap_or_default().to_string())))
    }
}
