//! Who stands after a write: the higher generation, however writers and answers get in each other's way.

#![expect(clippy::unwrap_used, reason = "outside of test functions too, this is a test")]

mod documents;
mod ssm;

use std::time::{Duration, Instant};

use decision::Intent;
use documents::{VOTES, at, intent, london, observed, oregon, store, votes};
use futures_util::future::join_all;
use ssm::{Fault, Ssm};
use store::{Rehearsal, StoreError};

const OREGON: &str = "/failover/chat/intents/us-west-2";

fn text(document: &impl serde::Serialize) -> String {
    serde_json::to_string(document).unwrap()
}

fn standing(ssm: &Ssm) -> (u64, String) {
    let intent: Intent = serde_json::from_str(&ssm.with(|all| all.text(OREGON)).unwrap()).unwrap();
    (intent.generation, intent.id)
}

#[tokio::test]
async fn a_late_writer_loses_and_changes_nothing() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    store.put_votes(&votes(&london(), 5)).await.unwrap();
    for late in [1, 4] {
        match store.put_votes(&votes(&london(), late)).await {
            Err(StoreError::Behind { stored: 5, offered, .. }) if offered == late => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(ssm.with(|all| all.texts(VOTES)), [text(&votes(&london(), 5))]);
}

#[tokio::test]
async fn the_same_document_twice_is_one_write_and_another_of_its_generation_is_late() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    store.put_observed(&observed(&london(), 5)).await.unwrap();
    store.put_observed(&observed(&london(), 5)).await.unwrap();
    assert_eq!(ssm.calls("PutParameter"), 1);

    store.put_votes(&votes(&london(), 5)).await.unwrap();
    let mut other = votes(&london(), 5);
    other.decided_at = at("2026-01-01T00:00:09Z");
    assert!(matches!(store.put_votes(&other).await, Err(StoreError::Behind { stored: 5, offered: 5, .. })));
}

#[tokio::test]
async fn intents_of_one_generation_are_ordered_by_time_recorded_and_then_by_id() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    let mut later = intent(&oregon(), 5, "a");
    later.recorded_at = at("2026-01-01T00:00:01Z");
    store.put_intent(&intent(&oregon(), 5, "b")).await.unwrap();
    assert!(matches!(store.put_intent(&intent(&oregon(), 5, "a")).await, Err(StoreError::Behind { .. })));
    store.put_intent(&intent(&oregon(), 5, "c")).await.unwrap();
    store.put_intent(&later).await.unwrap();
    assert!(matches!(store.put_intent(&intent(&oregon(), 5, "d")).await, Err(StoreError::Behind { .. })));
    assert_eq!(standing(&ssm), (5, "a".to_owned()));
}

#[tokio::test]
async fn what_a_late_write_overwrote_in_between_is_put_back() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    store.put_intent(&intent(&oregon(), 1, "a")).await.unwrap();
    // Between our read and our write: a better one, and on top of it a lesser one whose writer died.
    ssm.before_put(|all| {
        all.put(OREGON, &text(&intent(&oregon(), 9, "better")));
        all.put(OREGON, &text(&intent(&oregon(), 3, "dead")));
    });
    match store.put_intent(&intent(&oregon(), 5, "late")).await {
        Err(StoreError::Behind { stored: 9, offered: 5, .. }) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(standing(&ssm), (9, "better".to_owned()));
    // The log shows the better one once, although it was written twice.
    let ids: Vec<String> = store.intent_history(&oregon()).await.unwrap().into_documents().into_iter().map(|intent| intent.id).collect();
    assert_eq!(ids, ["a", "better", "dead", "late"]);
}

#[tokio::test]
async fn a_lesser_one_in_between_stays_overwritten() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    store.put_intent(&intent(&oregon(), 1, "a")).await.unwrap();
    ssm.before_put(|all| all.put(OREGON, &text(&intent(&oregon(), 3, "lesser"))));
    store.put_intent(&intent(&oregon(), 5, "ours")).await.unwrap();
    assert_eq!(standing(&ssm), (5, "ours".to_owned()));
}

