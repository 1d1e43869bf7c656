//! What people are promised when they drain, hold and resume, as stories of one observer's controller.

use std::collections::BTreeMap;

use decision::{Check, Failback, Intent, Policy, PolicySpec, SafetyRule, Thresholds, Verdict, Vote};
use insta::assert_snapshot;
use jiff::SignedDuration;

use crate::fixture::{DUBLIN, DUBLIN_REST, LONDON, LONDON_SOCKETS, OREGON, OREGON_TABLE, Scene, gone, policy, region, seconds};

#[test]
fn a_drain_outranks_every_verdict_and_survives_the_loss_of_every_store() {
    let mut scene = Scene::three_regions();
    scene.rounds(6, &[]);
    scene.drain(LONDON);
    scene.rounds(1, &[]);
    assert_eq!((scene.line().as_str(), scene.verdict(LONDON)), ("eject serve serve", Verdict::Healthy));
    assert_snapshot!(scene.why(LONDON), @"drained by ana until Mon 07:21 UTC, generation 118");
    scene.snapshot.intents.clear();
    scene.rounds(10, &[]);
    assert_eq!(scene.vote(LONDON), Vote::Eject);
}

#[test]
fn a_drain_needs_no_probe() {
    let mut scene = Scene::three_regions();
    scene.decide();
    scene.drain(LONDON);
    scene.decide();
    assert_eq!((scene.vote(LONDON), scene.verdict(LONDON)), (Vote::Eject, Verdict::Unknown));
}

#[test]
fn a_drain_waits_until_a_majority_of_observers_has_it() {
    let mut scene = Scene::three_regions();
    scene.rounds(6, &[]);
    let intent = scene.next_drain(LONDON);
    scene.record_at(&[region(OREGON)], &intent);
    scene.rounds(1, &[]);
    assert_eq!(scene.vote(LONDON), Vote::Serve);
    assert_snapshot!(scene.why(LONDON), @"drain by ana, generation 118, is recorded at 1 of the 2 observers that it needs");
    scene.record_at(&[region(DUBLIN)], &intent);
    scene.rounds(1, &[]);
    assert_eq!(scene.vote(LONDON), Vote::Eject);
    // Once accepted it stands, whatever the stores say that are within reach.
    scene.snapshot.intents.remove(&region(OREGON));
    scene.rounds(1, &[]);
    assert_eq!(scene.vote(LONDON), Vote::Eject);
}

#[test]
fn a_half_recorded_second_drain_does_not_undo_the_first() {
    let mut scene = Scene::three_regions();
    scene.rounds(6, &[]);
    scene.drain(LONDON);
    scene.rounds(1, &[]);
    let second = scene.next_drain(LONDON);
    scene.record_at(&[region(OREGON)], &second);
    scene.rounds(1, &[]);
    assert_snapshot!(scene.why(LONDON), @"drained by ana until Mon 07:21 UTC, generation 118");
    scene.record(&second);
    scene.rounds(1, &[]);
    assert_snapshot!(scene.why(LONDON), @"drained by ana until Mon 07:21 UTC, generation 119");
}

#[test]
fn a_half_recorded_drain_does_not_bring_back_what_was_ended_before_it() {
    let mut scene = Scene::three_regions();
    scene.rounds(6, &[]);
    let first = scene.drain(LONDON);
    scene.rounds(1, &[]);
    scene.resume(&first);
    scene.rounds(1, &[]);
    // One store lost the end, another has a new drain, the third does not answer.
    scene.snapshot.intents.clear();
    scene.record_at(&[region(OREGON)], &first);
    let second = scene.next_drain(LONDON);
    scene.record_at(&[region(DUBLIN)], &second);
    scene.rounds(2, &[]);
    assert_snapshot!(scene.why(LONDON), @"drain by ana, generation 120, is recorded at 1 of the 2 observers that it needs");
}

#[test]
fn a_region_that_stayed_clean_returns_at_once_when_a_person_resumes_it() {
    let mut scene = Scene::three_regions();
    scene.rounds(3, &[]);
    let intent = scene.drain(LONDON);
    scene.rounds(6, &[]);
    scene.resume(&intent);
    scene.rounds(1, &[]);
    assert_eq!(scene.line(), "serve serve serve");
}

#[test]
fn one_sighting_ends_a_drain() {
    let mut scene = Scene::three_regions();
    scene.rounds(3, &[]);
    let intent = scene.drain(LONDON);
    scene.rounds(6, &[]);
    let before = scene.snapshot.intents.clone();
    scene.resume(&intent);
    let ended = scene.snapshot.intents[&region(OREGON)].clone();
    scene.snapshot.intents = before;
    scene.snapshot.intents.insert(region(OREGON), ended);
    scene.rounds(1, &[]);
    assert_eq!(scene.vote(LONDON), Vote::Serve);
}

