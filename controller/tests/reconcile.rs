//! Reconcile against real stores: what it needs, what it can do without, and that doing it twice or at once is safe.

#![expect(clippy::unwrap_used, reason = "outside of test functions too, this is a test")]

#[path = "../../store/tests/documents/mod.rs"]
mod documents;
#[path = "../../store/tests/ssm/mod.rs"]
mod ssm;

use std::time::Duration;

use controller::{Controller, ReconcileError};
use decision::{Check, Observed, Outcome, Policy, PolicySpec, RegionName, Round, Vote, Votes};
use documents::{OBSERVED, VOTES, at, chat, intent, london, observed, oregon, region, store};
use jiff::{SignedDuration, Timestamp};
use ssm::{Fault, Ssm};
use store::{Observers, StoreError};

fn mumbai() -> RegionName {
    region("ap-south-1")
}

fn places() -> [RegionName; 3] {
    [london(), oregon(), mumbai()]
}

fn policy() -> Policy {
    let (thresholds, failback) = Default::default();
    Policy::new(PolicySpec {
        service: chat(),
        observers: places().into(),
        regions: places().into(),
        thresholds,
        failback,
        capacity: std::collections::BTreeMap::new(),
    })
    .unwrap()
}

/// Three SSMs, in order London, Oregon, Mumbai, and London's controller.
struct Three {
    ssms: [Ssm; 3],
    observers: Observers,
    controller: Controller,
}

impl Three {
    async fn start() -> Self {
        let ssms = [Ssm::start().await, Ssm::start().await, Ssm::start().await];
        let stores = ssms.iter().zip(places()).map(|(ssm, place)| store(ssm, &place).with_deadline(Duration::from_millis(500)));
        let observers = Observers::new(stores.collect());
        let controller = Controller::new(policy(), london(), observers.clone());
        Self { ssms, observers, controller }
    }

    fn votes(&self) -> Option<Votes> {
        self.ssms[0].with(|all| all.text(VOTES)).map(|text| serde_json::from_str(&text).unwrap())
    }

    fn versions(&self) -> usize {
        self.ssms[0].with(|all| all.texts(VOTES).len())
    }
}

fn now() -> Timestamp {
    at("2026-01-01T01:00:00Z")
}

/// A document in which the newest round ends at `ended` and everything passes, but for `failing` websockets.
fn seen(generation: u64, ended: Timestamp, failing: Option<&RegionName>) -> Observed {
    let mut document = observed(&london(), generation);
    for back in (0..5_u32).rev() {
        let mut regions = std::collections::BTreeMap::new();
        for place in places() {
            let result = |check| match (check, failing) {
                (Check::Websocket, Some(sick)) if *sick == place => (Outcome::Fail(decision::Cause::Status(503)), 40, 2),
                _ => (Outcome::Pass, 40, 1),
            };
            let observation: decision::Observation = Check::ALL.into_iter().map(|check| (check, result(check).into())).collect();
            regions.insert(place, observation);
        }
        let number = generation * 5 - u64::from(back);
        let produced_at = ended - SignedDuration::from_secs(i64::from(back) * 10);
        document.rounds.push(Round { number, produced_at, self_check: Outcome::Pass, regions });
    }
    document
}

#[tokio::test]
async fn what_is_decided_is_stored_with_its_reasons_and_deciding_again_writes_nothing() {
    let three = Three::start().await;
    let own = three.observers.get(&london()).unwrap();
    own.put_observed(&seen(1, now(), Some(&oregon()))).await.unwrap();
    let decision = three.controller.reconcile(now()).await.unwrap();
    assert_eq!(three.votes(), Some(decision.votes.clone()));
    assert_eq!(decision.votes.observer, london());
    assert_eq!(decision.votes.regions.keys().cloned().collect::<std::collections::BTreeSet<_>>(), places().into());

    let again = three.controller.reconcile(now()).await.unwrap();
    assert!(!again.write && again.changes.is_empty(), "{again:?}");
    assert_eq!(three.versions(), 1);
    assert_eq!(three.votes(), Some(decision.votes));
}

#[tokio::test]
async fn three_failed_rounds_eject_and_the_change_carries_its_reason() {
    let three = Three::start().await;
    let own = three.observers.get(&london()).unwrap();
    own.put_observed(&seen(1, now(), None)).await.unwrap();
    three.controller.reconcile(now()).await.unwrap();
    let later = now() + SignedDuration::from_mins(5);
    own.put_observed(&seen(2, later, Some(&oregon()))).await.unwrap();
    let decision = three.controller.reconcile(later).await.unwrap();
    let [change] = &decision.changes[..] else { panic!("{:?}", decision.changes) };
    assert_eq!((&change.region, change.from, change.to), (&oregon(), Vote::Serve, Vote::Eject));
    assert!(change.reason.to_string().contains("websocket"), "{}", change.reason);
    assert_eq!(three.votes().unwrap().regions[&oregon()].vote, Vote::Eject);
}

