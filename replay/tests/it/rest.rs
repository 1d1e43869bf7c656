//! Hours in which nothing happens are passed over: what comes of a run must be the same, to the last byte, as if every round had been made.

use std::path::Path;

use decision::RegionName;
use replay::engine::{Detail, Report, Setup, Strategy, policy, run, run_without_rest};
use replay::incident::load;

fn setup(id: &str, seed: u64) -> Setup {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../incidents/{id}.toml"));
    let incident = load(&path).unwrap_or_else(|flaws| panic!("{flaws}"));
    let regions = ["eu-west-1", "eu-west-2", "us-east-1"].map(|name| RegionName::new(name).expect("a name"));
    Setup { incident, regions, shares: [0.2, 0.4, 0.4], headroom: 1.5, seed }
}

/// Everything that is told of a run, and what is stored at a moment of it, with and without rest. Returns how many minutes were passed over.
fn hold(what: &str, setup: &Setup) -> f64 {
    let strategy = Strategy::Failover(Box::new(policy(setup).expect("a policy")));
    let horizon = setup.incident.horizon;
    let mut rested = 0.0;
    for detail in [Detail::Transcript, Detail::Until(horizon * 0.37)] {
        let with = run(setup, &strategy, detail);
        let without = run_without_rest(setup, &strategy, detail);
        assert_eq!(without.coasted_minutes, 0.0);
        rested = with.coasted_minutes;
        let with = Report { coasted_minutes: 0.0, ..with };
        let told = |report: &Report| serde_json::to_value(report).expect("a report");
        if with != without {
            // The whole of it would be megabytes.
            let (with, without) = (told(&with), told(&without));
            let differs = ["score", "transcript", "documents", "violations"].into_iter().filter(|part| with[part] != without[part]);
            panic!("{what}, seed {}, {detail:?}: rest changes {:?}", setup.seed, differs.collect::<Vec<_>>());
        }
    }
    rested
}

#[test]
fn rest_changes_no_incident() {
    for (id, seed) in [("D15", 3), ("S01-300", 4), ("S05", 5), ("S06", 6), ("S08", 7), ("D19", 8), ("D21a", 9)] {
        hold(id, &setup(id, seed));
    }
}

#[test]
fn rest_changes_no_random_incident() {
    let rested = hold("random", &replay::random::incident(100));
    assert!(rested > 500.0, "only {rested} of 3000 minutes were passed over");
}

#[test]
fn rest_changes_no_other_random_incident() {
    let rested = hold("random", &replay::random::incident(103));
    assert!(rested > 500.0, "only {rested} of 3000 minutes were passed over");
}

#[test]
fn rest_passes_over_a_drain() {
    // It is drained at minute 10, and the moment looked at is minute 44.
    assert!(hold("S05", &setup("S05", 11)) > 40.0);
}
