//! What one observer saw: rounds of observations, as the probe publishes them in `observed`.
//!
//! Documents only. What a run of rounds means is hysteresis.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::check::{Check, CheckResult, Outcome};
use crate::document::{DOCUMENT_BYTES_MAX, GENERATION_MAX, Schema, checked_document};
use crate::name::{RegionName, ServiceName};
use crate::policy::REGIONS_MAX;

/// How many rounds `observed` holds at the most. Older ones are already in the controllers' memory.
pub const ROUNDS_MAX: usize = 5;

/// The delivery matrix: milliseconds from the send into the first region to the arrival in the second; absent = lost.
pub type Matrix = BTreeMap<RegionName, BTreeMap<RegionName, u32>>;

/// The `observed` document: the last rounds of one observer, oldest first. One that was parsed has passed [`Observed::check`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Observed {
    /// Document version.
    pub schema: Schema,
    /// The service that was probed.
    pub service: ServiceName,
    /// The observer that probed it.
    pub observer: RegionName,
    /// Counts up with every write; a writer that is behind loses.
    pub generation: u64,
    /// Oldest first, at most [`ROUNDS_MAX`].
    pub rounds: Vec<Round>,
    /// The delivery matrix of the newest round.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub matrix: Matrix,
}

checked_document!(Observed);

/// What is wrong with an `observed` document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidObserved {
    /// A counter is larger than JSON readers can hold.
    #[error("{0} is more than a generation or round number may be, {GENERATION_MAX}")]
    Counter(u64),
    /// More rounds than are ever kept.
    #[error("it holds {0} rounds; at most {ROUNDS_MAX} are kept")]
    Rounds(usize),
    /// More regions than a service can have.
    #[error("round {number} tells of {regions} regions; a service has at most {REGIONS_MAX}")]
    Regions {
        /// The round.
        number: u64,
        /// How many.
        regions: usize,
    },
    /// More rows or columns than a service has regions.
    #[error("its matrix is larger than {REGIONS_MAX} by {REGIONS_MAX}")]
    Matrix,
}

impl Observed {
    /// Checks every limit. Parsing does it too.
    ///
    /// # Errors
    /// The first thing in it that breaks a limit.
    pub fn check(&self) -> Result<(), InvalidObserved> {
        let counters = [self.generation].into_iter().chain(self.rounds.iter().map(|round| round.number));
        if let Some(counter) = counters.into_iter().find(|counter| *counter > GENERATION_MAX) {
            return Err(InvalidObserved::Counter(counter));
        }
        if self.rounds.len() > ROUNDS_MAX {
            return Err(InvalidObserved::Rounds(self.rounds.len()));
        }
        if let Some(round) = self.rounds.iter().find(|round| round.regions.len() > REGIONS_MAX) {
            return Err(InvalidObserved::Regions { number: round.number, regions: round.regions.len() });
        }
        let large = self.matrix.len() > REGIONS_MAX || self.matrix.values().any(|row| row.len() > REGIONS_MAX);
        if large { Err(InvalidObserved::Matrix) } else { Ok(()) }
    }

    /// Adds the newest round with its matrix, and drops what no longer fits a document: the oldest rounds first, then the matrix.
    ///
    /// A round of the largest shape always fits, matrix and all. The generation is the writer's business.
    pub fn push(&mut self, round: Round, matrix: Matrix) {
        self.rounds.push(round);
        self.matrix = matrix;
        while self.rounds.len() > ROUNDS_MAX || (self.rounds.len() > 1 && !self.fits()) {
            self.rounds.remove(0);
        }
        if !self.fits() {
            self.matrix.clear();
        }
    }

    fn fits(&self) -> bool {
        self.bytes_at_most() <= DOCUMENT_BYTES_MAX || serde_json::to_vec(self).is_ok_and(|json| json.len() <= DOCUMENT_BYTES_MAX)
    }

