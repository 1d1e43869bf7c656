//! The checkers at work: pace, streaks, the 18 % rule, new checks, views. Facts 2–5, 11, 12, 30.

use std::time::Duration;

use crate::given::{FAILED, calculated, checkers, endpoint, http, id, public, run, seconds};
use route53::{
    Check, CheckSet, CheckerId, CheckerRegion, Checkers, ClockSpeed, Deadlines, Endpoint, EndpointSpec, Kind, Outcome, Update, View,
    enough_healthy,
};

#[test]
fn the_interval_runs_from_the_response() {
    let mut checkers = checkers(vec![endpoint("e", 30, 3)], 7);
    let began = checkers.next_due().unwrap();
    let mut polls = checkers.due(began);
    let poll = polls.pop().unwrap();
    let who = poll.checker();
    assert!(polls.is_empty(), "no two checkers share a phase");
    let ended = began + seconds(5);
    checkers.record(poll, Outcome::Passed, ended);
    let mut next = None;
    while next.is_none() {
        let now = checkers.next_due().unwrap();
        for poll in checkers.due(now) {
            if poll.checker() == who {
                next = Some(now);
            } else {
                checkers.record(poll, Outcome::Passed, now);
            }
        }
    }
    assert_eq!(next, Some(ended + seconds(30)), "30 s after the response, not after the request");
}

#[test]
fn checkers_start_at_phases_of_their_own_within_the_interval() {
    for seed in 0..50 {
        let mut checkers = checkers(vec![endpoint("e", 10, 3)], seed);
        let mut phases = Vec::new();
        while let Some(now) = checkers.next_due() {
            phases.extend(checkers.due(now).into_iter().map(|poll| (poll.checker(), now)));
        }
        assert_eq!(phases.len(), 16);
        assert!(phases.iter().all(|&(_, at)| at < seconds(10)));
        phases.dedup_by_key(|&mut (_, at)| at);
        assert_eq!(phases.len(), 16, "they do not coordinate");
    }
}

#[test]
fn an_endpoint_sees_one_request_in_two_seconds_at_30_s_and_more_than_one_a_second_at_10_s() {
    let requests_per_minute = |interval_s| {
        let mut checkers = checkers(vec![endpoint("e", interval_s, 3)], 1);
        let polls = std::cell::Cell::new(0);
        run(
            &mut checkers,
            (Duration::ZERO, seconds(60)),
            |_, _, _| {
                polls.set(polls.get() + 1);
                Outcome::Passed
            },
            ("e", false),
        );
        polls.get()
    };
    assert_eq!(requests_per_minute(30), 32);
    assert_eq!(requests_per_minute(10), 96);
}

#[test]
fn the_same_seed_replays_and_another_does_not() {
    let phases = |seed| {
        let mut checkers = checkers(vec![endpoint("e", 10, 3), endpoint("f", 10, 3)], seed);
        let polls = checkers.due(seconds(10));
        polls.into_iter().map(|poll| (checkers.check_of(&poll).id().clone(), poll.checker(), poll.due())).collect::<Vec<_>>()
    };
    assert_eq!(phases(1), phases(1));
    assert_ne!(phases(1), phases(2));
}

/// Lets every checker report once, all alike, and says what the check then counts as.
fn round(checkers: &mut Checkers, round: u64, outcome: Outcome) -> bool {
    let end = seconds(30 * (round + 1));
    while let Some(now) = checkers.next_due().filter(|&due| due < end) {
        for poll in checkers.due(now) {
            // Nobody waits: the next poll of a checker is an interval after this one, so once in each round.
            checkers.record(poll, outcome, now);
        }
    }
    checkers.is_healthy(&id("e"), end)
}

#[test]
fn the_same_count_flips_a_checker_both_ways() {
    for threshold in 1..=10 {
        let mut checkers = checkers(vec![endpoint("e", 30, threshold)], 3);
        let mut number = 0;
        for (outcome, after) in [(Outcome::Passed, true), (FAILED, false), (Outcome::Passed, true), (FAILED, false)] {
            for count in 1..=threshold {
                let healthy = round(&mut checkers, number, outcome);
                number += 1;
                let flipped = count == threshold;
                assert_eq!(healthy, if flipped { after } else { number <= u64::from(threshold) || !after }, "{threshold} {count}");
            }
        }
    }
}