#[tokio::test]
async fn a_drain_is_heard_with_a_minority_of_observers_gone_and_the_own_observations_missing() {
    let mut three = Three::start().await;
    let drain = intent(&oregon(), 1, "a");
    assert!(three.observers.record(&drain).await.is_majority());
    three.ssms[2].stop().await;
    let when = at("2026-01-01T00:00:05Z");
    let decision = three.controller.reconcile(when).await.unwrap();
    assert_eq!(decision.votes.regions[&oregon()].vote, Vote::Eject, "{}", decision.votes.regions[&oregon()].reason);
}

#[tokio::test]
async fn without_its_own_votes_nothing_is_decided_and_nothing_changes() {
    let mut three = Three::start().await;
    three.controller.reconcile(now()).await.unwrap();
    let before = three.votes();
    for fault in [Fault::Throttle, Fault::Deny, Fault::Error, Fault::Hang, Fault::Junk, Fault::Cut] {
        three.ssms[0].fault(fault);
        let error = three.controller.reconcile(now() + SignedDuration::from_hours(1)).await.unwrap_err();
        assert!(matches!(error, ReconcileError::Votes(_)), "{fault:?}: {error:?}");
    }
    three.ssms[0].fault(None);
    assert_eq!((three.votes(), three.versions()), (before, 1));

    three.ssms[0].with(|all| all.put(VOTES, "junk"));
    let error = three.controller.reconcile(now()).await.unwrap_err();
    assert!(matches!(error, ReconcileError::Votes(StoreError::Malformed { .. })), "{error:?}");
    three.ssms[0].stop().await;
    assert!(matches!(three.controller.reconcile(now()).await, Err(ReconcileError::Votes(_))));
}

#[tokio::test]
async fn observations_that_cannot_be_read_are_silence() {
    let three = Three::start().await;
    three.ssms[0].with(|all| all.put(OBSERVED, "junk"));
    let decision = three.controller.reconcile(now()).await.unwrap();
    for (place, entry) in &decision.votes.regions {
        assert_eq!((entry.vote, entry.verdict), (Vote::Serve, decision::Verdict::Unknown), "{place}");
    }
}

#[tokio::test]
async fn a_write_that_fails_is_an_error_and_the_next_tick_does_it() {
    let three = Three::start().await;
    three.ssms[0].next_puts([Some(Fault::Deny)]);
    let error = three.controller.reconcile(now()).await.unwrap_err();
    assert!(matches!(error, ReconcileError::Record(StoreError::Denied { .. })), "{error:?}");
    assert!(three.votes().is_none());
    three.controller.reconcile(now()).await.unwrap();
    assert!(three.votes().is_some());
}

#[tokio::test]
async fn of_two_controllers_of_one_observer_the_later_loses() {
    let three = Three::start().await;
    three.controller.reconcile(now()).await.unwrap();
    let before = three.votes().unwrap();
    // Another controller of this observer writes between our read and our write.
    let mut faster = before.clone();
    faster.generation += 1;
    faster.decided_at = now() + SignedDuration::from_hours(1);
    let text = serde_json::to_string(&faster).unwrap();
    three.ssms[0].before_put(move |all| all.put(VOTES, &text));
    let error = three.controller.reconcile(now() + SignedDuration::from_hours(2)).await.unwrap_err();
    assert!(error.is_behind(), "{error:?}");
    assert_eq!(three.votes(), Some(faster));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_controllers_at_once_corrupt_nothing() {
    let three = Three::start().await;
    three.ssms[0].lag(Duration::from_millis(5), 7);
    let mut last = 0;
    for tick in 1..=5 {
        let when = now() + SignedDuration::from_hours(tick);
        let runs = (0..4).map(|_| {
            let controller = three.controller.clone();
            tokio::spawn(async move { controller.reconcile(when).await })
        });
        let mut recorded = 0;
        for run in runs.collect::<Vec<_>>() {
            match run.await.unwrap() {
                Ok(_) => recorded += 1,
                Err(error) => assert!(error.is_behind(), "{error:?}"),
            }
        }
        let generation = three.votes().unwrap().generation;
        assert!(recorded >= 1 && generation > last, "tick {tick}: {recorded} recorded, generation {last} to {generation}");
        last = generation;
    }
}

#[tokio::test]
async fn an_observer_without_a_store_cannot_decide() {
    let controller = Controller::new(policy(), london(), Observers::new(Vec::new()));
    let error = controller.reconcile(now()).await.unwrap_err();
    insta::assert_snapshot!(error, @"eu-west-2 is to decide, and has no store among the observers");
}
