//! Whatever the observers see, their votes never empty the answer: by enumeration of everything they could vote.
//!
//! A majority of observers must eject a region to take it out. Drained sets are prefixes of one order, and each observer may know another prefix.

use std::collections::{BTreeMap, BTreeSet};

use decision::{Check, Policy, Thresholds, Vote, automatic_max, decide};

use crate::fixture::{Scene, policy, seconds};

/// The regions that one observer ejects: bit i is region i.
type Ejected = u32;

/// Every set of `size` of the regions that are not among the first `drained`, together with those.
fn sets(regions: usize, drained: usize, size: usize) -> Vec<Ejected> {
    let drains = (1 << drained) - 1;
    let of_size = |set: &Ejected| set & drains == 0 && set.count_ones() as usize == size;
    (0..1 << regions).filter(of_size).map(|set| set | drains).collect()
}

/// Whether some choice of one set per observer ejects every region by a majority. Votes are counted per region, as digits of a number.
fn can_be_emptied(regions: usize, majority: usize, choices: &[&Vec<Ejected>]) -> bool {
    let base = majority + 1;
    let mut reached = vec![false; (0..regions).fold(1, |states, _| states * base)];
    reached[0] = true;
    for sets in choices {
        let mut next = vec![false; reached.len()];
        for state in (0..reached.len()).filter(|state| reached[*state]) {
            for set in *sets {
                let (mut rest, mut digit, mut sum) = (state, 1, 0);
                for region in 0..regions {
                    let votes = rest % base + usize::from(set >> region & 1 == 1);
                    sum += votes.min(majority) * digit;
                    (rest, digit) = (rest / base, digit * base);
                }
                next[sum] = true;
            }
        }
        reached = next;
    }
    reached[reached.len() - 1]
}

/// Every way in which n observers may know of the first 0 to R−1 drains, the least informed first.
fn prefixes(regions: usize, observers: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for _ in 0..observers {
        all = all
            .iter()
            .flat_map(|known: &Vec<usize>| {
                let least = known.last().copied().unwrap_or(0);
                (least..regions).map(|more| known.iter().copied().chain([more]).collect())
            })
            .collect();
    }
    all
}

/// Who can be emptied, if an observer that knows of d drains may eject `most(d)` regions more.
fn emptied(regions: usize, observers: usize, known: Vec<Vec<usize>>, most: impl Fn(usize) -> usize) -> Vec<Vec<usize>> {
    // Fewer votes never empty more, so it is enough to look at the largest sets.
    let sets: Vec<Vec<Ejected>> = (0..regions).map(|drained| sets(regions, drained, most(drained))).collect();
    let choices = |known: &Vec<usize>| -> Vec<&Vec<Ejected>> { known.iter().map(|drained| &sets[*drained]).collect() };
    known.into_iter().filter(|known| can_be_emptied(regions, observers / 2 + 1, &choices(known))).collect()
}

/// What one observer must leave of `undrained` regions where all observers agree on the drains.
fn keep(undrained: usize, observers: usize) -> usize {
    undrained * (observers - observers / 2 - 1) / observers + 1
}

#[test]
fn observers_that_agree_on_the_drains_never_empty_the_answer() {
    for observers in [3, 5] {
        for regions in 2..=6 {
            for drained in 0..regions {
                let most = |drained| regions - drained - keep(regions - drained, observers);
                assert!(emptied(regions, observers, vec![vec![drained; observers]], most).is_empty(), "{regions} of {observers}");
                assert!(automatic_max(regions, observers, drained) <= most(drained), "ours is never looser");
            }
        }
    }
}

#[test]
fn nor_do_observers_that_know_of_different_drains() {
    for observers in [3, 5] {
        for regions in 2..=6 {
            let emptied = emptied(regions, observers, prefixes(regions, observers), |drained| automatic_max(regions, observers, drained));
            assert!(emptied.is_empty(), "{regions} regions, {observers} observers who know of {emptied:?} drains");
        }
    }
}

