//! What the configuration demands of a deployment: names, hosts, checks and how many of what.
//!
//! The record tree as `route53::tree` draws it, in the words in which Route 53's API tells it. Nothing is asked here, nothing judged.

use std::collections::BTreeSet;

use decision::RegionName;

use super::facts::{Check, Endpoint, Kind};
use crate::config::Config;

/// Seconds between two polls of one checker. Fixed when a check is made.
pub(crate) const INTERVAL_S: i64 = 10;
/// Consecutive polls before a checker changes its view of an endpoint that must not flap.
const SLOW_THRESHOLD: i64 = 3;
/// What an `eject` check waits for: nothing. The controller has debounced already.
const EJECT_THRESHOLD: i64 = 1;

/// Before a host: one label, whatever it is. The id of an API.
pub(crate) const ANY_LABEL: &str = "ID.";
/// After a host: the suffix of whatever partition of AWS it is.
pub(crate) const ANY_SUFFIX: &str = ".amazonaws.com";

/// Whether this is the host that is wanted, which may begin with [`ANY_LABEL`] and end with [`ANY_SUFFIX`].
pub(crate) fn is_host(host: &str, wanted: &str) -> bool {
    let Some(inner) = wanted.strip_prefix(ANY_LABEL).and_then(|wanted| wanted.strip_suffix(ANY_SUFFIX)) else { return host == wanted };
    let rest = host.split_once('.').and_then(|(_, rest)| rest.strip_prefix(inner));
    rest.is_some_and(|suffix| suffix.starts_with('.'))
}

/// What is demanded.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    /// The service's name.
    pub(crate) service: String,
    /// The two public names, without final dot: REST, WebSocket.
    pub(crate) names: [String; 2],
    /// Where it serves.
    pub(crate) regions: BTreeSet<RegionName>,
    /// Who watches.
    pub(crate) observers: BTreeSet<RegionName>,
    /// How many observers are a majority.
    pub(crate) majority: usize,
    domain: Option<String>,
    gates: Vec<(RegionName, Option<String>)>,
}

impl Expected {
    /// What this configuration demands.
    pub(crate) fn of(config: &Config) -> Self {
        let policy = &config.policy;
        let bare = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
        Self {
            service: policy.service().to_string(),
            names: [bare(&config.file.names.api), bare(&config.file.names.websocket)],
            regions: policy.regions().clone(),
            observers: policy.observers().clone(),
            majority: policy.majority(),
            domain: config.domain().map(str::to_owned),
            gates: policy.observers().iter().map(|observer| (observer.clone(), config.gate_host(observer))).collect(),
        }
    }

    /// The domain below which every name stands: `chat.example.com`.
    pub(crate) fn domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    /// The host of an observer's gate, as the checks name it.
    pub(crate) fn gate_host(&self, observer: &RegionName) -> Option<&str> {
        self.gates.iter().find(|(name, _)| name == observer)?.1.as_deref()
    }

    /// How many `eject` checks of a region must be healthy for it to serve: n − m + 1.
    pub(crate) fn not_ejected_threshold(&self) -> i64 {
        count(self.observers.len() - self.majority + 1)
    }

    /// How many controllers must be alive: a majority.
    pub(crate) fn controllers_threshold(&self) -> i64 {
        count(self.majority)
    }

    /// The names that the certificate of a region has to cover.
    pub(crate) fn wildcards(&self) -> Vec<String> {
        let domain = self.domain.iter().map(|domain| format!("*.{domain}"));
        domain.chain(self.names.iter().map(|name| format!("*.{name}"))).collect()
    }

    /// How many health checks the whole tree has.
    pub(crate) fn checks(&self) -> usize {
        let (regions, observers) = (self.regions.len(), self.observers.len());
        regions * (observers + 2) + observers + 1
    }

    /// The check that is unhealthy while this observer ejects this region.
    pub(crate) fn eject(&self, region: &RegionName, observer: &RegionName) -> Check {
        let search = format!("eject {} {region}", self.service);
        let host = self.gate_host(observer).unwrap_or_default();
        Check { inverted: true, ..endpoint(host, &format!("/vote/{region}"), Some(search), EJECT_THRESHOLD) }
    }

    /// The check that is healthy while this observer's controller is alive.
    pub(crate) fn alive(&self, observer: &RegionName) -> Check {
        let host = self.gate_host(observer).unwrap_or_default();
        endpoint(host, "/alive", Some(format!("alive {}", self.service)), SLOW_THRESHOLD)
    }

    /// The talk's check: the region's own `/health`, asked at its API's own address. A check that is named as the records it decides about gives
    /// results that Route 53 calls unpredictable.
    pub(crate) fn health(&self, region: &RegionName) -> Check {
        endpoint(&format!("{ANY_LABEL}execute-api.{region}{ANY_SUFFIX}"), "/health", None, SLOW_THRESHOLD)
    }

    /// A region's own name below a public one.
    pub(crate) fn regional(&self, name: &str, region: &RegionName) -> String {
        Config::regional(name, region)
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn endpoint(host: &str, path: &str, search: Option<String>, threshold: i64) -> Check {
    let protocol = if search.is_some() { "HTTPS_STR_MATCH" } else { "HTTPS" };
    let endpoint = Endpoint {
        protocol: protocol.to_owned(),
        host: host.to_owned(),
        port: 443,
        path: path.to_owned(),
        search,
        interval: INTERVAL_S,
        threshold,
        sni: true,
    };
    Check { kind: Kind::Endpoint(endpoint), inverted: false, disabled: false }
}
