//! Monotony: more that speaks against a region never brings it back, and what others say can only hold back.
//!
//! Where it is rightly not given:
//!
//! * **Everyone looks sick.** A region that fails harder is compared with the others by other measures (rounds that failed, in place of the share of first
//!   attempts that did), and by those the others may look as sick as it. Then nobody is ejected, and the rule is named. What is out already stays out.
//! * **Self-blame.** When the last region that could be reached cannot be either, the observer blames itself and keeps every vote. So it keeps what it had:
//!   a vote that would have turned does not. Nothing that is out comes back by it.
//! * **One place for two.** A rule that lets one of two regions go may let the other go when the first may no longer: more against one region, or more shown by
//!   others, can eject another one that is sick too; never one that is well.
//! * **A drain on top of a drain** takes a new place in the order, the last, and may be refused there. A drain of a region that has none is never in vain.

#![expect(clippy::unwrap_used, reason = "a fixture that does not hold is a failed test")]

use std::collections::BTreeMap;

use decision::{Cause, Check, CheckResult, Outcome, Reason, RegionName, RegionVote, Round, SafetyRule, Snapshot, Vote, decide};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::fixture::{DUBLIN, LONDON, OREGON, Scene, drain, region, round, with_capacity};
use crate::twin::Sight;

const NAMES: [&str; 3] = [LONDON, OREGON, DUBLIN];

fn sight() -> impl Strategy<Value = Sight> {
    prop_oneof![6 => Just(Sight::Clean), 3 => Just(Sight::SocketsFail), 2 => Just(Sight::Gone), 2 => select(Sight::ALL.to_vec())]
}

/// Rounds in runs of the same sights: alone they seldom add up to anything.
fn history() -> impl Strategy<Value = Vec<[Sight; 3]>> {
    let runs = vec(([sight(), sight(), sight()], 1..9_usize), 1..8);
    runs.prop_map(|runs| runs.into_iter().flat_map(|(sights, times)| vec![sights; times]).collect())
}

/// What one observer saw so far, with a drain that stands or none; the next round is to come.
fn scene() -> impl Strategy<Value = Scene> {
    (history(), any::<bool>(), prop::option::of((select(NAMES.to_vec()), 0..60_usize))).prop_map(|(history, roomy, drained)| {
        let mut scene = if roomy { Scene::with(with_capacity(1.0)) } else { Scene::three_regions() };
        for (n, sights) in history.iter().enumerate() {
            if let Some((name, _)) = drained.filter(|(_, when)| *when == n) {
                scene.drain(name);
            }
            scene.rounds(1, &faults(sights));
        }
        scene.now += crate::fixture::seconds(10);
        scene
    })
}

fn faults(sights: &[Sight; 3]) -> Vec<crate::fixture::Fault> {
    NAMES.iter().zip(sights).flat_map(|(name, sight)| sight.faults(name)).collect()
}

fn next_round(scene: &Scene, sights: &[Sight; 3]) -> Round {
    round(&scene.policy, 1000, scene.now, &faults(sights))
}

/// The votes once this round is in, and what was announced is carried out.
fn votes(scene: &Scene, snapshot: &Snapshot, round: Round) -> BTreeMap<RegionName, RegionVote> {
    let mut snapshot = snapshot.clone();
    snapshot.observed.as_mut().unwrap().push(round, BTreeMap::new());
    let mut decision = decide(&scene.policy, &snapshot, scene.now);
    if decision.again {
        snapshot.votes = Some(decision.votes);
        decision = decide(&scene.policy, &snapshot, scene.now);
    }
    decision.votes.regions
}

/// Fails these checks of a region, as far as they passed.
fn worse(mut round: Round, name: &str, checks: &[Check], cause: &Cause) -> Round {
    for (check, result) in round.regions.get_mut(&region(name)).unwrap() {
        if checks.contains(check) && matches!(result.outcome, Outcome::Pass | Outcome::Degraded(_)) {
            *result = CheckResult { outcome: Outcome::Fail(cause.clone()), ..result.clone() };
        }
    }
    round
}

const CRITICAL: [Check; 4] = [Check::Rest, Check::Websocket, Check::Table, Check::Delivery];

fn is_everyone(vote: &RegionVote) -> bool {
    matches!(vote.reason, Reason::Refused { rule: SafetyRule::EveryoneLooksSick, .. })
}

