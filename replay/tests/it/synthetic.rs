//! The ten synthetic scripts of the incident corpus, each at its own levels, times and shape, and what the corpus expects of whoever decides.
//!
//! What a replay cannot show is not held here: pages, weights between in and out, and storms of fetches.

use std::path::Path;

use decision::{Reason, SafetyRule, Verdict, Vote};
use replay::engine::{Detail, Event, Happening, Report, Setup, Stored, Strategy, policy, run};
use replay::incident::{Role, load};

const A: usize = 0;
const B: usize = 1;
const C: usize = 2;
/// Chance must not matter.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=3;

fn setup(id: &str, seed: u64) -> Setup {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../incidents/{id}.toml"));
    let incident = load(&path).unwrap_or_else(|flaws| panic!("{flaws}"));
    let regions = Role::ALL.map(|role| incident.regions.get(&role).cloned().expect("a region for every role"));
    Setup { incident, regions, shares: [1.0 / 3.0; 3], headroom: 1.5, seed }
}

fn ours(setup: &Setup) -> Strategy {
    Strategy::Failover(Box::new(policy(setup).expect("a policy")))
}

/// What is stored at a minute.
fn stored(id: &str, seed: u64, minute: f64) -> Stored {
    let setup = setup(id, seed);
    run(&setup, &ours(&setup), Detail::Until(minute)).documents.expect("documents")
}

/// Every seed's run. The corpus demands the same of every script: nobody is ever answered with nothing, every vote says why, no promise is broken
/// and nothing happens that the file forbids.
fn runs(id: &str) -> Vec<Run> {
    let one = |seed| {
        let setup = setup(id, seed);
        let report = run(&setup, &ours(&setup), Detail::Transcript);
        let told = || format!("{id}, seed {seed}");
        assert_eq!(report.violations, [], "{}", told());
        assert_eq!(report.forbidden, Vec::<String>::new(), "{}", told());
        assert!(report.minutes_nothing_served <= 0.0, "{}: nothing served for {} minutes", told(), report.minutes_nothing_served);
        let run = Run { told: told(), report };
        for vote in run.events() {
            assert!(!matches!(&vote.what, Happening::Vote { reason, .. } if reason.is_empty()), "{}: {vote:?}", run.told);
        }
        run
    };
    SEEDS.map(one).collect()
}

struct Run {
    told: String,
    report: Report,
}

impl Run {
    fn events(&self) -> &[Event] {
        self.report.transcript.as_ref().map_or(&[], |transcript| &transcript.events)
    }

    /// When a region went out (true) or came back, in minutes.
    fn moves(&self, of: usize) -> Vec<(f64, bool)> {
        let found = self.events().iter().filter_map(|event| match event.what {
            Happening::Majority { region, ejected, .. } if region == of => Some((minute(event), ejected)),
            _ => None,
        });
        found.collect()
    }

    fn went_out(&self, region: usize) -> Vec<f64> {
        self.moves(region).into_iter().filter(|(_, out)| *out).map(|(at, _)| at).collect()
    }

    fn came_back(&self, region: usize) -> Vec<f64> {
        self.moves(region).into_iter().filter(|(_, out)| !out).map(|(at, _)| at).collect()
    }

    /// Whether a region is out at a minute.
    fn is_out(&self, region: usize, at: f64) -> bool {
        self.moves(region).into_iter().rfind(|(moved, _)| *moved <= at).is_some_and(|(_, out)| out)
    }

    /// How often users of any home were answered otherwise.
    fn answers_moved(&self) -> usize {
        self.events().iter().filter(|event| matches!(event.what, Happening::Answer { .. })).count()
    }

    fn votes_to_eject(&self) -> usize {
        self.events().iter().filter(|event| matches!(event.what, Happening::Vote { to: Vote::Eject, .. })).count()
    }

    /// What came of people's acts, in order.
    fn acts(&self) -> Vec<(f64, &str, &str)> {
        let found = self.events().iter().filter_map(|event| match &event.what {
            Happening::Act { act, result } => Some((minute(event), act.as_str(), result.as_str())),
            _ => None,
        });
        found.collect()
    }
}

fn minute(event: &Event) -> f64 {
    event.at.as_secs_f64() / 60.0
}

/// Error-minutes of an average user of the whole service.
fn total(setup: &Setup, report: &Report) -> f64 {
    let share = |role: Role| setup.incident.shape.share.get(&role).copied().unwrap_or(setup.shares[role.index()]);
    Role::ALL.into_iter().map(|role| share(role) * report.score.error_minutes[role.index()]).sum()
}

