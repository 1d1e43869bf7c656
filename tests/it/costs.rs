//! The stated costs: that the page says what `scripts/costs` computes, and that it counts what the templates make.

use std::path::Path;
use std::process::{Command, Output};

use template::Value;

use crate::shipped::{deployment, shape};

fn costs(argument: &str) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    Command::new("python3").arg(root.join("scripts/costs")).arg(argument).output().unwrap()
}

#[test]
fn the_page_says_what_is_computed() {
    let checked = costs("--check");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn what_is_counted_on_is_what_the_templates_make() {
    let counted: serde_json::Value = serde_json::from_slice(&costs("--counts").stdout).unwrap();
    for wanted in counted.as_array().unwrap() {
        let of = |key: &str| usize::try_from(wanted[key].as_u64().unwrap()).unwrap();
        let deployment = deployment(&shape(of("regions"), of("observers")));
        let (mut endpoints, mut calculated, mut alarms) = (0, 0, 0);
        for stack in deployment.stacks() {
            for (_, check) in stack.of_kind("AWS::Route53::HealthCheck") {
                match check.properties["HealthCheckConfig"].get("Type").and_then(Value::literal) {
                    Some("CALCULATED") => calculated += 1,
                    _ => endpoints += 1,
                }
            }
            alarms += stack.of_kind("AWS::CloudWatch::Alarm").count();
            for name in ["Probe", "Controller", "Gate"] {
                let memory = stack.resources.get(name).and_then(|function| function.properties.get("MemorySize"));
                assert!(memory.is_none_or(|memory| *memory == Value::Int(wanted["memory_mb"].as_i64().unwrap())), "{name}: {memory:?}");
            }
        }
        assert_eq!(
            (endpoints, calculated, alarms),
            (of("endpoint_checks"), of("calculated_checks"), of("alarms")),
            "endpoint checks, calculated checks and alarms of {wanted}"
        );
    }
}
