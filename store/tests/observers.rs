//! Many observers at once: one that is down, slow or late hides none of the others.

mod documents;
mod ssm;

use std::time::{Duration, Instant};

use documents::{intent, london, observed, oregon, region, store, votes};
use ssm::{Fault, Ssm};
use store::{Observers, StoreError};

async fn three() -> ([Ssm; 3], Observers) {
    let ssms = [Ssm::start().await, Ssm::start().await, Ssm::start().await];
    let places = [london(), oregon(), region("ap-south-1")];
    let stores = ssms.iter().zip(&places).map(|(ssm, place)| store(ssm, place).with_deadline(Duration::from_millis(600)));
    let observers = Observers::new(stores.collect());
    (ssms, observers)
}

#[tokio::test]
async fn an_intent_is_recorded_everywhere_and_read_from_everywhere() {
    let (_ssms, observers) = three().await;
    let drain = intent(&oregon(), 1, "a");
    let recorded = observers.record(&drain).await;
    assert_eq!(recorded.acks, [region("ap-south-1"), london(), oregon()]);
    assert!(recorded.is_majority() && recorded.failures.is_empty());
    for (observer, intents) in observers.intents().await {
        assert_eq!(intents.unwrap()[&oregon()], drain, "{observer}");
    }
    observers.get(&london()).unwrap().put_votes(&votes(&london(), 4)).await.unwrap();
    observers.get(&oregon()).unwrap().put_observed(&observed(&oregon(), 2)).await.unwrap();
    let mut all = observers.votes().await;
    assert_eq!(all.remove(&london()).unwrap().unwrap(), Some(votes(&london(), 4)));
    assert_eq!(all.remove(&oregon()).unwrap().unwrap(), None);
    assert_eq!(observers.observed().await.remove(&oregon()).unwrap().unwrap(), Some(observed(&oregon(), 2)));
}

#[tokio::test]
async fn one_dead_and_one_hanging_observer_cost_one_deadline_and_not_two() {
    let (mut ssms, observers) = three().await;
    ssms[0].fault(Fault::Hang);
    ssms[2].stop().await;
    let began = Instant::now();
    let recorded = observers.record(&intent(&oregon(), 1, "a")).await;
    assert!(began.elapsed() < Duration::from_millis(1100), "{:?}", began.elapsed());
    assert_eq!(recorded.acks, [oregon()]);
    assert_eq!(recorded.failures.keys().cloned().collect::<Vec<_>>(), [region("ap-south-1"), london()]);
    assert!(!recorded.is_majority() && !recorded.may_be_majority());

    let all = observers.intents().await;
    assert!(matches!(all[&london()], Err(StoreError::Unreachable { .. })));
    assert!(matches!(all[&region("ap-south-1")], Err(StoreError::Unreachable { .. })));
    assert_eq!(all[&oregon()].as_ref().unwrap().len(), 1);
}

#[tokio::test]
async fn a_majority_is_enough_and_who_did_not_say_is_counted_apart() {
    let (ssms, observers) = three().await;
    ssms[0].fault(Fault::Throttle);
    assert!(observers.record(&intent(&oregon(), 1, "a")).await.is_majority());

    ssms[0].fault(None);
    ssms[0].next_puts([Fault::Hang; 8].map(Some));
    ssms[1].fault(Fault::Deny);
    let recorded = observers.record(&intent(&oregon(), 2, "b")).await;
    assert!(!recorded.is_majority() && recorded.may_be_majority(), "{recorded:?}");
    assert!(matches!(recorded.failures[&london()], StoreError::Indefinite { .. }));
    assert!(matches!(recorded.failures[&oregon()], StoreError::Denied { .. }));
}

#[tokio::test]
async fn an_observer_that_is_ahead_is_left_as_it_is() {
    let (_ssms, observers) = three().await;
    observers.get(&london()).unwrap().put_intent(&intent(&oregon(), 9, "newer")).await.unwrap();
    let recorded = observers.record(&intent(&oregon(), 5, "a")).await;
    assert!(recorded.is_majority());
    assert!(matches!(recorded.failures[&london()], StoreError::Behind { stored: 9, offered: 5, .. }));
    assert_eq!(observers.intents().await[&london()].as_ref().unwrap()[&oregon()].id, "newer");
}