#[test]
fn a_streak_that_is_broken_starts_again() {
    let mut checkers = checkers(vec![endpoint("e", 30, 3)], 3);
    let mut number = 0;
    let mut healthy = |outcome| {
        number += 1;
        round(&mut checkers, number - 1, outcome)
    };
    for outcome in [FAILED, FAILED, Outcome::Passed, FAILED, FAILED, Outcome::Passed] {
        assert!(healthy(outcome));
    }
    assert!(healthy(FAILED) && healthy(FAILED) && !healthy(FAILED));
}

#[test]
fn more_than_18_percent_must_say_healthy() {
    assert!(!enough_healthy(2, 16));
    assert!(enough_healthy(3, 16));
    assert!(!enough_healthy(18, 100));
    assert!(enough_healthy(19, 100));
}

#[test]
fn going_down_needs_14_of_16_and_coming_back_needs_3() {
    for failing in 0..=16 {
        let mut checkers = checkers(vec![endpoint("e", 10, 1)], 5);
        let outcome = |_: &str, number, _| if number < failing { FAILED } else { Outcome::Passed };
        run(&mut checkers, (Duration::ZERO, seconds(20)), outcome, ("e", false));
        assert_eq!(checkers.is_healthy(&id("e"), seconds(20)), failing < 14, "{failing} of 16 fail");
    }
}

#[test]
fn a_check_from_three_regions_needs_2_of_6() {
    let spec = EndpointSpec {
        interval_s: 10,
        failure_threshold: 1,
        regions: CheckerRegion::ALL[..3].to_vec(),
        ..EndpointSpec::new(public(), 80, http("/"))
    };
    for failing in 0..=6 {
        let mut checkers = checkers(vec![Check::new(id("e"), Kind::Endpoint(Endpoint::new(spec.clone()).unwrap()))], 5);
        let outcome = |_: &str, number, _| if number < failing { FAILED } else { Outcome::Passed };
        run(&mut checkers, (Duration::ZERO, seconds(20)), outcome, ("e", false));
        assert_eq!(checkers.is_healthy(&id("e"), seconds(20)), failing < 5, "{failing} of 6 fail");
    }
}

#[test]
fn a_new_check_is_healthy_until_there_is_enough_data_and_an_inverted_one_is_not() {
    let mut checkers = checkers(vec![endpoint("new", 10, 3), endpoint("inverted", 10, 3).inverted()], 9);
    assert!(checkers.is_healthy(&id("new"), Duration::ZERO));
    assert!(!checkers.is_healthy(&id("inverted"), Duration::ZERO));
    // Two failures in a row at every checker are not enough data at threshold 3.
    run(&mut checkers, (Duration::ZERO, Duration::from_millis(19_999)), |_, _, _| FAILED, ("new", false));
    assert!(checkers.is_healthy(&id("new"), seconds(20)));
    assert!(!checkers.is_healthy(&id("inverted"), seconds(20)));
    run(&mut checkers, (seconds(20), seconds(10)), |_, _, _| FAILED, ("new", false));
    assert!(!checkers.is_healthy(&id("new"), seconds(30)));
    assert!(checkers.is_healthy(&id("inverted"), seconds(30)));
}

#[test]
fn established_checks_have_made_up_their_mind_and_change_it_by_the_same_rules() {
    let set = CheckSet::new(vec![endpoint("up", 10, 3), endpoint("gate", 10, 1).inverted()]).unwrap();
    let mut checkers = Checkers::established(set, 4, ClockSpeed::REAL, Deadlines::AWS, |check| check.as_str() == "up");
    for check in ["up", "gate"] {
        assert!(checkers.is_healthy(&id(check), Duration::ZERO), "{check}");
        assert_eq!(checkers.status(&id(check), Duration::ZERO).unwrap().undecided, 0);
    }
    assert!(checkers.tick(seconds(1)).is_empty());
    let turned = run(&mut checkers, (Duration::ZERO, seconds(60)), |_, _, _| FAILED, ("up", false)).unwrap();
    assert!((20..30).contains(&turned.as_secs()), "{turned:?}");
    assert!(checkers.is_healthy(&id("gate"), seconds(60)));
}

