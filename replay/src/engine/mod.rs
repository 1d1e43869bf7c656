//! A run: observers look, `decision` decides once per observer, `route53` carries it out, users feel it.

use decision::{Policy, RegionName};

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
