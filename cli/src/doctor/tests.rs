//! One fault at a time in a deployment that is as it should be: exactly one error or warning, and its fix.
//!
//! The deployment is the shipped templates' own (`offline`); everything else is made up here.

use std::collections::BTreeMap;
use std::path::Path;

use decision::RegionName;
use jiff::SignedDuration;

use super::expected::Expected;
use super::facts::*;
use super::finding::{Anchor, Severity};
use super::{Finding, Tally, in_order, judge, judge_before, judge_config, offline, text};
use crate::config::Config;
use crate::out::Look;
use crate::sample;

const CONFIG: &str = r#"
service = "chat"
regions = ["eu-west-1", "eu-west-2", "us-east-1"]
[names]
api = "api.chat.example.com"
websocket = "api-ws.chat.example.com"
[capacity]
eu-west-1 = 1.0
eu-west-2 = 1.0
us-east-1 = 1.0
[observer.eu-west-1]
ssm = "https://ssm.eu-west-1.amazonaws.com"
gate = "https://gate-eu-west-1.chat.example.com"
[observer.eu-west-2]
ssm = "https://ssm.eu-west-2.amazonaws.com"
gate = "https://gate-eu-west-2.chat.example.com"
[observer.us-east-1]
ssm = "https://ssm.us-east-1.amazonaws.com"
gate = "https://gate-us-east-1.chat.example.com"
[deployed]
stack = "chat"
"#;

fn config() -> Config {
    Config::parse(Path::new("failover.toml"), CONFIG).unwrap()
}

fn expected() -> Expected {
    Expected::of(&config())
}

fn region(name: &str) -> RegionName {
    sample::region(name)
}

fn days(days: i64) -> Certificate {
    Certificate { days_left: days, distrust: None }
}

/// A deployment in which everything is as it should be.
fn fine() -> Facts {
    let config = config();
    let names: Vec<RegionName> = sample::NAMES.iter().map(|name| region(name)).collect();
    let mut facts = offline::facts(&expected()).unwrap();
    facts.account = Some(Ok(Account {
        arn: "arn:aws:sts::123456789012:assumed-role/operator/ana".to_owned(),
        expires: Some(sample::now() + SignedDuration::from_mins(460)),
    }));
    let votes = |observer: &RegionName| decision::Votes {
        policy: config.policy.fingerprint(),
        ..sample::votes(observer.as_str(), [sample::fine(), sample::fine(), sample::fine()])
    };
    for name in &names {
        let answer = |line: String| Ok(Answer { status: 200, line });
        facts.gates.insert(
            name.clone(),
            Gate {
                url: config.gate(name).unwrap(),
                alive: answer("alive chat".to_owned()),
                lines: names.iter().map(|region| (region.clone(), answer(format!("serve chat {region}")))).collect(),
                votes: Ok(votes(name)),
            },
        );
        facts.state.insert(
            name.clone(),
            State {
                votes: Ok(Some(votes(name))),
                intents: Ok((vec![], vec![])),
                history: Ok(()),
                write: Ok(store::Rehearsal::Allowed),
                ahead: Some(Ahead { millis: 120, give: 540 }),
            },
        );
        for host in [format!("gate-{name}"), format!("{name}.api"), format!("{name}.api-ws")] {
            facts.served.insert(format!("{host}.chat.example.com"), Ok(days(170)));
        }
        facts.stored.insert(
            name.clone(),
            Ok(vec![StoredCertificate {
                arn: format!("arn:aws:acm:{name}:123456789012:certificate/4e1f"),
                status: "ISSUED".to_owned(),
                names: expected().wildcards().into_iter().collect(),
                days_left: Some(170),
                deployed: true,
            }]),
        );
        facts.tables.insert(
            name.clone(),
            Ok(Table {
                name: "chat-messages".to_owned(),
                status: "ACTIVE".to_owned(),
                replicas: names.iter().filter(|other| *other != name).map(|other| (other.to_string(), "ACTIVE".to_owned())).collect(),
                stream: Some("NEW_AND_OLD_IMAGES".to_owned()),
            }),
        );
        let room = |quota: f64, peak: f64| Room { quota: Ok(quota), peak: Ok(Some(peak)) };
        facts
            .loads
            .insert(name.clone(), Load { lambda: room(1000.0, 120.0), requests: room(10_000.0, 900.0), connections: room(500.0, 40.0) });
        facts.stacks.insert(name.clone(), Ok(Some(stack(name))));
    }
    facts
}

fn stack(region: &RegionName) -> Stack {
    let parameters = [
        ("Service", "chat"),
        ("DomainName", "chat.example.com"),
        ("HostedZoneId", "Z1"),
        ("CertificateArn", "arn:aws:acm:eu-west-1:123456789012:certificate/4e1f"),
        ("Regions", "eu-west-1,eu-west-2,us-east-1"),
        ("Observers", "eu-west-1,eu-west-2,us-east-1"),
        ("ObserverCount", "3"),
        ("Serves", "true"),
        ("MessagesTable", "chat-messages"),
        ("ControllersCheckId", "c0ffee"),
        ("ProbeSecrets", "****"),
        ("Architecture", "arm64"),
    ];
    Stack {
        name: "chat".to_owned(),
        status: "UPDATE_COMPLETE".to_owned(),
        parameters: parameters.map(|(key, value)| (key.to_owned(), value.replace("eu-west-1:", &format!("{region}:")))).into(),
        outputs: BTreeMap::new(),
        template: Ok(super::drift::REGIONAL.to_owned()),
    }
}

fn examined(facts: &Facts) -> Vec<Finding> {
    judge(facts, &config(), sample::now())
}

/// What is not as it should be after this change.
fn after(change: impl FnOnce(&mut Facts)) -> String {
    let mut facts = fine();
    change(&mut facts);
    bad(&examined(&facts))
}

fn bad(findings: &[Finding]) -> String {
    let bad = findings.iter().filter(|finding| finding.severity != Severity::Ok);
    let line = |finding: &Finding| {
        let (severity, fix) = (format!("{:?}", finding.severity).to_lowercase(), finding.fix.as_deref().unwrap_or("none"));
        format!("{} {severity}: {}\nfix: {fix}\n#{}", finding.section.as_str(), finding.sentence, finding.doc.as_str())
    };
    bad.map(line).collect::<Vec<_>>().join("\n")
}

fn latency<'a>(facts: &'a mut Facts, name: &str, of: &str) -> &'a mut Record {
    let records = &mut facts.zone.as_mut().unwrap().as_mut().unwrap().records;
    records.iter_mut().find(|record| record.name == name && record.routing == Routing::Latency(of.to_owned())).unwrap()
}

fn check<'a>(facts: &'a mut Facts, id: &str) -> &'a mut Check {
    facts.checks.as_mut().unwrap().as_mut().unwrap().get_mut(id).unwrap_or_else(|| panic!("no check {id}"))
}

fn endpoint<'a>(facts: &'a mut Facts, id: &str) -> &'a mut Endpoint {
    match &mut check(facts, id).kind {
        Kind::Endpoint(endpoint) => endpoint,
        other => panic!("{id} is {other:?}"),
    }
}

fn api() -> &'static str {
    "api.chat.example.com"
}

#[test]
fn a_deployment_as_it_should_be_has_nothing_but_good_news() {
    let findings = examined(&fine());
    assert_eq!(bad(&findings), "");
    insta::assert_snapshot!(text(&findings, Look::PLAIN, 0));
}