#[tokio::test]
async fn of_two_votes_of_one_generation_the_first_one_stands() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    store.put_votes(&votes(&london(), 1)).await.unwrap();
    let mut first = votes(&london(), 2);
    first.policy = "first".to_owned();
    let expected = text(&first);
    ssm.before_put(move |all| all.put(VOTES, &text(&first)));
    assert!(matches!(store.put_votes(&votes(&london(), 2)).await, Err(StoreError::Behind { stored: 2, offered: 2, .. })));
    assert_eq!(ssm.with(|all| all.text(VOTES)), Some(expected));
}

#[tokio::test]
async fn putting_back_is_itself_checked() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    store.put_intent(&intent(&oregon(), 1, "a")).await.unwrap();
    ssm.before_put(|all| all.put(OREGON, &text(&intent(&oregon(), 7, "better"))));
    ssm.before_put(|all| all.put(OREGON, &text(&intent(&oregon(), 9, "best"))));
    assert!(matches!(store.put_intent(&intent(&oregon(), 5, "late")).await, Err(StoreError::Behind { stored: 9, .. })));
    assert_eq!(standing(&ssm), (9, "best".to_owned()));
}

#[tokio::test]
async fn the_first_write_of_all_is_conditional_and_starts_over_when_it_is_not_the_first() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    ssm.before_put(|all| all.put(OREGON, &text(&intent(&oregon(), 9, "first"))));
    assert!(matches!(store.put_intent(&intent(&oregon(), 5, "late")).await, Err(StoreError::Behind { stored: 9, .. })));
    assert_eq!(ssm.with(|all| all.texts(OREGON).len()), 1);
}

#[tokio::test]
async fn a_parameter_that_is_deleted_and_made_again_in_between_is_looked_at_too() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    for generation in 1..=4 {
        store.put_intent(&intent(&oregon(), generation, "a")).await.unwrap();
    }
    ssm.before_put(|all| {
        all.delete(OREGON);
        all.put(OREGON, &text(&intent(&oregon(), 9, "new")));
    });
    assert!(matches!(store.put_intent(&intent(&oregon(), 5, "late")).await, Err(StoreError::Behind { stored: 9, .. })));
    assert_eq!(standing(&ssm), (9, "new".to_owned()));
}

