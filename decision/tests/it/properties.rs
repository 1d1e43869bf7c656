//! What holds for every history: agreement with a naive twin, rest, silence, monotony, generations, and no panic.

use std::collections::BTreeMap;

use decision::{
    Cause, Check, CheckResult, Ended, Failback, Failing, Intent, IntentKind, Memory, Observed, Outcome, Policy, PolicySpec, Reason,
    RegionName, RegionVote, Remembered, Round, SafetyRule, Schema, Snapshot, State, Thresholds, Verdict, Vote, Votes, decide,
};
use jiff::{SignedDuration, Timestamp};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::fixture::{DUBLIN, LONDON, OREGON, Scene, at, chat, drain, policy, region, seconds};
use crate::twin::{Asked, Sight, Twin};

const NAMES: [&str; 4] = [LONDON, OREGON, DUBLIN, "ap-south-1"];

/// One thing that happens before the next decision.
#[derive(Debug, Clone)]
enum Step {
    /// A round so many seconds on; how fit the observer is, and what it sees of each region.
    Round(i64, bool, [Sight; 4]),
    /// Time passes.
    Wait(i64),
    Drain(usize, i64),
    Hold(usize, i64),
    Resume(usize),
}

fn sight() -> impl Strategy<Value = Sight> {
    prop_oneof![5 => Just(Sight::Clean), 5 => Just(Sight::SocketsFail), 2 => select(Sight::ALL.to_vec())]
}

fn step() -> impl Strategy<Value = Step> {
    let minutes = 1..90_i64;
    prop_oneof![
        20 => (1..15_i64, prop::bool::weighted(0.95), [sight(), sight(), sight(), sight()]).prop_map(|(s, fit, sights)| Step::Round(s, fit, sights)),
        // Runs of one sight are what moves votes.
        2 => (1..200_i64).prop_map(Step::Wait),
        1 => (0..4_usize, minutes.clone()).prop_map(|(n, m)| Step::Drain(n, m)),
        1 => (0..4_usize, minutes).prop_map(|(n, m)| Step::Hold(n, m)),
        1 => (0..4_usize).prop_map(Step::Resume),
    ]
}

/// Steps, each repeated a few times: alone they seldom add up to anything.
fn script() -> impl Strategy<Value = Vec<Step>> {
    vec((step(), 1..9_usize), 1..25).prop_map(|steps| {
        let repeat = |(step, times): (Step, usize)| {
            let times = if matches!(step, Step::Round(..)) { times } else { 1 };
            vec![step; times]
        };
        steps.into_iter().flat_map(repeat).collect()
    })
}

fn thresholds() -> impl Strategy<Value = Thresholds> {
    (1..=4_u8, (1..=3_u8, 3..=8_u8), 1..=8_u8, 1..=2_u8, select(vec![30.0, 120.0]), select(vec![1.0, 60.0])).prop_map(
        |(gone_after, (down_after, down_window), up_after, min_serving, hold_down_seconds, ejection_window_seconds)| Thresholds {
            gone_after,
            fast_burn: 1000.0,
            slow_burn: 1000.0,
            down_after,
            down_window,
            up_after,
            min_serving,
            hold_down_seconds,
            hold_down_max_seconds: 300.0,
            hold_down_decay_seconds: 200.0,
            ejection_window_seconds,
            ..Thresholds::default()
        },
    )
}

fn shape() -> impl Strategy<Value = Policy> {
    (select(vec![(3, 3), (3, 5), (4, 5)]), thresholds()).prop_map(|((n, observers), t)| policy(&NAMES[..n], observers, t))
}

