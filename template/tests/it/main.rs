//! Stories of templates: what CloudFormation would make of them, and what is refused in which words.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on ends with what stopped it")]

mod any_text;
mod faults;
mod intrinsics;
mod trees;

use std::collections::BTreeMap;

use template::{Given, Stack, Template, TemplateError, Value};

/// A stack named `s` in eu-west-2.
fn given(parameters: &[(&str, &str)]) -> Given {
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>();
    Given { name: "s".to_owned(), region: "eu-west-2".to_owned(), account: "123456789012".to_owned(), parameters }
}

fn stack(text: &str, parameters: &[(&str, &str)]) -> Result<Stack, TemplateError> {
    Template::read(text)?.stack(&given(parameters))
}

/// A value as one line, for people.
fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("{:?}", text.to_string()),
        Value::Bool(yes) => yes.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => format!("{number:?}"),
        Value::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) => {
            format!("{{{}}}", entries.iter().map(|(key, value)| format!("{key}: {}", shown(value))).collect::<Vec<_>>().join(", "))
        }
    }
}

/// What the only property `P` of the only resource comes to.
fn property(expression: &str) -> String {
    let text = format!("{PREAMBLE}  It:\n    Type: A::B::C\n    Properties:\n      P: {expression}\n");
    match stack(&text, &[]) {
        Ok(stack) => stack.resources["It"].properties.get("P").map_or_else(|| "(nothing)".to_owned(), shown),
        Err(error) => error.to_string(),
    }
}

const PREAMBLE: &str = r#"
Parameters:
  Name: {Type: String, Default: chat}
  Count: {Type: Number, Default: 3}
  Regions: {Type: CommaDelimitedList, Default: "eu-west-1, us-east-1"}
Mappings:
  Majority: {"3": {All: 2, Names: [a, b]}, "5": {All: 3}}
Conditions:
  Three: !Equals [!Ref Count, "3"]
  Five: !Equals [!Ref Count, 5]
  Both: !And [!Condition Three, {Condition: Five}]
  Either: !Or [!Condition Three, !Condition Five]
  NotThree: !Not [!Condition Three]
Resources:
  Topic: {Type: AWS::SNS::Topic}
  Spare: {Type: AWS::SNS::Topic, Condition: Five}
"#;
