//! Faults: what is broken where, switched while the world runs.
//!
//! A registry only. Each part of the world asks it, or watches it, and breaks itself.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use decision::RegionName;
use tokio::sync::watch;

/// A part that can be broken, per region (or per observer, where that is what it belongs to).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    /// REST answers 500, `/health` aside.
    Rest,
    /// REST answers three seconds late.
    RestSlow,
    /// REST accepts and never answers, `/health` included.
    RestHole,
    /// `/health` answers 500.
    Health,
    /// The WebSocket path: handshakes are refused with 503 and live sockets are cut. REST and `/health` stay green.
    Websocket,
    /// The stream reader is stopped; it catches up when healed.
    Stream,
    /// DynamoDB answers every call with an internal error.
    Table,
    /// Replication to and from the region is stopped; it catches up when healed.
    Replication,
    /// Replication to and from the region takes 30 s longer.
    ReplicationLate,
    /// The whole region: its listeners refuse, its sockets are cut, and the observer in it is gone too.
    Region,
    /// The observer: its probe, controller, gate and SSM are gone. The chat service stays.
    Observer,
    /// The controller process: no reconcile and no gate. Probe and SSM stay.
    Controller,
    /// SSM refuses every call with `ThrottlingException`.
    Ssm,
    /// Route 53's health checkers lie about the region's checks: each poll that concerns it reports the opposite.
    Checkers,
    /// The observer's probe is blind: nothing it sends arrives anywhere.
    Probe,
}

impl Component {
    /// Every component, with the word used on the command line and a short sentence.
    pub const ALL: [(Component, &'static str, &'static str); 15] = [
        (Component::Rest, "rest", "REST answers 500"),
        (Component::RestSlow, "rest-slow", "REST answers 3 s late"),
        (Component::RestHole, "rest-hole", "REST accepts and never answers"),
        (Component::Health, "health", "/health answers 500"),
        (Component::Websocket, "websocket", "WebSocket handshakes refused, live sockets cut"),
        (Component::Stream, "stream", "the stream reader stops"),
        (Component::Table, "table", "DynamoDB answers with errors"),
        (Component::Replication, "replication", "replication to and from the region stops"),
        (Component::ReplicationLate, "replication-late", "replication to and from the region takes 30 s longer"),
        (Component::Region, "region", "the whole region is gone, its observer included"),
        (Component::Observer, "observer", "probe, controller, gate and SSM of the observer are gone"),
        (Component::Controller, "controller", "the controller and its gate are gone"),
        (Component::Ssm, "ssm", "SSM throttles every call"),
        (Component::Checkers, "checkers", "Route 53's checkers report the opposite for the region"),
        (Component::Probe, "probe", "the observer's probe reaches nothing"),
    ];

    /// The word used on the command line and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(component, ..)| *component == self).map_or("", |(_, word, _)| word)
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Text that names no component.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a component")]
pub struct UnknownComponent(pub String);

impl FromStr for Component {
    type Err = UnknownComponent;

    fn from_str(raw: &str) -> Result<Self, UnknownComponent> {
        Self::ALL
            .iter()
            .find(|(_, word, _)| *word == raw)
            .map(|(component, ..)| *component)
            .ok_or_else(|| UnknownComponent(raw.chars().take(40).collect()))
    }
}

/// The set of faults that are on.
pub type FaultSet = BTreeSet<(RegionName, Component)>;

/// What is broken where. Cheap to clone; all clones are one registry.
#[derive(Debug, Clone)]
pub struct Faults(Arc<watch::Sender<FaultSet>>);

impl Default for Faults {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(FaultSet::new())))
    }
}

impl Faults {
    /// Switches a fault on or off. Returns whether that changed anything.
    pub fn set(&self, region: &RegionName, component: Component, on: bool) -> bool {
        self.0.send_if_modified(|faults| {
            let key = (region.clone(), component);
            if on { faults.insert(key) } else { faults.remove(&key) }
        })
    }

    /// Switches every fault of a region off, or of all regions. Returns how many were on.
    pub fn heal(&self, region: Option<&RegionName>) -> usize {
        let mut healed = 0;
        self.0.send_if_modified(|faults| {
            let before = faults.len();
            faults.retain(|(of, _)| region.is_some_and(|region| region != of));
            healed = before - faults.len();
            healed > 0
        });
        healed
    }

    /// Whether this very fault is on. Parts that depend on a larger one (an observer in a region that is gone) ask for both.
    #[must_use]
    pub fn is_on(&self, region: &RegionName, component: Component) -> bool {
        self.0.borrow().contains(&(region.clone(), component))
    }

    /// Whether any of these faults is on.
    #[must_use]
    pub fn any(&self, region: &RegionName, components: &[Component]) -> bool {
        let faults = self.0.borrow();
        components.iter().any(|component| faults.contains(&(region.clone(), *component)))
    }

    /// Everything that is on.
    #[must_use]
    pub fn all(&self) -> FaultSet {
        self.0.borrow().clone()
    }

    /// Follows changes.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<FaultSet> {
        self.0.subscribe()
    }
}
