//! Names are asked for every time, of the name server that was given.

use std::net::Ipv4Addr;
use std::time::Duration;

use decision::Check;
use probe::{Probe, PublicName, SettingsError};

use crate::fixture::{Dns, Model, Reply, name, not_passed, outcome};

/// A probe that knows its regions by name.
async fn by_name(model: &Model, dns: &Dns) -> Probe {
    let mut settings = model.settings();
    settings.dns = Some(dns.addr);
    for target in &mut settings.targets {
        target.rest = target.rest.replace("127.0.0.1", &format!("{}.api.chat.test", target.region));
        target.websocket = target.websocket.replace("127.0.0.1", &format!("{}.api-ws.chat.test", target.region));
    }
    Probe::new(settings).unwrap()
}

#[tokio::test]
async fn a_name_that_moves_is_followed_at_once_and_one_that_is_gone_is_missed() {
    let model = Model::new(1, Duration::ZERO).await;
    let dns = Dns::new(Reply::Address(Ipv4Addr::LOCALHOST)).await;
    let probe = by_name(&model, &dns).await;
    let seen = probe.round(1).await;
    assert_eq!(not_passed(&seen), ["eu-west-2 replication unknown:not-tried"]);
    assert!(seen.regions[&name(0)].rest.phases.dns.is_some());

    // Nothing listens there.
    dns.say(Reply::Address(Ipv4Addr::new(127, 0, 0, 2)));
    assert_eq!(outcome(&probe.round(2).await, 0, Check::Rest), "fail:connect");

    dns.say(Reply::NoSuchName);
    let seen = probe.round(3).await;
    assert_eq!(outcome(&seen, 0, Check::Rest), "fail:dns");
    assert_eq!(seen.regions[&name(0)].rest.attempts, 2);

    dns.say(Reply::Address(Ipv4Addr::LOCALHOST));
    assert_eq!(outcome(&probe.round(4).await, 0, Check::Rest), "pass");
}

#[tokio::test]
async fn a_name_server_that_says_nothing_is_given_up_at_the_deadline() {
    let model = Model::new(2, Duration::ZERO).await;
    let dns = Dns::new(Reply::Nothing).await;
    let seen = by_name(&model, &dns).await.round(1).await;
    assert_eq!(outcome(&seen, 0, Check::Rest), "fail:dns");
    assert_eq!(seen.round.self_check.to_string(), "fail:observer", "without names it reaches nothing");
    assert!(seen.took < Duration::from_secs(4), "{:?}", seen.took);
}

#[tokio::test]
async fn public_names_are_evidence_and_no_verdict() {
    let model = Model::new(1, Duration::ZERO).await;
    let dns = Dns::new(Reply::Address(Ipv4Addr::LOCALHOST)).await;
    // The regions are known by address, so that only the public name asks.
    let mut settings = model.settings();
    settings.dns = Some(dns.addr);
    settings.public_names = vec!["api.chat.test".to_owned()];
    let probe = Probe::new(settings.clone()).unwrap();
    let seen = probe.round(1).await;
    assert_eq!(seen.public_names["api.chat.test"], PublicName::Addresses(vec![Ipv4Addr::LOCALHOST.into()]));

    dns.say(Reply::Nothing);
    let seen = probe.round(2).await;
    assert!(matches!(&seen.public_names["api.chat.test"], PublicName::Failure(failure) if failure.detail == "the deadline passed"));
    assert_eq!(not_passed(&seen), ["eu-west-2 replication unknown:not-tried"]);
    assert_eq!(seen.round.self_check.to_string(), "pass");
    assert!(seen.took < Duration::from_secs(2), "{:?}", seen.took);

    settings.public_names = vec![String::new()];
    assert!(matches!(Probe::new(settings), Err(SettingsError::PublicNames)));
}
