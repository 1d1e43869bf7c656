//! One region's AWS, started: listeners, folders, housekeeping, and what the rest of the world may ask of it.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chat::Chat;
use decision::RegionName;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::cloudwatch::CloudWatch;
use super::dispatch::Services;
use super::sockets::Sockets;
use super::ssm::{ParameterChange, Ssm};
use super::stream;
use super::tables::{Tables, TablesError, Upstream};
use super::wire;
use crate::fault::{Component, FaultSet, Faults};
use crate::net;
use crate::speed::Speed;

/// How often expired items are removed. AWS takes hours to days [DDB]; the world has no such patience.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(30);
/// How often streams are trimmed.
const TRIM_INTERVAL: Duration = Duration::from_secs(60);
/// No housekeeping interval gets shorter than this at any speed.
const INTERVAL_MIN: Duration = Duration::from_secs(2);

/// How to start a region's AWS.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The region.
    pub region: RegionName,
    /// The address both listeners bind.
    pub ip: IpAddr,
    /// The port of the observer side; 0 is any.
    pub port: u16,
    /// The port of the chat side; 0 is any.
    pub chat_port: u16,
    /// Where parameters are kept. `None`: in memory only.
    pub state: Option<PathBuf>,
    /// What is broken.
    pub faults: Faults,
    /// How fast the clock runs.
    pub speed: Speed,
    /// Ends everything.
    pub stop: CancellationToken,
}

/// Why a region's AWS did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A listener could not be bound.
    #[error("cannot listen on {addr}")]
    Bind {
        /// The address asked for.
        addr: SocketAddr,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The state folder cannot be used.
    #[error("cannot use the state folder {folder}")]
    State {
        /// The folder.
        folder: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// DynamoDB did not start.
    #[error("DynamoDB did not start")]
    Tables(#[source] TablesError),
}

/// One region's AWS, running until its `stop`. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AwsRegion {
    pub(super) services: Arc<Services>,
    pub(super) speed: Speed,
    pub(super) stop: CancellationToken,
    addr: SocketAddr,
    chat_addr: SocketAddr,
}

impl AwsRegion {
    /// Starts a region: everything stored in the state folder is there again.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let Settings { region, ip, port, chat_port, state, faults, speed, stop } = settings;
        let folder = state.map(|state| state.join(region.as_str()).join("ssm"));
        let ssm =
            Ssm::open(region.clone(), folder.clone()).map_err(|source| StartError::State { folder: folder.unwrap_or_default(), source })?;
        let tables = Tables::start(stop.clone()).await.map_err(StartError::Tables)?;
        let (observer_side, addr) = bind(SocketAddr::new(ip, port))?;
        let (chat_side, chat_addr) = bind(SocketAddr::new(ip, chat_port))?;
        let (cloudwatch, sockets) = (CloudWatch::default(), Sockets::default());
        let services = Arc::new(Services { region, faults, ssm, cloudwatch, tables, sockets });
        listen(&services, observer_side, &[Component::Region, Component::Observer], stop.clone());
        listen(&services, chat_side, &[Component::Region], stop.clone());
        tokio::spawn(keep_house(Arc::clone(&services.tables), speed, stop.clone()));
        Ok(Self { services, speed, stop, addr, chat_addr })
    }

    /// The region's name.
    #[must_use]
    pub fn region(&self) -> &RegionName {
        &self.services.region
    }

    /// The observer's endpoint, and the one for people: every service, down with the region and with its observer.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The chat service's endpoint: every service, down with the region only.
    #[must_use]
    pub fn chat_endpoint(&self) -> String {
        format!("http://{}", self.chat_addr)
    }

    /// Follows the changes of parameters, as EventBridge would.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<ParameterChange> {
        self.services.ssm.changes()
    }

    /// The live sockets of the region, which a gateway serves.
    #[must_use]
    pub fn sockets(&self) -> Sockets {
        self.services.sockets.clone()
    }

    /// Plays the event source mapping until `stop`: what is written to the table reaches `Chat::stream`, in order, at least once.
    pub fn read_stream(&self, table: &str, chat: Chat) {
        tokio::spawn(stream::run(self.clone(), table.to_owned(), chat));
    }
}

fn bind(addr: SocketAddr) -> Result<(tokio::net::TcpListener, SocketAddr), StartError> {
    let bound = net::bind(addr).and_then(|listener| listener.local_addr().map(|addr| (listener, addr)));
    bound.map_err(|source| StartError::Bind { addr, source })
}

/// Serves every service on a listener that any of `faults` takes down.
fn listen(services: &Arc<Services>, listener: tokio::net::TcpListener, down: &'static [Component], stop: CancellationToken) {
    let region = services.region.clone();
    let is_down = move |faults: &FaultSet| down.iter().any(|component| faults.contains(&(region.clone(), *component)));
    let services = Arc::clone(services);
    tokio::spawn(net::serve(listener, services.faults.clone(), is_down, stop, move |stream| {
        let services = Arc::clone(&services);
        async move {
            let upstream = Upstream::new(Arc::clone(&services.tables));
            wire::serve_all(stream, |request| services.answer(&upstream, request)).await;
        }
    }));
}

/// Removes expired items and read stream records, each at its interval.
async fn keep_house(tables: Arc<Tables>, speed: Speed, stop: CancellationToken) {
    let mut expiry = tokio::time::interval(speed.scale(EXPIRY_INTERVAL).max(INTERVAL_MIN));
    let mut trim = tokio::time::interval(speed.scale(TRIM_INTERVAL).max(INTERVAL_MIN));
    loop {
        let tables = Arc::clone(&tables);
        let work = tokio::select! {
            () = stop.cancelled() => return,
            _ = expiry.tick() => tokio::task::spawn_blocking(move || tables.expire()),
            _ = trim.tick() => tokio::task::spawn_blocking(move || tables.trim()),
        };
        let _ = work.await;
    }
}