/// Plays a step into the scene; what people asked for is noted.
fn play(scene: &mut Scene, asked: &mut BTreeMap<RegionName, (Intent, Asked)>, step: &Step) -> Option<(BTreeMap<RegionName, Sight>, bool)> {
    let served = |n: usize| NAMES[n % scene.policy.regions().len()];
    match step {
        Step::Wait(s) => scene.now += seconds(*s),
        Step::Round(s, fit, sights) => {
            scene.now += seconds(*s);
            let names = &NAMES[..scene.policy.regions().len()];
            let faults: Vec<_> = names.iter().zip(sights).flat_map(|(name, sight)| sight.faults(name)).collect();
            let number = scene.number();
            let mut round = crate::fixture::round(&scene.policy, number, scene.now, &faults);
            if !fit {
                round.self_check = Outcome::Unknown(Cause::Observer);
            }
            scene.snapshot.observed = None;
            scene.push(round);
            return Some((names.iter().zip(sights).map(|(name, sight)| (region(name), *sight)).collect(), *fit));
        }
        Step::Drain(n, minutes) | Step::Hold(n, minutes) => {
            let name = served(*n);
            let until = scene.now + SignedDuration::from_mins(*minutes);
            let kind = if matches!(step, Step::Drain(..)) { IntentKind::Drain } else { IntentKind::Hold };
            let intent = Intent { kind, ends_at: until, ..scene.next_drain(name) };
            scene.record(&intent);
            let what = match kind {
                IntentKind::Drain => Asked::Drain { generation: intent.generation, until },
                IntentKind::Hold => Asked::Hold { until },
            };
            asked.insert(region(name), (intent, what));
        }
        Step::Resume(n) => {
            if let Some((intent, what)) = asked.get_mut(&region(served(*n))) {
                *what = Asked::Nothing;
                scene.resume(intent);
            }
        }
    }
    None
}

fn wants(asked: &BTreeMap<RegionName, (Intent, Asked)>) -> BTreeMap<RegionName, Asked> {
    asked.iter().map(|(name, (_, asked))| (name.clone(), *asked)).collect()
}