    /// A bound on its bytes in JSON, from lengths alone: to write it all out for each round would cost more than to judge the round.
    fn bytes_at_most(&self) -> usize {
        // What stands around the values: field names, quotes, brackets, commas, and the longest numbers and times.
        const DOCUMENT: usize = 120;
        const ROUND: usize = 110;
        const REGION: usize = 6;
        const RESULT: usize = 12;
        let outcome = |outcome: &Outcome| outcome.word().len() + outcome.cause().map_or(0, |cause| 1 + cause.bytes_at_most());
        let result = |(check, result): (&Check, &CheckResult)| {
            RESULT + check.as_str().len() + outcome(&result.outcome) + digits(result.millis) + digits(result.attempts.into())
        };
        let region =
            |(name, observation): (&RegionName, &Observation)| REGION + name.as_str().len() + observation.iter().map(result).sum::<usize>();
        let round = |round: &Round| ROUND + outcome(&round.self_check) + round.regions.iter().map(region).sum::<usize>();
        let cell = |(to, millis): (&RegionName, &u32)| 4 + to.as_str().len() + digits(*millis);
        let row =
            |(from, row): (&RegionName, &BTreeMap<RegionName, u32>)| REGION + from.as_str().len() + row.iter().map(cell).sum::<usize>();
        let names = self.service.as_str().len() + self.observer.as_str().len();
        DOCUMENT + names + self.rounds.iter().map(round).sum::<usize>() + self.matrix.iter().map(row).sum::<usize>()
    }
}

fn digits(number: u32) -> usize {
    number.checked_ilog10().map_or(1, |power| power as usize + 1)
}

/// One round: every check of every region, from one observer, at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Round {
    /// Counts up by one; never goes back, also over restarts.
    pub number: u64,
    /// When the round ended, by the observer's clock.
    pub produced_at: Timestamp,
    /// The observer's judgement of itself. Anything but a pass or degraded makes the whole round `unknown`.
    #[serde(rename = "self")]
    pub self_check: Outcome,
    /// What was seen of each region.
    pub regions: BTreeMap<RegionName, Observation>,
}

/// What was seen of one region in one round.
pub type Observation = BTreeMap<Check, CheckResult>;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::check::Cause;

    fn outcome() -> impl Strategy<Value = Outcome> {
        let region = || prop_oneof![Just("eu-west-2"), Just("a-b-1"), Just("abcdefgh-ijklmnop-99")];
        let name = || region().prop_map(|name| RegionName::new(name).unwrap());
        let cause = prop_oneof![
            prop::sample::select(vec![
                Cause::Dns,
                Cause::Connect,
                Cause::Tls,
                Cause::Timeout,
                Cause::Protocol,
                Cause::Row,
                Cause::Column,
                Cause::Own,
                Cause::Late,
                Cause::Observer,
                Cause::NotTried
            ]),
            any::<u16>().prop_map(Cause::Status),
            name().prop_map(Cause::From),
            name().prop_map(Cause::To),
        ];
        (0..4, cause).prop_map(|(kind, cause)| match kind {
            0 => Outcome::Pass,
            1 => Outcome::Degraded(cause),
            2 => Outcome::Fail(cause),
            _ => Outcome::Unknown(cause),
        })
    }

    fn observed() -> impl Strategy<Value = Observed> {
        let name = (0..6_u32).prop_map(|n| RegionName::new(&format!("eu-west-{n}")).unwrap());
        let result = (outcome(), any::<u32>(), any::<u8>()).prop_map(CheckResult::from);
        let check = prop::sample::select(Check::ALL.to_vec());
        let regions = prop::collection::btree_map(name.clone(), prop::collection::btree_map(check, result, 0..6), 0..7);
        let at = (-1_000_000_000_000_000_000..4_000_000_000_000_000_000_i128).prop_map(|nanos| Timestamp::from_nanosecond(nanos).unwrap());
        let round = (0..=GENERATION_MAX, at, outcome(), regions);
        let round = round.prop_map(|(number, produced_at, self_check, regions)| Round { number, produced_at, self_check, regions });
        let matrix = prop::collection::btree_map(name.clone(), prop::collection::btree_map(name, any::<u32>(), 0..7), 0..7);
        (0..=GENERATION_MAX, prop::collection::vec(round, 0..6), matrix).prop_map(|(generation, rounds, matrix)| Observed {
            schema: Schema::V1,
            service: ServiceName::new("chat").unwrap(),
            observer: RegionName::new("us-east-1").unwrap(),
            generation,
            rounds,
            matrix,
        })
    }

    proptest! {
        #[test]
        fn the_bound_on_its_bytes_is_one_and_a_close_one(observed in observed()) {
            let (bytes, bound) = (serde_json::to_vec(&observed).unwrap().len(), observed.bytes_at_most());
            prop_assert!(bytes <= bound, "{bytes} bytes, said to be {bound} at most");
            prop_assert!(bound <= bytes * 5 / 4 + 100, "{bytes} bytes, said to be {bound} at most");
        }
    }
}
