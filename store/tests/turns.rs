//! Turns: kept where the rounds do not push them out, written in nobody's way, and read as of a moment. Real HTTP, unmodified SDK.

mod documents;
mod ssm;

use std::time::{Duration, Instant};

use decision::Votes;
use documents::{london, observed, store, votes};
use jiff::{SignedDuration, Timestamp};
use ssm::{FIRST_STORED_AT, Fault, Ssm};
use store::{Store, StoreError, Turns};

const TURNED_VOTES: &str = "/failover/chat/turns/votes";
const TURNED_OBSERVED: &str = "/failover/chat/turns/observed";

/// So long after the first write of all. SSM's clock here moves on by a second with every write.
fn after(seconds: f64) -> Timestamp {
    let since = SignedDuration::from_secs_f64(FIRST_STORED_AT + seconds);
    Timestamp::from_millisecond(since.as_millis().try_into().expect("a time of these centuries")).expect("a time of these centuries")
}

/// Votes decided so long after the first write of all.
fn decided(generation: u64, seconds: f64) -> Votes {
    Votes { decided_at: after(seconds), ..votes(&london(), generation) }
}

/// The generation that stood, a mark when it is a last word, and the second after the first write at which it was replaced.
fn told(turns: &Turns, seconds: f64) -> String {
    let Some(turned) = turns.votes_at(after(seconds)) else { return "-".to_owned() };
    let generation = turned.version.document.as_ref().map_or(0, |votes| votes.generation);
    let until = turned.until.map_or("-".to_owned(), |until| until.duration_since(after(0.0)).as_secs().to_string());
    format!("{generation}{} until {until}", if turned.last_word { "!" } else { "" })
}

async fn history(store: &Store) -> Turns {
    store.turns_history().await.expect("a history")
}

#[tokio::test]
async fn a_turn_is_kept_under_its_own_names_and_outlives_the_rounds() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    assert!(store.last_turn().await.unwrap().is_none() && history(&store).await.votes.versions().is_empty());
    store.put_turn(&decided(1, 0.0), Some(&observed(&london(), 1))).await.unwrap();
    for generation in 1..=130 {
        ssm.with(|all| all.put(documents::VOTES, &serde_json::to_string(&votes(&london(), generation)).unwrap()));
    }
    store.put_turn(&decided(131, 132.0), None).await.unwrap();
    assert_eq!(ssm.with(|all| [TURNED_VOTES, TURNED_OBSERVED].map(|name| all.texts(name).len())), [2, 1]);
    assert_eq!(store.last_turn().await.unwrap(), Some(decided(131, 132.0)));
    let turns = history(&store).await;
    assert_eq!([-1.0, 5.0, 131.0, 200.0].map(|seconds| told(&turns, seconds)), ["-", "1 until 132", "1 until 132", "131 until -"]);
    assert_eq!(turns.observed.into_documents(), [observed(&london(), 1)]);
}

#[tokio::test]
async fn the_last_word_before_a_silence_is_told_from_when_it_was_said() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    store.put_turn(&decided(1, 0.0), None).await.unwrap();
    for generation in 2..=9 {
        ssm.with(|all| all.put(documents::VOTES, &serde_json::to_string(&votes(&london(), generation)).unwrap()));
    }
    // Silent from second 4 on; kept at second 9.
    store.put_turn(&decided(5, 4.0), None).await.unwrap();
    let turns = history(&store).await;
    assert_eq!(
        [1.0, 3.9, 4.0, 8.9, 9.0].map(|seconds| told(&turns, seconds)),
        ["1 until 9", "1 until 9", "5! until 9", "5! until 9", "5 until -"]
    );
}

#[tokio::test]
async fn votes_that_count_from_one_again_are_kept_all_the_same_and_none_is_called_late() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    for generation in [80_000, 1, 2] {
        store.put_turn(&votes(&london(), generation), None).await.unwrap();
    }
    assert_eq!(store.last_turn().await.unwrap().unwrap().generation, 2);
    assert!(history(&store).await.votes.versions().iter().all(|version| !version.late));
}

#[tokio::test]
async fn a_turn_is_sent_once_and_given_up_at_the_deadline() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london()).with_deadline(Duration::from_millis(300));
    for fault in [Fault::Throttle, Fault::Deny, Fault::Error, Fault::Hang, Fault::Cut] {
        ssm.fault(fault);
        let (before, began) = (ssm.calls("PutParameter"), Instant::now());
        let error = store.put_turn(&votes(&london(), 1), Some(&observed(&london(), 1))).await.unwrap_err();
        assert!(!matches!(error, StoreError::Behind { .. }), "{fault:?}: {error:?}");
        assert_eq!(ssm.calls("PutParameter") - before, 2, "{fault:?}");
        assert!(began.elapsed() < Duration::from_secs(2), "{fault:?} took {:?}", began.elapsed());
    }
    ssm.fault(None);
    // Votes that cannot be kept do not keep the observations from being kept.
    ssm.next_puts([Some(Fault::Deny)]);
    store.put_turn(&votes(&london(), 1), Some(&observed(&london(), 1))).await.unwrap_err();
    assert_eq!(ssm.with(|all| all.texts(TURNED_VOTES).len() + all.texts(TURNED_OBSERVED).len()), 1);
}