proptest! {
    // 256 cases each; PROPTEST_CASES asks for more.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The fixture decides everything twice, so this also holds that deciding again moves nothing.
    #[test]
    fn it_agrees_with_its_naive_twin(policy in shape(), script in script()) {
        let mut scene = Scene::with(policy.clone());
        let mut twin = Twin::new(&policy, scene.now);
        let mut asked = BTreeMap::new();
        for (n, step) in script.iter().enumerate() {
            if let Some((sights, fit)) = play(&mut scene, &mut asked, step) {
                twin.round(scene.now, &sights, fit);
            }
            let decision = scene.decide();
            let votes: BTreeMap<RegionName, Vote> = decision.votes.regions.iter().map(|(name, vote)| (name.clone(), vote.vote)).collect();
            let expected = twin.decide(&wants(&asked), scene.now);
            prop_assert_eq!(votes, expected, "after step {} at {}: {:#?}", n, scene.now, &decision.votes.regions);
        }
    }

    /// Nothing moves for want of news, and automation leaves somebody to serve.
    #[test]
    fn silence_never_moves_a_vote(policy in shape(), script in script(), wait in 31..100_000_i64) {
        let mut scene = Scene::with(policy);
        let mut asked = BTreeMap::new();
        for step in script.iter().filter(|step| matches!(step, Step::Round(..) | Step::Wait(_))) {
            play(&mut scene, &mut asked, step);
            scene.decide();
        }
        let decision = scene.wait(seconds(wait));
        prop_assert_eq!(decision.changes, Vec::new());
        prop_assert!(decision.votes.regions.values().all(|vote| vote.verdict == Verdict::Unknown));
        prop_assert!(decision.votes.regions.values().any(|vote| vote.vote == Vote::Serve));
    }

    /// One more failed round never turns `eject` into `serve` for the region that failed.
    #[test]
    fn more_failures_never_bring_a_region_back(sights in vec(sight(), 1..40), worse in any::<prop::sample::Index>()) {
        let worse = worse.index(sights.len());
        let (mut one, mut two) = (Scene::three_regions(), Scene::three_regions());
        for (n, sight) in sights.iter().enumerate() {
            let with = |sight: Sight| sight.faults(LONDON);
            one.rounds(1, &with(*sight));
            two.rounds(1, &with(if n == worse { Sight::Gone } else { *sight }));
            if n <= worse {
                prop_assert!(one.vote(LONDON) <= two.vote(LONDON), "after round {}: {} but {}", n, one.why(LONDON), two.why(LONDON));
            }
        }
    }

    /// The highest generation wins in whatever order and at whichever observers the documents turn up.
    #[test]
    fn a_late_or_lower_generation_never_wins(order in Just(vec![1_u64, 2, 3, 4]).prop_shuffle(), last_is_end in any::<bool>()) {
        let mut scene = Scene::three_regions();
        scene.rounds(6, &[]);
        for generation in order {
            let mut intent = drain(&region(LONDON), generation, scene.now);
            if generation == 4 && last_is_end {
                intent.ended = Some(Ended { at: scene.now, by: "ben".to_owned(), reason: String::new() });
            }
            scene.record(&intent);
            scene.rounds(1, &[]);
        }
        let known = scene.votes().regions[&region(LONDON)].intent.clone().unwrap();
        prop_assert_eq!((known.generation, scene.vote(LONDON)), (4, if last_is_end { Vote::Serve } else { Vote::Eject }));
    }

    /// Whatever valid documents say, at whatever time.
    #[test]
    fn it_never_panics_and_always_leaves_somebody(snapshot in snapshot(), spec in any_policy(), now in any_time()) {
        let policy = Policy::new(spec).unwrap();
        let mut decision = decide(&policy, &snapshot, now);
        if decision.again {
            decision = decide(&policy, &Snapshot { votes: Some(decision.votes), ..snapshot.clone() }, now);
        }
        prop_assert!(decision.votes.regions.values().any(|vote| vote.vote == Vote::Serve));
        prop_assert_eq!(decision.votes.regions.keys().collect::<Vec<_>>(), policy.regions().iter().collect::<Vec<_>>());
        prop_assert_eq!(decision.votes.check(), Ok(()));
        let bytes = serde_json::to_vec(&decision.votes).unwrap().len();
        prop_assert!(bytes <= decision::DOCUMENT_BYTES_MAX, "{} bytes", bytes);
        for vote in decision.votes.regions.values() {
            prop_assert!(!vote.reason.to_string().is_empty());
        }
        let settled = Snapshot { votes: Some(decision.votes.clone()), ..snapshot };
        let again = decide(&policy, &settled, now);
        prop_assert_eq!((again.write, again.again, again.changes, again.votes), (false, false, Vec::new(), decision.votes));
    }
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    let near = (-100_000..100_000_i64).prop_map(|s| at("2026-11-23T03:20:00Z") + SignedDuration::from_millis(s));
    prop_oneof![20 => near, 1 => Just(Timestamp::MIN), 1 => Just(Timestamp::MAX)]
}

fn any_policy() -> impl Strategy<Value = PolicySpec> {
    (2..=4_usize, thresholds(), select(vec![Failback::Automatic, Failback::AfterHold, Failback::Manual])).prop_map(
        |(n, mut t, failback)| {
            t.min_serving = 1;
            let spec = policy(&NAMES[..n], 5, t).spec().clone();
            PolicySpec { failback: BTreeMap::from([(region(LONDON), failback)]), ..spec }
        },
    )
}

fn any_name() -> impl Strategy<Value = RegionName> {
    select(NAMES.to_vec()).prop_map(region)
}

fn any_cause() -> impl Strategy<Value = Cause> {
    select(vec![Cause::Dns, Cause::Timeout, Cause::Status(503), Cause::Row, Cause::NotTried, Cause::From(region(LONDON))])
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        3 => Just(Outcome::Pass),
        1 => any_cause().prop_map(Outcome::Degraded),
        3 => any_cause().prop_map(Outcome::Fail),
        1 => any_cause().prop_map(Outcome::Unknown),
    ]
}

fn any_round() -> impl Strategy<Value = Round> {
    let result = (any_outcome(), any::<u32>(), any::<u8>()).prop_map(CheckResult::from);
    let observation = btree_map(select(Check::ALL.to_vec()), result, 0..6);
    let fit = prop_oneof![4 => Just(Outcome::Pass), 1 => any_outcome()];
    (0..100_u64, any_time(), fit, btree_map(any_name(), observation, 0..5)).prop_map(|(number, produced_at, self_check, regions)| Round {
        number,
        produced_at,
        self_check,
        regions,
    })
}

