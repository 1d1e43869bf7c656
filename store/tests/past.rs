//! What stood at a moment: versions with the time at which SSM stored them. Real HTTP, unmodified SDK.

mod documents;
mod ssm;

use documents::{OBSERVED, VOTES, intent, london, observed, oregon, store, votes};
use jiff::{SignedDuration, Timestamp};
use ssm::{FIRST_STORED_AT, Ssm};
use store::{History, Stood};

/// So long after the first write of all.
fn after(seconds: f64) -> Timestamp {
    let since = SignedDuration::from_secs_f64(FIRST_STORED_AT + seconds);
    let since = since.as_millis().try_into().expect("a time of these centuries");
    Timestamp::from_millisecond(since).expect("a time of these centuries")
}

/// Which version stood, or `-` for nothing and `?` for one that is forgotten.
fn stood<D>(history: &History<D>, seconds: f64) -> String {
    match history.stood_at(after(seconds)) {
        Stood::Version(version) => format!("{}{}", version.number, if version.document.is_ok() { "" } else { " unreadable" }),
        Stood::Nothing => "-".to_owned(),
        Stood::Forgotten { .. } => "?".to_owned(),
    }
}

#[tokio::test]
async fn a_moment_finds_the_document_that_a_read_would_have_returned_then() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    for generation in 1..=3 {
        store.put_votes(&votes(&london(), generation)).await.unwrap();
    }
    let history = store.votes_history().await.unwrap();
    assert_eq!([-0.001, 0.0, 0.999, 1.0, 2.5].map(|seconds| stood(&history, seconds)), ["-", "1", "1", "2", "3"]);
    let Stood::Version(second) = history.stood_at(after(1.5)) else { panic!("forgotten") };
    assert_eq!((second.stored_at, second.document.as_ref().unwrap()), (after(1.0), &votes(&london(), 2)));
}

#[tokio::test]
async fn what_ssm_has_forgotten_is_not_guessed() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    for generation in 1..=130 {
        ssm.with(|all| all.put(OBSERVED, &serde_json::to_string(&observed(&london(), generation)).unwrap()));
    }
    let history = store.observed_history().await.unwrap();
    assert_eq!([0.0, 29.9, 30.0, 500.0].map(|seconds| stood(&history, seconds)), ["?", "?", "31", "130"]);
    assert!(matches!(history.stood_at(after(0.0)), Stood::Forgotten { kept_since } if kept_since == after(30.0)));
}

#[tokio::test]
async fn an_unreadable_version_stood_as_the_others_did() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    store.put_votes(&votes(&london(), 1)).await.unwrap();
    ssm.with(|all| all.put(VOTES, "junk"));
    store.put_votes(&votes(&london(), 2)).await.unwrap();
    let history = store.votes_history().await.unwrap();
    assert_eq!([0.5, 1.5, 2.5].map(|seconds| stood(&history, seconds)), ["1", "2 unreadable", "3"]);
}

#[tokio::test]
async fn a_late_write_is_shown_for_as_long_as_it_stood_and_marked() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    let name = "/failover/chat/intents/us-west-2";
    store.put_intent(&intent(&oregon(), 1, "a")).await.unwrap();
    ssm.before_put(move |all| all.put(name, &serde_json::to_string(&intent(&oregon(), 9, "better")).unwrap()));
    store.put_intent(&intent(&oregon(), 5, "late")).await.unwrap_err();
    let history = store.intent_history(&oregon()).await.unwrap();
    let told: Vec<(u64, bool)> =
        history.versions().iter().map(|version| (version.document.as_ref().unwrap().generation, version.late)).collect();
    assert_eq!(told, [(1, false), (9, false), (5, true), (9, false)]);
    assert_eq!(stood(&history, 2.5), "3");
}
