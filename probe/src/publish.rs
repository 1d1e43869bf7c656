//! `observed`: the last rounds of this observer, written after each round.
//!
//! A write that fails costs nothing but time: its rounds go with the next one. Numbers and generations are given here, since
//! they continue what is stored.

use std::collections::{BTreeMap, VecDeque};

use decision::{Matrix as Millis, Observed, ROUNDS_MAX, RegionName, Round, Schema, ServiceName};
use jiff::Timestamp;
use store::{Store, StoreError};

use crate::seen::Seen;

/// How often one publication reads what stands and tries again: once for another writer is enough, the next round is the retry.
const TRIES: usize = 2;

/// Writes one observer's rounds, in order.
#[derive(Debug)]
pub struct Publisher {
    store: Store,
    /// What stands in the store, as far as is known.
    stands: Option<Observed>,
    /// Rounds that are not known to stand, oldest first, at most [`ROUNDS_MAX`].
    unpublished: VecDeque<Round>,
    matrix: Millis,
}

impl Publisher {
    /// Reads nothing yet.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, stands: None, unpublished: VecDeque::new(), matrix: Millis::new() }
    }

    /// Reads what stands, so that numbers and generations continue it.
    ///
    /// # Errors
    /// As [`Store::observed`], but for a document that is malformed: that one is replaced.
    pub async fn load(&mut self) -> Result<(), StoreError> {
        self.stands = Some(self.read().await?);
        Ok(())
    }

    async fn read(&self) -> Result<Observed, StoreError> {
        let (service, observer) = (self.store.service().clone(), self.store.observer().clone());
        match self.store.observed().await {
            Ok(Some(stored)) => Ok(stored),
            Ok(None) => Ok(nothing(service, observer, 0)),
            Err(error @ StoreError::Malformed { .. }) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the stored observation is unreadable and is replaced");
                // Its numbers are lost with it. Seconds since the epoch are above any count of rounds.
                Ok(nothing(service, observer, u64::try_from(Timestamp::now().as_second()).unwrap_or(0)))
            }
            Err(error) => Err(error),
        }
    }

    /// The number that the next round should have; 1 while nothing is known of what is stored.
    #[must_use]
    pub fn next_number(&self) -> u64 {
        self.stands.as_ref().map_or(1, next_number)
    }

    /// When the newest stored round was made.
    #[must_use]
    pub fn newest(&self) -> Option<Timestamp> {
        self.stands.as_ref()?.rounds.last().map(|round| round.produced_at)
    }

    /// Takes a round to be written with the next [`Publisher::write`].
    pub fn take(&mut self, seen: &Seen) {
        self.unpublished.push_back(seen.round.clone());
        while self.unpublished.len() > ROUNDS_MAX {
            self.unpublished.pop_front();
        }
        self.matrix = seen.matrix.millis();
    }

    /// Whether there is anything to write.
    #[must_use]
    pub fn has_unpublished(&self) -> bool {
        !self.unpublished.is_empty()
    }

    /// Writes every round that does not stand yet.
    ///
    /// # Errors
    /// As the store's; the rounds are kept for the next time.
    pub async fn write(&mut self) -> Result<(), StoreError> {
        for attempt in 1..=TRIES {
            let stands = match self.stands.take() {
                Some(stands) => stands,
                None => self.read().await?,
            };
            let document = append(&stands, &self.unpublished, &self.matrix);
            match self.store.put_observed(&document).await {
                Ok(()) => {
                    self.stands = Some(document);
                    self.unpublished.clear();
                    return Ok(());
                }
                // Another writer, or our own write whose answer was lost: what stands has to be read again.
                Err(StoreError::Behind { .. }) if attempt < TRIES => {}
                Err(error @ (StoreError::Behind { .. } | StoreError::Indefinite { .. })) => return Err(error),
                Err(error) => {
                    self.stands = Some(stands);
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

fn nothing(service: ServiceName, observer: RegionName, number: u64) -> Observed {
    let rounds = if number == 0 {
        Vec::new()
    } else {
        let unseen = decision::Outcome::Unknown(decision::Cause::Observer);
        vec![Round { number, produced_at: Timestamp::UNIX_EPOCH, self_check: unseen, regions: BTreeMap::new() }]
    };
    Observed { schema: Schema::V1, service, observer, generation: 0, rounds, matrix: Millis::new() }
}

fn next_number(stands: &Observed) -> u64 {
    stands.rounds.last().map_or(1, |round| round.number.saturating_add(1))
}

/// What stands, continued by these rounds: numbered on, one generation up, and cut from the old end until it fits.
fn append(stands: &Observed, rounds: &VecDeque<Round>, matrix: &Millis) -> Observed {
    let mut document = stands.clone();
    document.generation = document.generation.saturating_add(1);
    for round in rounds {
        // A write whose answer was lost may stand after all.
        if document.rounds.iter().any(|standing| standing.produced_at == round.produced_at) {
            continue;
        }
        let number = round.number.max(next_number(&document));
        document.push(Round { number, ..round.clone() }, matrix.clone());
    }
    document
}

#[cfg(test)]
mod tests {
    use decision::{Cause, Check, CheckResult, DOCUMENT_BYTES_MAX, Outcome, REGIONS_MAX};

    use super::*;

    fn region(index: usize) -> RegionName {
        RegionName::new(&format!("aaaaaaaaa-bbbbbbb-{index:02}")).unwrap()
    }

    fn empty() -> Observed {
        nothing(ServiceName::new(&"s".repeat(32)).unwrap(), region(0), 0)
    }

    fn bytes(document: &Observed) -> usize {
        serde_json::to_vec(document).unwrap().len()
    }

    /// A round in which every check of every region fails in the longest way.
    fn longest_round(second: i64) -> Round {
        let result = CheckResult { outcome: Outcome::Unknown(Cause::From(region(1))), millis: 10_000, attempts: 2 };
        let observation: BTreeMap<Check, CheckResult> = Check::ALL.into_iter().map(|check| (check, result.clone())).collect();
        Round {
            number: 1,
            produced_at: Timestamp::new(1_800_000_000 + second, 123_456_789).unwrap(),
            self_check: Outcome::Degraded(Cause::Observer),
            regions: (0..REGIONS_MAX).map(|index| (region(index), observation.clone())).collect(),
        }
    }

    fn longest_matrix() -> Millis {
        let row: BTreeMap<RegionName, u32> = (0..REGIONS_MAX).map(|index| (region(index), 5000)).collect();
        (0..REGIONS_MAX).map(|index| (region(index), row.clone())).collect()
    }

    #[test]
    fn rounds_are_numbered_on_and_the_oldest_fall_off() {
        let mut stands = empty();
        for second in 0..9 {
            stands = append(&stands, &VecDeque::from([Round { regions: BTreeMap::new(), ..longest_round(second) }]), &Millis::new());
        }
        let numbers: Vec<u64> = stands.rounds.iter().map(|round| round.number).collect();
        assert_eq!((numbers, stands.generation), (vec![5, 6, 7, 8, 9], 9));
    }

    #[test]
    fn a_round_that_stands_already_is_not_appended_again() {
        let round = VecDeque::from([longest_round(0)]);
        let once = append(&empty(), &round, &Millis::new());
        let twice = append(&once, &round, &Millis::new());
        assert_eq!((twice.rounds, twice.generation), (once.rounds, 2));
    }

    #[test]
    fn the_largest_service_in_the_worst_state_fits_into_a_parameter() {
        let rounds: VecDeque<Round> = (0..5).map(longest_round).collect();
        let document = append(&empty(), &rounds, &longest_matrix());
        assert!(bytes(&document) <= DOCUMENT_BYTES_MAX, "{}", bytes(&document));
        assert!(!document.rounds.is_empty());
        assert_eq!(document.rounds.last().map(|round| round.number), Some(5));
    }

    #[test]
    fn three_regions_keep_five_rounds_and_the_matrix() {
        let mut rounds: VecDeque<Round> = (0..5).map(longest_round).collect();
        for round in &mut rounds {
            let pass = CheckResult { outcome: Outcome::Pass, millis: 42, attempts: 1 };
            round.regions =
                (0..3).map(|index| (region(index), Check::ALL.into_iter().map(|check| (check, pass.clone())).collect())).collect();
        }
        let matrix: Millis = longest_matrix().into_iter().take(3).map(|(from, row)| (from, row.into_iter().take(3).collect())).collect();
        let document = append(&empty(), &rounds, &matrix);
        assert_eq!((document.rounds.len(), document.matrix.len()), (5, 3), "{} bytes", bytes(&document));
    }
}
