//! "A user in London": a small server on loopback through which a browser lives where that user lives.
//!
//! It serves the web client and forwards to two names, resolved as that user's machine would. It is no open proxy: nothing in a request
//! says where it goes.

mod guard;
mod page;
mod rest;
mod socket;
mod whoami;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use decision::RegionName;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use self::guard::Guard;
use super::host::HostName;
use super::pace::Pace;
use super::place::Place;
use super::reach::Endpoint;
use super::resolver::Resolver;
use crate::fault::Faults;
use crate::net;

/// How long a browser may take over the head of a request.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// The longest head of a request, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// REST requests under way at a time.
const REQUESTS_MAX: usize = 64;
/// WebSockets open at a time.
const SOCKETS_MAX: usize = 64;

type Reply = Response<Full<Bytes>>;

/// Whose browser, and what it reaches.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen, on loopback; port 0 takes any.
    pub listen: SocketAddr,
    /// Resolves as this user's machine does.
    pub resolver: Resolver,
    /// The name of the REST API: `api.chat.test`.
    pub rest: HostName,
    /// The name of the WebSocket API: `api-ws.chat.test`.
    pub websocket: HostName,
    /// The port behind both.
    pub port: u16,
    /// What people call the addresses, for `/whoami`. May be empty.
    pub regions: BTreeMap<IpAddr, RegionName>,
    /// Intervals and deadlines.
    pub pace: Pace,
}

struct Shared {
    place: Place,
    resolver: Resolver,
    rest: Endpoint,
    websocket: Endpoint,
    regions: BTreeMap<IpAddr, RegionName>,
    pace: Pace,
    guard: Guard,
    requests: Semaphore,
    sockets: Arc<Semaphore>,
    stop: CancellationToken,
}

/// A running forwarding server. Stops when dropped.
#[derive(Debug)]
pub struct Forwarder {
    address: SocketAddr,
    stop: CancellationToken,
    _task: AbortOnDropHandle<()>,
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Forwarder {
    /// Listens and serves until `stop` or dropped.
    ///
    /// # Errors
    /// What the operating system says, and `InvalidInput` for an address beyond loopback.
    pub fn start(settings: Settings, stop: &CancellationToken) -> std::io::Result<Self> {
        if !settings.listen.ip().is_loopback() {
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "a user's machine listens on loopback only"));
        }
        let listener = net::bind(settings.listen)?;
        let address = listener.local_addr()?;
        let stop = stop.child_token();
        let endpoint = |name: HostName| Endpoint { resolver: settings.resolver.clone(), name, port: settings.port };
        let shared = Arc::new(Shared {
            place: settings.resolver.place().clone(),
            rest: endpoint(settings.rest),
            websocket: endpoint(settings.websocket),
            resolver: settings.resolver.clone(),
            regions: settings.regions,
            pace: settings.pace,
            guard: Guard::new(address),
            requests: Semaphore::new(REQUESTS_MAX),
            sockets: Arc::new(Semaphore::new(SOCKETS_MAX)),
            stop: stop.clone(),
        });
        let serving = net::serve(listener, Faults::default(), |_| false, stop.clone(), move |stream| serve(stream, Arc::clone(&shared)));
        Ok(Self { address, stop, _task: AbortOnDropHandle::new(tokio::spawn(serving)) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What to open in a browser.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(answer(request, &shared).await) }
    });
    let mut server = hyper::server::conn::http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).max_buf_size(HEAD_BYTES_MAX);
    if let Err(error) = server.serve_connection(TokioIo::new(stream), service).with_upgrades().await {
        tracing::debug!(%error, "a browser's connection broke");
    }
}

/// Every route there is.
async fn answer(request: Request<Incoming>, shared: &Arc<Shared>) -> Reply {
    let mut reply = match shared.guard.check(&request) {
        Err(refusal) => refuse(StatusCode::FORBIDDEN, &refusal.to_string()),
        Ok(()) if request.method() != Method::GET => refuse(StatusCode::METHOD_NOT_ALLOWED, "only GET is forwarded"),
        Ok(()) => {
            let path = request.uri().path();
            if let Some(asset) = page::asset(path) {
                asset
            } else if path == "/whoami" {
                whoami::answer(shared).await
            } else if path == "/ws" {
                socket::answer(request, shared).await
            } else if path.starts_with("/api/") {
                rest::answer(&request, shared).await
            } else {
                refuse(StatusCode::NOT_FOUND, "there is nothing here")
            }
        }
    };
    guard::harden(reply.headers_mut());
    reply
}

/// A JSON reply that says why not.
fn refuse(status: StatusCode, reason: &str) -> Reply {
    json(status, &serde_json::json!({ "error": reason }))
}

fn json(status: StatusCode, value: &serde_json::Value) -> Reply {
    page::reply(status, "application/json", Bytes::from(value.to_string()))
}
