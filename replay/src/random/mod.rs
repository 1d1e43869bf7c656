//! Incidents that nobody had: drawn from a seed, with faults of every kind at once, and what must hold in each of them.
//!
//! An incident is about two days. Storms of a few overlapping episodes, minutes to hours long, lie among hours of quiet, because what goes wrong
//! after a storm (a hold-down that does not end, a drain that comes back to life) shows in the quiet. [`campaign`] runs many, [`judge`] says what
//! was wrong with one. The file that a seed stands for is [`incident`]`(seed).incident.to_toml()`; replayed with the same seed it is the same run.

mod campaign;
mod dice;
mod episodes;
mod judge;
mod script;

use std::collections::BTreeMap;

use decision::RegionName;

pub use self::campaign::{Broken, Finding, Outcome, Sofar, campaign, one};
use self::dice::{Dice, two_digits};
pub use self::judge::judge;
use self::script::Script;
use crate::engine::Setup;
use crate::incident::{Call, Incident, Role, ServiceShape, TUPLES_MAX};

/// Minutes of each.
pub const HORIZON: f64 = 3000.0;
/// When the last storm begins at the latest, in minutes: what it leaves behind must have time to show.
const LAST_STORM: f64 = 2400.0;
/// No line stands after this minute.
const LAST_LINE: f64 = 2900.0;
/// The most lines of one incident. Far below what a file may hold.
const LINES_MAX: usize = TUPLES_MAX / 2;
/// How many times what it would carry a region can carry, where nothing else is said; files of this kind say it for every region.
const HEADROOM: f64 = 1.5;
const REGIONS: [&str; 3] = ["eu-west-1", "eu-west-2", "us-east-1"];

/// The seed of one run of an incident: another for every seed, incident and run, the same whatever else is replayed beside it.
#[must_use]
pub fn run_seed(seed: u64, incident: &str, run: u32) -> u64 {
    // FNV-1a: stable over builds and machines. 53 bits, so that it survives JSON.
    let bytes = seed.to_le_bytes().into_iter().chain(incident.bytes()).chain(run.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)) >> 11
}

/// The incident of a seed, and the run of it. `failover replay` of its file with the same seed is the same run.
#[must_use]
pub fn incident(seed: u64) -> Setup {
    let mut dice = Dice(fastrand::Rng::with_seed(seed ^ 0x7261_6e64_6f6d));
    let mut script = Script::default();
    for _ in 0..dice.0.u8(2..=5) {
        storm(&mut script, &mut dice);
    }
    let faults = script.tuples().into_iter().filter(|tuple| tuple.minute <= LAST_LINE).collect();
    let id = format!("random-{seed}");
    let drawn = Incident {
        title: format!("Random incident of seed {seed}"),
        source: format!("Drawn: failover replay --random 1 --seed {seed}."),
        chat: "Whatever the lines come to.".to_owned(),
        right: "No promise is broken.".to_owned(),
        trap: "All of them at once.".to_owned(),
        call: Call::MoveWithRoom,
        regions: Role::ALL.into_iter().zip(names(&mut dice)).collect(),
        horizon: HORIZON,
        forbidden: Vec::new(),
        shape: shape(&mut dice),
        faults,
        history: Vec::new(),
        id: id.clone(),
    };
    // What is run is what the file says, to the last digit.
    let read = Incident::parse("drawn", &drawn.to_toml()).unwrap_or(drawn);
    let regions = Role::ALL.map(|role| read.regions.get(&role).cloned().unwrap_or_else(|| region(REGIONS[role.index()])));
    Setup { incident: read, regions, shares: [1.0 / 3.0; 3], headroom: HEADROOM, seed: run_seed(seed, &id, 0) }
}

/// Several episodes at about the same time; or, in one of four storms, the same everywhere and nothing else.
fn storm(script: &mut Script, dice: &mut Dice) {
    let start = dice.between(10.0, LAST_STORM);
    if dice.chance(0.25) {
        episodes::everywhere(script, dice, start);
        return;
    }
    let spread = if dice.chance(0.3) { 0.1 } else { dice.between(0.0, 30.0) };
    for _ in 0..dice.0.u8(1..=5) {
        let from = start + dice.between(0.0, spread);
        if script.len() < LINES_MAX {
            episodes::any(dice)(script, dice, from);
        }
    }
}

/// Who is at home where, and what each can carry.
fn shape(dice: &mut Dice) -> ServiceShape {
    let weights = Role::ALL.map(|_| dice.log_between(1.0, 6.0));
    let sum: f64 = weights.iter().sum();
    let [a, b, _] = weights.map(|weight| two_digits(weight / sum));
    let shares = [a, b, two_digits(1.0 - a - b)];
    let headroom = Role::ALL.map(|role| (role, two_digits(dice.log_between(1.05, 6.0))));
    ServiceShape { share: Role::ALL.into_iter().zip(shares).collect(), headroom: BTreeMap::from(headroom), overload_error: BTreeMap::new() }
}

/// Which region plays which role: rules that go by name must not prefer one.
fn names(dice: &mut Dice) -> [RegionName; 3] {
    let mut names = REGIONS;
    dice.0.shuffle(&mut names);
    names.map(region)
}

fn region(name: &str) -> RegionName {
    RegionName::new(name).unwrap_or_else(|_| unreachable!("a constant that is a region's name"))
}
