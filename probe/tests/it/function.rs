//! The binary as Lambda runs it: rounds within an invocation, the next invocation goes on, and nothing makes it late.

use std::time::Duration;

use lambda::service::{Function, Kind, request_id};
use probe::environment::{OBSERVER, OBSERVERS, PUBLIC_NAMES, REQUIRED, ROUND_SECONDS, SECRET, SERVICE, TARGETS};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::fixture::{self, CloudWatch, Model, Ssm};

/// What an invocation keeps for its last round and for publishing is 13 s; the rest is for rounds, which come every second here.
const WITHIN: Duration = Duration::from_millis(15_750);

/// A witness: an observer that serves nothing.
const WITNESS: &str = "us-west-2";

async fn start(model: &Model, ssm: &str, metrics: &str, changed: &[(&str, &str)]) -> Function {
    let targets = serde_json::to_string(&model.settings().targets).unwrap();
    let usual = [
        (SERVICE, "chat"),
        (OBSERVER, WITNESS),
        (OBSERVERS, "eu-west-2,us-east-1,us-west-2"),
        (TARGETS, targets.as_str()),
        (SECRET, fixture::SECRET),
        (ROUND_SECONDS, "1"),
        (PUBLIC_NAMES, ""),
        ("AWS_ENDPOINT_URL_SSM", ssm),
        ("AWS_ENDPOINT_URL_CLOUDWATCH", metrics),
    ];
    let usual: Vec<(&str, &str)> = usual.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    Function::start(env!("CARGO_BIN_EXE_probe"), &[&usual, changed].concat()).await.unwrap()
}

#[tokio::test]
async fn an_invocation_makes_rounds_and_the_next_one_goes_on() {
    let (model, ssm, metrics) = (Model::new(2, Duration::ZERO).await, Ssm::new().await, CloudWatch::new().await);
    let mut probe = start(&model, &ssm.url(), &metrics.url(), &[]).await;
    let first = probe.invoke(&json!({}), WITHIN).await.unwrap();
    assert_eq!(first.kind, Kind::Response, "{first:?}");
    assert!(first.took < WITHIN, "{first:?}");
    let rounds = first.body["rounds"].as_u64().unwrap();
    assert!(rounds >= 2, "{first:?}");
    assert_eq!(ssm.rounds().last(), Some(&rounds), "the last round is stored when the invocation ends");
    assert!(metrics.holds("ObserverFit") && metrics.holds(WITNESS), "and its metrics are sent");
    let published = metrics.taken();

    let second = probe.invoke(&json!({}), WITHIN).await.unwrap();
    let more = second.body["rounds"].as_u64().unwrap();
    assert!(more >= 2, "{second:?}");
    assert_eq!(ssm.rounds().last(), Some(&(rounds + more)), "numbers go on");
    assert_eq!((published, metrics.taken()), (1, 2), "metrics are sent once an invocation");
    let seen = ssm.observed().unwrap();
    let regions: Vec<&str> = seen.rounds[0].regions.keys().map(decision::RegionName::as_str).collect();
    assert_eq!((seen.observer.as_str(), regions), (WITNESS, vec!["eu-west-2", "us-east-1"]), "a witness looks at every region but itself");

    let lines: Vec<Value> = probe.stop().await.unwrap().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |number| {
        lines
            .iter()
            .filter(|line| line["message"] == "round" && line["function_request_id"] == json!(request_id(number)))
            .collect::<Vec<_>>()
    };
    let (cold, warm) = (of(1), of(2));
    assert_eq!((cold.len() as u64, warm.len() as u64), (rounds, more));
    assert!(cold.iter().all(|line| line["cold_start"] == true) && warm.iter().all(|line| line["cold_start"] == false));
}

#[tokio::test]
async fn neither_ssm_nor_cloudwatch_can_make_it_late() {
    let model = Model::new(1, Duration::ZERO).await;
    // Takes connections, and never says anything.
    let silence = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("http://{}", silence.local_addr().unwrap());
    let mut probe = start(&model, &silent, &silent, &[]).await;
    let answer = probe.invoke(&json!({}), WITHIN).await.unwrap();
    assert_eq!(answer.kind, Kind::Response, "{answer:?}");
    assert!(answer.took < WITHIN, "{answer:?}");
    assert!(answer.body["rounds"].as_u64().unwrap() >= 2, "rounds wait for neither: {answer:?}");
    let log = probe.stop().await.unwrap().join("\n");
    assert!(log.contains("the run ends before everything was published"), "{log}");
}

#[tokio::test]
async fn an_invocation_without_time_for_a_round_fails_and_says_how_much_it_needs() {
    let (model, ssm, metrics) = (Model::new(1, Duration::ZERO).await, Ssm::new().await, CloudWatch::new().await);
    let mut probe = start(&model, &ssm.url(), &metrics.url(), &[]).await;
    let short = Duration::from_secs(2);
    let answer = probe.invoke(&json!({}), short).await.unwrap();
    assert!(answer.took < short, "{answer:?}");
    assert_eq!(answer.kind, Kind::Error);
    insta::assert_snapshot!(answer.body["errorMessage"].as_str().unwrap(), @"no round fits into this invocation: give the function at least 73 s");
}

#[tokio::test]
async fn what_is_missing_or_cannot_be_probed_is_said_before_the_first_event() {
    let (model, ssm, metrics) = (Model::new(1, Duration::ZERO).await, Ssm::new().await, CloudWatch::new().await);
    for missing in REQUIRED {
        let (status, lines) = start(&model, &ssm.url(), &metrics.url(), &[(missing, ""), (OBSERVER, "")]).await.ended().await.unwrap();
        let said: Value = serde_json::from_str(&lines[0]).unwrap();
        assert!(!status.success());
        assert_eq!(said["error"], format!("{missing} is not set"), "{said}");
    }
    let (status, lines) = start(&model, &ssm.url(), &metrics.url(), &[(TARGETS, "[]")]).await.ended().await.unwrap();
    assert!(!status.success() && lines[0].contains("a probe has 1 to"), "{lines:?}");
}
