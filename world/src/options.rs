//! What a world is made of, and why one does not come up.
//!
//! Values only; bringing it up is `world`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use decision::RegionName;

use crate::speed::Speed;

/// What a world is made of.
#[derive(Debug, Clone)]
pub struct Options {
    /// The regions; each has its observer.
    pub regions: Vec<RegionName>,
    /// How fast the clock runs.
    pub speed: Speed,
    /// Where SSM's parameters are kept. None: in memory only.
    pub state: Option<PathBuf>,
    /// The port of the chat API on every region's address; 0 is any that is free on all.
    pub port: u16,
    /// The DNS port; 0 is any.
    pub dns_port: u16,
    /// The port of the first user's page; the next ones follow. 0 is any.
    pub page_port: u16,
    /// Phases of checkers and probes derive from it.
    pub seed: u64,
    /// How often each user says something, on the world's clock. None: they are silent.
    pub talk_every: Option<Duration>,
}

impl Options {
    /// Three regions, real time, any ports, nothing kept.
    #[must_use]
    pub fn three_regions() -> Self {
        let regions = ["eu-west-1", "eu-west-2", "us-west-2"].map(|name| RegionName::new(name).expect("well-formed names"));
        Self {
            regions: regions.into(),
            speed: Speed::default(),
            state: None,
            port: 0,
            dns_port: 0,
            page_port: 0,
            seed: 1,
            talk_every: Some(Duration::from_secs(5)),
        }
    }
}

/// Why a world did not come up.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The regions do not make a policy.
    #[error("these regions make no policy")]
    Policy(#[from] decision::PolicyError),
    /// AWS of a region did not start.
    #[error("the AWS endpoints of a region did not start")]
    Aws(#[from] crate::aws::StartError),
    /// The chat's tables could not be made.
    #[error("the chat's tables could not be made")]
    Tables(#[from] chat::CreateTablesError),
    /// Something cannot listen.
    #[error("{what} cannot listen on {addr}")]
    Listen {
        /// What.
        what: &'static str,
        /// Where.
        addr: SocketAddr,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// No port is free on every region's address.
    #[error("no port is free on every region's loopback address")]
    NoPort,
    /// Route 53 did not start.
    #[error("Route 53 did not start")]
    Route53(#[from] crate::route53::StartError),
    /// A user's page did not start.
    #[error("a user's page did not start")]
    People(#[from] crate::people::PeopleError),
}