fn any_intent() -> impl Strategy<Value = Intent> {
    let ended = option::of(any_time()).prop_map(|at| at.map(|at| Ended { at, by: "ben".to_owned(), reason: String::new() }));
    let rules = prop::sample::subsequence(SafetyRule::ALL.to_vec(), 0..=5);
    let near = (-100_000..100_000_i64).prop_map(|s| at("2026-11-23T03:20:00Z") + SignedDuration::from_millis(s));
    (any_name(), 0..5_u64, any::<bool>(), near, 0..=4320_i64, rules, ended).prop_map(
        |(name, generation, hold, recorded_at, minutes, overrides, ended)| Intent {
            kind: if hold { IntentKind::Hold } else { IntentKind::Drain },
            ends_at: recorded_at + SignedDuration::from_mins(minutes),
            overrides,
            ended,
            ..drain(&name, generation, recorded_at)
        },
    )
}

fn any_vote() -> impl Strategy<Value = RegionVote> {
    let memory = (
        ("[.~xrwdtWR]{0,8}", prop_oneof![Just(String::new()), Just("0".repeat(32)), "[0-9a-f]{8}[0-9a-z]{24}"]),
        any::<u8>(),
        option::of(any_time()),
        any::<bool>(),
        any::<u8>(),
        option::of(any_time()),
        option::of(any_time()),
        any::<bool>(),
    )
        .prop_map(|((rounds, checks), clean, clean_since, down, relapses, ejected_at, held_until, resumed)| Memory {
            rounds,
            checks: checks.parse().unwrap_or_default(),
            clean,
            clean_since,
            down,
            relapses,
            ejected_at,
            held_until,
            resumed,
        });
    let intent = (any_intent(), select(vec![State::Seen, State::Stands, State::Ended]))
        .prop_map(|(intent, state)| Remembered { state, ..Remembered::from(&intent) });
    let failing = Failing::Count { check: Check::Rest, cause: None, failed: 5, of: 6 };
    let reason = select(vec![Reason::Healthy, Reason::Failing(failing), Reason::AwaitsResume]);
    let verdict = select(vec![Verdict::Healthy, Verdict::Unhealthy, Verdict::Unknown]);
    let refused = option::of(select(SafetyRule::ALL.to_vec()));
    let vote = select(vec![(Vote::Serve, false), (Vote::Serve, true), (Vote::Eject, false)]);
    (vote, any_time(), reason, verdict, any_time(), refused, memory, option::of(intent)).prop_map(
        |((vote, announced), since, reason, verdict, verdict_since, refused, memory, intent)| RegionVote {
            vote,
            since,
            announced,
            reason,
            verdict,
            verdict_since,
            refused,
            memory,
            intent,
        },
    )
}

fn snapshot() -> impl Strategy<Value = Snapshot> {
    let observed = vec(any_round(), 0..5).prop_map(|rounds| Observed {
        schema: Schema::V1,
        service: chat(),
        observer: region(LONDON),
        generation: 1,
        rounds,
        matrix: BTreeMap::new(),
    });
    let votes = (any_time(), 0..100_u64, option::of(any_time()), btree_map(any_name(), any_vote(), 0..5)).prop_map(
        |(decided_at, round, round_at, regions)| Votes {
            schema: Schema::V1,
            service: chat(),
            observer: region(LONDON),
            generation: 1,
            decided_at,
            policy: "0".to_owned(),
            round,
            round_at,
            regions,
        },
    );
    let store = vec(any_intent(), 0..5).prop_map(|intents| intents.into_iter().map(|intent| (intent.region.clone(), intent)).collect());
    let others = btree_map(any_name(), btree_set(any_name(), 0..5), 0..5);
    (option::of(observed), option::of(votes), btree_map(any_name(), store, 0..5), others)
        .prop_map(|(observed, votes, intents, others)| Snapshot { observer: region(LONDON), observed, intents, votes, others })
}
