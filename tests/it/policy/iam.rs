//! IAM as far as our documents use it: identity policies with Allow and Deny, wildcards, and a few condition operators.
//!
//! Whatever is not understood ends the test: an evaluator that skipped something would allow it.

use std::collections::{BTreeMap, BTreeSet};

use template::Value;

/// One call, as IAM sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Request {
    /// `ssm:GetParameter`.
    pub(super) action: String,
    /// An ARN, or `*` where a call is about no resource.
    pub(super) resource: String,
    /// What conditions ask about, by key.
    pub(super) context: BTreeMap<&'static str, Vec<String>>,
}

impl std::fmt::Display for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {}", self.action, self.resource)?;
        self.context.iter().try_for_each(|(key, values)| write!(f, ", {key} {}", values.join(" ")))
    }
}

/// One statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    allow: bool,
    pub(super) actions: Vec<String>,
    pub(super) resources: Vec<String>,
    pub(super) conditions: Vec<Condition>,
}

/// One condition: operator, key, values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    operator: String,
    key: String,
    values: Vec<String>,
}

impl Statement {
    /// One that allows an action on a resource.
    pub(super) fn allowing(action: &str, resource: &str) -> Self {
        Self { allow: true, actions: vec![action.to_owned()], resources: vec![resource.to_owned()], conditions: Vec::new() }
    }

    fn covers(&self, request: &Request) -> bool {
        // Actions know no case.
        let action = |pattern: &String| {
            pattern.eq_ignore_ascii_case(&request.action)
                || (pattern.contains(['*', '?']) && matches(&pattern.to_lowercase(), &request.action.to_lowercase()))
        };
        self.actions.iter().any(action)
            && self.resources.iter().any(|pattern| matches(pattern, &request.resource))
            && self.conditions.iter().all(|condition| condition.holds(&request.context))
    }
}

impl Condition {
    fn holds(&self, context: &BTreeMap<&'static str, Vec<String>>) -> bool {
        let asked = context.get(self.key.as_str()).map(Vec::as_slice).unwrap_or_default();
        let equal = |one: &String| self.values.contains(one);
        let like = |one: &String| self.values.iter().any(|pattern| matches(pattern, one));
        match self.operator.as_str() {
            "StringEquals" => asked.iter().any(equal),
            "StringLike" | "ArnLike" => asked.iter().any(like),
            // True of nothing at all, as on AWS.
            "ForAllValues:StringLike" => asked.iter().all(like),
            "ForAllValues:StringEquals" => asked.iter().all(equal),
            other => panic!("the condition operator {other} is not understood"),
        }
    }
}

/// Whether the statements allow a call: one does, and none denies it.
pub(super) fn allowed(statements: &[Statement], request: &Request) -> bool {
    let mut covering = statements.iter().filter(|statement| statement.covers(request)).peekable();
    covering.peek().is_some() && covering.all(|statement| statement.allow)
}

/// The statements of a policy document of which every part is known.
pub(super) fn statements(document: &Value) -> Vec<Statement> {
    assert_eq!(document.get("Version").and_then(Value::literal), Some("2012-10-17"), "{document:?}");
    let all = document.get("Statement").and_then(Value::items).unwrap_or_else(|| panic!("no list of statements: {document:?}"));
    all.iter().map(statement).collect()
}

fn statement(value: &Value) -> Statement {
    let keys: BTreeSet<&str> = value.entries().unwrap().keys().map(String::as_str).collect();
    let known = BTreeSet::from(["Sid", "Effect", "Action", "Resource", "Condition"]);
    assert!(keys.is_subset(&known), "not understood: {:?}", keys.difference(&known));
    let effect = value.get("Effect").and_then(Value::literal).unwrap();
    assert!(["Allow", "Deny"].contains(&effect), "{effect}");
    let conditions = value.get("Condition").and_then(Value::entries).into_iter().flatten().flat_map(|(operator, by_key)| {
        let of_key = |(key, values): (&String, &Value)| Condition { operator: operator.clone(), key: key.clone(), values: texts(values) };
        by_key.entries().unwrap().iter().map(of_key)
    });
    Statement {
        allow: effect == "Allow",
        actions: texts(value.get("Action").unwrap()),
        resources: texts(value.get("Resource").unwrap()),
        conditions: conditions.collect(),
    }
}

/// One text or a list of them.
fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.literal().unwrap_or_else(|| panic!("not known before the stack exists: {value:?}")).to_owned();
    value.items().map_or_else(|| vec![text(value)], |items| items.iter().map(text).collect())
}

/// Whether a pattern with `*` and `?` matches the whole of a text.
fn matches(pattern: &str, text: &str) -> bool {
    if !pattern.contains(['*', '?']) {
        return pattern == text;
    }
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    // One row per letter of the pattern: which beginnings of the text it matches so far.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for letter in pattern {
        let before = reached.clone();
        for place in 0..=text.len() {
            reached[place] = match letter {
                '*' => before[place] || (place > 0 && reached[place - 1]),
                '?' => place > 0 && before[place - 1],
                letter => place > 0 && before[place - 1] && text[place - 1] == letter,
            };
        }
    }
    reached[text.len()]
}

#[test]
fn wildcards_match_as_iams_do() {
    let table = [
        ("*", "", true),
        ("*", "a:b/c", true),
        ("a*c", "abbc", true),
        ("a*c", "abbd", false),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("parameter/failover/chat/intents/*", "parameter/failover/chat/intents/eu-west-2", true),
        ("parameter/failover/chat/intents/*", "parameter/failover/chat/intents", false),
        ("parameter/failover/chat/votes", "parameter/failover/chat/votes2", false),
        ("**", "x", true),
    ];
    for (pattern, text, expected) in table {
        assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
    }
}

#[test]
fn a_denial_outranks_and_a_condition_narrows() {
    let request = |region: &str| Request {
        action: "ssm:GetParameter".to_owned(),
        resource: "r".to_owned(),
        context: [("aws:RequestedRegion", vec![region.to_owned()])].into(),
    };
    let mut narrowed = Statement::allowing("SSM:Get*", "*");
    narrowed.conditions.push(Condition {
        operator: "StringEquals".to_owned(),
        key: "aws:RequestedRegion".to_owned(),
        values: vec!["eu-west-1".to_owned()],
    });
    assert!(allowed(&[narrowed.clone()], &request("eu-west-1")));
    assert!(!allowed(&[narrowed.clone()], &request("eu-west-2")));
    let denial = Statement { allow: false, ..Statement::allowing("ssm:GetParameter", "r") };
    assert!(!allowed(&[narrowed, denial], &request("eu-west-1")));
    assert!(!allowed(&[], &request("eu-west-1")));
}
