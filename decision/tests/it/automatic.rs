//! What automation promises, as stories of one observer's controller.

use decision::{Check, Outcome, Thresholds, Verdict, Vote};
use insta::assert_snapshot;
use jiff::SignedDuration;

use crate::fixture::{
    DUBLIN, DUBLIN_REST, Fault, LONDON, LONDON_SOCKETS, OREGON, OREGON_TABLE, Scene, broken, gone, policy, region, round, seconds,
    with_capacity,
};

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
fn a_broken_websocket_path_is_ejected_on_the_fifth_round_and_returns_clean_and_held_down() {
    let mut scene = Scene::three_regions();
    scene.rounds(5, &[]);
    scene.rounds(4, &[LONDON_SOCKETS]);
    assert_eq!((scene.vote(LONDON), scene.verdict(LONDON)), (Vote::Serve, Verdict::Degraded));
    assert_snapshot!(scene.why(LONDON), @"websocket failed in 4 of its last 6 rounds (status-503), not enough to eject");

    let decision = scene.rounds(1, &[LONDON_SOCKETS]);
    assert_eq!(scene.line(), "eject serve serve");
    assert_eq!((decision.changes.len(), decision.changes[0].from, decision.changes[0].to), (1, Vote::Serve, Vote::Eject));
    assert_snapshot!(decision.changes[0].reason, @"websocket failed in 5 of its last 6 rounds (status-503)");

    scene.rounds(4, &[]);
    assert_eq!(scene.verdict(LONDON), Verdict::Unhealthy);
    assert_snapshot!(scene.why(LONDON), @"held down until 03:23:40 UTC, 4 of 6 clean rounds");
    scene.rounds(2, &[]);
    assert_eq!((scene.vote(LONDON), scene.verdict(LONDON)), (Vote::Eject, Verdict::Healthy));
    scene.rounds(6, &[]);
    assert_eq!(scene.vote(LONDON), Vote::Serve, "clean for two minutes");
}

#[test]
fn a_region_in_which_nothing_works_is_ejected_on_the_third_round() {
    let mut scene = Scene::three_regions();
    scene.rounds(5, &[]);
    scene.rounds(2, &gone(LONDON));
    assert_eq!(scene.vote(LONDON), Vote::Serve);
    assert_snapshot!(scene.why(LONDON), @"every critical check failed in 2 rounds in a row (connect), not enough to eject");
    scene.rounds(1, &gone(LONDON));
    assert_eq!(scene.vote(LONDON), Vote::Eject);
    assert_snapshot!(scene.why(LONDON), @"every critical check failed in 3 rounds in a row (connect)");
}

/// Grey failure is a matter of minutes and of room elsewhere: retries hide it from every count.
#[test]
fn first_attempts_that_use_up_the_error_budget_eject_where_others_have_room() {
    let grey = |n: usize| if n.is_multiple_of(3) { vec![(LONDON, Check::Websocket, "retried")] } else { Vec::new() };
    let play = |capacity: f64| {
        let mut scene = Scene::with(with_capacity(capacity));
        let ejected = (0..180).find(|n| {
            scene.rounds(1, &grey(*n));
            scene.vote(LONDON) == Vote::Eject
        });
        (ejected.map(|rounds| (rounds + 1) / 6), scene.why(LONDON))
    };
    let (minutes, why) = play(0.5);
    assert!(
        minutes.is_some_and(|minutes| (3..15).contains(&minutes)),
        "a third of all attempts, and room for half the service each: {minutes:?}"
    );
    assert_snapshot!(why, @"24.8 % of first attempts at websocket failed over 5 min, 12.4 times its error budget");
    let (minutes, why) = play(0.4);
    assert_eq!(minutes, None, "nobody could take them");
    assert_snapshot!(why, @"25.6 % of first attempts at websocket failed over 20 min, 12.8 times its error budget, not enough to eject");
}

#[test]
fn a_few_percent_of_errors_move_nobody_and_are_told() {
    let mut scene = Scene::with(with_capacity(1.0));
    for n in 0..720_usize {
        let check = [Check::Rest, Check::Websocket, Check::Table, Check::Delivery][n / 12 % 4];
        scene.rounds(1, &if n.is_multiple_of(3) { vec![(LONDON, check, "fail:status-503")] } else { Vec::new() });
        assert_eq!(scene.vote(LONDON), Vote::Serve, "round {n}: {}", scene.why(LONDON));
    }
    scene.rounds(8, &[]);
    assert_eq!(scene.verdict(LONDON), Verdict::Degraded);
    assert_snapshot!(scene.why(LONDON), @"8.8 % of first attempts at delivery failed over 20 min, 4.4 times its error budget, not enough to eject");
}