#[test]
fn nobody_is_sent_back_by_a_clock_alone() {
    let mut scene = Scene::three_regions();
    scene.rounds(3, &[]);
    scene.drain(LONDON);
    scene.rounds(3, &[]);
    scene.wait(SignedDuration::from_hours(4) - seconds(60));
    scene.rounds(4, &[LONDON_SOCKETS]);
    scene.rounds(4, &[]);
    assert_eq!(scene.vote(LONDON), Vote::Eject, "its drain is over");
    assert_snapshot!(scene.why(LONDON), @"no longer drained, waits for clean rounds: 4 of 6");
    scene.rounds(1, &[(LONDON, Check::Replication, "fail:from-us-west-2")]);
    scene.rounds(1, &[(LONDON, Check::Replication, "fail:from-us-west-2")]);
    assert_snapshot!(scene.why(LONDON), @"clean, but waits for streams and replication to catch up (from-us-west-2)");
    scene.rounds(1, &[]);
    assert_eq!(scene.vote(LONDON), Vote::Serve);
}

#[test]
fn a_region_that_is_down_keeps_no_other_out_by_its_replication() {
    let mut scene = Scene::three_regions();
    scene.rounds(3, &[]);
    let intent = scene.drain(LONDON);
    let oregon_is_gone = [OREGON_TABLE, (LONDON, Check::Replication, "fail:from-us-west-2")];
    scene.rounds(6, &oregon_is_gone);
    scene.resume(&intent);
    scene.rounds(1, &oregon_is_gone);
    assert_eq!(scene.line(), "serve eject serve");
}

#[test]
fn manual_failback_waits_for_a_person() {
    let three = Scene::three_regions().policy;
    let failback = BTreeMap::from([(region(LONDON), Failback::Manual)]);
    let mut scene = Scene::with(Policy::new(PolicySpec { failback, ..three.spec().clone() }).unwrap());
    scene.rounds(5, &[LONDON_SOCKETS]);
    scene.rounds(30, &[]);
    assert_snapshot!(scene.why(LONDON), @"clean, but its failback is manual: waits for a person's resume");
    let intent = scene.next_drain(LONDON);
    scene.resume(&intent);
    scene.rounds(1, &[]);
    assert_eq!(scene.vote(LONDON), Vote::Serve);
    // The next ejection waits for the next resume.
    scene.rounds(5, &[LONDON_SOCKETS]);
    scene.rounds(60, &[]);
    assert_eq!(scene.vote(LONDON), Vote::Eject);
}

#[test]
fn a_hold_freezes_automation_and_not_people() {
    let mut scene = Scene::three_regions();
    scene.rounds(3, &[]);
    let hold = scene.hold(LONDON);
    scene.rounds(9, &[LONDON_SOCKETS]);
    assert_eq!((scene.vote(LONDON), scene.verdict(LONDON)), (Vote::Serve, Verdict::Unhealthy));
    assert_snapshot!(scene.why(LONDON), @"held by ana until Mon 07:20 UTC, generation 118; keeping serve");
    scene.drain(LONDON);
    scene.rounds(1, &[]);
    assert_eq!(scene.vote(LONDON), Vote::Eject, "a person may act, and a late copy of {} loses", hold.id);
}

#[test]
fn the_last_region_is_not_drained_and_its_operator_is_told() {
    let mut scene = Scene::three_regions();
    scene.rounds(6, &[]);
    for name in [LONDON, OREGON, DUBLIN] {
        scene.drain(name);
    }
    scene.rounds(1, &[]);
    assert_eq!(scene.line(), "eject eject serve");
    assert_snapshot!(scene.why(DUBLIN), @"drain by ana, generation 120, is refused by last-region");
}

#[test]
fn competing_drains_are_taken_by_generation_and_not_by_anybodys_clock() {
    let mut scene = Scene::three_regions();
    scene.rounds(6, &[]);
    for (name, hours) in [(DUBLIN, 1), (OREGON, 2), (LONDON, 3)] {
        let drain = scene.next_drain(name);
        // The later the drain, the further behind its operator's clock.
        scene.record(&Intent { recorded_at: drain.recorded_at - SignedDuration::from_hours(hours), ..drain });
    }
    scene.rounds(1, &[]);
    assert_eq!(scene.line(), "serve eject eject");
}

#[test]
fn drains_on_their_way_already_count_against_automatic_ejections() {
    let mut scene = Scene::three_regions();
    scene.rounds(6, &[]);
    for name in [LONDON, OREGON] {
        let drain = scene.next_drain(name);
        scene.record_at(&[region(OREGON)], &drain);
    }
    scene.rounds(9, &[DUBLIN_REST]);
    assert_eq!(scene.line(), "serve serve serve");
    assert_snapshot!(scene.why(DUBLIN), @"refused by last-region: would be ejected because rest failed in 6 of its last 6 rounds (timeout)");
}

