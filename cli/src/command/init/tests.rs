//! What stacks say together, and the file that comes of it.

use std::collections::BTreeMap;
use std::path::Path;

use decision::RegionName;

use super::{file, found, regional_ssm};
use crate::config::Config;
use crate::doctor::facts::{Stack, Unread};
use crate::sample::{NAMES, region};

const POLICY: &str = r#"{"service":"chat","regions":["eu-west-1","eu-west-2"],"observers":["eu-west-1","eu-west-2","us-east-1"],
    "thresholds":{"round_seconds":10,"up_after":8},"failback":{"eu-west-2":"manual"},"capacity":{"eu-west-1":1.2}}"#;

fn stacks() -> BTreeMap<RegionName, Stack> {
    NAMES.iter().map(|name| (region(name), stack(name))).collect()
}

fn stack(name: &str) -> Stack {
    let witness = name == "us-east-1";
    let mut outputs: BTreeMap<String, String> = [
        ("Service", "chat".to_owned()),
        ("Policy", POLICY.to_owned()),
        ("ApiName", "api.chat.example.com".to_owned()),
        ("WebSocketName", "api-ws.chat.example.com".to_owned()),
        ("HostedZoneId", "Z0123456789".to_owned()),
        ("GateUrl", format!("https://gate-{name}.chat.example.com")),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into();
    if !witness {
        outputs.insert("MessagesTable".to_owned(), "chat-messages".to_owned());
    }
    Stack {
        name: "chat".to_owned(),
        status: "CREATE_COMPLETE".to_owned(),
        parameters: BTreeMap::new(),
        outputs,
        template: Err(Unread::refused("it was not asked for")),
    }
}

#[test]
fn the_file_teaches_and_can_be_read_back() {
    let found = found::together(&stacks(), regional_ssm).unwrap();
    let text = file::text(&found);
    insta::assert_snapshot!(text);
    let config = Config::parse(Path::new("failover.toml"), &text).unwrap();
    assert_eq!(config.policy.spec(), &found.policy);
    for observer in NAMES {
        assert_eq!(config.ssm(&region(observer)), Some(format!("https://ssm.{observer}.amazonaws.com").as_str()));
        assert_eq!(config.gate(&region(observer)), Some(format!("https://gate-{observer}.chat.example.com")));
    }
    assert_eq!(config.messages_table(), "chat-messages");
}

fn contradicting(name: &str, change: impl FnOnce(&mut Stack)) -> String {
    let mut stacks = stacks();
    change(stacks.get_mut(&region(name)).unwrap());
    found::together(&stacks, regional_ssm).unwrap_err().join("\n")
}

fn output<'a>(stack: &'a mut Stack, key: &str) -> &'a mut String {
    stack.outputs.get_mut(key).unwrap()
}

#[test]
fn stacks_that_contradict_each_other_are_named_with_what_they_say() {
    let text = [
        contradicting("eu-west-2", |stack| *output(stack, "Policy") = POLICY.replace("\"up_after\":8", "\"up_after\":9")),
        contradicting("us-east-1", |stack| {
            *output(stack, "Policy") = POLICY.replace("\"eu-west-1\",\"eu-west-2\"],\"obs", "\"eu-west-1\",\"us-east-1\"],\"obs");
        }),
        contradicting("eu-west-2", |stack| *output(stack, "ApiName") = "api.mail.example.com".to_owned()),
        contradicting("eu-west-2", |stack| stack.status = "UPDATE_ROLLBACK_FAILED".to_owned()),
        contradicting("us-east-1", |stack| drop(stack.outputs.remove("GateUrl"))),
        contradicting("us-east-1", |stack| drop(stack.outputs.remove("Policy"))),
        contradicting("us-east-1", |stack| *output(stack, "Policy") = "{}".to_owned()),
    ];
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn the_endpoint_of_ssm_is_that_of_its_partition() {
    assert_eq!(regional_ssm(&region("cn-north-1")), "https://ssm.cn-north-1.amazonaws.com.cn");
    assert_eq!(regional_ssm(&region("eu-west-1")), "https://ssm.eu-west-1.amazonaws.com");
}