/// An observer that believes its own eyes, or none at all.
fn blames_itself(vote: &RegionVote) -> bool {
    matches!(vote.reason, Reason::Blind { .. })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Everything else equal, a check that fails where it passed never turns that region from `eject` to `serve`.
    #[test]
    fn a_failing_check_never_brings_its_region_back(
        scene in scene(),
        newest in [sight(), sight(), sight()],
        name in select(NAMES.to_vec()),
        checks in subsequence(CRITICAL.to_vec(), 1..=4),
        cause in select(vec![Cause::Status(503), Cause::Connect]),
    ) {
        let before = next_round(&scene, &newest);
        let after = worse(before.clone(), name, &checks, &cause);
        let (one, two) = (votes(&scene, &scene.snapshot, before), votes(&scene, &scene.snapshot, after));
        let (one, two) = (&one[&region(name)], &two[&region(name)]);
        let was_out = scene.vote(name) == Vote::Eject;
        let excused = !was_out && (is_everyone(two) || blames_itself(two));
        prop_assert!(two.vote >= one.vote || excused, "{} but {}", one.reason, two.reason);
    }

    /// A region that is well, not out and not drained is not ejected, whatever becomes of the others and whatever they say.
    #[test]
    fn what_fails_elsewhere_never_ejects_a_region_that_is_well(
        mut scene in scene(),
        newest in [sight(), sight(), sight()],
        shown in vec(prop::option::of(btree_set(select(NAMES.to_vec()), 0..=3)), 2),
    ) {
        for (observer, shown) in [LONDON, OREGON].into_iter().zip(shown) {
            match shown {
                Some(shown) => scene.other_shows(observer, &shown.into_iter().collect::<Vec<_>>()),
                None => scene.other_is_silent(observer),
            }
        }
        let after = votes(&scene, &scene.snapshot, next_round(&scene, &newest));
        for (name, _) in NAMES.iter().zip(newest).filter(|(name, sight)| *sight == Sight::Clean && scene.vote(name) == Vote::Serve) {
            let is_drained = matches!(after[&region(name)].reason, Reason::Drained { .. });
            prop_assert!(after[&region(name)].vote == Vote::Serve || is_drained, "{}", after[&region(name)].reason);
        }
    }

    /// Where one region alone is sick, others that fail or say more can only hold it back.
    #[test]
    fn what_others_say_only_holds_back(
        sights in vec(sight(), 1..30),
        newest in sight(),
        less in vec(btree_set(select(NAMES.to_vec()), 0..=2), 2),
        more in vec(prop::option::of(btree_set(select(NAMES.to_vec()), 0..=2)), 2),
        name in select(vec![OREGON, DUBLIN]),
        checks in subsequence(CRITICAL.to_vec(), 0..=4),
    ) {
        let mut scene = Scene::three_regions();
        for sight in sights {
            scene.rounds(1, &faults(&[sight, Sight::Clean, Sight::Clean]));
        }
        scene.now += crate::fixture::seconds(10);
        let show = |scene: &mut Scene, observer: &str, shown: Vec<&str>| scene.other_shows(observer, &shown);
        for (observer, less) in [LONDON, OREGON].into_iter().zip(&less) {
            show(&mut scene, observer, less.iter().copied().collect());
        }
        let before = next_round(&scene, &[newest, Sight::Clean, Sight::Clean]);
        let one = votes(&scene, &scene.snapshot, before.clone());
        for ((observer, less), more) in [LONDON, OREGON].into_iter().zip(&less).zip(&more) {
            match more {
                Some(more) => show(&mut scene, observer, less.union(more).copied().collect()),
                None => scene.other_is_silent(observer),
            }
        }
        let two = votes(&scene, &scene.snapshot, worse(before, name, &checks, &Cause::Status(503)));
        let (one, two) = (&one[&region(LONDON)], &two[&region(LONDON)]);
        prop_assert!(two.vote <= one.vote, "{} but {}", one.reason, two.reason);
    }

    /// A drain, at however many stores it is, never brings its region back.
    #[test]
    fn a_drain_never_brings_its_region_back(
        scene in scene(),
        newest in [sight(), sight(), sight()],
        name in select(NAMES.to_vec()),
        stores in subsequence(NAMES.to_vec(), 1..=3),
    ) {
        let next = next_round(&scene, &newest);
        let one = votes(&scene, &scene.snapshot, next.clone());
        let known = scene.snapshot.intents.values().any(|store| store.contains_key(&region(name)));
        prop_assume!(!known);
        let mut snapshot = scene.snapshot.clone();
        for store in &stores {
            let intent = drain(&region(name), 900, scene.now);
            snapshot.intents.get_mut(&region(store)).unwrap().insert(region(name), intent);
        }
        let two = votes(&scene, &snapshot, next);
        let (one, two) = (&one[&region(name)], &two[&region(name)]);
        prop_assert!(two.vote >= one.vote, "{} but {}", one.reason, two.reason);
        if stores.len() >= 2 {
            let waits = matches!(two.reason, Reason::DrainRefused { .. } | Reason::DrainWaits { .. });
            prop_assert!(two.vote == Vote::Eject || waits, "{}", two.reason);
        }
    }
}
