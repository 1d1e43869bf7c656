//! Recording an intent: written to every observer at once, counted, and read back to see who stands.

use decision::{Intent, RegionName};
use store::{Recorded, StoreError, in_one_line};

use crate::failure::{Failure, list};
use crate::moment;
use crate::service::{Reading, Service, denied};

/// An intent that a majority holds.
pub(crate) struct Standing {
    /// The observers that hold it, as far as they said so.
    pub(crate) acks: Vec<RegionName>,
    /// The reading that shows it standing.
    pub(crate) reading: Reading,
    /// Why the other observers do not hold it.
    pub(crate) missing: std::collections::BTreeMap<RegionName, String>,
}

/// Writes `intent` everywhere, and makes sure that it is the one that stands.
///
/// # Errors
/// By what is known of it: not recorded, perhaps recorded, or overtaken by someone else.
pub(crate) async fn record(service: &Service, intent: &Intent) -> Result<Standing, Failure> {
    let recorded = service.observers.record(intent).await;
    let reading = service.read().await;
    for (observer, error) in &recorded.failures {
        tracing::warn!(observer = %observer, error = %in_one_line(error), "not recorded there");
    }
    if let Some(failure) = judge(service.policy().majority(), &recorded, intent, reading.newest(&intent.region), &reading) {
        return Err(failure);
    }
    let missing = recorded.failures.iter().map(|(observer, error)| (observer.clone(), in_one_line(error))).collect();
    Ok(Standing { acks: recorded.acks, reading, missing })
}

/// The failure that a recording comes to, if it is one. `newest` is what a reading after it showed for the region.
fn judge(majority: usize, recorded: &Recorded, intent: &Intent, newest: Option<&Intent>, reading: &Reading) -> Option<Failure> {
    // Someone else's later document stands over ours, wherever ours went.
    if let Some(other) = newest.filter(|other| outranks(other, intent)) {
        return Some(outpaced(other, reading));
    }
    if recorded.acks.len() >= majority {
        return None;
    }
    let of = recorded.acks.len() + recorded.failures.len();
    let failures = || recorded.failures.iter().map(|(observer, error)| (observer.clone(), in_one_line(error))).collect();
    let perhaps = recorded.failures.values().any(|error| matches!(error, StoreError::Indefinite { .. }));
    if recorded.acks.is_empty() && !perhaps {
        let credentials = denied(recorded.failures.values());
        return Some(credentials.unwrap_or_else(|| Failure::NotRecorded { of, failures: failures() }));
    }
    Some(Failure::Indefinite {
        acks: recorded.acks.clone(),
        of,
        needed: majority,
        failures: failures(),
        hint: format!(
            "find out with failover explain {}; if it does not stand, the same command again completes it, failover resume {} takes it back",
            intent.region, intent.region
        ),
    })
}

/// Whether `other` is another document for the region that stands over `intent`.
fn outranks(other: &Intent, intent: &Intent) -> bool {
    let rank = |intent: &Intent| (intent.generation, intent.recorded_at, intent.id.clone());
    rank(other) > rank(intent)
}

