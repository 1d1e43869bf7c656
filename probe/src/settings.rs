//! What one observer probes, from where, and with which secret. A [`Settings`] is checked once, when the probe is built.
//!
//! No deadline lives here: those are in [`Pace`](crate::Pace).

use std::fmt;
use std::net::SocketAddr;

use decision::{RegionName, ServiceName};
use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::pace::Pace;

/// Where one region serves: its regional names, never the public ones, which move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The region.
    pub region: RegionName,
    /// `http(s)://host[:port][/stage]` of its REST API. The host is a name or an IP literal.
    pub rest: String,
    /// `ws(s)://host[:port][/stage]` of its WebSocket API.
    pub websocket: String,
}

/// How many public names a probe resolves.
pub const PUBLIC_NAMES_MAX: usize = 8;

/// Everything one probe needs to know.
#[derive(Clone)]
pub struct Settings {
    /// The service that is probed.
    pub service: ServiceName,
    /// The observer that probes; its name is in every nonce and ticket.
    pub observer: RegionName,
    /// One target per region, 1 to [`decision::REGIONS_MAX`].
    pub targets: Vec<Target>,
    /// The secret that probe tickets are signed with, shared with the chat API.
    pub secret: String,
    /// The name server to ask; the system's when absent.
    pub dns: Option<SocketAddr>,
    /// Every interval and every deadline.
    pub pace: Pace,
    /// Which of how many observers this is, so that they spread over the interval. Without it, the observer's name decides.
    pub place: Option<Place>,
    /// Root certificates to trust beside the public ones: private CAs.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// The names that users ask for. Each round resolves them for evidence of routing, never for a verdict. None by default, at most
    /// [`PUBLIC_NAMES_MAX`].
    pub public_names: Vec<String>,
    /// Whether there is a network.
    pub network: Network,
}

/// Which of how many observers one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Counted from 0.
    pub index: usize,
    /// How many observers there are.
    pub of: usize,
}

/// The observer's own network.
#[derive(Debug, Clone, Default)]
pub enum Network {
    /// What the machine has.
    #[default]
    Open,
    /// As long as the value is `true`, what the machine has; while it is `false`, every new connection fails as "network
    /// unreachable" before a name is even asked for, and tripwires are cut: an observer that lost its network.
    Switch(watch::Receiver<bool>),
}

impl Network {
    /// Whether connections can be made at present.
    #[must_use]
    pub fn is_up(&self) -> bool {
        match self {
            Network::Open => true,
            Network::Switch(up) => *up.borrow(),
        }
    }

    /// Waits until the network is up, or down. For ever, if that will never be.
    pub(crate) async fn becomes(&self, wanted: bool) {
        let ever = match self {
            Network::Open => wanted,
            Network::Switch(up) => up.clone().wait_for(|up| *up == wanted).await.is_ok(),
        };
        if !ever {
            std::future::pending::<()>().await;
        }
    }
}

impl Settings {
    /// Settings with everything optional left at its default.
    #[must_use]
    pub fn new(service: ServiceName, observer: RegionName, targets: Vec<Target>, secret: impl Into<String>) -> Self {
        Self {
            service,
            observer,
            targets,
            secret: secret.into(),
            dns: None,
            pace: Pace::default(),
            place: None,
            extra_roots: Vec::new(),
            public_names: Vec::new(),
            network: Network::Open,
        }
    }
}

impl fmt::Debug for Settings {
    /// Everything but the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("service", &self.service)
            .field("observer", &self.observer)
            .field("targets", &self.targets)
            .field("dns", &self.dns)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// Why a probe cannot be built from these settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// No target, or more than a service may have regions.
    #[error("a probe has 1 to {max} targets; this one has {0}", max = decision::REGIONS_MAX)]
    Targets(usize),
    /// Two targets for one region.
    #[error("{0} has more than one target")]
    Twice(RegionName),
    /// An address that cannot be probed.
    #[error("{region}: {url:?} is not an address that can be probed: {why}")]
    Address {
        /// The region it belongs to.
        region: RegionName,
        /// The address as it came (shortened).
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// More public names than a round resolves, or one that is no name.
    #[error("a probe has at most {PUBLIC_NAMES_MAX} public names of 1 to 253 characters")]
    PublicNames,
    /// No secret: no ticket could be signed.
    #[error("the probe secret is empty")]
    Secret,
    /// An extra root certificate that cannot be used.
    #[error("an extra root certificate is unusable")]
    Root(#[source] rustls::Error),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    /// The system's resolver configuration cannot be read, or the resolver not be built.
    #[error("the resolver cannot be set up")]
    Resolver(#[source] hickory_resolver::net::NetError),
}