#[test]
fn that_takes_more_than_leaving_a_share_of_what_each_takes_for_undrained() {
    let emptied = emptied(4, 3, prefixes(4, 3), |drained| 4 - drained - keep(4 - drained, 3));
    assert_eq!(emptied, [[0, 2, 2], [0, 2, 3]]);
}

#[test]
fn one_more_vote_could_empty_the_answer() {
    for regions in 2..=6 {
        let emptied = emptied(regions, 3, prefixes(regions, 3), |drained| {
            (automatic_max(regions, 3, drained) + usize::from(drained == 0)).min(regions - drained)
        });
        assert!(!emptied.is_empty(), "{regions}");
    }
}

#[test]
fn two_or_three_regions_lose_nothing_by_it() {
    for observers in [3, 5, 7] {
        for regions in 2..=3 {
            for drained in 0..regions {
                assert_eq!(automatic_max(regions, observers, drained), regions - drained - keep(regions - drained, observers));
            }
        }
    }
}

/// Everything that `decide` ends up voting in `segments` stretches of four rounds, each with its own sick regions and number of drains.
fn votes_of_decide(policy: &Policy, segments: u32) -> BTreeSet<Ejected> {
    let names: Vec<String> = policy.regions().iter().map(ToString::to_string).collect();
    let names: Vec<&'static str> = names.into_iter().map(|name| &*name.leak()).collect();
    let choices = (1 << names.len()) * names.len();
    let mut seen = BTreeSet::new();
    for script in 0..choices.pow(segments) {
        let mut scene = Scene::with(policy.clone());
        let mut drained = 0;
        for segment in 0..segments {
            let choice = script / choices.pow(segment) % choices;
            let (sick, drains) = (choice % (1 << names.len()), choice >> names.len());
            while drained < drains {
                scene.drain(names[drained]);
                drained += 1;
            }
            let faults: Vec<_> =
                (0..names.len()).filter(|n| sick >> n & 1 == 1).map(|n| (names[n], Check::Rest, "fail:status-500")).collect();
            for _ in 0..4 {
                scene.only_round(&faults);
                let decision = decide(&scene.policy, &scene.snapshot, scene.now);
                let ejected = decision.votes.regions.values().enumerate().filter(|(_, vote)| vote.vote == Vote::Eject);
                seen.insert(ejected.map(|(n, _)| 1 << n).sum());
                scene.snapshot.votes = Some(decision.votes);
            }
            scene.now += seconds(60);
        }
    }
    seen
}

#[test]
fn decide_keeps_to_it_whatever_its_observers_see() {
    let shapes = [
        (&["aa-a-1", "aa-b-1"][..], 3, 3),
        (&["aa-a-1", "aa-b-1", "aa-c-1"][..], 3, 2),
        (&["aa-a-1", "aa-b-1", "aa-c-1", "aa-d-1"][..], 5, 2),
    ];
    for (names, observers, segments) in shapes {
        let policy = policy(names, observers, Thresholds::default());
        let votes: Vec<Ejected> = votes_of_decide(&policy, segments).into_iter().collect();
        assert!(votes.iter().any(|set| set.count_ones() == 1) && votes.contains(&0), "something is ejected at all: {votes:?}");
        assert!(!can_be_emptied(names.len(), policy.majority(), &vec![&votes; observers]), "{names:?}: {votes:?}");
    }
}

#[test]
fn the_policy_spares_as_many_as_it_says() {
    let four = policy(&["aa-a-1", "aa-b-1", "aa-c-1", "aa-d-1"], 5, Thresholds { min_serving: 3, ..Thresholds::default() });
    let most: BTreeMap<usize, usize> = (0..=4).map(|drained| (drained, four.automatic_max(drained))).collect();
    assert_eq!(most, BTreeMap::from([(0, 1), (1, 0), (2, 0), (3, 0), (4, 0)]), "three stay, however sick");
}
