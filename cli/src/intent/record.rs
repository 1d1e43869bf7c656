//! Recording an intent, and what it comes to when it is not known to stand.

use decision::Intent;
use jiff::Timestamp;
pub(crate) use store::intent::Standing;
use store::intent::{Outpaced, RecordError};

use crate::failure::{Failure, list};
use crate::service::{Reading, Service};

/// Writes `intent` everywhere, and makes sure that it is the one that stands.
///
/// # Errors
/// By what is known of it: not recorded, perhaps recorded, or overtaken by someone else.
pub(crate) async fn record(service: &Service, intent: &Intent) -> Result<Standing, Failure> {
    store::intent::record(&service.observers, service.policy(), intent, Timestamp::now).await.map_err(|error| failure(error, intent))
}

/// The failure for people.
fn failure(error: RecordError, intent: &Intent) -> Failure {
    match error {
        RecordError::Outpaced(outpaced) => told(&outpaced),
        RecordError::NotRecorded { of, failures } => Failure::NotRecorded { of, failures },
        RecordError::Denied { observer, what } => Failure::Credentials { observer, what },
        RecordError::Indefinite { acks, of, needed, failures } => Failure::Indefinite {
            acks,
            of,
            needed,
            failures,
            hint: format!(
                "find out with failover explain {}; if it does not stand, the same command again completes it, failover resume {} takes it back",
                intent.region, intent.region
            ),
        },
    }
}

/// Someone else's document stands: who and what.
pub(crate) fn outpaced(other: &Intent, reading: &Reading) -> Failure {
    told(&Outpaced::by(other, reading))
}

/// Someone else's document stands: who and what.
pub(crate) fn told(outpaced: &Outpaced) -> Failure {
    let Outpaced { other, holders, .. } = outpaced;
    let what = outpaced.sentence();
    Failure::Outpaced {
        message: format!("someone else moved first: {what} (generation {}, held at {})", other.generation, list(holders)),
        generation: other.generation,
        hints: vec![format!("see failover explain {}", other.region)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{drain, drained, fine, reading, region};

    #[test]
    fn who_and_what_is_named() {
        let theirs = Intent { actor: "bob".to_owned(), generation: 119, ..drain("eu-west-2") };
        let reading = reading([fine(), drained(), fine()], std::slice::from_ref(&theirs));
        insta::assert_snapshot!(outpaced(&theirs, &reading).text(), @r#"
        error: someone else moved first: bob asked for a drain of eu-west-2 1m 2s ago, until 05:10 UTC: "p99 over 3 s after deploy 4471" (generation 119, held at eu-west-1, eu-west-2, us-east-1)
        hint: see failover explain eu-west-2
        "#);
    }

    #[test]
    fn each_outcome_has_its_exit_code() {
        let mine = drain("eu-west-2");
        let code = |error| failure(error, &mine).exit_code();
        let failures = || [(region("us-east-1"), "no answer".to_owned())].into();
        assert_eq!(code(RecordError::NotRecorded { of: 3, failures: failures() }), 1);
        assert_eq!(code(RecordError::Denied { observer: region("eu-west-1"), what: "ExpiredToken".to_owned() }), 4);
        assert_eq!(code(RecordError::Indefinite { acks: vec![], of: 3, needed: 2, failures: failures() }), 6);
        let reading = reading([fine(), drained(), fine()], std::slice::from_ref(&mine));
        assert_eq!(code(RecordError::Outpaced(Box::new(Outpaced::by(&mine, &reading)))), 7);
    }
}
