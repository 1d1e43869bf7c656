//! Whole runs: users, observers, decisions and records together.

use std::path::Path;

use decision::RegionName;
use replay::engine::{Detail, Happening, Report, Setup, Strategy, policy, run};
use replay::incident::load;

fn setup(id: &str, seed: u64) -> Setup {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../incidents/{id}.toml"));
    let incident = load(&path).unwrap_or_else(|flaws| panic!("{flaws}"));
    let regions = ["eu-west-1", "eu-west-2", "us-east-1"].map(|name| RegionName::new(name).expect("a name"));
    Setup { incident, regions, shares: [1.0 / 3.0; 3], headroom: 2.5, seed }
}

fn failover(setup: &Setup, detail: Detail) -> Report {
    let policy = policy(setup).expect("a policy");
    run(setup, &Strategy::Failover(Box::new(policy)), detail)
}

#[test]
fn aa_same_seed_same_bytes() {
    let setup = setup("D05", 7);
    let bytes = || serde_json::to_vec(&failover(&setup, Detail::Transcript)).expect("a report");
    assert!(bytes() == bytes(), "two runs of one seed differ");
}

#[test]
fn d05_costs_what_the_corpus_says_if_nobody_moves() {
    let report = run(&setup("D05", 1), &Strategy::Nothing, Detail::Score);
    let minutes = report.score.error_minutes[0];
    assert!((minutes - 116.0).abs() <= 0.15 * 116.0, "{minutes}");
}

#[test]
fn d05_moves() {
    for seed in 1..=3 {
        let report = failover(&setup("D05", seed), Detail::Score);
        assert!(report.vote_after.is_some_and(|seconds| seconds <= 180.0), "{report:?}");
        assert!(report.answers_after.is_some_and(|seconds| seconds <= 240.0), "{report:?}");
        assert!(report.score.error_minutes[0] < 6.0, "{report:?}");
        assert_eq!((report.violations.as_slice(), report.forbidden.as_slice(), report.wrong_ejects), (&[][..], &[][..], 0));
    }
}

#[test]
fn d06_stays() {
    for seed in 1..=3 {
        let report = failover(&setup("D06", seed), Detail::Score);
        assert_eq!((report.vote_after, report.answers_after, report.wrong_ejects, report.flips), (None, None, 0, 0), "{report:?}");
        assert!(report.minutes_nothing_served <= 0.0, "{report:?}");
        assert_eq!((report.violations.as_slice(), report.forbidden.as_slice()), (&[][..], &[][..]));
    }
}

#[test]
fn what_people_drain_is_no_ejection_by_the_policy() {
    for id in ["S05", "S06"] {
        let report = failover(&setup(id, 1), Detail::Transcript);
        let transcript = report.transcript.as_ref().expect("a transcript");
        assert!(
            transcript.events.iter().any(|event| matches!(event.what, Happening::Majority { ejected: true, .. })),
            "{id}: nobody was drained"
        );
        assert_eq!((report.ejections, report.wrong_ejects, report.flips), (0, 0, 0), "{id}");
    }
    // The policy leaves, a person drains what is out already, and ends that when the region is well: out once, back once.
    let report = failover(&setup("D21a", 1), Detail::Score);
    assert_eq!((report.ejections, report.wrong_ejects, report.flips), (1, 0, 0), "{report:?}");
}

#[test]
fn observers_know_the_regions_when_an_incident_begins() {
    // Without a history, a fault of the first second would be the first thing that an observer ever saw.
    let report = failover(&setup("D05", 1), Detail::Until(0.0));
    let stored = report.documents.expect("documents");
    for (observer, documents) in &stored.observers {
        let votes = documents.votes.as_ref().expect("votes");
        assert_eq!(documents.observed.as_ref().expect("rounds").rounds.len(), 5, "{observer}");
        for (region, vote) in &votes.regions {
            assert!(vote.memory.clean >= 100 && vote.memory.rounds == "........", "{observer} of {region}: {vote:?}");
        }
    }
    assert_eq!(stored.at, replay::engine::START);
}
