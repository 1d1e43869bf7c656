//! From a name to a connection, as this user reaches it: look up, connect, ask or shake hands, each within a deadline.
//!
//! It retries nothing and remembers nothing but what the resolver does.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderValue};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_util::task::AbortOnDropHandle;

use super::host::HostName;
use super::resolver::{ResolveError, Resolver};
use super::wire::{FRAME_BYTES_MAX, HISTORY_BYTES_MAX};

/// How many addresses of one answer are tried.
const ADDRESSES_MAX: usize = 3;
/// What waits to be written to a WebSocket at most.
const WRITE_BUFFER_MAX: usize = 4 * FRAME_BYTES_MAX;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A part of the service that could not be reached.
#[derive(Debug, thiserror::Error)]
pub enum ReachError {
    /// DNS gave no address.
    #[error("DNS gives no address")]
    Resolve(#[from] ResolveError),
    /// The connection was refused or broke.
    #[error("{address} cannot be reached")]
    Connect {
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What came was no answer.
    #[error("{address} did not answer as it should")]
    Answer {
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// It took too long.
    #[error("no answer within {waited:?}")]
    Deadline {
        /// How long it was given.
        waited: Duration,
        /// Where, when it was known by then.
        address: Option<SocketAddr>,
    },
}

impl ReachError {
    /// Where it failed, if it got that far.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            ReachError::Resolve(_) => None,
            ReachError::Connect { address, .. } | ReachError::Answer { address, .. } => Some(*address),
            ReachError::Deadline { address, .. } => *address,
        }
    }

    /// The error and its causes in one line.
    #[must_use]
    pub fn in_full(&self) -> String {
        store::in_one_line(self)
    }
}

/// A service's name, and where and how a user asks for it.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Resolves as this user's machine does.
    pub resolver: Resolver,
    /// The name.
    pub name: HostName,
    /// The port behind it, the same in every region.
    pub port: u16,
}

/// A REST answer.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Its status.
    pub status: StatusCode,
    /// Its content type, if it says.
    pub content_type: Option<HeaderValue>,
    /// Its body, whole.
    pub body: Bytes,
    /// Who answered.
    pub address: SocketAddr,
}

impl Endpoint {
    /// What goes into `Host`.
    fn authority(&self) -> String {
        format!("{}:{}", self.name, self.port)
    }

    /// The address that would be tried first, and until when DNS says so.
    ///
    /// # Errors
    /// [`ReachError::Resolve`].
    pub async fn where_to(&self) -> Result<(SocketAddr, Instant), ReachError> {
        let answer = self.resolver.resolve(&self.name).await?;
        Ok((SocketAddr::from((answer.addresses[0], self.port)), answer.until))
    }

    /// `GET path` over a connection of its own, so that every request goes where DNS says now.
    ///
    /// # Errors
    /// [`ReachError`]; an HTTP error status is no error here.
    pub async fn get(&self, path: &str, within: Duration) -> Result<Fetched, ReachError> {
        let mut address = None;
        let deadline = Instant::now() + within;
        timeout_at(deadline, async {
            let stream = self.connect(&mut address).await?;
            let at = stream.1;
            self.exchange(stream, path).await.map_err(|source| ReachError::Answer { address: at, source })
        })
        .await
        .unwrap_or(Err(ReachError::Deadline { waited: within, address }))
    }

    /// Opens a WebSocket.
    ///
    /// # Errors
    /// [`ReachError`].
    pub async fn open(&self, within: Duration) -> Result<(WebSocketStream<TcpStream>, SocketAddr), ReachError> {
        let mut address = None;
        let deadline = Instant::now() + within;
        timeout_at(deadline, async {
            let (stream, at) = self.connect(&mut address).await?;
            let failed = |source: BoxError| ReachError::Answer { address: at, source };
            let request = format!("ws://{}/", self.authority()).into_client_request().map_err(|error| failed(error.into()))?;
            let (socket, _) = tokio_tungstenite::client_async_with_config(request, stream, Some(websocket_limits()))
                .await
                .map_err(|error| failed(error.into()))?;
            Ok((socket, at))
        })
        .await
        .unwrap_or(Err(ReachError::Deadline { waited: within, address }))
    }

    /// The first address that accepts. Leaves the one being tried in `trying`.
    async fn connect(&self, trying: &mut Option<SocketAddr>) -> Result<(TcpStream, SocketAddr), ReachError> {
        let answer = self.resolver.resolve(&self.name).await?;
        let mut last = None;
        for address in answer.addresses.iter().take(ADDRESSES_MAX) {
            let address = SocketAddr::from((*address, self.port));
            *trying = Some(address);
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    let _ = stream.set_nodelay(true);
                    return Ok((stream, address));
                }
                Err(source) => last = Some(ReachError::Connect { address, source }),
            }
        }
        Err(last.expect("an answer has at least one address"))
    }

    async fn exchange(&self, (stream, address): (TcpStream, SocketAddr), path: &str) -> Result<Fetched, BoxError> {
        let request =
            Request::get(path).header(HOST, self.authority()).header(ACCEPT, "application/json, text/plain").body(Empty::<Bytes>::new())?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let _driver = AbortOnDropHandle::new(tokio::spawn(connection));
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, HISTORY_BYTES_MAX).collect().await?.to_bytes();
        Ok(Fetched { status: head.status, content_type: head.headers.get(CONTENT_TYPE).cloned(), body, address })
    }
}

/// Limits for every WebSocket of a user, on either side.
#[must_use]
pub fn websocket_limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(FRAME_BYTES_MAX))
        .max_frame_size(Some(FRAME_BYTES_MAX))
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER_MAX)
}
