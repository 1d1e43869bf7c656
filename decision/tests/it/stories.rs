//! The promises of the README, as stories of one observer's controller.

use std::collections::BTreeMap;

use decision::{Check, Failback, Intent, Outcome, Policy, PolicySpec, SafetyRule, Thresholds, Verdict, Vote};
use insta::assert_snapshot;
use jiff::SignedDuration;

use crate::fixture::{DUBLIN, DUBLIN_REST, Fault, LONDON, LONDON_SOCKETS, OREGON, OREGON_TABLE, Scene, policy, region, round, seconds};

#[test]
fn all_is_well_and_every_region_serves() {
    let mut scene = Scene::three_regions();
    scene.decide();
    assert_eq!((scene.line().as_str(), scene.verdict(LONDON)), ("serve serve serve", Verdict::Unknown));
    assert_snapshot!(scene.why(LONDON), @"no news from this observer's probe yet; keeping serve");
    scene.rounds(1, &[]);
    assert_eq!(scene.verdict(LONDON), Verdict::Healthy);
    assert_snapshot!(scene.why(LONDON), @"every critical check passes");
}

#[test]
fn a_broken_websocket_path_is_ejected_on_the_third_round_and_returns_clean_and_held_down() {
    let mut scene = Scene::three_regions();
    scene.rounds(5, &[]);
    scene.rounds(2, &[LONDON_SOCKETS]);
    assert_eq!((scene.vote(LONDON), scene.verdict(LONDON)), (Vote::Serve, Verdict::Degraded));
    assert_snapshot!(scene.why(LONDON), @"websocket failed in 2 of the last 5 rounds (status-503), too few to eject");

    let decision = scene.rounds(1, &[LONDON_SOCKETS]);
    assert_eq!(scene.line(), "eject serve serve");
    assert_eq!((decision.changes.len(), decision.changes[0].from, decision.changes[0].to), (1, Vote::Serve, Vote::Eject));
    assert_snapshot!(decision.changes[0].reason, @"websocket failed in 3 of the last 5 rounds (status-503)");

    scene.rounds(4, &[]);
    assert_eq!(scene.verdict(LONDON), Verdict::Unhealthy);
    assert_snapshot!(scene.why(LONDON), @"held down until 03:23:20 UTC, 4 of 6 clean rounds");
    scene.rounds(2, &[]);
    assert_eq!((scene.vote(LONDON), scene.verdict(LONDON)), (Vote::Eject, Verdict::Healthy));
    scene.rounds(6, &[]);
    assert_eq!(scene.vote(LONDON), Vote::Serve, "clean for two minutes");
}

#[test]
fn a_first_attempt_that_failed_counts_although_the_retry_passed() {
    let mut scene = Scene::three_regions();
    scene.rounds(3, &[(LONDON, Check::Websocket, "retried")]);
    assert_eq!(scene.vote(LONDON), Vote::Eject);
    assert_snapshot!(scene.why(LONDON), @"websocket failed at the first attempt in 3 of the last 5 rounds");
}

#[test]
fn late_or_unreplicated_is_degraded_and_never_ejected() {
    let mut scene = Scene::three_regions();
    scene.rounds(20, &[(LONDON, Check::Replication, "fail:from-us-west-2"), (OREGON, Check::Delivery, "degraded:late")]);
    assert_eq!((scene.line().as_str(), scene.verdict(LONDON)), ("serve serve serve", Verdict::Degraded));
    assert_snapshot!(scene.why(LONDON), @"replication is degraded (from-us-west-2)");
    assert_snapshot!(scene.why(OREGON), @"delivery is degraded (late)");
}

#[test]
fn each_relapse_doubles_the_hold_down() {
    let mut scene = Scene::three_regions();
    let mut out = Vec::new();
    for _ in 0..3 {
        while scene.vote_or_serve(LONDON) == Vote::Serve {
            scene.rounds(1, &[LONDON_SOCKETS]);
        }
        let last_failure = scene.now;
        while scene.vote(LONDON) == Vote::Eject {
            scene.rounds(1, &[]);
        }
        out.push(scene.now.duration_since(last_failure).as_secs());
    }
    assert_eq!(out, [120, 240, 480]);
}

#[test]
fn an_hour_clean_takes_back_one_doubling() {
    let mut scene = Scene::three_regions();
    scene.rounds(3, &[LONDON_SOCKETS]);
    scene.rounds(365, &[]);
    scene.rounds(3, &[LONDON_SOCKETS]);
    scene.rounds(1, &[]);
    assert_snapshot!(scene.why(LONDON), @"held down until 04:23:50 UTC, 1 of 6 clean rounds");
    assert_eq!(scene.votes().regions[&region(LONDON)].memory.relapses, 1);
}

