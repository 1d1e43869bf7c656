//! How much each region carries, and what happens when it is too much. Who is where comes from the users.
//!
//! Loads are shares of all users at their normal demand. A region carries what it would as the refuge of the largest other region, times the
//! run's headroom; a file may say instead how many times its own normal load. Whatever is over fails: of two users for one place, one is
//! refused. Overload never refuses more than nine in ten, because a gateway sheds cheaply; a file may name another share.

use std::collections::BTreeMap;

use super::levels::{ByRegion, Levels};
use super::users::Users;
use crate::engine::Setup;
use crate::incident::Role;

/// Overload refuses no more than this.
const REFUSED_MAX: f64 = 0.9;
/// A load is over when it is over by more than rounding.
const ROUNDING: f64 = 1e-9;

/// What regions can carry.
#[derive(Debug, Clone)]
pub(super) struct Room {
    capacity: ByRegion,
    error: [Option<f64>; 3],
}

impl Room {
    pub(super) fn new(setup: &Setup) -> Self {
        Self { capacity: capacities(setup), error: std::array::from_fn(|region| by_role(&setup.incident.shape.overload_error, region)) }
    }

    /// By region: the share that overload refuses, `None` where there is none.
    pub(super) fn overload(&self, levels: &Levels, users: &Users) -> [Option<f64>; 3] {
        std::array::from_fn(|region| {
            let load: f64 = (0..3).map(|home| users.placed_of(home, region) * levels.load[home]).sum();
            let capacity = self.capacity[region] * levels.capacity[region];
            (load > capacity + ROUNDING).then(|| self.error[region].unwrap_or((1.0 - capacity / load).min(REFUSED_MAX)))
        })
    }
}

impl Room {
    /// Whether no region is ever overloaded while answers, demand and room stay as they are and sockets follow the answers as they age.
    pub(super) fn is_enough(&self, levels: &Levels, users: &Users) -> bool {
        (0..3).all(|region| {
            let load: f64 = (0..3).map(|home| users.placed_at_most(home, region) * levels.load[home]).sum();
            load <= self.capacity[region] * levels.capacity[region] + ROUNDING
        })
    }
}

/// What each region of a run can carry on an ordinary day, as a share of the whole service's usual load.
#[must_use]
pub fn capacities(setup: &Setup) -> [f64; 3] {
    let shares = shares(setup);
    std::array::from_fn(|region| match by_role(&setup.incident.shape.headroom, region) {
        Some(times) => times * shares[region],
        None => {
            let largest_other = (0..3).filter(|other| *other != region).map(|other| shares[other]).fold(0.0, f64::max);
            setup.headroom * (shares[region] + largest_other)
        }
    })
}

/// The share of all users who are at home in each region; their sum is 1. Where a file names one, the others share the rest as the run says.
pub(super) fn shares(setup: &Setup) -> ByRegion {
    let named: [Option<f64>; 3] = std::array::from_fn(|region| by_role(&setup.incident.shape.share, region));
    let rest = (1.0 - named.iter().flatten().sum::<f64>()).max(0.0);
    let unnamed: f64 = (0..3).filter(|region| named[*region].is_none()).map(|region| setup.shares[region].max(0.0)).sum();
    let shares: ByRegion = std::array::from_fn(|region| {
        named[region].unwrap_or(if unnamed > 0.0 { rest * setup.shares[region].max(0.0) / unnamed } else { 0.0 })
    });
    let sum: f64 = shares.iter().sum();
    if sum > 0.0 { shares.map(|share| share / sum) } else { [1.0 / 3.0; 3] }
}

fn by_role(levels: &BTreeMap<Role, f64>, region: usize) -> Option<f64> {
    Role::ALL.get(region).and_then(|role| levels.get(role)).copied()
}
