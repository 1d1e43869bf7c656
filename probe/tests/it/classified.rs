//! What goes wrong, by cause; and what is tried a second time.

use std::time::Duration;

use decision::Check;
use probe::{Look, Network, Probe};
use tokio::sync::watch;

use crate::fixture::{Faults, Model, Rest, Upgrade, name, not_passed, outcome};

async fn rest_and_table(change: impl FnOnce(&mut Faults)) -> [String; 2] {
    let model = Model::new(1, Duration::ZERO).await;
    model.break_region(0, change);
    let seen = model.probe().round(1).await;
    [outcome(&seen, 0, Check::Rest), outcome(&seen, 0, Check::Table)]
}

#[tokio::test]
async fn answers_are_read_to_the_end() {
    let says = |status, body: &str| {
        let rest = Rest::Says(status, body.to_owned());
        rest_and_table(move |region| region.rest = rest)
    };
    assert_eq!(says(500, "").await, ["fail:status-500", "fail:status-500"]);
    assert_eq!(says(403, "").await, ["fail:status-403", "fail:status-403"]);
    assert_eq!(says(302, "").await, ["fail:status-302", "fail:status-302"]);
    assert_eq!(says(200, "Ok").await, ["fail:protocol", "fail:protocol"], "the constant answer is not enough");
    assert_eq!(says(200, r#"{"messages":[],"region":"us-east-1"}"#).await[0], "fail:protocol", "another region answers");
    assert_eq!(says(200, r#"{"messages":[],"region":"eu-west-2"}"#).await[0], "pass", "an empty history is one");
    let two = r#"{"id":"1","ts":1,"message":"a"},{"id":"2","ts":2,"message":"b"}"#;
    assert_eq!(says(200, &format!(r#"{{"messages":[{two}],"region":"eu-west-2"}}"#)).await[0], "fail:protocol", "the limit is ignored");
    assert_eq!(says(200, &" ".repeat(100_000)).await, ["fail:protocol", "fail:protocol"], "too long to be read");
    assert_eq!(rest_and_table(|region| region.rest = Rest::Stale).await, ["pass", "fail:protocol"], "a stale read");
}

#[tokio::test]
async fn a_refused_upgrade_fails_websocket_alone_and_delivery_is_not_tried() {
    let model = Model::new(3, Duration::ZERO).await;
    model.break_region(0, |region| region.upgrade = Upgrade::Status(503));
    let seen = model.probe().round(1).await;
    assert_eq!(
        not_passed(&seen),
        ["eu-west-2 websocket fail:status-503", "eu-west-2 delivery unknown:not-tried", "eu-west-2 replication unknown:not-tried",]
    );
    assert_eq!(seen.regions[&name(0)].websocket.attempts, 1, "an answer is not asked for twice");
}

#[tokio::test]
async fn a_ticket_that_chat_does_not_know_fails() {
    let model = Model::new(2, Duration::ZERO).await;
    let mut settings = model.settings();
    settings.secret = "another".to_owned();
    let seen = Probe::new(settings).unwrap().round(1).await;
    assert_eq!(outcome(&seen, 0, Check::Websocket), "fail:status-403");
    assert_eq!(outcome(&seen, 0, Check::Table), "fail:status-403");
    assert_eq!(outcome(&seen, 0, Check::Rest), "pass");
}

#[tokio::test]
async fn a_region_that_is_gone_is_refused_twice_and_blames_nobody_else() {
    let mut model = Model::new(3, Duration::ZERO).await;
    model.kill(1).await;
    let seen = model.probe().round(1).await;
    assert_eq!(
        not_passed(&seen),
        [
            "us-east-1 rest fail:connect",
            "us-east-1 websocket fail:connect",
            "us-east-1 delivery unknown:not-tried",
            "us-east-1 replication unknown:not-tried",
            "us-east-1 table fail:connect",
        ]
    );
    assert_eq!(seen.regions[&name(1)].rest.attempts, 2);
    assert_eq!(seen.round.self_check.to_string(), "pass");
    assert!(Look::of(&seen.round).hard.contains(&name(1)));
}

#[tokio::test]
async fn an_observer_that_reaches_nothing_at_all_blames_itself() {
    let mut model = Model::new(2, Duration::ZERO).await;
    let probe = model.probe();
    model.kill(0).await;
    model.kill(1).await;
    let seen = probe.round(1).await;
    assert_eq!(seen.round.self_check.to_string(), "fail:observer");
    assert!(seen.anything_failed());
    assert_eq!(Look::of(&seen.round), Look::default());
}

#[tokio::test]
async fn an_observer_whose_network_comes_and_goes_knows_it() {
    let model = Model::new(2, Duration::ZERO).await;
    let (switch, network) = watch::channel(false);
    let mut settings = model.settings();
    settings.network = Network::Switch(network);
    let probe = Probe::new(settings).unwrap();
    let seen = probe.round(1).await;
    assert_eq!(seen.round.self_check.to_string(), "fail:observer");
    assert_eq!(outcome(&seen, 0, Check::Rest), "fail:connect");
    switch.send_replace(true);
    assert_eq!(not_passed(&probe.round(2).await), [""; 0]);
}

#[tokio::test]
async fn a_connection_that_ends_before_the_answer_is_tried_once_more_and_said_so() {
    let model = Model::new(1, Duration::ZERO).await;
    // The round opens two sockets there, its own and the distractor's: each is refused once and then taken.
    model.break_region(0, |region| region.upgrade = Upgrade::Hangs(2));
    let seen = model.probe().round(1).await;
    let websocket = &seen.regions[&name(0)].websocket;
    assert_eq!((websocket.attempts, websocket.failure.is_none(), websocket.first_failure.is_some()), (2, true, true));
    let result = &seen.round.regions[&name(0)][&Check::Websocket];
    assert_eq!((result.outcome.to_string().as_str(), result.attempts, result.first_attempt_passed()), ("pass", 2, false));
    assert!(Look::of(&seen.round).failing.contains(&(name(0), Check::Websocket)));
}
