//! Health checks as they are configured: what AWS takes and what it refuses. No state.

mod alarm;
mod endpoint;
mod set;
mod update;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

pub(crate) use alarm::History;
pub use alarm::{Alarm, AlarmSpec, Comparison, Datapoint, InsufficientData, Statistic};
pub use endpoint::{Address, Endpoint, EndpointSpec, SEARCH_MAX, Speaks};
pub use set::{CHECKS_MAX, CheckSet, CheckSetError};
pub use update::{Update, UpdateError};

use crate::calculated::Calculated;

/// A check's name. (AWS gives a UUID; ours say what they are for.)
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckId(Arc<str>);

impl CheckId {
    /// A name for a check.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a check looks at. Fixed at creation. `[R-API]`
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// HTTP, HTTPS, HTTP_STR_MATCH, HTTPS_STR_MATCH and TCP: an endpoint, polled by the checkers.
    Endpoint(Endpoint),
    /// CALCULATED: k of n other checks.
    Calculated(Calculated),
    /// CLOUDWATCH_METRIC: the metric stream behind an alarm.
    Alarm(Alarm),
    /// RECOVERY_CONTROL: a switch.
    Control(Control),
}

/// RECOVERY_CONTROL has nothing to set: no interval, no threshold, no latency. On is healthy. `[R-API]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Control;

/// One health check.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    id: CheckId,
    kind: Kind,
    inverted: bool,
    disabled: bool,
    version: u64,
}

impl Check {
    /// A check, neither inverted nor disabled, at version 1.
    #[must_use]
    pub fn new(id: CheckId, kind: Kind) -> Self {
        Self { id, kind, inverted: false, disabled: false, version: 1 }
    }

    /// The same check with its outcome flipped.
    #[must_use]
    pub fn inverted(self) -> Self {
        Self { inverted: true, ..self }
    }

    /// The same check, switched off: it stops checking and its outcome counts as healthy before inversion. `[R-API]`
    #[must_use]
    pub fn disabled(self) -> Self {
        Self { disabled: true, ..self }
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> &CheckId {
        &self.id
    }

    /// What it looks at.
    #[must_use]
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Whether its outcome is flipped.
    #[must_use]
    pub fn is_inverted(&self) -> bool {
        self.inverted
    }

    /// Whether it is switched off.
    #[must_use]
    pub fn is_disabled(&self) -> bool {
        self.disabled
    }

    /// `HealthCheckVersion`: 1 at creation, one more with every update. `[R-API]`
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// From what was measured to what counts: `Disabled` reads as healthy, then `Inverted` flips. `[R-API UpdateHealthCheck]`
    #[must_use]
    pub fn counts_as_healthy(&self, measured: bool) -> bool {
        (self.disabled || measured) != self.inverted
    }
}

/// A setting that AWS refuses.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvalidCheck {
    /// Only 10 and 30 seconds exist.
    #[error("an interval of {0} s does not exist; Route 53 checks every 10 or 30 s")]
    Interval(u32),
    /// 1 to 10.
    #[error("a failure threshold of {0} does not exist; use 1 to 10")]
    FailureThreshold(u8),
    /// A string match without a string.
    #[error("the search string is empty")]
    SearchEmpty,
    /// A search string that is too long.
    #[error("the search string has {0} characters; 255 is the most")]
    SearchTooLong(usize),
    /// A path that is too long.
    #[error("the path has {0} characters; 255 is the most")]
    PathTooLong(usize),
    /// A path that would break the request apart.
    #[error("the path holds a space or a control character")]
    PathBroken,
    /// Too few checker regions.
    #[error("{0} checker regions were chosen; 3 is the fewest")]
    TooFewRegions(usize),
    /// A checker region twice.
    #[error("checker region {0} was chosen twice")]
    RegionTwice(crate::CheckerRegion),
    /// An address that the checkers cannot reach.
    #[error("{0} is private, local or multicast: Route 53 does not check it")]
    PrivateAddress(IpAddr),
    /// An address that is not on this machine.
    #[error("{0} is not a loopback address")]
    NotLoopback(IpAddr),
    /// Port 0.
    #[error("port 0 cannot be checked")]
    Port,
    /// Too many children.
    #[error("{0} children; 255 is the most")]
    Children(usize),
    /// A health threshold that is too high.
    #[error("a health threshold of {0}; 256 is the highest")]
    HealthThreshold(u16),
    /// An alarm on a high-resolution metric.
    #[error("a period of {0} s; Route 53 takes standard resolution only: 60 s or a multiple")]
    Period(u32),
    /// An alarm that looks at no period, or at too many.
    #[error("{0} evaluation periods; use 1 to 1440")]
    EvaluationPeriods(u32),
    /// An M-out-of-N alarm.
    #[error("{datapoints} of {periods} datapoints: Route 53 takes no M-out-of-N alarm")]
    OutOfN {
        /// Datapoints to alarm.
        datapoints: u32,
        /// Evaluation periods.
        periods: u32,
    },
    /// A threshold that is not a number.
    #[error("the alarm's threshold is not a finite number")]
    Threshold,
}