#[test]
fn a_disabled_check_stops_checking_and_starts_anew() {
    let mut checkers = checkers(vec![endpoint("e", 10, 1)], 9);
    run(&mut checkers, (Duration::ZERO, seconds(20)), |_, _, _| FAILED, ("e", false));
    assert!(!checkers.is_healthy(&id("e"), seconds(20)));
    let mut in_flight = checkers.due(seconds(30));
    let set = |disabled| Update { disabled: Some(disabled), ..Update::default() };
    let changes = checkers.update(&id("e"), set(true), seconds(30)).unwrap();
    assert_eq!(changes.len(), 1);
    assert!(changes[0].healthy);
    assert_eq!(checkers.next_due(), None);
    checkers.record(in_flight.pop().unwrap(), FAILED, seconds(31));
    assert_eq!(checkers.next_due(), None, "a poll that was under way brings nothing back");
    checkers.update(&id("e"), set(false), seconds(40)).unwrap();
    assert!(checkers.next_due().is_some());
    assert_eq!(checkers.status(&id("e"), seconds(40)).unwrap().undecided, 16);
}

#[test]
fn changes_are_told_once_and_with_those_they_cause() {
    let mut checkers = checkers(vec![endpoint("e", 10, 1), calculated("both", &["e", "e"], 2)], 2);
    let mut told = Vec::new();
    while let Some(now) = checkers.next_due().filter(|&due| due < seconds(60)) {
        for poll in checkers.due(now) {
            told.extend(checkers.record(poll, if now < seconds(30) { FAILED } else { Outcome::Passed }, now));
        }
    }
    let told: Vec<_> = told.iter().map(|change| (change.check.as_str(), change.healthy)).collect();
    assert_eq!(told, [("e", false), ("both", false), ("e", true), ("both", true)]);
}

#[test]
fn a_location_that_is_cut_off_judges_on_the_rest() {
    let mut checkers = checkers(vec![endpoint("e", 10, 1)], 5);
    // Only the six checkers of the US pass.
    let us: Vec<CheckerId> = CheckerId::all().take(6).collect();
    run(&mut checkers, (Duration::ZERO, seconds(20)), |_, number, _| if number < 6 { Outcome::Passed } else { FAILED }, ("e", false));
    let seen = |view: &View| checkers.is_healthy_from(view, &id("e"), seconds(20));
    assert!(seen(&View::whole()));
    assert!(!seen(&View::without(us)), "cut off from the US, it sees nobody healthy");
    assert!(seen(&View::without(CheckerId::all())), "with nobody to ask, nothing speaks against it");
}

#[test]
fn one_zone_away_leaves_the_rule_to_the_other_15() {
    let mut checkers = checkers(vec![endpoint("e", 10, 1)], 5);
    run(&mut checkers, (Duration::ZERO, seconds(20)), |_, number, _| if number < 3 { Outcome::Passed } else { FAILED }, ("e", false));
    let view = |number: usize| View::without(CheckerId::all().nth(number));
    assert!(checkers.is_healthy_from(&view(15), &id("e"), seconds(20)), "3 of 15");
    assert!(!checkers.is_healthy_from(&view(0), &id("e"), seconds(20)), "2 of 15");
}

#[test]
fn a_faster_clock_divides_the_interval() {
    let set = CheckSet::new(vec![endpoint("e", 10, 1)]).unwrap();
    let speed = ClockSpeed::new(10.0).unwrap();
    let mut checkers = Checkers::new(set, 1, speed, Deadlines::at(speed, Duration::ZERO));
    let polls = checkers.due(seconds(1));
    assert_eq!(polls.len(), 16);
    for poll in polls {
        checkers.record(poll, FAILED, seconds(1));
    }
    assert_eq!(checkers.next_due(), Some(seconds(2)));
}
