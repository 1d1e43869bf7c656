//! The loop: rounds one after the other, published over the real wire, with a tripwire in between.

use std::future::Future;
use std::time::Duration;

use decision::{Check, Outcome};
use probe::{Network, Probe, Runner, Settings};
use tokio::sync::{oneshot, watch};

use crate::fixture::{CloudWatch, Model, Ssm, eventually, name};

fn quick(model: &Model) -> Settings {
    let mut settings = model.settings();
    settings.pace.round = Duration::from_millis(150);
    settings.pace.fast = Duration::from_millis(100);
    settings.pace.confirm = Duration::from_millis(50);
    settings
}

/// An hour between two rounds: whatever comes sooner was asked for.
fn patient(model: &Model) -> Settings {
    let mut settings = model.settings();
    settings.pace.round = Duration::from_secs(3600);
    settings.pace.fast = Duration::from_secs(3600);
    settings.pace.rewire = Duration::from_millis(50);
    settings.pace.early = Duration::from_millis(50);
    settings
}

/// A run that ends when the sender is used or dropped.
fn stop() -> (oneshot::Sender<()>, impl Future<Output = ()> + Send) {
    let (stop, stopped) = oneshot::channel();
    (stop, async move {
        let _ = stopped.await;
    })
}

#[tokio::test]
async fn rounds_are_published_and_continue_after_a_restart() {
    let model = Model::new(2, Duration::from_millis(5)).await;
    let ssm = Ssm::new().await;
    let (halt, until) = stop();
    let first = tokio::spawn(probe::run(Probe::new(quick(&model)).unwrap(), ssm.store().await, None, until));
    eventually("eight rounds", || ssm.rounds().last().is_some_and(|number| *number >= 8)).await;
    drop(halt);
    let ran = first.await.unwrap();
    let stands = ssm.observed().unwrap();
    assert_eq!(stands.rounds.last().map(|round| round.number), Some(ran.rounds), "the last round is flushed");
    assert!(stands.rounds.len() <= 5 && stands.matrix.len() == 2);
    let numbers = ssm.rounds();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");

    let (halt, until) = stop();
    let second = tokio::spawn(probe::run(Probe::new(quick(&model)).unwrap(), ssm.store().await, None, until));
    eventually("one more round", || ssm.rounds().last() > numbers.last()).await;
    drop(halt);
    second.await.unwrap();
    assert!(ssm.observed().unwrap().generation > stands.generation);
}

#[tokio::test]
async fn rounds_go_on_while_ssm_throttles_and_the_newest_are_written_when_it_is_back() {
    let model = Model::new(2, Duration::ZERO).await;
    let ssm = Ssm::new().await;
    ssm.throttle(true);
    let mut runner = Runner::start(Probe::new(quick(&model)).unwrap(), ssm.store().await, None).await;
    let seen = runner.seen();
    let (halt, until) = stop();
    let run = tokio::spawn(async move { runner.rounds(until).await });
    eventually("five rounds", || seen.borrow().as_ref().is_some_and(|seen| seen.round.number >= 5)).await;
    assert_eq!(ssm.observed(), None);
    ssm.throttle(false);
    eventually("a written round", || !ssm.rounds().is_empty()).await;
    drop(halt);
    run.await.unwrap();
}

#[tokio::test]
async fn a_lost_tripwire_starts_a_round_at_once_and_a_flapping_one_is_kept_in_bounds() {
    let model = Model::new(2, Duration::ZERO).await;
    let ssm = Ssm::new().await;
    let mut settings = patient(&model);
    settings.pace.early_max = 3;
    let (halt, until) = stop();
    let run = tokio::spawn(probe::run(Probe::new(settings).unwrap(), ssm.store().await, None, until));
    eventually("the first round", || ssm.rounds() == [1]).await;
    for cut in 2..=3 {
        eventually("a tripwire", || model.open_sockets(1) >= 1).await;
        model.cut_sockets(1);
        eventually("an early round", || ssm.rounds().last() == Some(&cut)).await;
    }
    for _ in 0..5 {
        eventually("a tripwire again", || model.open_sockets(1) >= 1).await;
        model.cut_sockets(1);
        eventually("it is cut", || model.open_sockets(1) == 0).await;
    }
    drop(halt);
    let ran = run.await.unwrap();
    assert!((2..=3).contains(&ran.early), "{ran:?}");
    assert_eq!(ran.rounds, 1 + ran.early);
    assert!(ran.refused >= 1, "{ran:?}");
}

