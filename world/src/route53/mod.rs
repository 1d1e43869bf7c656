//! Route 53 on loopback: its health checkers, which poll over real HTTP, and its name server, which answers over real DNS.
//!
//! The thin shell around the pure model of the crate `route53`: it waits, polls and listens, and decides nothing.

mod checkers;
mod dns;
mod geography;
mod model;
mod poll;
mod reply;
mod stacks;
#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use decision::{RegionName, ServiceName};
use route53::{CheckId, DomainName, TreeError};
use template::{DeploymentError, ModelError, TemplateError};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::event::Events;
use crate::fault::Faults;
use crate::speed::Speed;

pub use geography::{TOWNS, Town};
use model::Model;
pub use model::{CheckView, Turn};

/// How Route 53 is brought up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The service, as its gates spell it.
    pub service: ServiceName,
    /// Where each region's chat API listens.
    pub regions: Vec<(RegionName, SocketAddr)>,
    /// Where each observer's gate listens. Odd, three or more.
    pub gates: Vec<(RegionName, SocketAddr)>,
    /// The port of the name server, UDP and TCP; 0 is any.
    pub dns_port: u16,
    /// The checkers' phases derive from it.
    pub seed: u64,
    /// What is broken: `checkers` of a region is looked at here.
    pub faults: Faults,
    /// Where changed answers are told.
    pub events: Events,
    /// How fast the clock runs.
    pub speed: Speed,
    /// Ends everything.
    pub stop: CancellationToken,
}

/// Why Route 53 did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A name that the model does not take.
    #[error("{0} is not a region that Route 53 knows how to name")]
    Region(RegionName),
    /// The shipped templates cannot be read.
    #[error("the templates cannot be read")]
    Template(#[from] TemplateError),
    /// The shipped templates make no stacks for these regions.
    #[error("the templates make no such deployment")]
    Deployment(#[from] DeploymentError),
    /// The stacks' checks and records are no record tree.
    #[error("the templates' checks and records cannot be modelled")]
    Model(#[from] ModelError),
    /// The checks and records do not fit together.
    #[error("the record tree cannot be made")]
    Tree(#[from] TreeError),
    /// A check that cannot be polled from here.
    #[error("check '{0}' cannot be polled: the checkers speak plain HTTP to addresses")]
    Unpollable(CheckId),
    /// No socket for the name server.
    #[error("the name server cannot listen on {addr}")]
    Listen {
        /// Where.
        addr: SocketAddr,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
}

/// Route 53, running until its `stop`. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Route53 {
    model: Arc<Model>,
    dns: SocketAddr,
}

impl Route53 {
    /// Makes the record tree that the templates ship, sets the checkers to work and answers queries. When this returns, the name server listens.
    ///
    /// # Errors
    /// [`StartError`]
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let (dns_port, stop) = (settings.dns_port, settings.stop.clone());
        let tree = stacks::tree(&settings)?;
        let model = Arc::new(Model::new(tree, &settings));
        let checkers = checkers::prepare(Arc::clone(&model), settings.faults, settings.speed)?;
        let dns = dns::start(Arc::clone(&model), SocketAddr::new(Ipv4Addr::LOCALHOST.into(), dns_port), stop.clone()).await?;
        tokio::spawn(checkers.run(stop));
        Ok(Self { model, dns })
    }

    /// Where the name server listens, UDP and TCP.
    #[must_use]
    pub fn dns(&self) -> SocketAddr {
        self.dns
    }

    /// The public names: the service's, then the talk's.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.model.names().iter().map(ToString::to_string).collect()
    }

    /// The region that a name is answered with in a town now.
    #[must_use]
    pub fn answer(&self, name: &str, town: &str) -> Option<RegionName> {
        self.model.answer(&DomainName::new(name).ok()?, Town::named(town)?)
    }

    /// Why a name is answered as it is in a town now, one sentence per record that was looked at.
    #[must_use]
    pub fn explain(&self, name: &str, town: &str) -> Vec<String> {
        match (DomainName::new(name), Town::named(town)) {
            (Ok(name), Some(town)) => self.model.explain(&name, town),
            _ => Vec::new(),
        }
    }

    /// Every check as it stands now.
    #[must_use]
    pub fn checks(&self) -> Vec<CheckView> {
        self.model.checks()
    }

    /// Hears every check and every answer that changes from here on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Turn> {
        self.model.subscribe()
    }

    /// What is not as it is while all is well, as sentences: a name that is answered in a town with another region than the nearest,
    /// or only as a last resort. Empty when all is well.
    #[must_use]
    pub fn away_from_home(&self) -> Vec<String> {
        self.model.away_from_home()
    }
}
