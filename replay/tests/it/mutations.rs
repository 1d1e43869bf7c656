//! Rules left out on purpose: each is noticed by far fewer random incidents than a campaign has. A campaign that finds nothing is worth what these are.

use replay::random::{Broken, one};

/// How many incidents it may take, from the first of a campaign on. A campaign has ten times as many.
const WITHIN: u64 = 200;

/// Some incident shows that a rule is missing, by the promise that it is there for; the same incident is well with the rule.
fn is_noticed(broken: Broken, promise: &str) {
    let told = |what: &[String]| what.iter().any(|what| what.contains(promise));
    let found = (1..=WITHIN).find_map(|seed| {
        let (_, what) = one(seed, Some(broken));
        (told(&what) && !told(&one(seed, None).1)).then_some((seed, what))
    });
    let (seed, what) = found.unwrap_or_else(|| panic!("{broken:?} is not noticed within {WITHIN} incidents"));
    println!("{broken:?} is noticed by the incident of seed {seed}: {what:?}");
}

#[test]
fn without_the_last_region_nobody_is_answered() {
    is_noticed(Broken::LastRegion, "a majority ejects every region");
}

#[test]
fn without_announcing_observers_who_differ_empty_the_answer_together() {
    is_noticed(Broken::Announcing, "a majority ejects every region");
}

#[test]
fn without_everyone_looks_sick_a_region_is_left_for_others_that_fail_alike() {
    is_noticed(Broken::EveryoneLooksSick, "is ejected while all fail alike");
}

#[test]
fn without_generations_a_late_writer_wins() {
    is_noticed(Broken::Generations, " stands at ");
}

#[test]
fn without_people_above_it_automation_ends_a_drain() {
    is_noticed(Broken::People, "serves again while its drain stands");
}

#[test]
fn without_unknown_silence_ejects() {
    is_noticed(Broken::Silence, "which it has not seen fail");
}

#[test]
fn without_self_blame_an_observer_ejects_whom_its_own_network_swallows() {
    is_noticed(Broken::SelfBlame, "which it has not seen fail");
}

#[test]
fn without_hold_down_a_region_returns_at_once() {
    is_noticed(Broken::HoldDown, " s after it saw it fail");
}