/// Someone else's document stands: who and what.
pub(crate) fn outpaced(other: &Intent, reading: &Reading) -> Failure {
    let now = reading.at;
    let what = match &other.ended {
        Some(ended) => format!("{} ended the {} of {} {}", ended.by, other.kind, other.region, moment::relative(ended.at, now)),
        None => format!(
            "{} asked for a {} of {} {}, until {}: {:?}",
            other.actor,
            other.kind,
            other.region,
            moment::relative(other.recorded_at, now),
            moment::utc(other.ends_at, now),
            other.reason
        ),
    };
    let holders = reading.holders(other);
    Failure::Outpaced {
        message: format!("someone else moved first: {what} (generation {}, held at {})", other.generation, list(&holders)),
        generation: other.generation,
        hints: vec![format!("see failover explain {}", other.region)],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use decision::{IntentKind, ServiceName};
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::intent::draft::Wanted;

    fn now() -> Timestamp {
        "2026-11-23T03:22:00Z".parse().unwrap()
    }

    fn region(name: &str) -> RegionName {
        RegionName::new(name).unwrap()
    }

    fn intent(id: &str, generation: u64) -> Intent {
        let wanted = Wanted {
            service: ServiceName::new("chat").unwrap(),
            region: region("eu-west-2"),
            kind: IntentKind::Drain,
            actor: if id == "mine" { "ana" } else { "bob" }.to_owned(),
            reason: "slow".to_owned(),
            ticket: None,
            length: SignedDuration::from_hours(4),
            overrides: vec![],
        };
        wanted.document(id.to_owned(), generation, now())
    }

    fn unreachable(name: &str) -> (RegionName, StoreError) {
        (region(name), StoreError::Unreachable { observer: region(name), parameter: "p".to_owned(), source: "refused".into() })
    }

    fn indefinite(name: &str) -> (RegionName, StoreError) {
        (region(name), StoreError::Indefinite { observer: region(name), parameter: "p".to_owned(), source: "no answer".into() })
    }

    fn denied_at(name: &str) -> (RegionName, StoreError) {
        (region(name), StoreError::Denied { observer: region(name), parameter: "p".to_owned(), source: "ExpiredToken".into() })
    }

    fn code(acks: &[&str], failures: Vec<(RegionName, StoreError)>, newest: Option<&Intent>) -> Option<u8> {
        let recorded = Recorded { acks: acks.iter().map(|name| region(name)).collect(), failures: failures.into_iter().collect() };
        let reading = Reading { at: now(), intents: BTreeMap::new(), votes: BTreeMap::new() };
        judge(2, &recorded, &intent("mine", 8), newest, &reading).map(|failure| failure.exit_code())
    }

    #[test]
    fn what_a_recording_comes_to() {
        let mine = intent("mine", 8);
        assert_eq!(code(&["eu-west-1", "eu-west-2", "us-east-1"], vec![], Some(&mine)), None);
        assert_eq!(code(&["eu-west-1", "eu-west-2"], vec![unreachable("us-east-1")], Some(&mine)), None, "a majority is enough");
        let two_down = || vec![unreachable("eu-west-2"), unreachable("us-east-1")];
        assert_eq!(code(&["eu-west-1"], two_down(), Some(&mine)), Some(6), "a minority may become more");
        assert_eq!(code(&[], vec![indefinite("eu-west-1"), unreachable("eu-west-2"), unreachable("us-east-1")], None), Some(6));
        assert_eq!(code(&[], vec![unreachable("eu-west-1"), unreachable("eu-west-2"), unreachable("us-east-1")], None), Some(1));
        assert_eq!(code(&[], vec![denied_at("eu-west-1"), denied_at("eu-west-2"), denied_at("us-east-1")], None), Some(4));
    }

    #[test]
    fn a_newer_document_for_the_region_means_that_someone_else_moved_first() {
        let (mine, theirs) = (intent("mine", 8), intent("theirs", 8));
        assert_eq!(
            code(&["eu-west-1", "eu-west-2", "us-east-1"], vec![], Some(&theirs)),
            Some(7),
            "of one generation the greater id stands"
        );
        assert_eq!(code(&["eu-west-1", "eu-west-2"], vec![], Some(&intent("older", 7))), None, "an older one does not");
        assert_eq!(code(&["eu-west-1", "eu-west-2", "us-east-1"], vec![], Some(&mine)), None);
    }

    #[test]
    fn who_and_what_is_named() {
        let reading = Reading { at: now() + SignedDuration::from_secs(40), intents: BTreeMap::new(), votes: BTreeMap::new() };
        insta::assert_snapshot!(outpaced(&intent("theirs", 9), &reading).text(), @r#"
        error: someone else moved first: bob asked for a drain of eu-west-2 40s ago, until 07:22 UTC: "slow" (generation 9, held at )
        hint: see failover explain eu-west-2
        "#);
    }
}
