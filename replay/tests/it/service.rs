//! What users feel, held against the corpus: its table of what there is to win (part 2b), and what must be true of any incident.

use std::path::Path;
use std::time::Duration;

use decision::RegionName;
use proptest::prelude::*;
use replay::engine::Setup;
use replay::incident::{Call, Component, Effect, Evidence, Incident, Place, Role, ServiceShape, Tuple, load};
use replay::service::{Score, Truth, Users, Vantage, scaled};

const A: usize = 0;
const HOME: [Option<usize>; 3] = [Some(0), Some(1), Some(2)];
/// A is left, for C: in one incident B is the next to fall.
const A_OUT: [Option<usize>; 3] = [Some(2), Some(1), Some(2)];
const STEP: Duration = Duration::from_secs(5);

fn file(id: &str) -> Incident {
    load(&Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../incidents/{id}.toml"))).unwrap_or_else(|flaws| panic!("{flaws}"))
}

/// The corpus assumes that the survivors have room.
fn setup(incident: Incident) -> Setup {
    let regions = ["eu-west-1", "eu-west-2", "us-east-1"].map(|name| RegionName::new(name).expect("a name"));
    Setup { incident, regions, shares: [1.0 / 3.0; 3], headroom: 2.5, seed: 1 }
}

fn minutes(minutes: f64) -> Duration {
    Duration::from_secs_f64(minutes * 60.0)
}

/// Lives an incident through, under the answers of each moment, in steps that end where something changes.
fn live(setup: &Setup, moves_sockets: bool, answers: impl Fn(Duration) -> [Option<usize>; 3]) -> (Truth, Users) {
    let (mut truth, mut users) = (Truth::new(setup), Users::new(setup, moves_sockets));
    let end = minutes(setup.incident.horizon);
    while truth.now() < end {
        let now = truth.now();
        let until = truth.next_change(now).map_or(now + STEP, |change| change.min(now + STEP)).min(end);
        users.step(&truth, &answers(now), until - now);
        truth.advance(until, &users);
    }
    (truth, users)
}

fn score(setup: &Setup, moves_sockets: bool, answers: impl Fn(Duration) -> [Option<usize>; 3]) -> Score {
    *live(setup, moves_sockets, answers).1.score()
}

/// Doing nothing, per user homed in A.
const NOTHING: [(&str, f64); 20] = [
    ("D01a", 156.0),
    ("D01b", 268.0),
    ("D02", 178.0),
    ("D03", 21.0),
    ("D04", 120.0),
    ("D05", 116.0),
    ("D06", 0.0),
    ("D07", 1.0),
    ("D09", 1.0),
    ("D10", 326.0),
    ("D12", 1.0),
    ("D13", 88.0),
    ("D16-1", 10.0),
    ("D16-2", 8.0),
    ("D17", 83.0),
    ("D18-1", 0.0),
    ("D18-2", 0.0),
    ("D19", 46.0),
    ("D20", 99.0),
    ("D21", 6.0),
];

#[test]
fn doing_nothing_costs_what_the_corpus_says() {
    let mut told = String::new();
    let mut off = Vec::new();
    for (id, corpus) in NOTHING {
        let ours = score(&setup(file(id)), false, |_| HOME).error_minutes[A];
        told += &format!("{id}: corpus {corpus}, here {ours:.1}\n");
        // The corpus rounds to whole minutes.
        if (ours - corpus).abs() > (0.15 * corpus).max(0.6) {
            off.push(id);
        }
    }
    assert!(off.is_empty(), "{off:?} of\n{told}");
}

/// Moving A's users: the minute of the answer, and the score in the corpus. It moves everybody in that instant.
const ACTED: [(&str, f64, f64); 18] = [
    ("D01a", 3.0, 2.0),
    ("D01b", 97.0, 7.0),
    ("D02", 5.0, 1.0),
    ("D03", 63.0, 0.5),
    ("D04", 3.0, 1.0),
    ("D05", 3.0, 2.0),
    ("D08", 319.0, 12.0),
    ("D16-1", 3.0, 0.4),
    ("D16-2", 3.0, 0.4),
    ("D20", 45.0, 36.0),
    ("D01a", 60.0, 58.0),
    ("D01b", 154.0, 53.0),
    ("D02", 62.0, 23.0),
    ("D03", 120.0, 5.0),
    ("D04", 60.0, 27.0),
    ("D05", 60.0, 47.0),
    ("D08", 376.0, 46.0),
    ("D20", 60.0, 46.0),
];

#[test]
fn moving_users_saves_what_the_corpus_says_but_for_the_minute_that_caches_and_sockets_take() {
    let mut told = String::new();
    let mut off = Vec::new();
    for (id, minute, corpus) in ACTED {
        let act = |now| if now < minutes(minute) { HOME } else { A_OUT };
        let ours = score(&setup(file(id)), true, act).error_minutes[A];
        told += &format!("{id} at {minute}: corpus {corpus}, here {ours:.1}\n");
        // In D20 the corpus leaves out what fails in the region they move to: 0.02 for over two hours.
        if !(-0.6..if id == "D20" { 3.0 } else { 2.0 }).contains(&(ours - corpus)) {
            off.push(id);
        }
    }
    assert!(off.is_empty(), "{off:?} of\n{told}");
}

#[test]
fn where_the_corpus_counts_what_people_did_then_we_count_only_what_broke() {
    let nothing = |id| score(&setup(file(id)), false, |_| HOME).error_minutes;
    // 2590 in the corpus, which is 0.6 over all of 72 hours; the file has it from minute 316 on.
    assert!((nothing("D08")[A] - 2448.0).abs() < 5.0, "{:?}", nothing("D08"));
    // 7 in the corpus, where slow pages must count; latency costs nothing here, and 0.02 of requests fail to the horizon.
    assert!(nothing("D11")[A] < 2.0, "{:?}", nothing("D11"));
    // 69 in the corpus: the second wave in B is history here, because it came of the reroute.
    assert!((nothing("D14")[A] - 64.0).abs() < 2.0, "{:?}", nothing("D14"));
    // 77 in the corpus, all of it done by the region to itself.
    assert!(nothing("D15")[A] < 0.5, "{:?}", nothing("D15"));
}

#[test]
fn the_talks_page_keeps_its_users_on_dead_sockets_long_after_dns_has_moved() {
    let setup = setup(file("D01a"));
    let act = |now| if now < minutes(3.0) { HOME } else { A_OUT };
    let (ours, page) = (score(&setup, true, act), score(&setup, false, act));
    assert!(page.error_minutes[A] > ours.error_minutes[A] + 5.0, "{ours:?} {page:?}");
    assert!(page.error_minutes[1] > ours.error_minutes[1], "and those in B miss what they say: {ours:?} {page:?}");
}

#[test]
fn a_drain_of_a_healthy_region_moves_new_requests_and_leaves_live_sockets_alone() {
    let quiet = Incident { faults: Vec::new(), horizon: 30.0, ..file("D06") };
    let (truth, users) = live(&setup(quiet), true, |_| A_OUT);
    assert!(truth.is_quiet() && users.is_settled());
    assert_eq!(users.led(A, A), 0.0);
    assert!(users.sockets_in(A) > 0.75 / 3.0, "only their age moves them: {}", users.sockets_in(A));
    assert_eq!(*users.score(), Score::default());
}

#[test]
fn without_any_answer_everything_is_lost_within_a_minute_and_back_with_the_answer() {
    let quiet = Incident { faults: Vec::new(), horizon: 10.0, ..file("D06") };
    let nowhere = |now| if now < minutes(5.0) { [None; 3] } else { HOME };
    let score = score(&setup(quiet), true, nowhere);
    // Half a minute of the first is still served from caches, and as much of the sixth is not.
    assert!(score.error_minutes.iter().all(|lost| (lost - 5.0).abs() < 0.1), "{score:?}");
}

#[test]
fn a_dark_carrier_hurts_its_users_everywhere_and_blinds_its_observer_only() {
    let (mut truth, users) = (Truth::new(&setup(file("D17"))), Users::new(&setup(file("D17")), true));
    truth.advance(minutes(10.0), &users);
    for region in 0..3 {
        assert_eq!(truth.met(Vantage::Observer(0), region).hole, 0.9);
        assert_eq!(truth.met(Vantage::Carrier(0), region).hole, 0.9);
        assert_eq!(truth.met(Vantage::Observer(2), region).hole, 0.0);
        assert_eq!(truth.met(Vantage::Checker, region).hole, 0.0);
        assert!((truth.impact_at(region) - 0.92 / 3.0).abs() < 1e-9, "alike, so nobody is better off elsewhere");
    }
}

#[test]
fn an_isolated_region_loses_its_users_its_checkers_and_its_store_but_not_itself() {
    let (mut truth, users) = (Truth::new(&setup(file("D09"))), Users::new(&setup(file("D09")), true));
    truth.advance(minutes(0.5), &users);
    assert_eq!(truth.met(Vantage::Observer(A), A).hole, 0.0);
    assert_eq!(truth.met(Vantage::Observer(A), 1).hole, 1.0);
    assert_eq!(truth.met(Vantage::Checker, A).hole, 1.0);
    assert_eq!((truth.store(A).unreachable, truth.store(A).unreachable_inside), (1.0, 0.0));
    assert_eq!(truth.replication_lag(A, 1), Duration::from_secs(30));
    assert_eq!(truth.impact_at(A), 1.0);
    truth.advance(minutes(60.0), &users);
    assert!(truth.is_quiet() && truth.next_change(truth.now()).is_none());
}

#[test]
fn a_survivor_that_carries_too_much_fails_for_its_users_and_for_probes() {
    let setup = setup(file("S10"));
    let all_to_b = |now| if now < minutes(1.0) { HOME } else { [Some(1), Some(1), Some(2)] };
    let short = Setup { incident: Incident { horizon: 30.0, ..setup.incident.clone() }, ..setup.clone() };
    let (truth, users) = live(&short, true, all_to_b);
    assert!(truth.is_overloaded(1) && !truth.is_overloaded(2));
    assert_eq!(truth.met(Vantage::Observer(2), 1).rest, 0.3);
    assert!((truth.impact_at(1) - 0.3).abs() < 1e-9 && users.hurt()[1] > 0.29);
    assert!(users.score().overload_minutes > 20.0, "{:?}", users.score());
    let home = score(&short, true, |_| HOME);
    assert_eq!((home.overload_minutes, home.error_minutes[1]), (0.0, 0.0));
}

fn any_tuple() -> impl Strategy<Value = Tuple> {
    let place = prop::sample::select(vec![Place::Region(Role::A), Place::Region(Role::B), Place::Region(Role::C), Place::Everywhere]);
    let way = prop::sample::select(vec![
        Place::Path(Role::A, Role::B),
        Place::Path(Role::C, Role::A),
        Place::Vantage(1, None),
        Place::Vantage(2, Some(Role::A)),
        Place::Region(Role::A),
        Place::Everywhere,
    ]);
    let signals = vec![Component::Rest, Component::Wsconn, Component::Wspush, Component::Lambda, Component::Ddb];
    let share = || 0.0..=1.0f64;
    let what = prop_oneof![
        4 => (prop::sample::select(signals), place.clone(), share().prop_map(Effect::Err)),
        1 => (Just(Component::Wsconn), place.clone(), share().prop_map(Effect::Hole)),
        2 => (Just(Component::Net), way.clone(), share().prop_map(Effect::Hole)),
        1 => (Just(Component::Dns), place.clone(), share().prop_map(Effect::Hole)),
        1 => (Just(Component::Stream), place.clone(), any::<bool>().prop_map(Effect::Stall)),
        1 => (Just(Component::Stream), place.clone(), (0.0..60.0f64).prop_map(Effect::Stale)),
        1 => (Just(Component::Repl), way, any::<bool>().prop_map(Effect::Stall)),
        1 => (Just(Component::Load), place.clone(), (1.0..6.0f64).prop_map(Effect::Mult)),
        1 => (Just(Component::Cap), place.clone(), share().prop_map(Effect::Mult)),
        1 => (Just(Component::Sockets), place, share().prop_map(Effect::Drop)),
    ];
    (0u32..240, what).prop_map(|(minute, (component, place, effect))| Tuple {
        minute: f64::from(minute) / 4.0,
        component,
        place,
        effect,
        time: Evidence::Estimated,
        level: Evidence::Estimated,
        line: 1,
    })
}

/// Anything may happen for an hour; then nothing new.
fn any_incident() -> impl Strategy<Value = Incident> {
    prop::collection::vec(any_tuple(), 0..25).prop_map(|mut faults| {
        faults.sort_by(|a, b| a.minute.total_cmp(&b.minute));
        Incident { faults, horizon: 90.0, forbidden: Vec::new(), shape: ServiceShape::default(), call: Call::Stay, ..file("D06") }
    })
}

fn any_answers() -> impl Strategy<Value = Vec<[usize; 3]>> {
    prop::collection::vec([0usize..3, 0usize..3, 0usize..3], 1..20)
}

fn close(one: &Score, other: &Score, within: f64) -> bool {
    let pairs = |f: fn(&Score) -> [f64; 3]| f(one).into_iter().zip(f(other)).all(|(a, b)| (a - b).abs() <= within * a.abs().max(1.0));
    pairs(|score| score.error_minutes) && pairs(|score| score.reconnects)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_everybody_is_somewhere_and_nobody_is_hurt_by_more_than_all(
        incident in any_incident(), answers in any_answers(), moves_sockets: bool, headroom in 1.0..3.0f64,
    ) {
        let setup = Setup { headroom, ..setup(incident) };
        let (mut truth, mut users) = (Truth::new(&setup), Users::new(&setup, moves_sockets));
        while truth.now() < minutes(90.0) {
            let now = truth.now();
            let until = truth.next_change(now).map_or(now + STEP, |change| change.min(now + STEP));
            prop_assert!(until > now);
            let turn = now.as_secs() as usize / 240 % answers.len();
            let before = *users.score();
            users.step(&truth, &answers[turn].map(Some), until - now);
            let spent = (until - now).as_secs_f64() / 60.0;
            for home in 0..3 {
                prop_assert!((0.0..=1.0).contains(&users.hurt()[home]) && (0.0..=1.0).contains(&truth.impact_at(home)));
                let reconnects = users.score().reconnects[home] - before.reconnects[home];
                let errors = users.score().error_minutes[home] - before.error_minutes[home] - reconnects * 0.25;
                prop_assert!((-1e-9..=spent + 1e-9).contains(&errors), "{errors} in {spent}");
                let led: f64 = (0..3).map(|region| users.led(home, region)).sum();
                prop_assert!((led - 1.0).abs() < 1e-9);
            }
            prop_assert!(((0..3).map(|region| users.placed(region)).sum::<f64>() - 1.0).abs() < 1e-9);
            prop_assert!(((0..3).map(|region| users.sockets_in(region)).sum::<f64>() - 1.0).abs() < 1e-9);
            truth.advance(until, &users);
        }
        // What drains has drained an hour after the last line, unless it stands still for good.
        prop_assert!(truth.next_change(truth.now()).is_none() || !truth.is_quiet());
    }

    #[test]
    fn nobody_moves_while_answers_do_not(incident in any_incident(), moves_sockets: bool) {
        let cuts = incident.faults.iter().any(|tuple| tuple.component == Component::Sockets);
        let (_, users) = live(&setup(incident), moves_sockets, |_| HOME);
        for region in 0..3 {
            prop_assert!((users.placed(region) - 1.0 / 3.0).abs() < 1e-9 && users.led(region, region) == 1.0);
        }
        prop_assert!(cuts || users.score().reconnects == [0.0; 3]);
        prop_assert!(users.is_settled());
    }

    #[test]
    fn a_long_stretch_counts_like_its_steps(mut incident in any_incident(), moves_sockets: bool) {
        // A name that fails runs out of caches little by little: that is no stretch in which nothing changes.
        incident.faults.retain(|tuple| tuple.component != Component::Dns);
        let setup = setup(incident);
        let by_steps = score(&setup, moves_sockets, |_| HOME);
        let (mut truth, mut users) = (Truth::new(&setup), Users::new(&setup, moves_sockets));
        while truth.now() < minutes(90.0) {
            let until = truth.next_change(truth.now()).map_or(minutes(90.0), |change| change.min(minutes(90.0)));
            users.coast(&truth, until - truth.now());
            truth.advance(until, &users);
        }
        prop_assert!(close(&by_steps, users.score(), 1e-6), "{by_steps:?} {:?}", users.score());
    }

    #[test]
    fn worse_levels_never_hurt_less(incident in any_incident()) {
        let hurt = |level| score(&setup(scaled(&incident, level, None)), false, |_| HOME).error_minutes;
        let [half, whole, more] = [0.5, 1.0, 1.5].map(hurt);
        for home in 0..3 {
            prop_assert!(half[home] <= whole[home] + 1e-9 && whole[home] <= more[home] + 1e-9, "{half:?} {whole:?} {more:?}");
        }
    }
}

#[test]
fn a_move_counts_alike_in_small_steps_and_in_large_ones() {
    let setup = setup(file("D01a"));
    let lived = |step: u64| {
        let (mut truth, mut users) = (Truth::new(&setup), Users::new(&setup, true));
        while truth.now() < minutes(60.0) {
            let (now, step) = (truth.now(), Duration::from_secs(step));
            let until = truth.next_change(now).map_or(now + step, |change| change.min(now + step));
            users.step(&truth, &if now < minutes(5.0) { HOME } else { A_OUT }, until - now);
            truth.advance(until, &users);
        }
        *users.score()
    };
    // Where the others are is known as of the last step: in steps of a minute, users of B would wait that long for what was said in A.
    let (fine, coarse) = (lived(1), lived(10));
    assert!(close(&fine, &coarse, 0.02), "{fine:?} {coarse:?}");
}
