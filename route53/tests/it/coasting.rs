//! Coasting beside polling: whatever endpoints do and whenever, both say the same at the same moments.

use std::time::Duration;

use crate::given::{FAILED, calculated, checkers, endpoint, id, seconds};
use proptest::prelude::*;
use route53::{Change, CheckerId, Checkers, Outcome, Status, Steady};

const CHECKS: [&str; 3] = ["a", "b", "c"];

/// From a moment on, an endpoint answers so after so long; some checkers are told otherwise.
#[derive(Debug, Clone)]
struct Turn {
    at: Duration,
    check: usize,
    passes: bool,
    took: Duration,
    /// One bit per checker: who gets the other answer.
    misled: u16,
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let misled = prop_oneof![3 => Just(0), 1 => any::<u16>()];
    let turn = (0_u64..400_000, 0_usize..3, any::<bool>(), prop_oneof![Just(40), Just(6000), 0_u64..9000], misled);
    let turn = turn.prop_map(|(at, check, passes, took, misled)| Turn {
        at: Duration::from_millis(at),
        check,
        passes,
        took: Duration::from_millis(took),
        misled,
    });
    prop::collection::vec(turn, 0..12).prop_map(|mut turns| {
        turns.sort_by_key(|turn| turn.at);
        turns
    })
}

fn answer(turn: &Turn, checker: CheckerId) -> Steady {
    let number = CheckerId::all().position(|known| known == checker).unwrap();
    let passes = turn.passes != (turn.misled >> number & 1 == 1);
    Steady { outcome: if passes { Outcome::Passed } else { FAILED }, took: turn.took }
}

/// Lives through `turns` to the end. With `coasting`, every check coasts whenever it can.
fn live(turns: &[Turn], seed: u64, coasting: bool) -> (Vec<Change>, Vec<Status>, u64) {
    let set = vec![endpoint("a", 10, 3), endpoint("b", 10, 1).inverted(), endpoint("c", 30, 2), calculated("all", &CHECKS, 2)];
    let mut checkers = checkers(set, seed);
    let well = |check| Turn { at: Duration::ZERO, check, passes: true, took: Duration::from_millis(40), misled: 0 };
    let mut now = [well(0), well(1), well(2)];
    let (mut changes, mut polls) = (Vec::new(), 0);
    let end = Turn { at: seconds(600), ..well(0) };
    for turn in turns.iter().chain([&end]) {
        while let Some(due) = checkers.next_due().filter(|due| *due < turn.at) {
            for poll in checkers.due(due) {
                let check = CHECKS.iter().position(|check| *check == checkers.check_of(&poll).id().as_str()).unwrap();
                let Steady { outcome, took } = answer(&now[check], poll.checker());
                polls += 1;
                changes.extend(checkers.record(poll, outcome, due + took));
            }
            if coasting {
                try_to_coast(&mut checkers, &now);
            }
        }
        checkers.wake(&id(CHECKS[turn.check]), turn.at);
        now[turn.check] = turn.clone();
    }
    CHECKS.iter().for_each(|check| checkers.wake(&id(check), end.at));
    let statuses = CHECKS.iter().map(|check| checkers.status(&id(check), end.at).unwrap()).collect();
    (changes, statuses, polls)
}

fn try_to_coast(checkers: &mut Checkers, now: &[Turn; 3]) {
    for (check, turn) in CHECKS.iter().zip(now) {
        let coasts = checkers.coast(&id(check), |checker| answer(turn, checker));
        assert_eq!(coasts, checkers.coasts(&id(check)));
    }
}

proptest! {
    #[test]
    fn coasting_says_what_polling_says(turns in turns(), seed: u64) {
        let (polled, coasted) = (live(&turns, seed, false), live(&turns, seed, true));
        prop_assert_eq!(polled.0, coasted.0, "changes");
        prop_assert_eq!(polled.1, coasted.1, "every checker's view at the end");
        prop_assert!(coasted.2 <= polled.2);
    }
}

#[test]
fn a_steady_endpoint_is_polled_until_its_checkers_agree_and_then_no_more() {
    let (_, _, polled) = live(&[], 7, false);
    let (_, _, coasted) = live(&[], 7, true);
    assert!(polled > 16 * 120, "{polled}");
    // Three polls of 16 checkers at the first, one at the second, two at the third, and those of others that came in between.
    assert!((16 * 6..=16 * 10).contains(&coasted), "{coasted}");
}

#[test]
fn a_check_that_is_not_polled_never_coasts() {
    let mut checkers = checkers(vec![endpoint("e", 10, 3).disabled(), calculated("all", &["e"], 1)], 1);
    for check in ["e", "all", "nobody"] {
        assert!(!checkers.coast(&id(check), |_| Steady { outcome: Outcome::Passed, took: Duration::ZERO }), "{check}");
        checkers.wake(&id(check), seconds(60));
    }
}

#[test]
fn a_check_waits_for_a_poll_under_way() {
    let mut checkers = checkers(vec![endpoint("e", 10, 1)], 1);
    let steady = |_| Steady { outcome: Outcome::Passed, took: Duration::ZERO };
    let mut open = Vec::new();
    while let Some(due) = checkers.next_due().filter(|due| *due < seconds(10)) {
        open.extend(checkers.due(due));
    }
    let last = open.pop().unwrap();
    for poll in open {
        let _ = checkers.record(poll, Outcome::Passed, seconds(10));
    }
    assert!(!checkers.coast(&id("e"), steady), "one checker is still polling");
    let _ = checkers.record(last, Outcome::Passed, seconds(10));
    assert!(checkers.coast(&id("e"), steady));
}