#[test]
fn silence_moves_nothing_and_says_since_when() {
    let mut scene = Scene::three_regions();
    scene.rounds(3, &[LONDON_SOCKETS]);
    let decision = scene.wait(seconds(34));
    assert_eq!((scene.line().as_str(), decision.changes.len()), ("eject serve serve", 0));
    assert_eq!(scene.verdict(OREGON), Verdict::Unknown);
    assert_snapshot!(scene.why(LONDON), @"no news from this observer's probe since 03:20:30 UTC; keeping eject");
    assert!(!scene.wait(seconds(10)).write, "the same silence is not news");
}

#[test]
fn an_observer_that_is_unfit_or_reaches_nobody_blames_itself() {
    let mut scene = Scene::three_regions();
    for number in 1..=5 {
        scene.now += seconds(10);
        let mut unfit = round(&scene.policy, number, scene.now, &[LONDON_SOCKETS]);
        unfit.self_check = Outcome::Fail("observer".parse().unwrap());
        scene.push(unfit);
        scene.decide();
    }
    assert_eq!((scene.vote(LONDON), scene.verdict(LONDON)), (Vote::Serve, Verdict::Unknown));
    assert_snapshot!(scene.why(LONDON), @"this observer is unfit (observer) and blames itself; keeping serve");

    let cut = |name| Check::ALL.map(|check| (name, check, if check == Check::Rest { "fail:timeout" } else { "unknown:not-tried" }));
    let blind: Vec<Fault> = [LONDON, OREGON, DUBLIN].into_iter().flat_map(cut).collect();
    scene.restart_probe();
    scene.rounds(5, &blind);
    assert_eq!((scene.line().as_str(), scene.verdict(OREGON)), ("serve serve serve", Verdict::Unknown));
    assert_snapshot!(scene.why(OREGON), @"this observer reached no region at all (timeout) and blames itself; keeping serve");
}

#[test]
fn while_everyone_looks_sick_nothing_moves() {
    let mut scene = Scene::three_regions();
    scene.rounds(5, &[LONDON_SOCKETS, OREGON_TABLE, DUBLIN_REST]);
    assert_eq!(scene.line(), "serve serve serve");
    assert_snapshot!(scene.why(LONDON), @"refused by everyone-looks-sick: would be ejected because websocket failed in 5 of the last 5 rounds (status-503)");
}

#[test]
fn everyone_looks_sick_although_one_tips_over_first() {
    let mut scene = Scene::three_regions();
    scene.rounds(1, &[LONDON_SOCKETS]);
    scene.rounds(4, &[LONDON_SOCKETS, OREGON_TABLE, DUBLIN_REST]);
    assert_eq!(scene.line(), "serve serve serve");
}

#[test]
fn at_most_one_of_three_is_ejected_and_the_second_is_told_why() {
    let mut scene = Scene::three_regions();
    scene.rounds(6, &[LONDON_SOCKETS]);
    scene.rounds(9, &[LONDON_SOCKETS, OREGON_TABLE]);
    assert_eq!(scene.line(), "eject serve serve");
    assert_snapshot!(scene.why(OREGON), @"refused by too-many-ejected: would be ejected because table failed in 5 of the last 5 rounds (status-503)");
}