#[tokio::test]
async fn junk_is_overwritten_but_a_newer_version_of_a_document_is_not() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    ssm.with(|all| all.put(VOTES, "junk"));
    store.put_votes(&votes(&london(), 1)).await.unwrap();
    ssm.with(|all| all.put(VOTES, r#"{"schema":"failover/v2","generation":40,"colour":"blue"}"#));
    assert!(matches!(store.put_votes(&votes(&london(), 2)).await, Err(StoreError::Behind { stored: 40, .. })));
}

#[tokio::test]
async fn an_answer_that_is_lost_is_looked_up_and_the_write_is_not_doubled() {
    for fault in [Fault::CutAfter, Fault::ErrorAfter, Fault::HangAfter] {
        let ssm = Ssm::start().await;
        let store = store(&ssm, &london());
        store.put_votes(&votes(&london(), 1)).await.unwrap();
        ssm.next_puts([Some(fault)]);
        store.put_votes(&votes(&london(), 2)).await.unwrap();
        assert_eq!(ssm.with(|all| all.texts(VOTES).len()), 2, "{fault:?}");
    }
}

#[tokio::test]
async fn a_request_that_is_lost_or_refused_for_the_moment_is_sent_again() {
    for fault in [Fault::Cut, Fault::Error, Fault::Hang, Fault::Throttle, Fault::Junk] {
        let ssm = Ssm::start().await;
        let store = store(&ssm, &london());
        ssm.next_puts([Some(fault)]);
        store.put_votes(&votes(&london(), 2)).await.unwrap();
        assert_eq!(ssm.with(|all| all.texts(VOTES).len()), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_lost_answer_on_top_of_something_better_still_loses() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    store.put_intent(&intent(&oregon(), 1, "a")).await.unwrap();
    ssm.before_put(|all| all.put(OREGON, &text(&intent(&oregon(), 9, "better"))));
    ssm.next_puts([Some(Fault::CutAfter)]);
    assert!(matches!(store.put_intent(&intent(&oregon(), 5, "late")).await, Err(StoreError::Behind { stored: 9, .. })));
    assert_eq!(standing(&ssm), (9, "better".to_owned()));
}

#[tokio::test]
async fn a_write_is_indefinite_when_it_was_sent_and_nobody_says_what_became_of_it() {
    for (fault, written) in [(Fault::Hang, 0), (Fault::HangAfter, 1), (Fault::Cut, 0), (Fault::Error, 0)] {
        let ssm = Ssm::start().await;
        let store = store(&ssm, &london()).with_deadline(Duration::from_millis(400));
        ssm.next_puts([fault; 8].map(Some));
        // Reading back does not help either: SSM is gone for good after the write came in.
        let gone = async {
            while ssm.calls("PutParameter") == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            ssm.fault(Fault::Hang);
        };
        let ours = votes(&london(), 2);
        let (result, ()) = tokio::join!(store.put_votes(&ours), gone);
        assert!(matches!(result, Err(StoreError::Indefinite { .. })), "{fault:?}: {result:?}");
        assert_eq!(ssm.with(|all| all.texts(VOTES).len()), written, "{fault:?}");
    }
}

#[tokio::test]
async fn a_write_that_certainly_did_not_happen_says_so() {
    for fault in [Fault::Throttle, Fault::Deny, Fault::Quota] {
        let ssm = Ssm::start().await;
        let store = store(&ssm, &london()).with_deadline(Duration::from_millis(400));
        ssm.next_puts([fault; 8].map(Some));
        let error = store.put_votes(&votes(&london(), 2)).await.unwrap_err();
        let right = match fault {
            Fault::Throttle => matches!(error, StoreError::Throttled { .. }),
            Fault::Deny => matches!(error, StoreError::Denied { .. }),
            _ => matches!(error, StoreError::Refused { .. }),
        };
        assert!(right, "{fault:?}: {error:?}");
    }
    let mut ssm = Ssm::start().await;
    let store = store(&ssm, &london()).with_deadline(Duration::from_millis(400));
    ssm.stop().await;
    assert!(matches!(store.put_votes(&votes(&london(), 2)).await, Err(StoreError::Unreachable { .. })));
}

#[tokio::test]
async fn a_refusal_after_an_unclear_write_stays_unclear() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    ssm.next_puts([Some(Fault::Cut), Some(Fault::Deny)]);
    assert!(matches!(store.put_votes(&votes(&london(), 2)).await, Err(StoreError::Indefinite { .. })));
}

#[tokio::test]
async fn what_cannot_be_put_back_is_reported_and_not_hidden() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    store.put_intent(&intent(&oregon(), 1, "a")).await.unwrap();
    ssm.before_put(|all| all.put(OREGON, &text(&intent(&oregon(), 9, "better"))));
    ssm.next_puts([None, Some(Fault::Deny)]);
    let error = store.put_intent(&intent(&oregon(), 5, "late")).await.unwrap_err();
    assert!(matches!(error, StoreError::Indefinite { .. }));
    insta::assert_snapshot!(std::error::Error::source(&error).unwrap(), @"a document of generation 9 was overwritten and is not back yet");
}

#[tokio::test]
async fn what_would_not_be_read_back_is_not_written() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    assert!(matches!(store.put_votes(&votes(&oregon(), 1)).await, Err(StoreError::Malformed { .. })));
    let mut two_lines = intent(&oregon(), 1, "a");
    two_lines.reason = "one\ntwo".to_owned();
    assert!(matches!(store.put_intent(&two_lines).await, Err(StoreError::Malformed { .. })));
    // 200 characters of four bytes each, in every text field there is, still fit; a vote per region with long reasons may not.
    let mut long = intent(&oregon(), 1, "a");
    long.reason = "\u{1F525}".repeat(200);
    store.put_intent(&long).await.unwrap();
    assert_eq!(ssm.calls("PutParameter"), 1);
}

#[tokio::test]
async fn a_document_that_does_not_fit_is_refused_before_it_is_sent() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    let mut large = observed(&london(), 1);
    for number in 1..=5 {
        let seen = (decision::Outcome::Fail(decision::Cause::To("ap-southeast-2".parse().unwrap())), u32::MAX, u8::MAX);
        let observation: decision::Observation = decision::Check::ALL.into_iter().map(|check| (check, seen.clone().into())).collect();
        let regions = (1..=6).map(|n| (format!("ap-southeast-{n}").parse().unwrap(), observation.clone())).collect();
        let produced_at = at("2026-01-01T00:00:00Z");
        large.rounds.push(decision::Round { number, produced_at, self_check: decision::Outcome::Pass, regions });
    }
    match store.put_observed(&large).await {
        Err(StoreError::TooLarge { bytes, .. }) if bytes > 4096 => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(ssm.calls("PutParameter"), 0);
}