#[tokio::test]
async fn a_region_that_dies_is_seen_three_times_within_seconds() {
    let mut model = Model::new(3, Duration::from_millis(20)).await;
    let ssm = Ssm::new().await;
    let mut settings = patient(&model);
    settings.pace.confirm = Duration::from_millis(100);
    let (halt, until) = stop();
    let run = tokio::spawn(probe::run(Probe::new(settings).unwrap(), ssm.store().await, None, until));
    eventually("the first round", || ssm.rounds() == [1]).await;
    eventually("a tripwire", || model.open_sockets(2) >= 1).await;
    model.kill(2).await;
    let dead = |observed: decision::Observed| {
        let refused = observed.rounds.iter().filter(|round| round.regions[&name(2)][&Check::Rest].outcome.is_fail());
        refused.count() >= 3 && observed.rounds.iter().all(|round| round.self_check == Outcome::Pass)
    };
    eventually("three rounds that saw it dead", || ssm.observed().is_some_and(dead)).await;
    drop(halt);
    run.await.unwrap();
}

#[tokio::test]
async fn a_tripwire_is_renewed_without_an_alarm() {
    let model = Model::new(1, Duration::ZERO).await;
    let ssm = Ssm::new().await;
    let mut settings = patient(&model);
    settings.pace.renew = Duration::from_millis(50);
    let (halt, until) = stop();
    let run = tokio::spawn(probe::run(Probe::new(settings).unwrap(), ssm.store().await, None, until));
    eventually("the first round", || ssm.rounds() == [1]).await;
    let taken = || model.sockets_taken(0);
    let before = taken();
    eventually("several renewals", || taken() >= before + 5).await;
    drop(halt);
    let ran = run.await.unwrap();
    assert_eq!((ran.rounds, ran.early), (1, 0));
}

#[tokio::test]
async fn metrics_of_every_round_reach_cloudwatch() {
    let model = Model::new(2, Duration::ZERO).await;
    let (ssm, cloudwatch) = (Ssm::new().await, CloudWatch::new().await);
    let (halt, until) = stop();
    let run = tokio::spawn(probe::run(model.probe(), ssm.store().await, Some(cloudwatch.client()), until));
    eventually("the first round", || ssm.rounds() == [1]).await;
    drop(halt);
    run.await.unwrap();
    for text in ["Failover", "CompositeHealth", "DeliveryLatency", "us-east-1", "ObserverFit"] {
        assert!(cloudwatch.holds(text), "{text}");
    }
}

#[tokio::test]
async fn an_observer_without_a_network_has_no_tripwires_until_it_is_back() {
    let model = Model::new(2, Duration::ZERO).await;
    let ssm = Ssm::new().await;
    let (up, network) = watch::channel(true);
    let mut settings = patient(&model);
    settings.network = Network::Switch(network);
    let (halt, until) = stop();
    let run = tokio::spawn(probe::run(Probe::new(settings).unwrap(), ssm.store().await, None, until));
    eventually("the first round", || ssm.rounds() == [1]).await;
    let open = || (model.open_sockets(0), model.open_sockets(1));
    eventually("only tripwires", || open() == (1, 1)).await;
    up.send_replace(false);
    eventually("no tripwire", || open() == (0, 0)).await;
    let unfit = |observed: decision::Observed| observed.rounds.last().is_some_and(|round| round.self_check.is_fail());
    eventually("an early round that knows itself blind", || ssm.observed().is_some_and(unfit)).await;
    up.send_replace(true);
    eventually("tripwires again", || open() == (1, 1)).await;
    drop(halt);
    run.await.unwrap();
}
