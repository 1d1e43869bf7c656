//! Servers that accept and then say nothing: judged within the deadline of the step, never later.

use std::time::Duration;

use decision::Check;
use probe::{Phase, Probe};

use crate::fixture::{Model, Rest, Upgrade, name, not_passed, outcome, pace};

/// How much later than its deadline a verdict may come on a busy machine.
const MARGIN: Duration = Duration::from_millis(400);

#[tokio::test]
async fn a_silent_rest_server_fails_at_its_deadline() {
    let model = Model::new(2, Duration::ZERO).await;
    model.break_region(0, |region| region.rest = Rest::Silent);
    let seen = model.probe().round(1).await;
    assert_eq!(not_passed(&seen), ["eu-west-2 rest fail:timeout", "eu-west-2 table fail:timeout"]);
    let step = &seen.regions[&name(0)].rest;
    assert_eq!((step.attempts, step.failure.as_ref().map(|failure| failure.phase)), (1, Some(Phase::FirstByte)));
    assert!(step.phases.total >= pace().answer && step.phases.total < pace().answer + MARGIN, "{:?}", step.phases.total);
    assert!(seen.took < pace().answer + MARGIN, "{:?}", seen.took);
}

#[tokio::test]
async fn a_server_that_drips_fails_at_the_same_deadline() {
    let model = Model::new(2, Duration::ZERO).await;
    model.break_region(0, |region| region.rest = Rest::Drips);
    let seen = model.probe().round(1).await;
    assert_eq!(outcome(&seen, 0, Check::Rest), "fail:timeout");
    assert!(seen.took < pace().answer + MARGIN, "{:?}", seen.took);
}

#[tokio::test]
async fn a_silent_upgrade_fails_at_its_deadline_and_the_others_are_still_heard() {
    let model = Model::new(3, Duration::ZERO).await;
    model.break_region(1, |region| region.upgrade = Upgrade::Silent);
    let seen = model.probe().round(1).await;
    assert_eq!(
        not_passed(&seen),
        ["us-east-1 websocket fail:timeout", "us-east-1 delivery unknown:not-tried", "us-east-1 replication unknown:not-tried",]
    );
    assert_eq!(seen.regions[&name(1)].websocket.attempts, 1, "a deadline is not tried again");
    assert!(seen.took < pace().upgrade + MARGIN, "{:?}", seen.took);
}

#[tokio::test]
async fn a_round_ends_at_its_deadline_with_what_it_has() {
    let model = Model::new(3, Duration::ZERO).await;
    model.break_region(0, |region| region.rest = Rest::Silent);
    model.break_region(1, |region| region.upgrade = Upgrade::Silent);
    model.break_region(2, |region| region.mute = true);
    let mut settings = model.settings();
    settings.pace.deadline = Duration::from_millis(600);
    let seen = Probe::new(settings).unwrap().round(1).await;
    assert!(seen.took < Duration::from_millis(600) + MARGIN, "{:?}", seen.took);
    assert_eq!(outcome(&seen, 0, Check::Rest), "fail:timeout");
    assert_eq!(outcome(&seen, 2, Check::Rest), "pass");
}
