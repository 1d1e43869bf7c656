//! One fault at a time in a deployment that is as it should be: exactly one error or warning, and its fix.
//!
//! The deployment is the shipped templates' own (`offline`); everything else is made up here.

mod reach;
mod rest;
mod tree;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

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

/// A deployment in which everything is as it should be. Made once: the templates take their time to be read.
fn fine() -> Facts {
    static FINE: LazyLock<Facts> = LazyLock::new(deployment);
    FINE.clone()
}

fn deployment() -> Facts {
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
                stream_arn: Some(format!("arn:aws:dynamodb:{name}:123456789012:table/chat-messages/stream/1")),
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
        ("RegionCount", "3"),
        ("MessagesStreamArn", "arn:aws:dynamodb:eu-west-1:123456789012:table/chat-messages/stream/1"),
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

fn records(facts: &mut Facts) -> &mut Vec<Record> {
    &mut facts.zone.as_mut().unwrap().as_mut().unwrap().records
}

#[test]
fn a_deployment_as_it_should_be_has_nothing_but_good_news() {
    let findings = examined(&fine());
    assert_eq!(bad(&findings), "");
    insta::assert_snapshot!(text(&findings, Look::PLAIN, 0), @"
    account
    ✓ arn:aws:sts::123456789012:assumed-role/operator/ana: the credentials last 7h 40m
    ✓ this machine's clock agrees with SSM's in eu-west-1 to within 0.5 s
    dns
    ✓ api.chat.example.com has 3 latency records, each with its check, and both records of every regional name have theirs
    ✓ api-ws.chat.example.com has 3 latency records, each with its check, and both records of every regional name have theirs
    checks
    ✓ 7 checks of records and all their children are as the observers demand, and none is disabled
    certificates
    ✓ 9 hosts present certificates that clients take; the first ends in 170 days (eu-west-1.api-ws.chat.example.com)
    ✓ the certificate in ACM of eu-west-1 (4e1f) covers every name and lasts 170 days
    ✓ the certificate in ACM of eu-west-2 (4e1f) covers every name and lasts 170 days
    ✓ the certificate in ACM of us-east-1 (4e1f) covers every name and lasts 170 days
    gates
    ✓ the gates of eu-west-1, eu-west-2 and us-east-1 answer with the right lines and fresh votes
    ✓ every controller decides by the policy of failover.toml
    state
    ✓ 3 of 3 observers can be read, with their histories
    ✓ intents can be written at 3 of 3 observers (a dry write, which changes nothing)
    table
    ✓ chat-messages is ACTIVE with its stream in eu-west-1, eu-west-2 and us-east-1
    quotas
    ✓ any region can take any other's concurrent Lambda executions: at most 120 in the last week, and 880 or more are free
    ✓ any region can take any other's API requests per second: at most 900 in the last week, and 9100 or more are free
    ✓ any region can take any other's new WebSocket connections per second: at most 40 in the last week, and 460 or more are free
    deployment
    ✓ the stack chat in eu-west-1, eu-west-2 and us-east-1 is of this version's template, with the parameters of failover.toml

    18 ok; exit 0
    ");
}
#[test]
fn what_cannot_be_read_is_unknown_and_everything_else_goes_on() {
    let denied = || Unread { why: Why::Denied, what: "AccessDenied: not authorized".to_owned() };
    let text = [after(|facts| facts.zone = Some(Err(denied()))), after(|facts| facts.checks = Some(Err(Unread::late())))];
    insta::assert_snapshot!(text.join("\n\n"), @"
    dns unknown: the hosted zone could not be read: AccessDenied: not authorized
    fix: let these credentials read it; docs/doctor.md lists what doctor asks for
    #could-not-be-read

    checks unknown: the health checks could not be read: no answer in time
    fix: try again, with a longer --timeout or from another network
    #could-not-be-read
    ");
    let mut facts = fine();
    facts.zone = Some(Err(denied()));
    let findings = examined(&facts);
    assert_eq!(Tally::of(&findings).unknown, 1);
    assert!(Tally::of(&findings).ok > 8, "{findings:?}");
}

#[test]
fn errors_decide_the_exit_code_and_strictness_the_rest() {
    let tally = |errors, warnings, unknown| Tally { errors, warnings, unknown, ok: 3 };
    let codes = [(0, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, 0)]
        .map(|(errors, warnings, unknown)| [false, true].map(|strict| tally(errors, warnings, unknown).exit_code(strict)));
    assert_eq!(codes, [[0, 0], [0, 1], [0, 1], [1, 1]]);
}

#[test]
fn what_is_printed_names_the_worst_first_and_leads_to_the_documentation() {
    let mut facts = fine();
    facts.zone.as_mut().unwrap().as_mut().unwrap().records.retain(|record| record.name != "api-ws.chat.example.com");
    latency(&mut facts, api(), "us-east-1").check = None;
    facts.account = Some(Err(Unread::late()));
    let findings = in_order(examined(&facts));
    let shown = findings.iter().filter(|finding| finding.section <= super::finding::Section::Dns).cloned().collect::<Vec<_>>();
    insta::assert_snapshot!(text(&shown, Look { unicode: false, color: false }, 1), @"
    account
    ? unknown: whose credentials these are could not be read: no answer in time
        fix: try again, with a longer --timeout or from another network
        see: docs/doctor.md#could-not-be-read
    ok this machine's clock agrees with SSM's in eu-west-1 to within 0.5 s
    dns
    FAIL error: the record of us-east-1 at api.chat.example.com has no health check: it always counts as healthy, and a drain moves nobody
        fix: set HealthCheckId on the record set (SAM's Domain.Route53 drops it), or deploy the stack again
        see: docs/doctor.md#record-without-check
    FAIL error: api-ws.chat.example.com has no latency record for eu-west-1, eu-west-2 and us-east-1: nobody is sent there
        fix: deploy the stack of eu-west-1, eu-west-2 and us-east-1
        see: docs/doctor.md#record-missing

    2 errors, 1 unknown, 1 ok; exit 1
    ");
    insta::assert_snapshot!(serde_json::to_string_pretty(&shown[2]).unwrap(), @r#"
    {
      "section": "dns",
      "severity": "error",
      "sentence": "the record of us-east-1 at api.chat.example.com has no health check: it always counts as healthy, and a drain moves nobody",
      "fix": "set HealthCheckId on the record set (SAM's Domain.Route53 drops it), or deploy the stack again",
      "doc": "docs/doctor.md#record-without-check"
    }
    "#);
}

#[test]
fn every_finding_is_explained_under_its_anchor_and_nothing_else_is() {
    let guide = include_str!("../../../docs/doctor.md");
    let headings: Vec<&str> = guide.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let anchors: Vec<&str> = Anchor::ALL.iter().map(|anchor| anchor.as_str()).collect();
    assert_eq!(headings, anchors, "the headings of docs/doctor.md, in order");
    for (heading, body) in headings.iter().zip(guide.split("\n### ").skip(1)) {
        for part in ["**Means.**", "**Matters.**", "**Fix.**"] {
            assert!(body.contains(part), "{heading} does not say {part}");
        }
    }
}
