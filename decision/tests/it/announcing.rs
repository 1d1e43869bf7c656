//! What one observer does in company: a second ejection is announced, looked at again, and only then carried out.

use decision::{SafetyRule, Thresholds, Vote};
use insta::assert_snapshot;

use crate::fixture::{DUBLIN, Fault, LONDON, OREGON, Scene, gone, policy, region, seconds};

/// Nothing of London and Oregon works.
fn both() -> Vec<Fault> {
    [gone(LONDON), gone(OREGON)].concat()
}

/// Until Dublin's observer has ejected London and would next eject Oregon.
fn with_london_out() -> Scene {
    let mut scene = Scene::three_regions();
    scene.rounds(6, &gone(LONDON));
    scene.rounds(2, &both());
    scene.now += seconds(60);
    scene
}

fn shown(scene: &Scene) -> String {
    scene.votes().shown().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[test]
fn two_sick_regions_of_three_both_leave() {
    let mut scene = Scene::three_regions();
    scene.rounds(6, &gone(LONDON));
    let decision = scene.rounds(9, &both());
    assert_eq!(scene.line(), "eject eject serve");
    assert!(!decision.again);
}

#[test]
fn the_second_is_announced_before_it_is_ejected() {
    let mut scene = with_london_out();
    scene.push_round(&both());
    let first = scene.decide_once();
    assert!(first.again && first.write && first.changes.is_empty());
    assert_eq!((scene.line().as_str(), shown(&scene).as_str()), ("eject serve serve", "eu-west-2 us-west-2"));
    assert_snapshot!(scene.why(OREGON), @"about to be ejected: every critical check failed in 3 rounds in a row (connect)");
    let second = scene.decide_once();
    assert_eq!((scene.line().as_str(), second.again, second.changes.len()), ("eject eject serve", false, 1));
}

#[test]
fn what_another_announced_in_the_meantime_forbids_it() {
    let mut scene = with_london_out();
    scene.other_shows(LONDON, &[OREGON, DUBLIN]);
    scene.push_round(&both());
    assert!(scene.decide_once().again, "London's observer alone is no reason to wait");
    scene.other_shows(OREGON, &[LONDON, DUBLIN]);
    let decision = scene.decide_once();
    assert_eq!((scene.line().as_str(), shown(&scene).as_str(), decision.again), ("eject serve serve", "eu-west-2", false));
    assert_snapshot!(scene.why(OREGON), @"refused by too-many-ejected: would be ejected because every critical check failed in 3 rounds in a row (connect)");
    assert!(!scene.decide_once().write, "nor is it announced again");
    scene.other_shows(OREGON, &[LONDON]);
    scene.decide();
    assert_eq!(scene.line(), "eject eject serve");
}

#[test]
fn one_that_cannot_be_read_may_eject_anything() {
    let mut scene = with_london_out();
    scene.other_shows(LONDON, &[OREGON, DUBLIN]);
    scene.other_is_silent(OREGON);
    scene.rounds(1, &both());
    assert_eq!(scene.line(), "eject serve serve", "it might be London and Dublin");
    scene.other_shows(LONDON, &[OREGON]);
    scene.decide();
    assert_eq!(scene.line(), "eject eject serve");
}

#[test]
fn of_two_drains_the_first_leaves_while_the_second_is_announced() {
    let mut scene = Scene::three_regions();
    scene.rounds(3, &[]);
    scene.drain(LONDON);
    scene.drain(OREGON);
    let first = scene.decide_once();
    assert_eq!((scene.line().as_str(), first.again, shown(&scene).as_str()), ("eject serve serve", true, "eu-west-2 us-west-2"));
    assert_snapshot!(scene.why(OREGON), @"drain by ana, generation 119, waits until too-many-ejected lets it");
    scene.decide();
    assert_eq!(scene.line(), "eject eject serve");
}

#[test]
fn an_announcement_that_became_pointless_is_taken_back() {
    let mut scene = with_london_out();
    scene.push_round(&both());
    scene.decide_once();
    scene.rounds(1, &gone(LONDON));
    assert_eq!((scene.line().as_str(), shown(&scene).as_str()), ("eject serve serve", "eu-west-2"));
}

#[test]
fn a_region_that_returns_is_shown_until_the_checkers_must_have_seen_it() {
    let mut scene = Scene::three_regions();
    scene.rounds(3, &[]);
    let drain = scene.drain(LONDON);
    scene.rounds(6, &[]);
    scene.resume(&drain);
    scene.rounds(1, &[]);
    assert_eq!((scene.line().as_str(), shown(&scene).as_str()), ("serve serve serve", "eu-west-2"));
    scene.rounds(4, &[]);
    assert_eq!(shown(&scene), "eu-west-2");
    scene.rounds(1, &[]);
    assert_eq!(shown(&scene), "");
}

#[test]
fn of_two_regions_one_returns_before_the_other_leaves() {
    let mut scene = Scene::with(policy(&[LONDON, OREGON], 3, Thresholds::default()));
    scene.rounds(3, &[]);
    let drain = scene.drain(LONDON);
    scene.rounds(1, &[]);
    scene.resume(&drain);
    scene.drain(OREGON);
    scene.rounds(4, &[]);
    assert_eq!((scene.vote(LONDON), scene.vote(OREGON)), (Vote::Serve, Vote::Serve));
    assert_snapshot!(scene.why(OREGON), @"drain by ana, generation 120, waits until last-region lets it");
    scene.rounds(5, &[]);
    assert_eq!((scene.vote(LONDON), scene.vote(OREGON)), (Vote::Serve, Vote::Eject));
}

#[test]
fn five_observers_announce_even_the_first() {
    let names = ["aa-a-1", "aa-b-1", "aa-c-1"];
    let mut scene = Scene::with(policy(&names, 5, Thresholds::default()));
    assert_eq!(scene.policy.free(), 0);
    scene.rounds(3, &[]);
    scene.drain("aa-a-1");
    assert!(scene.decide_once().again);
    scene.decide();
    assert_eq!(scene.vote("aa-a-1"), Vote::Eject);
}

#[test]
fn the_capacity_rule_counts_what_is_out_already() {
    let mut scene = Scene::with(policy(&[LONDON, OREGON, DUBLIN], 3, Thresholds { min_serving: 2, ..Thresholds::default() }));
    scene.rounds(6, &gone(LONDON));
    scene.rounds(9, &both());
    assert_eq!(scene.line(), "eject serve serve");
    let refused = scene.votes().regions[&region(OREGON)].reason.to_string();
    assert!(refused.starts_with(&format!("refused by {}", SafetyRule::Capacity)), "{refused}");
}

#[test]
fn an_ejection_gives_way_to_a_drain_that_another_has_still_to_carry_out() {
    let [sick, other, drained] = ["aa-a-1", "aa-b-1", "aa-c-1"];
    let mut scene = Scene::with(policy(&[sick, other, drained], 5, Thresholds::default()));
    scene.rounds(3, &[]);
    scene.rounds(9, &gone(sick));
    scene.drain(drained);
    scene.rounds(1, &gone(sick));
    assert_eq!(shown(&scene), "aa-a-1 aa-c-1");
    // Two are out of reach, one has ejected another region and the drained one, and one has still to eject that. It could not: three might be against each.
    scene.other_is_silent("zz-witness-1");
    scene.other_is_silent("zz-witness-2");
    scene.other_shows(drained, &[drained]);
    scene.other_shows(other, &[]);
    scene.decide();
    assert_eq!(scene.vote(sick), Vote::Eject, "this much the one that waits can do with");
    scene.other_shows(drained, &[other, drained]);
    scene.decide();
    assert_eq!((scene.vote(sick), scene.vote(drained)), (Vote::Serve, Vote::Eject));
    assert_eq!(scene.votes().regions[&region(sick)].refused, Some(SafetyRule::TooManyEjected));
    scene.other_shows(drained, &[drained]);
    scene.other_shows(other, &[drained]);
    scene.rounds(1, &gone(sick));
    assert_eq!(scene.vote(sick), Vote::Eject, "when there is room, it leaves again");
}
