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
    insta::assert_snapshot!(text, @r#"
    # failover.toml of chat, written by `failover init --from-stack chat` from what is deployed.
    # failover.example.toml explains every key. After a deployment that changes regions, observers or thresholds: write it again with --force.

    # Part of parameter names (/failover/chat/…) and of gate paths.
    service = "chat"

    # Where it serves.
    regions = ["eu-west-1", "eu-west-2"]

    # Who watches.
    observers = ["eu-west-1", "eu-west-2", "us-east-1"]

    # The public names. Each region's own are REGION. before these.
    [names]
    api = "api.chat.example.com"
    websocket = "api-ws.chat.example.com"

    # What the controllers decide by, as deployed. What is commented out is the default.
    [thresholds]
    # round_seconds = 10.0
    # gone_after = 3
    # down_after = 5
    # down_window = 6
    # error_budget = 0.02
    # fast_burn = 12.0
    # fast_window_seconds = 300.0
    # slow_burn = 6.0
    # slow_window_seconds = 1200.0
    up_after = 8
    # hold_down_seconds = 120.0
    # hold_down_share = 1.1
    # hold_down_max_seconds = 3600.0
    # hold_down_decay_seconds = 3600.0
    # ejection_window_seconds = 60.0
    # silent_after_rounds = 3
    # min_serving = 1
    # votes_fresh_seconds = 180.0
    # settle_seconds = 45.0
    # votes_refresh_seconds = 30.0

    # How single regions come back: automatic (the default), after-hold, manual.
    [failback]
    eu-west-2 = "manual"

    # How much of the whole service's usual load each region can carry: 1 = all of it. A region that is not named has no known room.
    [capacity]
    eu-west-1 = 1.2
    # eu-west-2 = 1.0

    # Where each observer is, so that nothing has to be looked up while things are on fire.
    [observer.eu-west-1]
    ssm = "https://ssm.eu-west-1.amazonaws.com"
    gate = "https://gate-eu-west-1.chat.example.com"

    [observer.eu-west-2]
    ssm = "https://ssm.eu-west-2.amazonaws.com"
    gate = "https://gate-eu-west-2.chat.example.com"

    [observer.us-east-1]
    ssm = "https://ssm.us-east-1.amazonaws.com"
    gate = "https://gate-us-east-1.chat.example.com"

    # What was deployed: `failover doctor` compares it with this version's template.
    [deployed]
    stack = "chat"
    messages_table = "chat-messages"
    hosted_zone = "Z0123456789"
    "#);
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
    insta::assert_snapshot!(text.join("\n"), @"
    eu-west-2 decides by another policy than eu-west-1: thresholds
    us-east-1 decides by another policy than eu-west-1: regions eu-west-1, eu-west-2 and eu-west-1, us-east-1
    ApiName is api.chat.example.com in eu-west-1, us-east-1, but api.mail.example.com in eu-west-2
    chat in eu-west-2 is UPDATE_ROLLBACK_FAILED
    chat in us-east-1 has no output GateUrl
    chat in us-east-1 has no output Policy: is it of template.yaml?
    the output Policy of chat in us-east-1 cannot be read: missing field `service` at line 1 column 2
    ");
}

#[test]
fn the_endpoint_of_ssm_is_that_of_its_partition() {
    assert_eq!(regional_ssm(&region("cn-north-1")), "https://ssm.cn-north-1.amazonaws.com.cn");
    assert_eq!(regional_ssm(&region("eu-west-1")), "https://ssm.eu-west-1.amazonaws.com");
}