#[test]
fn ejections_keep_their_distance() {
    let names = ["aa-one-1", "aa-two-1", "aa-three-1", "aa-four-1", "aa-five-1"];
    let mut scene = Scene::with(policy(&names, 5, Thresholds::default()));
    let both = [("aa-one-1", Check::Rest, "fail:status-500"), ("aa-two-1", Check::Rest, "fail:status-500")];
    scene.rounds(3, &both);
    assert_eq!((scene.vote("aa-one-1"), scene.vote("aa-two-1")), (Vote::Eject, Vote::Serve));
    assert_snapshot!(scene.why("aa-two-1"), @"refused by too-soon: would be ejected because rest failed in 3 of the last 5 rounds (status-500)");
    scene.rounds(6, &both);
    assert_eq!(scene.vote("aa-two-1"), Vote::Eject, "a minute later");
}

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
    assert_snapshot!(scene.why(LONDON), @"clean, but waits for replication to catch up (from-us-west-2)");
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
    scene.rounds(3, &[LONDON_SOCKETS]);
    scene.rounds(30, &[]);
    assert_snapshot!(scene.why(LONDON), @"clean, but its failback is manual: waits for a person's resume");
    let intent = scene.next_drain(LONDON);
    scene.resume(&intent);
    scene.rounds(1, &[]);
    assert_eq!(scene.vote(LONDON), Vote::Serve);
    // The next ejection waits for the next resume.
    scene.rounds(3, &[LONDON_SOCKETS]);
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
fn going_past_the_last_region_displaces_an_older_drain_for_an_hour() {
    let mut scene = Scene::three_regions();
    scene.rounds(6, &[]);
    scene.drain(LONDON);
    scene.drain(OREGON);
    scene.rounds(1, &[]);
    scene.override_drain(DUBLIN, SafetyRule::LastRegion);
    let decision = scene.rounds(1, &[]);
    assert_eq!(scene.line(), "eject serve eject", "somebody always serves");
    let oregon = decision.changes.iter().find(|change| change.region == region(OREGON)).unwrap();
    assert_snapshot!(oregon.reason, @"drain by ana, generation 119, is refused by last-region");
    scene.wait(SignedDuration::from_hours(1));
    scene.rounds(6, &[]);
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
    scene.rounds(3, &[OREGON_TABLE]);
    assert_eq!(scene.line(), "eject eject serve");
    // London's return takes precedence over the ejection of a region that is still sick: two of three would be too many.
    scene.resume(&intent);
    scene.rounds(1, &[OREGON_TABLE]);
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
    assert_snapshot!(scene.why(DUBLIN), @"refused by last-region: would be ejected because rest failed in 5 of the last 5 rounds (timeout)");
}

#[test]
fn a_drain_forces_an_automatic_ejection_back_when_both_would_be_too_many() {
    let mut scene = Scene::three_regions();
    scene.rounds(3, &[DUBLIN_REST]);
    scene.drain(LONDON);
    scene.drain(OREGON);
    let decision = scene.rounds(1, &[DUBLIN_REST]);
    assert_eq!(scene.line(), "eject eject serve");
    let dublin = decision.changes.iter().find(|change| change.region == region(DUBLIN)).unwrap();
    assert_snapshot!(dublin.reason, @"refused by last-region: would be ejected because rest failed in 4 of the last 5 rounds (timeout)");
}

#[test]
fn a_probe_that_lost_its_count_is_heard_at_once() {
    let mut scene = Scene::three_regions();
    scene.rounds(50, &[]);
    scene.restart_probe();
    scene.rounds(3, &[LONDON_SOCKETS]);
    assert_eq!((scene.vote(LONDON), scene.votes().round), (Vote::Eject, 3));
}

#[test]
fn rounds_from_the_future_count_for_nothing_and_wedge_nothing() {
    let mut scene = Scene::three_regions();
    scene.rounds(6, &[]);
    let here = scene.now;
    scene.push(round(&scene.policy, 7, here + SignedDuration::from_mins(10), &[LONDON_SOCKETS]));
    scene.wait(seconds(35));
    assert_snapshot!(scene.why(LONDON), @"the newest round claims to be from 03:31:00 UTC, which is in the future; keeping serve");
    scene.rounds(3, &[LONDON_SOCKETS]);
    assert_eq!(scene.vote(LONDON), Vote::Eject);
}

#[test]
fn a_check_that_cannot_be_judged_is_neither_pass_nor_fail() {
    let mut scene = Scene::three_regions();
    scene.rounds(2, &[LONDON_SOCKETS]);
    scene.rounds(9, &[(LONDON, Check::Delivery, "unknown:observer")]);
    assert_eq!((scene.vote(LONDON), scene.verdict(LONDON)), (Vote::Serve, Verdict::Unknown));
    assert_snapshot!(scene.why(LONDON), @"delivery could not be judged; keeping serve");
    scene.rounds(1, &[LONDON_SOCKETS]);
    assert_eq!(scene.vote(LONDON), Vote::Eject);
}

#[test]
fn unchanged_votes_are_written_again_before_they_get_old() {
    let mut scene = Scene::three_regions();
    scene.rounds(1, &[]);
    assert!(!scene.wait(seconds(29)).write);
    assert!(scene.wait(seconds(1)).write);
}

impl Scene {
    fn vote_or_serve(&self, name: &str) -> Vote {
        if self.snapshot.votes.is_some() { self.vote(name) } else { Vote::Serve }
    }
}
