//! How run k of an incident differs from the plain one: levels, times, roles, shares, room, phase. All of it from the seed and the incident's name.

use decision::RegionName;
use fastrand::Rng;
use replay::engine::Setup;
use replay::incident::{Incident, Role};
use replay::random::run_seed;
use replay::service::scaled;
use serde::Serialize;

/// By how much estimated levels are multiplied.
const LEVELS: [f64; 3] = [1.0, 0.5, 1.5];
/// The share of all users who are at home in A; the others halve the rest.
const SHARES_OF_A: [f64; 3] = [0.5, 0.2, 0.8];
/// How many times what it would carry as a refuge a region can carry.
const HEADROOMS: [f64; 3] = [1.5, 1.1, 2.5];

/// The circumstances of one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::command) struct Draw {
    /// Which run, from 0. Run 0 is the plain one.
    pub(super) run: u32,
    /// By how much estimated levels are multiplied.
    pub(super) level: f64,
    /// Whether estimated times are moved by up to a fifth.
    pub(super) jitter: bool,
    /// Which regions play A, B and C.
    #[serde(serialize_with = "super::figures::by_role")]
    pub(super) regions: [RegionName; 3],
    /// The share of all users who are at home in A, B and C.
    #[serde(serialize_with = "super::figures::short_each")]
    pub(super) shares: [f64; 3],
    /// How many times what it would carry as a refuge a region can carry.
    pub(super) headroom: f64,
    /// The seed of everything that is random within the run.
    pub(super) run_seed: u64,
}

/// What axis `axis` shows in this run: within three runs in a row every one of its three values, in an order of their own.
fn turn(seed: u64, incident: &str, run: u32, axis: u32) -> usize {
    let mut order = [0, 1, 2];
    Rng::with_seed(run_seed(seed, incident, run / 3) ^ u64::from(axis + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)).shuffle(&mut order);
    order[(run % 3) as usize]
}

/// Which regions play A, B and C where nothing else is said.
const REGIONS: [&str; 3] = ["us-east-1", "us-west-2", "eu-west-1"];

/// The regions that the file binds to its roles.
pub(super) fn bound(incident: &Incident) -> [RegionName; 3] {
    Role::ALL.map(|role| {
        let named = incident.regions.get(&role).cloned();
        // A loaded incident binds all three; the names above are valid.
        named.or_else(|| RegionName::new(REGIONS[role.index()]).ok()).expect("a region for every role")
    })
}

impl Draw {
    /// The circumstances of run `run`.
    pub(in crate::command) fn new(incident: &Incident, seed: u64, run: u32) -> Self {
        let named = bound(incident);
        let run_seed = run_seed(seed, &incident.id, run);
        if run == 0 {
            return Self { run, level: 1.0, jitter: false, regions: named, shares: [1.0 / 3.0; 3], headroom: 1.5, run_seed };
        }
        let axis = |number| turn(seed, &incident.id, run - 1, number);
        let mut regions = named;
        regions.rotate_left(axis(1));
        let of_a = SHARES_OF_A[axis(2)];
        let rest = (1.0 - of_a) / 2.0;
        Self { run, level: LEVELS[axis(0)], jitter: true, regions, shares: [of_a, rest, rest], headroom: HEADROOMS[axis(3)], run_seed }
    }

    /// The run itself.
    pub(in crate::command) fn setup(&self, incident: &Incident) -> Setup {
        let mut jitter = self.jitter.then(|| Rng::with_seed(self.run_seed ^ 0x6a69_7474_6572));
        Setup {
            incident: scaled(incident, self.level, jitter.as_mut()),
            regions: self.regions.clone(),
            shares: self.shares,
            headroom: self.headroom,
            seed: self.run_seed,
        }
    }

    /// For people: what is particular about it.
    pub(super) fn sentence(&self) -> String {
        let [a, ..] = &self.regions;
        let share = (self.shares[Role::A.index()] * 100.0).round();
        format!("run {}: levels ×{}, A = {a}, {share} % of users there, room {}", self.run, self.level, self.headroom)
    }
}
