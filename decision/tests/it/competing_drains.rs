//! Three operators drain three regions of three at once: whatever their writes and the controllers' reads interleave to, somebody serves.
//!
//! Each observer's store is one register per region whose writes are seen by every later read. So of any two controllers that read a store, one saw
//! all that the other saw there: the sets of drains found in one store form a chain. All such chains are enumerated, for three stores of which each
//! controller reads at least two.
//!
//! This is about drains alone, and about their order: `model` lets nobody empty the answer even if each controller believed in other drains.

use std::collections::{BTreeMap, BTreeSet};

use decision::standing::{self, Effect};
use decision::{Intent, Policy, Thresholds};

use crate::fixture::{DUBLIN, LONDON, OREGON, at, drain, policy, region};

const NAMES: [&str; 3] = [LONDON, OREGON, DUBLIN];

/// What a controller found in one store: bit i is the drain of region i. `None`: it did not answer.
type Found = Option<u8>;

/// What a controller makes of the three stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Accepted {
    /// The regions that it drains.
    drained: u8,
    /// How many have a place, drained or not yet.
    reserved: usize,
    /// The regions whose drain it knows and refuses.
    refused: u8,
}

fn accepted(policy: &Policy, found: [Found; 3]) -> Accepted {
    let recorded = at("2026-11-23T03:22:00Z");
    let intents: Vec<Intent> = (1..).zip(NAMES).map(|(generation, name)| drain(&region(name), generation, recorded)).collect();
    let store =
        |drains: u8| intents.iter().enumerate().filter(move |(n, _)| drains >> n & 1 == 1).map(|(_, i)| (i.region.clone(), i.clone()));
    let stores = NAMES.iter().zip(found).filter_map(|(name, found)| Some((region(name), store(found?).collect())));
    let standing = standing::merge(policy, &stores.collect(), &BTreeMap::new(), at("2026-11-23T03:23:00Z"));
    let mask = |is: fn(Effect) -> bool| -> u8 {
        let with = |name: &&str| standing.get(&region(name)).is_some_and(|standing| is(standing.effect));
        NAMES.iter().zip([1, 2, 4]).filter(|(name, _)| with(name)).map(|(_, bit)| bit).sum()
    };
    Accepted {
        drained: mask(|effect| effect == Effect::Drained),
        reserved: standing.values().filter(|standing| standing.reserved).count(),
        refused: mask(|effect| matches!(effect, Effect::Refused(_))),
    }
}

/// Everything that three controllers can find in one store.
fn chains() -> Vec<[Found; 3]> {
    let found = || (0..8).map(Some).chain([None]);
    let comparable = |a: Found, b: Found| a.zip(b).is_none_or(|(a, b)| a & b == a || a & b == b);
    let mut chains = Vec::new();
    for a in found() {
        for b in found().filter(|b| comparable(a, *b)) {
            chains.extend(found().filter(|c| comparable(a, *c) && comparable(b, *c)).map(|c| [a, b, c]));
        }
    }
    chains
}

/// Whether every region is drained by two of three.
fn empties([a, b, c]: [Accepted; 3]) -> bool {
    (a.drained & b.drained) | (b.drained & c.drained) | (a.drained & c.drained) == 7
}

/// Every triple of what three controllers can make of the stores.
fn every_interleaving(accepted: impl Fn([Found; 3]) -> Accepted) -> BTreeSet<[Accepted; 3]> {
    let index = |found: Found| found.map_or(8, usize::from);
    let found = |n: usize| if n == 8 { None } else { u8::try_from(n).ok() };
    let reads_a_majority = |found: &[Found; 3]| found.iter().flatten().count() >= 2;
    let all: Vec<Option<Accepted>> = (0..729)
        .map(|n| [found(n / 81), found(n / 9 % 9), found(n % 9)])
        .map(|found| reads_a_majority(&found).then(|| accepted(found)))
        .collect();
    // Few of them differ, so triples are marked by number and looked up once.
    let distinct: Vec<Accepted> = all.iter().flatten().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let numbers: Vec<Option<usize>> = all.iter().map(|one| distinct.iter().position(|other| Some(*other) == *one)).collect();
    let mut met = vec![false; distinct.len().pow(3)];
    let chains: Vec<[usize; 3]> = chains().into_iter().map(|chain| chain.map(index)).collect();
    // The stores are alike, so their order does not matter.
    for (i, first) in chains.iter().enumerate() {
        for (j, second) in chains.iter().enumerate().skip(i) {
            let of_two = [0, 1, 2].map(|n| (first[n] * 9 + second[n]) * 9);
            for third in &chains[j..] {
                if let (Some(a), Some(b), Some(c)) =
                    (numbers[of_two[0] + third[0]], numbers[of_two[1] + third[1]], numbers[of_two[2] + third[2]])
                {
                    met[(a * distinct.len() + b) * distinct.len() + c] = true;
                }
            }
        }
    }
    let n = distinct.len();
    (0..met.len()).filter(|code| met[*code]).map(|code| [code / n / n, code / n % n, code % n].map(|one| distinct[one])).collect()
}

#[test]
fn three_competing_drains_never_empty_the_answer() {
    let policy = policy(&NAMES, 3, Thresholds::default());
    let outcomes = every_interleaving(|found| accepted(&policy, found));
    assert!(outcomes.iter().any(|all| all.iter().any(|one| one.drained == 0b011)), "two are drained in the end");
    assert!(
        outcomes.iter().any(|[a, b, _]| a.drained & b.drained == 0 && a.drained != 0 && b.drained != 0),
        "and two can differ on the way"
    );
    for controllers in &outcomes {
        assert!(!empties(*controllers), "{controllers:?}");
    }
}

#[test]
fn they_would_if_one_sighting_were_enough() {
    // Accepts the first two of all that it found anywhere.
    let eager = |found: [Found; 3]| {
        let seen = found.iter().flatten().fold(0, |all, one| all | one);
        let drained = if seen == 7 { 3 } else { seen };
        Accepted { drained, reserved: 2, refused: seen & !drained }
    };
    assert!(every_interleaving(eager).into_iter().any(empties));
}
