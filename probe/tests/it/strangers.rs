//! Other people's frames decide nothing, and no user sees one of ours.

use std::time::Duration;

use crate::fixture::{Model, not_passed};

#[tokio::test]
async fn a_thousand_foreign_frames_before_ours_change_nothing() {
    let model = Model::new(2, Duration::from_millis(20)).await;
    model.break_region(1, |region| region.strangers = 1000);
    let seen = model.probe().round(1).await;
    assert_eq!(not_passed(&seen), [""; 0]);
    assert!(seen.counts.foreign >= 1000, "{:?}", seen.counts);
}

#[tokio::test]
async fn a_nonce_is_found_inside_its_batch_and_counted_once() {
    let model = Model::new(2, Duration::from_millis(20)).await;
    for index in 0..2 {
        model.break_region(index, |region| region.batches = true);
    }
    let seen = model.probe().round(1).await;
    assert_eq!(not_passed(&seen), [""; 0]);
    assert!(seen.counts.duplicates >= 1, "{:?}", seen.counts);
    assert!(seen.counts.foreign >= 3, "{:?}", seen.counts);
}

#[tokio::test]
async fn a_nonce_that_comes_a_round_late_is_counted_as_slow() {
    let model = Model::new(2, Duration::from_millis(1700)).await;
    let probe = model.probe();
    let first = probe.round(1).await;
    assert_eq!(first.blamed.len(), 2, "both pairs were too slow for the deadline");
    let second = probe.round(2).await;
    assert!(second.counts.earlier >= 1, "{:?}", second.counts);
}

#[tokio::test]
async fn an_ordinary_socket_never_sees_a_probe_and_visits_every_region() {
    let model = Model::new(3, Duration::from_millis(5)).await;
    let probe = model.probe();
    let mut visited = std::collections::BTreeSet::new();
    for number in 0..30 {
        let seen = probe.round(number).await;
        let distractor = seen.distractor.expect("there is one in each round");
        assert!(distractor.stood);
        visited.insert(distractor.region);
        assert_eq!(seen.counts.leaked, 0);
    }
    assert_eq!(visited.len(), 3);
}

#[tokio::test]
async fn a_probe_message_at_an_ordinary_socket_is_counted_and_is_no_verdict() {
    let model = Model::new(1, Duration::ZERO).await;
    model.break_region(0, |region| region.leaks = true);
    let probe = model.probe();
    // What reaches the distractor after the last arrival is told by the round after.
    let (first, second) = (probe.round(1).await, probe.round(2).await);
    assert!(first.counts.leaked + second.counts.leaked >= 1);
    assert_eq!(not_passed(&first), ["eu-west-2 replication unknown:not-tried"]);
}

#[tokio::test]
async fn an_old_nonce_after_a_new_one_is_counted_as_out_of_order() {
    let model = Model::new(2, Duration::ZERO).await;
    let probe = model.probe();
    model.break_region(1, |region| region.late = Duration::from_millis(1700));
    assert_eq!(probe.round(1).await.counts.inversions, 0);
    model.break_region(1, |region| region.late = Duration::ZERO);
    // Something to wait for, so that the round still listens when the old ones come.
    model.break_region(0, |region| region.lost_from = [1].into());
    let counts = probe.round(2).await.counts;
    assert_eq!((counts.earlier, counts.inversions), (2, 2));
}