#[test]
fn a_second_region_is_left_for_its_own_failure_and_not_for_load_that_the_first_brought() {
    let mut scene = Scene::three_regions();
    scene.rounds(10, &gone(LONDON));
    let sometimes = |n: usize| [gone(LONDON), if n.is_multiple_of(6) { Vec::new() } else { vec![OREGON_TABLE] }].concat();
    for n in 0..60 {
        scene.rounds(1, &sometimes(n));
        assert_eq!(scene.vote(OREGON), Vote::Serve, "round {n}");
    }
    assert_snapshot!(scene.why(OREGON), @"refused by capacity: would be ejected because table failed in 5 of its last 6 rounds (status-503)");
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
fn each_relapse_doubles_the_hold_down_and_one_at_once_takes_the_longest() {
    let held_for = |serves_for: usize| {
        let mut scene = Scene::three_regions();
        let mut out = Vec::new();
        for _ in 0..3 {
            scene.rounds(serves_for, &[]);
            while scene.vote_or_serve(LONDON) == Vote::Serve {
                scene.rounds(1, &[LONDON_SOCKETS]);
            }
            let last_failure = scene.now;
            while scene.vote(LONDON) == Vote::Eject {
                scene.rounds(1, &[]);
            }
            out.push(scene.now.duration_since(last_failure).as_secs());
        }
        out
    };
    assert_eq!(held_for(150), [120, 240, 480], "it served well for 25 minutes each time");
    assert_eq!(held_for(100), [120, 3600, 3600], "it was well for as long as nobody was there");
}

#[test]
fn an_hour_clean_takes_back_one_doubling() {
    let mut scene = Scene::three_regions();
    scene.rounds(5, &[LONDON_SOCKETS]);
    scene.rounds(365, &[]);
    scene.rounds(5, &[LONDON_SOCKETS]);
    scene.rounds(1, &[]);
    assert_snapshot!(scene.why(LONDON), @"held down until 04:24:30 UTC, 1 of 6 clean rounds");
    assert_eq!(scene.votes().regions[&region(LONDON)].memory.relapses, 1);
}

#[test]
fn silence_moves_nothing_and_says_since_when() {
    let mut scene = Scene::three_regions();
    scene.rounds(5, &[LONDON_SOCKETS]);
    let decision = scene.wait(seconds(34));
    assert_eq!((scene.line().as_str(), decision.changes.len()), ("eject serve serve", 0));
    assert_eq!(scene.verdict(OREGON), Verdict::Unknown);
    assert_snapshot!(scene.why(LONDON), @"no news from this observer's probe since 03:20:50 UTC; keeping eject");
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
    assert_snapshot!(scene.why(OREGON), @"this observer reached no other region (timeout) and blames itself; keeping serve");
}

#[test]
fn while_everyone_looks_sick_nothing_moves() {
    let mut scene = Scene::three_regions();
    scene.rounds(5, &[LONDON_SOCKETS, OREGON_TABLE, DUBLIN_REST]);
    assert_eq!(scene.line(), "serve serve serve");
    assert_snapshot!(scene.why(LONDON), @"refused by everyone-looks-sick: would be ejected because websocket failed in 5 of its last 6 rounds (status-503)");
}

#[test]
fn everyone_looks_sick_although_one_tips_over_first() {
    let mut scene = Scene::three_regions();
    scene.rounds(1, &[LONDON_SOCKETS]);
    scene.rounds(4, &[LONDON_SOCKETS, OREGON_TABLE, DUBLIN_REST]);
    assert_eq!(scene.line(), "serve serve serve");
}

#[test]
fn ejections_keep_their_distance() {
    let names = ["aa-one-1", "aa-two-1", "aa-three-1", "aa-four-1", "aa-five-1"];
    let mut scene = Scene::with(policy(&names, 5, Thresholds::default()));
    let both = [gone("aa-one-1"), gone("aa-two-1")].concat();
    scene.rounds(3, &both);
    assert_eq!((scene.vote("aa-one-1"), scene.vote("aa-two-1")), (Vote::Eject, Vote::Serve));
    assert_snapshot!(scene.why("aa-two-1"), @"refused by too-soon: would be ejected because every critical check failed in 3 rounds in a row (connect)");
    scene.rounds(6, &both);
    assert_eq!(scene.vote("aa-two-1"), Vote::Eject, "a minute later");
}

#[test]
fn a_probe_that_lost_its_count_is_heard_at_once() {
    let mut scene = Scene::three_regions();
    scene.rounds(50, &[]);
    scene.restart_probe();
    scene.rounds(5, &[LONDON_SOCKETS]);
    assert_eq!((scene.vote(LONDON), scene.votes().round), (Vote::Eject, 5));
}

#[test]
fn rounds_from_the_future_count_for_nothing_and_wedge_nothing() {
    let mut scene = Scene::three_regions();
    scene.rounds(6, &[]);
    let here = scene.now;
    scene.push(round(&scene.policy, 7, here + SignedDuration::from_mins(10), &[LONDON_SOCKETS]));
    scene.wait(seconds(35));
    assert_snapshot!(scene.why(LONDON), @"the newest round claims to be from 03:31:00 UTC, which is in the future; keeping serve");
    scene.rounds(5, &[LONDON_SOCKETS]);
    assert_eq!(scene.vote(LONDON), Vote::Eject);
}

#[test]
fn rounds_from_before_a_long_silence_are_forgotten() {
    let mut scene = Scene::three_regions();
    scene.rounds(4, &[LONDON_SOCKETS]);
    scene.wait(SignedDuration::from_mins(10));
    scene.rounds(4, &[LONDON_SOCKETS]);
    assert_eq!(scene.vote(LONDON), Vote::Serve, "four and four, ten minutes apart, are not five of six");
    scene.rounds(1, &[LONDON_SOCKETS]);
    assert_eq!(scene.vote(LONDON), Vote::Eject);
}

#[test]
fn a_clock_that_was_set_back_hides_nothing() {
    let mut scene = Scene::three_regions();
    scene.now += SignedDuration::from_hours(1);
    scene.rounds(6, &[]);
    scene.now -= SignedDuration::from_hours(1);
    scene.rounds(5, &[LONDON_SOCKETS]);
    assert_eq!(scene.vote(LONDON), Vote::Eject);
}

#[test]
fn a_check_that_cannot_be_judged_is_neither_pass_nor_fail() {
    let mut scene = Scene::three_regions();
    scene.rounds(4, &[LONDON_SOCKETS]);
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

#[test]
fn an_observer_on_an_island_blames_its_own_network() {
    let mut scene = Scene::three_regions();
    scene.rounds(8, &[]);
    scene.rounds(30, &[gone(LONDON), gone(OREGON)].concat());
    assert_eq!(scene.line(), "serve serve serve");
    assert_snapshot!(scene.why(LONDON), @"this observer reached no other region (connect) and blames itself; keeping serve");
    // Who answers with errors is reached.
    scene.rounds(3, &[gone(LONDON), broken(OREGON)].concat());
    assert_eq!(scene.vote(LONDON), Vote::Eject);
}

#[test]
fn an_observer_that_loses_as_much_on_every_way_abroad_blames_the_way_out() {
    let play = |oregon: Fault| {
        let mut scene = Scene::three_regions();
        scene.rounds(8, &[]);
        for n in 0..30 {
            let london = (LONDON, Check::Rest, "fail:timeout");
            scene.rounds(1, &if n % 2 == 0 { vec![london, oregon] } else { vec![london] });
        }
        (scene.line(), scene.why(LONDON))
    };
    let (votes, why) = play((OREGON, Check::Websocket, "fail:timeout"));
    assert_eq!(votes, "serve serve serve", "Dublin sees itself and half of nothing else");
    assert_snapshot!(why, @"refused by everyone-looks-sick: would be ejected because rest failed in 6 of its last 6 rounds (timeout)");
    // Oregon answers, if with errors: there is a way to it, and so there would be one to London.
    assert_eq!(play((OREGON, Check::Websocket, "fail:status-503")).0, "eject serve serve");
}

#[test]
fn what_all_failed_alike_is_not_held_against_the_one_that_goes_on_a_little() {
    let rest = |name| (name, Check::Rest, "fail:status-500");
    let mut scene = Scene::with(with_capacity(1.0));
    scene.rounds(120, &[rest(LONDON), rest(OREGON), rest(DUBLIN)]);
    scene.rounds(8, &[]);
    for n in 0..60 {
        let stray = if n % 8 < 3 { vec![(LONDON, Check::Rest, "retried")] } else { Vec::new() };
        scene.rounds(1, &stray);
        assert_eq!(scene.line(), "serve serve serve", "round {n}: {}", scene.why(LONDON));
    }
}

#[test]
fn nobody_is_left_for_regions_that_are_unhealthy_themselves_unless_nothing_works_for_good() {
    let rest = |name| (name, Check::Rest, "fail:status-500");
    let mut scene = Scene::with(with_capacity(1.0));
    let grey = |n: usize| vec![rest([LONDON, OREGON, DUBLIN][n % 3])];
    (0..90).for_each(|n| drop(scene.rounds(1, &grey(n))));
    assert_eq!(scene.line(), "serve serve serve");
    assert_eq!((scene.verdict(OREGON), scene.verdict(DUBLIN)), (Verdict::Unhealthy, Verdict::Unhealthy), "a third of all requests fails");
    let gone_for = (1..20).find(|n| {
        let others = [Some(OREGON), Some(DUBLIN), None][n % 3].map(rest);
        scene.rounds(1, &[gone(LONDON), others.into_iter().collect()].concat());
        scene.vote(LONDON) == Vote::Eject
    });
    assert_eq!(gone_for, Some(8), "{}", scene.why(LONDON));
}

#[test]
fn one_stray_failure_after_a_mended_outage_is_not_more_of_it() {
    let mut scene = Scene::with(with_capacity(1.0));
    scene.rounds(
        120,
        &[(LONDON, Check::Rest, "fail:status-500"), (OREGON, Check::Rest, "fail:status-500"), (DUBLIN, Check::Rest, "fail:status-500")],
    );
    scene.rounds(8, &[]);
    for _ in 0..6 {
        scene.rounds(1, &[(LONDON, Check::Rest, "fail:status-500")]);
        assert_eq!(scene.line(), "serve serve serve", "{}", scene.why(LONDON));
        scene.rounds(9, &[]);
    }
}

#[test]
fn what_begins_to_fail_with_the_load_of_another_is_not_left_for_it() {
    let failing = |n: usize| if n.is_multiple_of(6) { Vec::new() } else { vec![OREGON_TABLE] };
    // There is room for everybody in each region, and still: Oregon never carried London's users well.
    let mut scene = Scene::with(with_capacity(1.0));
    scene.rounds(10, &gone(LONDON));
    (0..60).for_each(|n| drop(scene.rounds(1, &[gone(LONDON), failing(n)].concat())));
    assert_eq!(scene.line(), "eject serve serve");
    assert_snapshot!(scene.why(OREGON), @"refused by capacity: would be ejected because table failed in 5 of its last 6 rounds (status-503)");
    // Here it did, for the slow window, and fails by itself.
    let mut scene = Scene::with(with_capacity(1.0));
    scene.rounds(130, &gone(LONDON));
    (0..60).for_each(|n| drop(scene.rounds(1, &[gone(LONDON), failing(n)].concat())));
    assert_eq!(scene.line(), "eject eject serve");
}

#[test]
fn what_failed_in_part_under_the_load_of_another_is_not_left_when_it_is_relieved() {
    let mut scene = Scene::with(with_capacity(1.0));
    let grey = |n: usize| if n.is_multiple_of(3) { vec![OREGON_TABLE] } else { Vec::new() };
    (0..130).for_each(|n| drop(scene.rounds(1, &[gone(LONDON), grey(n)].concat())));
    let back = (0..400).find(|n| {
        scene.rounds(1, &grey(*n));
        scene.vote(LONDON) == Vote::Serve
    });
    assert!(back.is_some(), "{}", scene.why(LONDON));
    // The crowd is not gone at once.
    scene.rounds(6, &[OREGON_TABLE]);
    assert_eq!(scene.line(), "serve serve serve");
    assert_snapshot!(scene.why(OREGON), @"refused by capacity: would be ejected because table failed in 6 of its last 6 rounds (status-503)");
}

#[test]
fn a_long_hold_down_is_for_those_who_have_room() {
    let back_after = |oregon: &[Fault]| {
        let mut scene = Scene::three_regions();
        scene.rounds(120, &gone(LONDON));
        (1..200).find(|_| {
            scene.rounds(1, oregon);
            scene.vote(LONDON) == Vote::Serve
        })
    };
    assert_eq!((back_after(&[]), back_after(&[OREGON_TABLE])), (Some(129), Some(13)), "rounds of ten seconds, after twenty minutes out");
}
