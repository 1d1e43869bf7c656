//! How long Route 53 takes to notice, in virtual time, over many seeds. Bounds are wide: the figures were measured elsewhere, by other
//! code, and must only agree.

use std::time::Duration;

use crate::given::{FAILED, calculated, checkers, endpoint, run, seconds};
use route53::{Check, Outcome};

/// Seconds from the change at the endpoint to the change of the check: sorted, one per seed. The endpoint answers at once.
fn delays(check: &Check, before: Outcome, after: Outcome, expect_healthy: bool) -> Vec<f64> {
    delays_of(std::slice::from_ref(check), before, after, expect_healthy)
}

/// As [`delays`], of the check `e` among several whose endpoints all change at once.
fn delays_of(checks: &[Check], before: Outcome, after: Outcome, expect_healthy: bool) -> Vec<f64> {
    let mut delays: Vec<f64> = (0..400)
        .map(|seed| {
            let mut checkers = checkers(checks.to_vec(), seed);
            let changed = seconds(100) + Duration::from_millis(25 * seed);
            run(&mut checkers, (Duration::ZERO, changed), |_, _, _| before, ("e", expect_healthy));
            let noticed = run(&mut checkers, (changed, seconds(120)), |_, _, _| after, ("e", expect_healthy));
            (noticed.expect("noticed within two minutes") - changed).as_secs_f64()
        })
        .collect();
    delays.sort_by(f64::total_cmp);
    delays
}

fn median(delays: &[f64]) -> f64 {
    delays[delays.len() / 2]
}

#[test]
fn a_plain_check_of_10_s_by_3_takes_28_seconds() {
    let delays = delays(&endpoint("e", 10, 3), Outcome::Passed, FAILED, false);
    assert!((27.0..29.5).contains(&median(&delays)), "median {}", median(&delays));
    assert!(delays[0] >= 20.0 && delays[delays.len() - 1] <= 30.0, "{} to {}", delays[0], delays[delays.len() - 1]);
}

#[test]
fn a_plain_check_of_30_s_by_3_takes_85_seconds() {
    let delays = delays(&endpoint("e", 30, 3), Outcome::Passed, FAILED, false);
    assert!((81.0..88.5).contains(&median(&delays)), "median {}", median(&delays));
}

#[test]
fn an_inverted_check_of_10_s_by_1_takes_a_second_and_a_half() {
    let delays = delays(&endpoint("e", 10, 1).inverted(), FAILED, Outcome::Passed, false);
    assert!((1.2..2.1).contains(&median(&delays)), "median {}", median(&delays));
    let p99 = delays[delays.len() * 99 / 100];
    assert!(p99 <= 5.5, "p99 {p99}");
}

#[test]
fn a_plain_check_of_10_s_by_1_is_slow_all_the_same() {
    let delays = delays(&endpoint("e", 10, 1), Outcome::Passed, FAILED, false);
    assert!((7.5..9.3).contains(&median(&delays)), "median {}", median(&delays));
}

#[test]
fn an_inverted_check_lets_go_as_slowly_as_a_plain_one_takes_hold() {
    let delays = delays(&endpoint("e", 10, 1).inverted(), Outcome::Passed, FAILED, true);
    assert!((7.5..9.3).contains(&median(&delays)), "median {}", median(&delays));
}

#[test]
fn two_of_three_gates_move_the_answer_in_two_seconds() {
    let gates = ["o1", "o2", "o3"];
    let not_ejected = |voting: &[&str]| {
        let eject = voting.iter().map(|name| endpoint(name, 10, 1).inverted());
        let silent = gates[voting.len()..].iter().map(|name| endpoint(name, 10, 1).disabled());
        let checks: Vec<Check> = eject.chain(silent).chain([calculated("e", &gates, 2)]).collect();
        delays_of(&checks, FAILED, Outcome::Passed, false)
    };
    let all = not_ejected(&gates);
    assert!((1.0..2.2).contains(&median(&all)), "all three vote: median {}", median(&all));
    assert!(all[all.len() - 1] <= 6.0, "worst {}", all[all.len() - 1]);
    let bare = not_ejected(&gates[..2]);
    assert!((1.5..3.0).contains(&median(&bare)), "the bare majority: median {}", median(&bare));
}
