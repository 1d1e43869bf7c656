//! Incidents that nobody had: that they are what their files say, and that no promise is broken in any of them.

use std::sync::atomic::AtomicBool;

use replay::engine::{Detail, Setup, Strategy, policy, run};
use replay::incident::{Incident, Role};
use replay::random::{HORIZON, campaign, incident, run_seed};

/// 10^5 hours.
const INCIDENTS: usize = 2000;

#[test]
fn a_hundred_thousand_hours_of_whatever_can_happen_break_no_promise() {
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let outcome = campaign(1, INCIDENTS, jobs, &AtomicBool::new(false), |setup| policy(setup).ok(), |_| ());
    for finding in &outcome.findings {
        println!("seed {}: {:?}; failover replay --random 1 --seed {}", finding.seed, finding.what, finding.seed);
    }
    assert!(outcome.incidents == INCIDENTS && outcome.hours >= 1e5 && outcome.ejections > 1000, "{} hours", outcome.hours);
    assert_eq!(outcome.found, 0, "promises are broken, of which the first are told above");
}

#[test]
fn a_random_incident_is_what_its_file_says() {
    for seed in 0..200 {
        let drawn = incident(seed);
        let read = Incident::parse("drawn", &drawn.incident.to_toml()).unwrap_or_else(|flaws| panic!("seed {seed}: {flaws}"));
        assert_eq!(read.to_toml(), drawn.incident.to_toml(), "seed {seed}");
        assert!((read.horizon - HORIZON).abs() < 1e-9 && !read.faults.is_empty(), "seed {seed}");
        assert_eq!((incident(seed), drawn.seed), (drawn.clone(), run_seed(seed, &read.id, 0)), "seed {seed}");
    }
}

#[test]
fn a_file_replays_as_the_incident_did() {
    for seed in [3, 17] {
        let drawn = incident(seed);
        let read = Incident::parse("drawn", &drawn.incident.to_toml()).unwrap_or_else(|flaws| panic!("seed {seed}: {flaws}"));
        let regions = Role::ALL.map(|role| read.regions.get(&role).cloned().expect("a region for every role"));
        let again = Setup { regions, seed: run_seed(seed, &read.id, 0), incident: read, ..drawn.clone() };
        let report = |setup: &Setup| run(setup, &Strategy::Failover(Box::new(policy(setup).expect("a policy"))), Detail::Score);
        assert_eq!(serde_json::to_string(&report(&drawn)).ok(), serde_json::to_string(&report(&again)).ok(), "seed {seed}");
    }
}
