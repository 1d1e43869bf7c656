//! Many random incidents on a few threads, and what was found. The same seeds find the same things, however many threads there are.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use decision::Policy;

use super::{incident, judge};
pub use crate::engine::Broken;
use crate::engine::{Detail, Report, Setup, Strategy, policy, run_broken};
use crate::incident::Incident;

/// The most findings that are kept, those of the lowest seeds.
const FINDINGS_MAX: usize = 20;

/// What a campaign came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// How many incidents were run.
    pub incidents: usize,
    /// How many hours of incidents that is.
    pub hours: f64,
    /// How many of them passed without a round being looked at, because nothing could have come of it.
    pub coasted_hours: f64,
    /// How often a majority ejected a region by itself.
    pub ejections: u64,
    /// How many of those ejected a region that did not hurt its users: to be expected where probes are lied to.
    pub wrong_ejects: u64,
    /// Minutes in which votes left somebody no answer or a last resort: to be expected where no controller can be
    /// reached.
    pub minutes_nothing_served: f64,
    /// The incidents in which something was wrong, by seed; the first twenty.
    pub findings: Vec<Finding>,
    /// How many incidents that were.
    pub found: usize,
}

/// An incident in which something was wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Its seed.
    pub seed: u64,
    /// The incident itself; [`Incident::to_toml`] is its file.
    pub incident: Incident,
    /// What was wrong, as sentences.
    pub what: Vec<String>,
}

/// How far a campaign is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sofar {
    /// How many incidents are done.
    pub done: usize,
    /// Of how many.
    pub of: usize,
    /// How many hours of incidents that is.
    pub hours: f64,
    /// In how many of them something was wrong.
    pub found: usize,
}

/// One incident of a campaign under the default policy: what came of it, and what was wrong. `broken` is for tests that want to find something.
#[must_use]
pub fn one(seed: u64, broken: Option<Broken>) -> (Report, Vec<String>) {
    played(&incident(seed), &|setup| policy(setup).ok(), broken)
}

fn played(setup: &Setup, under: &impl Fn(&Setup) -> Option<Policy>, broken: Option<Broken>) -> (Report, Vec<String>) {
    match under(setup) {
        Some(policy) => {
            let report = run_broken(setup, &Strategy::Failover(Box::new(policy)), Detail::Score, broken);
            let what = judge(&report);
            (report, what)
        }
        None => (run_broken(setup, &Strategy::Nothing, Detail::Score, None), vec!["its policy cannot hold".to_owned()]),
    }
}

/// Runs the incidents of `count` seeds from `first` on, on `jobs` threads, each under the policy that `under` gives it. `sofar` hears of each that is
/// done, from any thread; `stop` ends it early, and what was done until then counts.
#[must_use]
pub fn campaign(
    first: u64,
    count: usize,
    jobs: usize,
    stop: &AtomicBool,
    under: impl Fn(&Setup) -> Option<Policy> + Sync,
    sofar: impl Fn(Sofar) + Sync,
) -> Outcome {
    let next = AtomicUsize::new(0);
    let outcome = Mutex::new(Outcome::default());
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, count.max(1)) {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    let seed = first.wrapping_add(number as u64);
                    let setup = incident(seed);
                    let (report, what) = played(&setup, &under, None);
                    // A poisoned lock means that another thread panicked; the scope passes that on.
                    let Ok(mut outcome) = outcome.lock() else { return };
                    outcome.take(seed, setup.incident, &report, what);
                    let told = Sofar { done: outcome.incidents, of: count, hours: outcome.hours, found: outcome.found };
                    drop(outcome);
                    sofar(told);
                }
            });
        }
    });
    outcome.into_inner().unwrap_or_default()
}

impl Outcome {
    fn take(&mut self, seed: u64, incident: Incident, report: &Report, what: Vec<String>) {
        self.incidents += 1;
        self.hours += incident.horizon / 60.0;
        self.coasted_hours += report.coasted_minutes / 60.0;
        self.ejections += u64::from(report.ejections);
        self.wrong_ejects += u64::from(report.wrong_ejects);
        self.minutes_nothing_served += report.minutes_nothing_served;
        if !what.is_empty() {
            self.found += 1;
            let place = self.findings.partition_point(|finding| finding.seed < seed);
            self.findings.insert(place, Finding { seed, incident, what });
            self.findings.truncate(FINDINGS_MAX);
        }
    }
}