/// At most two ejections in any hour, and nobody's socket is moved twice for one flapping region.
fn flaps_move_users_once(id: &str) -> Vec<Run> {
    let runs = runs(id);
    for run in &runs {
        let out = run.went_out(A);
        assert_eq!(run.report.wrong_ejects, 0, "{}", run.told);
        assert!(out.windows(3).all(|three| three[2] - three[0] > 60.0), "{}: ejected at {out:?}", run.told);
        assert!(
            out.len() <= 1 && run.report.flips == 0,
            "{}: sockets move again: out at {out:?}, back at {:?}",
            run.told,
            run.came_back(A)
        );
    }
    runs
}

/// It is out when the flapping ends, and returns after thirty quiet minutes at the earliest.
fn flaps_end_out(id: &str, last_failure: f64) {
    for run in flaps_move_users_once(id) {
        assert!(run.is_out(A, last_failure), "{}: {:?}", run.told, run.moves(A));
        assert!(run.came_back(A).iter().all(|at| *at >= last_failure + 30.0), "{}: {:?}", run.told, run.moves(A));
    }
}

#[test]
fn s01_a_flap_of_15_seconds_moves_users_once() {
    flaps_move_users_once("S01-15");
}

#[test]
fn s01_a_flap_of_40_seconds_moves_users_once() {
    flaps_move_users_once("S01-40");
}

#[test]
fn s01_a_flap_of_90_seconds_ends_out_and_waits_for_half_an_hour_of_quiet() {
    flaps_end_out("S01-90", 118.0);
}

#[test]
fn s01_a_flap_of_300_seconds_ends_out_and_waits_for_half_an_hour_of_quiet() {
    flaps_end_out("S01-300", 115.0);
}

#[test]
fn s02_probes_that_all_fail_eject_nobody_and_say_so_within_two_minutes() {
    for run in runs("S02") {
        assert_eq!((run.report.ejections, run.votes_to_eject(), run.answers_moved()), (0, 0, 0), "{}", run.told);
    }
    for seed in SEEDS {
        for (observer, documents) in stored("S02", seed, 7.0).observers {
            for (region, entry) in documents.votes.expect("votes").regions {
                let suspects_probes = matches!(
                    entry.reason,
                    Reason::Refused { rule: SafetyRule::EveryoneLooksSick, .. } | Reason::Blind { .. } | Reason::Unfit { .. }
                );
                assert!(suspects_probes, "seed {seed}: {observer} of {region}: {}", entry.reason);
            }
        }
    }
}

#[test]
fn s03_a_slow_ramp_is_not_learnt_and_is_left_only_for_room() {
    for run in runs("S03") {
        let out = run.went_out(A);
        assert!(out.iter().all(|at| *at > 30.0), "{}: {out:?}", run.told);
        assert!(run.report.flips == 0 && run.came_back(A).is_empty(), "{}: {:?}", run.told, run.moves(A));
        // Neither out nor complained of: the fault has become what is usual.
        let learnt =
            |event: &&Event| matches!(event.what, Happening::Verdict { region: A, to: Verdict::Degraded | Verdict::Unhealthy, .. });
        assert!(run.events().iter().any(|event| learnt(&event)), "{}: nobody complains", run.told);
        assert!(run.is_out(A, 300.0), "{}: there is room, and 12 % fail: {:?}", run.told, run.moves(A));
    }
    for seed in SEEDS {
        let crowded = Setup { headroom: 0.6, ..setup("S03", seed) };
        let report = run(&crowded, &ours(&crowded), Detail::Score);
        assert_eq!(report.ejections, 0, "seed {seed}: ejected though the others have no room");
    }
}

#[test]
fn s04_replication_that_stands_still_is_told_within_two_minutes_and_ejects_nobody_who_serves() {
    for run in runs("S04") {
        let told = run.events().iter().find(|event| matches!(event.what, Happening::Verdict { to: Verdict::Degraded, .. })).map(minute);
        assert!(told.is_some_and(|at| at <= 2.0), "{}: first told at {told:?}", run.told);
        // The smaller side may be put together with another after ten minutes, if there is room; nothing more.
        assert!(run.report.ejections <= 1 && run.report.flips == 0, "{}: {:?} {:?}", run.told, run.moves(A), run.moves(B));
    }
}

#[test]
fn s05_a_drain_outlives_the_crash_of_every_controller() {
    for run in runs("S05") {
        let (out, back) = (run.went_out(A), run.came_back(A));
        assert!(out.len() == 1 && out[0] < 12.0, "{}: out at {out:?}", run.told);
        assert!(back.len() == 1 && (60.0..70.0).contains(&back[0]), "{}: back at {back:?}", run.told);
        // No step twice: each observer turns its vote once, and users move once each way.
        assert_eq!((run.votes_to_eject(), run.answers_moved(), run.report.ejections), (3, 2, 0), "{}", run.told);
    }
}

