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

const TURNED_VOTES: &str = "/failover/chat/turns/votes";
const TURNED_OBSERVED: &str = "/failover/chat/turns/observed";

/// London's controller through a night: a document of five rounds at a time, fifty seconds apart.
struct Night {
    three: Three,
    generation: u64,
    clock: Timestamp,
}

impl Night {
    async fn start() -> Self {
        Self { three: Three::start().await, generation: 0, clock: now() }
    }

    /// What the probe sees next, without a controller.
    async fn rounds(&mut self, failing: Option<&RegionName>) {
        self.generation += 1;
        self.clock += SignedDuration::from_secs(50);
        let own = self.three.observers.get(&london()).unwrap();
        own.put_observed(&seen(self.generation, self.clock, failing)).await.unwrap();
    }

    /// The next five rounds, decided on.
    async fn pass(&mut self, failing: Option<&RegionName>) -> Votes {
        self.rounds(failing).await;
        self.three.controller.reconcile(self.clock).await.unwrap().votes
    }

    async fn minutes(&mut self, minutes: u64) {
        for _ in 0..minutes * 60 / 50 {
            self.pass(None).await;
        }
    }

    fn turns(&self) -> Vec<Votes> {
        let texts = self.three.ssms[0].with(|all| all.texts(TURNED_VOTES));
        texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
    }

    fn turns_observed(&self) -> Vec<Observed> {
        let texts = self.three.ssms[0].with(|all| all.texts(TURNED_OBSERVED));
        texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
    }
}

#[tokio::test]
async fn of_a_quiet_night_with_one_ejection_only_the_turns_are_kept() {
    let mut night = Night::start().await;
    night.minutes(20).await;
    assert_eq!(night.turns().len(), 1, "nobody asks about rounds that all pass");
    let out = night.pass(Some(&oregon())).await;
    assert_eq!(out.regions[&oregon()].vote, Vote::Eject);
    assert_eq!(night.turns().last(), Some(&out));
    let saw = night.turns_observed().pop().unwrap();
    assert_eq!((saw.generation, saw.rounds.last().map(|round| round.number)), (night.generation, Some(out.round)));
    night.minutes(60).await;
    assert_eq!(night.three.votes().unwrap().regions[&oregon()].vote, Vote::Serve);

    let told: Vec<(Vote, decision::Verdict)> =
        night.turns().iter().map(|votes| (votes.regions[&oregon()].vote, votes.regions[&oregon()].verdict)).collect();
    assert_eq!(told.first().map(|(vote, _)| *vote), Some(Vote::Serve));
    assert!(told.contains(&(Vote::Eject, decision::Verdict::Unhealthy)), "{told:?}");
    assert_eq!(told.last(), Some(&(Vote::Serve, decision::Verdict::Healthy)));
    assert!(told.len() <= 6, "{told:?}");
}

#[tokio::test]
async fn a_turn_that_cannot_be_kept_is_in_nobodys_way_and_is_kept_with_the_next_votes() {
    let mut night = Night::start().await;
    night.pass(None).await;
    for fault in [Fault::Deny, Fault::Hang, Fault::Error, Fault::Cut] {
        let before = night.turns().len();
        night.rounds(Some(&oregon())).await;
        // Someone has to move for there to be a turn: the policy another one than before.
        night.three.controller = Controller::new(slower(before), london(), night.three.observers.clone());
        night.three.ssms[0].next_puts([None, Some(fault), Some(fault)]);
        let began = std::time::Instant::now();
        let decided = night.three.controller.reconcile(night.clock).await.unwrap();
        assert!(began.elapsed() < Duration::from_secs(3), "{fault:?} took {:?}", began.elapsed());
        assert!(decided.write && night.three.votes() == Some(decided.votes), "{fault:?}: the votes are recorded");
        assert_eq!(night.turns().len(), before, "{fault:?}");
        let next = night.pass(Some(&oregon())).await;
        assert_eq!(night.turns().last(), Some(&next), "{fault:?}");
    }
}

/// A policy that is another one for every number.
fn slower(number: usize) -> Policy {
    let thresholds = decision::Thresholds { settle_seconds: 45.0 + number as f64, ..decision::Thresholds::default() };
    let (failback, capacity) = Default::default();
    Policy::new(PolicySpec { service: chat(), observers: places().into(), regions: places().into(), thresholds, failback, capacity })
        .unwrap()
}

#[tokio::test]
async fn a_turn_that_cannot_be_read_is_replaced() {
    let mut night = Night::start().await;
    night.three.ssms[0].with(|all| all.put(TURNED_VOTES, "junk"));
    let votes = night.pass(None).await;
    let texts = night.three.ssms[0].with(|all| all.texts(TURNED_VOTES));
    assert_eq!(texts, ["junk".to_owned(), serde_json::to_string(&votes).unwrap()]);
}

#[tokio::test]
async fn after_a_silence_the_last_word_before_it_is_kept_first() {
    let mut night = Night::start().await;
    night.minutes(20).await;
    let last_word = night.three.votes().unwrap();
    for _ in 0..12 {
        night.rounds(None).await;
    }
    let back = night.pass(Some(&oregon())).await;
    assert_eq!(night.turns().last(), Some(&last_word));
    let next = night.pass(Some(&oregon())).await;
    assert_eq!((night.turns().len(), night.turns().last()), (3, Some(&next)));
    assert_eq!((back.regions[&oregon()].vote, next.regions[&oregon()].vote), (Vote::Eject, Vote::Eject));
    assert_eq!(night.turns_observed().last().map(|observed| observed.generation), Some(night.generation));
}

#[tokio::test]
async fn a_drain_its_end_and_its_return_are_turns() {
    let mut night = Night::start().await;
    night.clock = at("2026-01-01T00:00:00Z");
    night.pass(None).await;
    let drain = decision::Intent { ends_at: at("2026-01-01T00:20:00Z"), ..intent(&oregon(), 1, "a") };
    assert!(night.three.observers.record(&drain).await.is_majority());
    night.pass(None).await;
    assert_eq!(night.turns().last().unwrap().regions[&oregon()].vote, Vote::Eject);
    night.minutes(45).await;
    let told: Vec<Vote> = night.turns().iter().map(|votes| votes.regions[&oregon()].vote).collect();
    assert!(told.starts_with(&[Vote::Serve, Vote::Eject]) && told.last() == Some(&Vote::Serve) && told.len() <= 6, "{told:?}");
}
