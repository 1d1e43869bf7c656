//! What a dashboard is told when it starts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use decision::Policy;
use jiff::Timestamp;
use store::Observers;

use crate::dns::Asking;
use crate::guard::Auth;

/// What a dashboard is about, where it reads, and who may use it.
#[derive(Clone)]
pub struct Settings {
    /// The service, its regions, observers and thresholds.
    pub policy: Policy,
    /// Its public names, as people write them.
    pub names: Names,
    /// The SSM of every observer.
    pub observers: Observers,
    /// Whom to ask for DNS answers, and as whom. Nothing is said about DNS without it.
    pub dns: Option<Asking>,
    /// Where this dashboard looks from: a region, or the name of a machine.
    pub here: String,
    /// How people sign in.
    pub auth: Auth,
    /// The values of `Host` that are answered, with the port where there is one. Every other is refused.
    pub hosts: Vec<String>,
    /// Where the time comes from.
    pub clock: Clock,
    /// How often it looks.
    pub pace: Pace,
}

/// The public names of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The REST API.
    pub api: String,
    /// The WebSocket API.
    pub websocket: String,
}

/// How often the observers are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Between two looks while somebody watches.
    pub watched: Duration,
    /// Between two looks while nobody does.
    pub idle: Duration,
    /// Between two rounds of DNS questions while somebody watches; three times as much while nobody does.
    pub dns: Duration,
}

impl Default for Pace {
    /// SSM allows 40 reads a second to a whole account and region; three reads a second leave room for everybody else.
    fn default() -> Self {
        Self { watched: Duration::from_secs(1), idle: Duration::from_secs(5), dns: Duration::from_secs(5) }
    }
}

/// Tells the time: the machine's clock, or one that a test sets.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::new(Timestamp::now)
    }

    /// A clock of one's own.
    #[must_use]
    pub fn new(tell: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
