//! Recording an intent: written to every observer at once, counted, and read back to see who stands.

use std::collections::BTreeMap;

use decision::moment::{relative, utc};
use decision::{Intent, Policy, RegionName, SafetyRule};
use jiff::Timestamp;

use super::draft::ended;
use crate::error::{StoreError, in_one_line};
use crate::observers::{Observers, Recorded};
use crate::reading::{Reading, denied};

/// An intent that a majority holds.
#[derive(Debug)]
pub struct Standing {
    /// The observers that hold it, as far as they said so.
    pub acks: Vec<RegionName>,
    /// The reading that shows it standing.
    pub reading: Reading,
    /// Why the other observers do not hold it.
    pub missing: BTreeMap<RegionName, String>,
}

/// Why an intent is not known to stand at a majority.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Someone else's document stands over it.
    #[error(transparent)]
    Outpaced(#[from] Box<Outpaced>),
    /// No observer took it. Nothing was changed.
    #[error("recorded at 0 of {of} observers")]
    NotRecorded {
        /// How many there are.
        of: usize,
        /// Why each did not.
        failures: BTreeMap<RegionName, String>,
    },
    /// No observer took it, and at least one because of the credentials. Nothing was changed.
    #[error("{observer}: {what}")]
    Denied {
        /// Whose SSM.
        observer: RegionName,
        /// Its words.
        what: String,
    },
    /// Too few are known to have taken it, and more may have.
    #[error("recorded at {} of {of} observers; {needed} are needed for it to count", acks.len())]
    Indefinite {
        /// Who has.
        acks: Vec<RegionName>,
        /// How many there are.
        of: usize,
        /// How many are needed.
        needed: usize,
        /// Why the others have not, or may have.
        failures: BTreeMap<RegionName, String>,
    },
}

/// Someone else moved first: what stands, where, and by which reading.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("someone else moved first: generation {} stands for {}", other.generation, other.region)]
pub struct Outpaced {
    /// The document that stands.
    pub other: Intent,
    /// The observers that hold it.
    pub holders: Vec<RegionName>,
    /// When that was read.
    pub at: Timestamp,
}

impl Outpaced {
    /// `other` as it stands by `reading`.
    #[must_use]
    pub fn by(other: &Intent, reading: &Reading) -> Self {
        Self { other: other.clone(), holders: reading.holders(other), at: reading.at }
    }

    /// Who moved, and how.
    #[must_use]
    pub fn sentence(&self) -> String {
        moved(&self.other, self.at)
    }
}

/// What a document says of the one who wrote it: `bob asked for a drain of eu-west-2 1m 2s ago, until 05:10 UTC: "slow"`.
#[must_use]
pub fn moved(other: &Intent, now: Timestamp) -> String {
    match &other.ended {
        Some(ended) => format!("{} ended the {} of {} {}", ended.by, other.kind, other.region, relative(ended.at, now)),
        None => format!(
            "{} asked for a {} of {} {}, until {}: {:?}",
            other.actor,
            other.kind,
            other.region,
            relative(other.recorded_at, now),
            utc(other.ends_at, now),
            other.reason
        ),
    }
}

/// Writes `intent` everywhere, and makes sure that it is the one that stands. `now` tells the time of the reading after it.
///
/// # Errors
/// By what is known of it: not recorded, perhaps recorded, or overtaken by someone else.
pub async fn record(observers: &Observers, policy: &Policy, intent: &Intent, now: impl Fn() -> Timestamp) -> Result<Standing, RecordError> {
    let recorded = observers.record(intent).await;
    let reading = observers.read(policy.majority(), now).await;
    for (observer, error) in &recorded.failures {
        tracing::warn!(observer = %observer, error = %in_one_line(error), "not recorded there");
    }
    if let Some(error) = judge(policy.majority(), &recorded, intent, &reading) {
        return Err(error);
    }
    let missing = recorded.failures.iter().map(|(observer, error)| (observer.clone(), in_one_line(error))).collect();
    Ok(Standing { acks: recorded.acks, reading, missing })
}

/// Takes back a drain that the controllers refuse, so that it cannot take effect later, when nobody expects it.
///
/// # Errors
/// As for [`record`]; then it may still stand.
pub async fn withdraw(
    observers: &Observers,
    policy: &Policy,
    drain: &Intent,
    rule: SafetyRule,
    now: impl Fn() -> Timestamp,
) -> Result<Standing, RecordError> {
    let generation = observers.read(policy.majority(), &now).await.generation() + 1;
    let taken_back = ended(drain, generation, drain.actor.clone(), format!("refused by {rule}"), now());
    record(observers, policy, &taken_back, now).await
}

