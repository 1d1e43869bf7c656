//! A run: observers look, `decision` decides once per observer, `route53` carries it out, users feel it.

mod alike;
mod answers;
mod broken;
mod clock;
mod control;
mod drive;
mod gates;
mod observer;
mod operators;
mod people;
mod report;
mod rest;
mod round;
mod seen;
mod stores;
mod transcript;
mod watch;

use decision::{Policy, PolicyError, PolicySpec, RegionName, ServiceName, Thresholds};

#[doc(hidden)]
pub use self::broken::Broken;
pub use self::clock::START;
pub use self::report::{Detail, Documents, Invariant, Report, Stored, Violation};
pub use self::transcript::{Event, Happening, Minute, Transcript};
use crate::incident::Incident;

/// One run of one incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    /// What happens. Levels are scaled already ([`crate::service::scaled`]).
    pub incident: Incident,
    /// Which region plays A, B and C.
    pub regions: [RegionName; 3],
    /// The share of all users who are at home in A, B and C. Their sum is 1.
    pub shares: [f64; 3],
    /// How many times what it would carry as the refuge of the largest other region a region can carry.
    pub headroom: f64,
    /// Draws everything that is random.
    pub seed: u64,
}

/// Who moves users.
#[derive(Debug, Clone, PartialEq)]
pub enum Strategy {
    /// Nobody.
    Nothing,
    /// The talk's records: one plain check of `/health` per region.
    Talk,
    /// An operator by hand, after the time that people need.
    Manual,
    /// Somebody who knows everything, so many minutes after it becomes real for users, and only where moving helps.
    ActAt(f64),
    /// This project, under a policy.
    Failover(Box<Policy>),
}

/// The service that is replayed.
const SERVICE: &str = "chat";

/// The policy of a run: the defaults for its regions, all of which observe.
///
/// # Errors
/// As [`Policy::new`]: two of the regions have one name.
pub fn policy(setup: &Setup) -> Result<Policy, PolicyError> {
    policy_with(setup, Thresholds::default())
}

/// The same with other thresholds. The team that is replayed has measured what its regions can carry, and says so.
///
/// # Errors
/// As [`policy`].
pub fn policy_with(setup: &Setup, thresholds: Thresholds) -> Result<Policy, PolicyError> {
    let regions: std::collections::BTreeSet<RegionName> = setup.regions.iter().cloned().collect();
    let service = ServiceName::new(SERVICE).unwrap_or_else(|_| unreachable!("a constant that is a service name"));
    let measured = setup.regions.iter().cloned().zip(crate::service::capacities(setup));
    let capacity = measured.filter(|(_, share)| *share > 0.0).collect();
    let spec =
        PolicySpec { service, observers: regions.clone(), regions, thresholds, failback: std::collections::BTreeMap::new(), capacity };
    Policy::new(spec)
}

/// Runs an incident to its horizon.
#[must_use]
pub fn run(setup: &Setup, strategy: &Strategy, detail: Detail) -> Report {
    run_broken(setup, strategy, detail, None)
}

/// The same with every round made one by one: for tests that what is passed over changes nothing.
#[doc(hidden)]
#[must_use]
pub fn run_without_rest(setup: &Setup, strategy: &Strategy, detail: Detail) -> Report {
    drive(setup, strategy, detail, None, false)
}

/// The same with controllers that leave a rule out: for tests of what would be noticed.
#[doc(hidden)]
#[must_use]
pub fn run_broken(setup: &Setup, strategy: &Strategy, detail: Detail, broken: Option<Broken>) -> Report {
    // Impatience with a drain is the one thing among them that comes of time alone.
    drive(setup, strategy, detail, broken, broken != Some(Broken::People))
}

fn drive(setup: &Setup, strategy: &Strategy, detail: Detail, broken: Option<Broken>, rests: bool) -> Report {
    let setup = &clock::after_warm_up(setup);
    let horizon = clock::moment(setup.incident.horizon);
    let (end, keeps) = match detail {
        Detail::Score | Detail::Transcript => (horizon, false),
        Detail::Until(minute) => (clock::moment(minute).min(horizon), true),
    };
    drive::Drive::new(setup, strategy, detail, broken, rests).run(clock::WARM_UP + end, keeps)
}