/// Twenty writers at once, in an order that each seed shuffles anew: the highest generation stands at the end, its writer was
/// told so, and nobody whose document does not stand was told that it does after a better one did.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_writers_at_once_the_highest_generation_stands() {
    for seed in 0..8 {
        let ssm = Ssm::start().await;
        ssm.lag(Duration::from_millis(8), seed);
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut generations: Vec<u64> = (1..=20).collect();
        rng.shuffle(&mut generations);
        if seed % 2 == 0 {
            ssm.with(|all| all.put(OREGON, &text(&intent(&oregon(), 0, "base"))));
        }
        let store = store(&ssm, &london()).with_deadline(Duration::from_secs(20));
        let writers = generations.into_iter().map(|generation| {
            let (store, start) = (store.clone(), Duration::from_millis(rng.u64(0..10)));
            tokio::spawn(async move {
                tokio::time::sleep(start).await;
                (generation, store.put_intent(&intent(&oregon(), generation, "w")).await)
            })
        });
        let results: Vec<_> = join_all(writers).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(standing(&ssm).0, 20, "seed {seed}: {results:?}");
        for (generation, result) in &results {
            match result {
                Ok(()) => {}
                Err(StoreError::Behind { stored, offered, .. }) => assert!(stored > offered && offered == generation, "seed {seed}"),
                Err(other) => panic!("seed {seed}, generation {generation}: {other:?}"),
            }
        }
        assert!(results.iter().any(|(generation, result)| *generation == 20 && result.is_ok()), "seed {seed}");
    }
}

/// The same with answers lost at random: no writer is told a lie about what certainly stands, and the highest still does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answers_and_throttling_do_not_let_a_late_writer_win() {
    for seed in 0..8 {
        let ssm = Ssm::start().await;
        ssm.lag(Duration::from_millis(4), seed);
        let mut rng = fastrand::Rng::with_seed(seed);
        let faults = [None, None, None, Some(Fault::CutAfter), Some(Fault::Cut), Some(Fault::ErrorAfter), Some(Fault::Throttle)];
        ssm.next_puts((0..40).map(|_| faults[rng.usize(..faults.len())]));
        let store = store(&ssm, &london()).with_deadline(Duration::from_secs(20));
        let writers = (1..=8).map(|generation| {
            let store = store.clone();
            tokio::spawn(async move { store.put_intent(&intent(&oregon(), generation, "w")).await })
        });
        let results: Vec<_> = join_all(writers).await.into_iter().map(Result::unwrap).collect();
        let unclear = results.iter().any(|result| matches!(result, Err(StoreError::Indefinite { .. } | StoreError::Throttled { .. })));
        assert!(unclear || standing(&ssm).0 == 8, "seed {seed}: {results:?}");
    }
}

#[tokio::test]
async fn no_write_outlives_twice_its_deadline() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london()).with_deadline(Duration::from_millis(300));
    ssm.next_puts([Fault::Hang; 8].map(Some));
    let began = Instant::now();
    assert!(matches!(store.put_votes(&votes(&london(), 2)).await, Err(StoreError::Indefinite { .. })));
    assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_rehearsal_writes_once_and_then_only_asks() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    store.put_intent(&intent(&oregon(), 5, "a")).await.unwrap();
    assert_eq!(store.rehearse_intent().await.unwrap(), Rehearsal::Written);
    for _ in 0..3 {
        assert_eq!(store.rehearse_intent().await.unwrap(), Rehearsal::Allowed);
    }
    assert_eq!(ssm.with(|all| all.texts("/failover/chat/intents/doctor/rehearsal").len()), 1);
    let intents = store.intents_with_flaws().await.unwrap();
    assert_eq!((intents.by_region.len(), intents.malformed.len()), (1, 0), "no reader meets it");
}

#[tokio::test]
async fn a_rehearsal_without_permission_is_denied_whether_or_not_it_was_ever_written() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    for _ in 0..2 {
        ssm.fault(Fault::Deny);
        assert!(matches!(store.rehearse_intent().await, Err(StoreError::Denied { .. })));
        ssm.fault(None);
        store.rehearse_intent().await.unwrap();
    }
}