/// The failure that a recording comes to, if it is one.
fn judge(majority: usize, recorded: &Recorded, intent: &Intent, reading: &Reading) -> Option<RecordError> {
    // Someone else's later document stands over ours, wherever ours went.
    if let Some(other) = reading.newest(&intent.region).filter(|other| outranks(other, intent)) {
        return Some(RecordError::Outpaced(Box::new(Outpaced::by(other, reading))));
    }
    if recorded.acks.len() >= majority {
        return None;
    }
    let of = recorded.acks.len() + recorded.failures.len();
    let failures = recorded.failures.iter().map(|(observer, error)| (observer.clone(), in_one_line(error))).collect();
    let perhaps = recorded.failures.values().any(|error| matches!(error, StoreError::Indefinite { .. }));
    if recorded.acks.is_empty() && !perhaps {
        return Some(match denied(recorded.failures.values()) {
            Some((observer, what)) => RecordError::Denied { observer, what },
            None => RecordError::NotRecorded { of, failures },
        });
    }
    Some(RecordError::Indefinite { acks: recorded.acks.clone(), of, needed: majority, failures })
}

/// Whether `other` is another document for the region that stands over `intent`.
fn outranks(other: &Intent, intent: &Intent) -> bool {
    let rank = |intent: &Intent| (intent.generation, intent.recorded_at, intent.id.clone());
    rank(other) > rank(intent)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use decision::{IntentKind, ServiceName};
    use jiff::SignedDuration;

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

    /// What a recording comes to: the word for it.
    fn outcome(acks: &[&str], failures: Vec<(RegionName, StoreError)>, newest: Option<&Intent>) -> &'static str {
        let recorded = Recorded { acks: acks.iter().map(|name| region(name)).collect(), failures: failures.into_iter().collect() };
        let held = newest.map(|intent| (intent.region.clone(), intent.clone())).into_iter().collect();
        let reading = Reading { at: now(), intents: [(region("eu-west-1"), Ok(held))].into(), votes: BTreeMap::new() };
        match judge(2, &recorded, &intent("mine", 8), &reading) {
            None => "stands",
            Some(RecordError::Outpaced(_)) => "outpaced",
            Some(RecordError::NotRecorded { .. }) => "not recorded",
            Some(RecordError::Denied { .. }) => "denied",
            Some(RecordError::Indefinite { .. }) => "perhaps",
        }
    }

    #[test]
    fn what_a_recording_comes_to() {
        let mine = intent("mine", 8);
        assert_eq!(outcome(&["eu-west-1", "eu-west-2", "us-east-1"], vec![], Some(&mine)), "stands");
        assert_eq!(outcome(&["eu-west-1", "eu-west-2"], vec![unreachable("us-east-1")], Some(&mine)), "stands", "a majority is enough");
        let two_down = || vec![unreachable("eu-west-2"), unreachable("us-east-1")];
        assert_eq!(outcome(&["eu-west-1"], two_down(), Some(&mine)), "perhaps", "a minority may become more");
        assert_eq!(outcome(&[], vec![indefinite("eu-west-1"), unreachable("eu-west-2"), unreachable("us-east-1")], None), "perhaps");
        let none = vec![unreachable("eu-west-1"), unreachable("eu-west-2"), unreachable("us-east-1")];
        assert_eq!(outcome(&[], none, None), "not recorded");
        assert_eq!(outcome(&[], vec![denied_at("eu-west-1"), denied_at("eu-west-2"), denied_at("us-east-1")], None), "denied");
    }

    #[test]
    fn a_newer_document_for_the_region_means_that_someone_else_moved_first() {
        let (mine, theirs) = (intent("mine", 8), intent("theirs", 8));
        let all = ["eu-west-1", "eu-west-2", "us-east-1"];
        assert_eq!(outcome(&all, vec![], Some(&theirs)), "outpaced", "of one generation the greater id stands");
        assert_eq!(outcome(&all[..2], vec![], Some(&intent("older", 7))), "stands", "an older one does not");
        assert_eq!(outcome(&all, vec![], Some(&mine)), "stands");
    }
}