#[test]
fn s06_of_two_drains_that_do_not_fit_together_one_is_refused_by_name() {
    for run in runs("S06") {
        let drains: Vec<_> = run.acts().into_iter().filter(|(_, act, _)| act.contains("drains")).map(|(_, _, result)| result).collect();
        assert!(
            matches!(drains[..], [first, second] if first.contains("recorded at 3 of 3") && second.contains("refused by")),
            "{}: {drains:?}",
            run.told
        );
        assert!((0..80).all(|at| [A, B, C].into_iter().filter(|region| run.is_out(*region, at.into())).count() <= 1), "{}", run.told);
        assert!(run.is_out(A, 20.0) && !run.is_out(B, 20.0), "{}", run.told);
    }
}

#[test]
fn s07_the_last_region_stays_whatever_is_said_of_it() {
    for run in runs("S07") {
        assert_eq!(run.went_out(C), Vec::<f64>::new(), "{}", run.told);
        let of_c = run.acts().into_iter().find(|(_, act, _)| act.contains("drains C")).map(|(_, _, result)| result);
        assert_eq!(of_c, Some("refused by last-region"), "{}", run.told);
        assert!(run.is_out(A, 20.0) && run.is_out(B, 20.0), "{}", run.told);
        // As they recover they come back, each once.
        assert!(run.came_back(A).len() == 1 && run.came_back(B).len() == 1, "{}: {:?} {:?}", run.told, run.moves(A), run.moves(B));
        assert!(run.came_back(A)[0] > 41.0 && run.came_back(B)[0] > 61.0, "{}: {:?} {:?}", run.told, run.moves(A), run.moves(B));
    }
}

/// Room for everybody in C, whoever is at home where: this is about the last region and not about overload.
#[test]
fn s07_is_served_throughout_wherever_its_users_are_at_home() {
    for (shares, seed) in [[0.8, 0.1, 0.1], [0.2, 0.4, 0.4], [0.5, 0.25, 0.25]].into_iter().zip(SEEDS) {
        let setup = Setup { shares, headroom: 1.1, ..setup("S07", seed) };
        let report = run(&setup, &ours(&setup), Detail::Score);
        let told = format!("shares {shares:?}, seed {seed}");
        assert!(report.minutes_nothing_served <= 0.0, "{told}: nothing served for {} minutes", report.minutes_nothing_served);
        assert!(report.score.overload_minutes <= 0.0, "{told}: overloaded for {} minutes", report.score.overload_minutes);
        assert_eq!(report.forbidden, Vec::<String>::new(), "{told}");
    }
}

#[test]
fn s08_wrong_clocks_move_nobody() {
    for run in runs("S08") {
        assert_eq!((run.report.ejections, run.votes_to_eject(), run.answers_moved()), (0, 0, 0), "{}", run.told);
    }
}

#[test]
fn s09_throttled_stores_delay_an_ejection_by_minutes_and_bring_nothing_old_back() {
    for run in runs("S09") {
        let (out, back) = (run.went_out(A), run.came_back(A));
        assert!(out.len() == 1 && (2.0..=8.0).contains(&out[0]), "{}: out at {out:?}", run.told);
        assert_eq!(run.report.wrong_ejects, 0, "{}", run.told);
        assert!(back.iter().all(|at| *at > 90.0), "{}: back at {back:?}", run.told);
        // Of ten calls one gets through, and a round, its news and the vote each take several: mostly within three minutes, at worst within five.
        assert!(run.report.vote_after.is_some_and(|seconds| seconds <= 300.0), "{}: {:?}", run.told, run.report.vote_after);
    }
}

#[test]
fn s10_a_survivor_is_never_left_for_the_load_that_we_brought() {
    for (run, seed) in runs("S10").iter().zip(SEEDS) {
        assert_eq!((run.went_out(A).len(), run.went_out(B), run.went_out(C)), (1, vec![], vec![]), "{}", run.told);
        let setup = setup("S10", seed);
        let (with, without) = (total(&setup, &run.report), total(&setup, &replay::engine::run(&setup, &Strategy::Nothing, Detail::Score)));
        // All of A in B: 30 % of what A's and B's users do fails for two hours. Latency records send all of them to the nearest, so that nothing better is to
        // be had; the rest is the hold-down.
        let all_to_b = (0.28 + 0.36) * 0.3 * 120.0;
        assert!(
            with < without && with <= 1.1 * all_to_b,
            "{}: {with:.1} error-minutes, {without:.1} without, {all_to_b:.1} with all in B",
            run.told
        );
    }
}
