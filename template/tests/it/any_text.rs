//! Whatever is read: an answer, never a panic; and what is written as JSON comes back as it was.

use proptest::prelude::*;
use template::{Template, Value};

use crate::{given, stack};

/// Pieces that templates are made of, in any order.
const PIECES: [&str; 24] = [
    "Resources:",
    "\n  ",
    "\n    ",
    "A:",
    " {Type: T}",
    "Type: T",
    "!Ref ",
    "!Sub ",
    "!If ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "\"",
    "'",
    "Fn::Join: ",
    "Conditions:",
    "!Condition ",
    "A",
    "${A}",
    "\n",
    "- ",
    ": ",
];

fn plain() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        "[ -~äß\\n\\t]{0,12}".prop_map(|text| Value::from(text.as_str())),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
            prop::collection::btree_map("[A-Za-z ]{0,6}", inner, 0..5).prop_map(|mut entries| {
                entries.remove("Ref");
                Value::Map(entries)
            }),
        ]
    })
}

fn json(value: &Value) -> String {
    let quoted = |text: &str| {
        let escaped: String = text
            .chars()
            .flat_map(|c| {
                if c == '"' || c == '\\' {
                    vec!['\\', c]
                } else if c < ' ' {
                    format!("\\u{:04x}", c as u32).chars().collect()
                } else {
                    vec![c]
                }
            })
            .collect();
        format!("\"{escaped}\"")
    };
    match value {
        Value::Text(text) => quoted(text.literal().unwrap()),
        Value::List(items) => format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) => {
            format!("{{{}}}", entries.iter().map(|(key, value)| format!("{}: {}", quoted(key), json(value))).collect::<Vec<_>>().join(", "))
        }
        Value::Bool(yes) => yes.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,300}", pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..60)) {
        for text in [text, pieces.concat()] {
            if let Ok(template) = Template::read(&text) {
                let _ = template.stack(&given(&[]));
            }
        }
    }

    #[test]
    fn values_come_back_as_they_were_written(value in plain()) {
        let text = format!("{{\"Resources\": {{\"R\": {{\"Type\": \"T\", \"Properties\": {{\"P\": {}}}}}}}}}", json(&value));
        prop_assert_eq!(&stack(&text, &[]).unwrap().resources["R"].properties["P"], &value);
    }

    #[test]
    fn what_is_joined_can_be_split(parts in prop::collection::vec("[a-z]{0,5}", 1..8)) {
        let list = parts.iter().map(|part| format!("\"{part}\"")).collect::<Vec<_>>().join(",");
        let text = format!("Outputs: {{O: {{Value: !Split [\"|\", !Join [\"|\", [{list}]]]}}}}");
        let expected = Value::List(parts.iter().map(|part| Value::from(part.as_str())).collect());
        prop_assert_eq!(&stack(&text, &[]).unwrap().outputs["O"], &expected);
    }
}
