//! `failover.toml` as it is written: keys, their defaults, what each means.
//!
//! The demo writes one too. What may stand in it is checked in `config`.

use std::collections::{BTreeMap, BTreeSet};

use dashboard::ProxySettings;
use decision::{Failback, PolicySpec, RegionName, ServiceName, Thresholds};
use serde::{Deserialize, Serialize};

/// The whole file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// The service: part of parameter names and gate paths.
    pub(crate) service: ServiceName,
    /// The regions that serve it.
    pub(crate) regions: BTreeSet<RegionName>,
    /// The observers, odd in number. The regions, when left out.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) observers: BTreeSet<RegionName>,
    /// The public names.
    pub(crate) names: Names,
    /// The thresholds that rules use, as deployed. Seconds and counts.
    #[serde(default)]
    pub(crate) thresholds: Thresholds,
    /// How single regions come back: `automatic`, `after-hold` or `manual`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) failback: BTreeMap<RegionName, Failback>,
    /// How much of the whole service's usual load each region can carry: 1 = all of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) capacity: BTreeMap<RegionName, f64>,
    /// Addresses of single observers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) observer: BTreeMap<RegionName, ObserverEntry>,
    /// Addresses of single regions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) region: BTreeMap<RegionName, RegionEntry>,
    /// What was deployed, as `init --from-stack` found it. Only `doctor` asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deployed: Option<Deployed>,
    /// Whom to ask for answers, and as whom.
    #[serde(default, skip_serializing_if = "Dns::is_empty")]
    pub(crate) dns: Dns,
    /// What `failover probe` needs.
    #[serde(default, skip_serializing_if = "ProbeEntry::is_empty")]
    pub(crate) probe: ProbeEntry,
    /// The page, where it is not only on the operator's machine.
    #[serde(default, skip_serializing)]
    pub(crate) dashboard: DashboardEntry,
    /// The demo that wrote this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) world: Option<World>,
}

/// The public names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Names {
    /// The REST API. Its regional names are `REGION.` before it.
    pub(crate) api: String,
    /// The WebSocket API. Its regional names are `REGION.` before it.
    pub(crate) websocket: String,
}

/// Addresses of one observer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ObserverEntry {
    /// Its SSM endpoint, pinned. The SDK's own for that region, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ssm: Option<String>,
    /// Its gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) gate: Option<String>,
}

/// Addresses of one region, for `failover probe`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegionEntry {
    /// Its REST API. `https://REGION.{names.api}`, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rest: Option<String>,
    /// Its WebSocket API. `wss://REGION.{names.websocket}`, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) websocket: Option<String>,
}

/// What was deployed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deployed {
    /// The name of the stack that every observer has.
    pub(crate) stack: String,
    /// The table of messages. `SERVICE-messages`, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) messages_table: Option<String>,
    /// The id of the hosted zone. The public zone of the names, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hosted_zone: Option<String>,
}

/// Whom to ask for answers, and as whom.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dns {
    /// The server, `address:port`. The zone's own name servers, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) server: Option<String>,
    /// The clients as whom to ask. Eight cities, when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) clients: Vec<Client>,
}

/// A client as whom DNS is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Client {
    /// The name that is shown: `London`.
    pub(crate) label: String,
    /// The subnet that is sent as EDNS client subnet: `81.2.69.0/24`.
    pub(crate) subnet: String,
}

/// What `failover probe` needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProbeEntry {
    /// The shared secret of probe tickets. Better in the environment, as FAILOVER_PROBE_SECRET.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<String>,
}

/// The page, where it is not only on the operator's machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DashboardEntry {
    /// Names under which it is reached, as browsers send them.
    pub(crate) hosts: Vec<String>,
    /// The proxy that signs people in.
    pub(crate) proxy: Option<ProxySettings>,
}

/// The demo that wrote the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct World {
    /// Its switchboard, `http://127.0.0.1:PORT`. It also tells whether the demo still runs.
    pub(crate) admin: String,
    /// How fast its clock runs.
    #[serde(default = "real_time")]
    pub(crate) speed: f64,
}

fn real_time() -> f64 {
    1.0
}

impl Dns {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl ProbeEntry {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl File {
    /// The policy in it.
    pub(crate) fn policy_spec(&self) -> PolicySpec {
        let observers = if self.observers.is_empty() { &self.regions } else { &self.observers };
        PolicySpec {
            service: self.service.clone(),
            regions: self.regions.clone(),
            observers: observers.clone(),
            thresholds: self.thresholds.clone(),
            failback: self.failback.clone(),
            capacity: self.capacity.clone(),
        }
    }
}
