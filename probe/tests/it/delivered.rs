//! The delivery matrix over real sockets: faults are named by where messages do not arrive.

use std::time::Duration;

use decision::Check;
use probe::Blame;
use tokio::time::{Instant, sleep};

use crate::fixture::{Model, name, not_passed, outcome, pace};

const LAG: Duration = Duration::from_millis(60);

#[tokio::test]
async fn a_healthy_service_passes_and_the_matrix_shows_the_lag() {
    let model = Model::new(3, LAG).await;
    let seen = model.probe().round(1).await;
    assert_eq!(not_passed(&seen), [""; 0]);
    assert_eq!((seen.blamed.len(), seen.round.self_check.to_string().as_str()), (0, "pass"));
    assert!(!seen.anything_failed());
    for from in 0..3 {
        for to in 0..3 {
            let after = seen.matrix.arrival(&name(from), &name(to)).unwrap();
            assert_eq!(after >= LAG, from != to, "{from} to {to}: {after:?}");
        }
    }
    assert!(seen.took < pace().own, "all had arrived, yet it waited: {:?}", seen.took);
    let steps = &seen.regions[&name(0)];
    assert!(steps.rest.phases.connect.is_some() && steps.rest.phases.first_byte.is_some());
    assert!(steps.websocket.phases.first_byte.is_some() && steps.rest.phases.dns.is_none() && steps.rest.phases.tls.is_none());
    assert!(seen.distractor.as_ref().is_some_and(|distractor| distractor.stood));
}

#[tokio::test]
async fn a_lost_row_a_lost_column_and_a_lost_pair_are_told_apart() {
    let model = Model::new(3, LAG).await;
    let probe = model.probe();

    model.break_region(1, |region| region.deaf = true);
    let seen = probe.round(1).await;
    assert_eq!(not_passed(&seen), ["us-east-1 delivery fail:row"]);
    assert_eq!(seen.blamed, [Blame::Row(name(1))]);
    model.break_region(1, |region| region.deaf = false);

    model.break_region(2, |region| region.mute = true);
    let seen = probe.round(2).await;
    assert_eq!(not_passed(&seen), ["us-west-2 delivery fail:column"]);
    assert_eq!(seen.blamed, [Blame::Column(name(2))]);
    assert!(seen.took < pace().across, "a dead column is known at the first deadline: {:?}", seen.took);
    model.break_region(2, |region| region.mute = false);

    model.break_region(2, |region| region.lost_from = [0].into());
    let seen = probe.round(3).await;
    assert_eq!(not_passed(&seen), ["eu-west-2 replication fail:to-us-west-2", "us-west-2 replication fail:from-eu-west-2"]);
    assert_eq!(seen.blamed, [Blame::Pair { from: name(0), to: name(2) }]);
    assert!(seen.took >= pace().across);
}

#[tokio::test]
async fn a_region_that_says_no_is_a_lost_row_at_once() {
    let model = Model::new(3, LAG).await;
    model.break_region(0, |region| region.refuses = true);
    let seen = model.probe().round(1).await;
    assert_eq!(not_passed(&seen), ["eu-west-2 delivery fail:row"]);
    assert!(seen.took < pace().own, "{:?}", seen.took);
}

#[tokio::test]
async fn when_nothing_arrives_anywhere_the_observer_doubts_itself() {
    let model = Model::new(3, LAG).await;
    for index in 0..3 {
        model.break_region(index, |region| region.mute = true);
    }
    let seen = model.probe().round(1).await;
    assert_eq!(seen.blamed, [Blame::Observer]);
    assert_eq!(seen.round.self_check.to_string(), "degraded:observer");
    assert_eq!(outcome(&seen, 1, Check::Delivery), "unknown:observer");
    assert_eq!(outcome(&seen, 1, Check::Rest), "pass");
}

#[tokio::test]
async fn late_is_degraded() {
    let model = Model::new(3, LAG).await;
    let mut settings = model.settings();
    settings.pace.late = Duration::from_millis(300);
    model.break_region(1, |region| region.late = Duration::from_millis(400));
    let seen = probe::Probe::new(settings).unwrap().round(1).await;
    assert_eq!(outcome(&seen, 1, Check::Delivery), "degraded:late");
    assert_eq!(outcome(&seen, 1, Check::Replication), "degraded:late");
    assert_eq!(outcome(&seen, 0, Check::Delivery), "pass");
    assert!(!seen.anything_failed());
}

#[tokio::test]
async fn a_socket_that_is_cut_fails_its_region_and_nobody_else() {
    let model = Model::new(3, LAG).await;
    model.break_region(2, |region| region.cuts = true);
    let seen = model.probe().round(1).await;
    assert_eq!(
        not_passed(&seen),
        ["us-west-2 websocket fail:connect", "us-west-2 delivery unknown:not-tried", "us-west-2 replication unknown:not-tried",]
    );
    assert_eq!(seen.blamed, []);
}

#[tokio::test]
async fn clocks_are_read_within_their_error_and_are_no_verdict() {
    let model = Model::new(2, LAG).await;
    model.break_region(1, |region| region.ahead_ms = -4000);
    let seen = model.probe().round(1).await;
    assert_eq!(not_passed(&seen), [""; 0]);
    for (index, true_ms) in [(0, 0), (1, -4000_i64)] {
        let skew = seen.skews[&name(index)];
        assert!((skew.ahead_ms - true_ms).abs() <= i64::from(skew.error_ms), "{index}: {skew:?}");
        let whole = seen.matrix.arrival(&name(index), &name(index)).unwrap();
        assert!(Duration::from_millis(skew.error_ms.into()) <= whole / 2 + Duration::from_millis(2), "{index}: {skew:?} in {whole:?}");
    }
}

#[tokio::test]
async fn closes_that_are_not_answered_are_counted_in_a_later_round_and_are_no_verdict() {
    let model = Model::new(2, Duration::ZERO).await;
    let probe = model.probe();
    let closes_in_time = |seen: &probe::Seen| {
        assert_eq!(not_passed(seen), [""; 0]);
        seen.counts.unanswered_closes == 0
    };
    // Longer than a close may take, so that one without an answer would be counted by now.
    let end = Instant::now() + pace().close + Duration::from_millis(200);
    for number in (1..).take_while(|_| Instant::now() < end) {
        sleep(Duration::from_millis(20)).await;
        assert!(closes_in_time(&probe.round(number).await));
    }
    model.break_region(0, |region| region.never_says_goodbye = true);
    let end = Instant::now() + Duration::from_secs(10);
    let mut number = 1;
    while closes_in_time(&probe.round(number).await) {
        assert!(Instant::now() < end, "never counted");
        number += 1;
        sleep(Duration::from_millis(20)).await;
    }
}
