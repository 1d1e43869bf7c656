//! The names of the parameters, and nothing else.

use std::fmt;

use decision::{RegionName, ServiceName};

/// One parameter of a service, in any observer's region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parameter<'a> {
    /// What the probe saw.
    Observed,
    /// What the controller votes.
    Votes,
    /// What it voted when that last turned.
    TurnedVotes,
    /// What the probe had seen when the votes last turned.
    TurnedObserved,
    /// What a person asked for, for this region.
    Intent(&'a RegionName),
    /// What the rehearsal of an intent is written to: one level below the intents, where their listing does not reach.
    Rehearsal,
}

impl Parameter<'_> {
    /// The full name: `/failover/{service}/…`. Both names are parsed types without `/`, so a name cannot leave its path.
    pub(crate) fn name(self, service: &ServiceName) -> String {
        match self {
            Parameter::Observed => format!("/failover/{service}/observed"),
            Parameter::Votes => format!("/failover/{service}/votes"),
            Parameter::TurnedVotes => format!("/failover/{service}/turns/votes"),
            Parameter::TurnedObserved => format!("/failover/{service}/turns/observed"),
            Parameter::Intent(region) => format!("{}/{region}", intents(service)),
            Parameter::Rehearsal => format!("{}/doctor/rehearsal", intents(service)),
        }
    }
}

impl fmt::Display for Parameter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Parameter::Observed => f.write_str("observed"),
            Parameter::Votes => f.write_str("votes"),
            Parameter::TurnedVotes => f.write_str("turns/votes"),
            Parameter::TurnedObserved => f.write_str("turns/observed"),
            Parameter::Intent(region) => write!(f, "intents/{region}"),
            Parameter::Rehearsal => f.write_str("intents/doctor/rehearsal"),
        }
    }
}

/// The path below which the intents are, one per region.
pub(crate) fn intents(service: &ServiceName) -> String {
    format!("/failover/{service}/intents")
}
