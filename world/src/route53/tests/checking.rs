//! Checkers against endpoints that change what they say.

use std::time::Duration;

use route53::Purpose;
use tokio::time::{Instant, timeout};

use super::super::Turn;
use super::{SOON, Set, region, set};
use crate::event::Event;
use crate::fault::Component;

#[tokio::test]
async fn a_majority_of_gates_moves_both_names_and_the_talks_stay() {
    let set = set(20.0).await;
    assert_eq!(set.route53.away_from_home(), Vec::<String>::new());
    let (mut turns, mut told) = (set.route53.subscribe(), set.events.listen());
    set.says.set(|said| said.ejects = vec![("eu-west-1", "eu-west-2"), ("us-east-1", "eu-west-2")]);
    let took = set.until("api.chat.test", "eu-west-1").await;
    assert!(took < Duration::from_secs(5), "30 s at the speed of 20 would be 1.5 s; this took {took:?}");
    set.until("api-ws.chat.test", "eu-west-1").await;
    assert_eq!(set.route53.answer("talk-api.chat.test", "London"), Some(region("eu-west-2")));
    assert_eq!(set.route53.answer("api.chat.test", "Portland"), Some(region("us-east-1")));
    let mut checks = Vec::new();
    let answer = timeout(SOON, async {
        loop {
            match turns.recv().await.unwrap() {
                Turn::Check { check, healthy } => checks.push((check.to_string(), healthy)),
                Turn::Answer { name, town: "London", from, to } => return (name, from, to),
                Turn::Answer { .. } => {}
            }
        }
    })
    .await
    .unwrap();
    assert_eq!(answer, ("api-ws.chat.test".to_owned(), Some(region("eu-west-2")), Some(region("eu-west-1"))));
    assert!(checks.contains(&("eu-west-2 not ejected".to_owned(), false)), "{checks:?}");
    let told = timeout(SOON, told.recv()).await.unwrap().unwrap();
    assert!(matches!(told.event, Event::Answers { place, to: Some(_), .. } if place == "London"));
    assert!(!set.route53.away_from_home().is_empty());
    set.says.set(|said| said.ejects.clear());
    set.until("api.chat.test", "eu-west-2").await;
}

#[tokio::test]
async fn one_gate_moves_nothing_and_neither_does_its_end() {
    let set = set(20.0).await;
    set.says.set(|said| said.ejects = vec![("eu-west-1", "eu-west-2")]);
    let seen = |set: &Set| {
        let eject = |purpose: &Purpose| matches!(purpose, Purpose::Eject { region, observer } if region.as_str() == "eu-west-2" && observer.as_str() == "eu-west-1");
        set.route53.checks().into_iter().any(|check| eject(&check.purpose) && check.passing == 16)
    };
    let began = Instant::now();
    while !seen(&set) {
        assert!(began.elapsed() < SOON, "every checker sees the string\n{}", set.why("api.chat.test"));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(set.route53.away_from_home(), Vec::<String>::new());
}

#[tokio::test]
async fn without_controllers_the_plain_check_is_left() {
    let set = set(20.0).await;
    set.says.set(|said| said.controllers_dead = true);
    let began = Instant::now();
    while set.route53.checks().iter().any(|check| check.purpose == Purpose::Controllers && check.healthy) {
        assert!(began.elapsed() < SOON);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(set.route53.away_from_home(), Vec::<String>::new(), "dead controllers alone change nothing");
    set.says.set(|said| said.sick = vec!["eu-west-2"]);
    set.until("api.chat.test", "eu-west-1").await;
    set.until("talk-api.chat.test", "eu-west-1").await;
}

#[tokio::test]
async fn lying_checkers_move_the_talks_names_and_not_ours() {
    let set = set(20.0).await;
    set.faults.set(&region("eu-west-2"), Component::Checkers, true);
    set.until("talk-api.chat.test", "eu-west-1").await;
    assert_eq!(set.route53.answer("api.chat.test", "London"), Some(region("eu-west-2")), "{}", set.why("api.chat.test"));
    set.faults.heal(None);
    set.until("talk-api.chat.test", "eu-west-2").await;
}