#[test]
fn going_past_the_last_region_displaces_an_older_drain_for_an_hour() {
    let mut scene = Scene::three_regions();
    scene.rounds(6, &[]);
    scene.drain(LONDON);
    scene.drain(OREGON);
    scene.rounds(1, &[]);
    scene.override_drain(DUBLIN, SafetyRule::LastRegion);
    let decision = scene.rounds(1, &[]);
    assert_eq!(scene.line(), "eject serve serve", "Oregon comes back first");
    assert_snapshot!(scene.why(DUBLIN), @"drain by ana, generation 120, waits until last-region lets it");
    scene.rounds(5, &[]);
    assert_eq!(scene.line(), "eject serve eject", "somebody always serves, and by now the checkers see it");
    let oregon = decision.changes.iter().find(|change| change.region == region(OREGON)).unwrap();
    assert_snapshot!(oregon.reason, @"drain by ana, generation 119, is refused by last-region");
    scene.wait(SignedDuration::from_hours(1));
    scene.rounds(3, &[]);
    assert_eq!(scene.line(), "eject serve serve");
    scene.rounds(5, &[]);
    assert_eq!(scene.line(), "eject eject serve", "the override is over, the older drains hold again");
}

#[test]
fn the_capacity_rule_refuses_a_drain_and_can_be_passed_by_name() {
    let thresholds = Thresholds { min_serving: 2, ..Thresholds::default() };
    let mut scene = Scene::with(policy(&[LONDON, OREGON, DUBLIN], 3, thresholds));
    scene.rounds(6, &[]);
    scene.drain(LONDON);
    let second = scene.drain(OREGON);
    scene.rounds(1, &[]);
    assert_snapshot!(scene.why(OREGON), @"drain by ana, generation 119, is refused by capacity");
    scene.record(&Intent { generation: 120, overrides: vec![SafetyRule::Capacity], ..second });
    scene.rounds(1, &[]);
    assert_eq!(scene.line(), "eject eject serve");
}

#[test]
fn with_one_region_drained_one_of_the_other_two_may_still_be_ejected() {
    let mut scene = Scene::three_regions();
    scene.rounds(6, &[]);
    let intent = scene.drain(LONDON);
    scene.rounds(8, &gone(OREGON));
    assert_eq!(scene.line(), "eject eject serve");
    // London's return takes precedence over the ejection of a region that is still sick: two of three would be too many.
    scene.resume(&intent);
    scene.rounds(1, &gone(OREGON));
    assert_eq!(scene.line(), "serve eject serve");
}

#[test]
fn with_all_others_drained_the_last_region_serves_however_sick() {
    let mut scene = Scene::three_regions();
    scene.rounds(6, &[]);
    scene.drain(LONDON);
    scene.drain(OREGON);
    scene.rounds(9, &[DUBLIN_REST]);
    assert_eq!(scene.line(), "eject eject serve");
    assert_snapshot!(scene.why(DUBLIN), @"refused by last-region: would be ejected because rest failed in 6 of its last 6 rounds (timeout)");
}

#[test]
fn a_drain_forces_an_automatic_ejection_back_when_both_would_be_too_many() {
    let mut scene = Scene::three_regions();
    scene.rounds(5, &[DUBLIN_REST]);
    scene.drain(LONDON);
    scene.drain(OREGON);
    let decision = scene.rounds(1, &[DUBLIN_REST]);
    assert_eq!(scene.line(), "eject serve serve");
    assert_snapshot!(scene.why(OREGON), @"drain by ana, generation 119, waits until last-region lets it");
    scene.rounds(5, &[DUBLIN_REST]);
    assert_eq!(scene.line(), "eject eject serve", "once the checkers see Dublin again");
    let dublin = decision.changes.iter().find(|change| change.region == region(DUBLIN)).unwrap();
    assert_snapshot!(dublin.reason, @"refused by last-region: would be ejected because rest failed in 6 of its last 6 rounds (timeout)");
}

#[test]
fn the_rule_that_took_an_ejection_back_stays_stored_until_the_vote_moves_again() {
    let mut scene = Scene::three_regions();
    let refused = |scene: &Scene| scene.votes().regions[&region(DUBLIN)].refused;
    scene.rounds(5, &[DUBLIN_REST]);
    let (london, oregon) = (scene.drain(LONDON), scene.drain(OREGON));
    // Clean, but for its hold-down: its reason tells no longer that it was forced back.
    scene.rounds(1, &[]);
    assert_eq!((scene.line().as_str(), refused(&scene)), ("eject serve serve", Some(SafetyRule::LastRegion)));
    scene.rounds(9, &[]);
    assert_eq!((scene.line().as_str(), refused(&scene)), ("eject eject serve", Some(SafetyRule::LastRegion)));
    assert_eq!((scene.why(DUBLIN).as_str(), refused(&scene)), ("every critical check passes", Some(SafetyRule::LastRegion)));
    scene.resume(&london);
    scene.resume(&oregon);
    scene.rounds(40, &[]);
    scene.rounds(40, &[DUBLIN_REST]);
    assert_eq!((scene.vote(DUBLIN), refused(&scene)), (Vote::Eject, None));
}
