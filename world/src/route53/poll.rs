//! One poll over the wire: a fresh connection, one request, and what came of it when.
//!
//! Judging is the model's.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use route53::{
    Address, BODY_BYTES, Deadlines, Encoding, Endpoint, Facts, HEADER_BYTES_MAX, NoConnection, Outcome, Response, Speaks, judge,
};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// What Route 53's checkers call themselves.
const USER_AGENT: &str = "Amazon-Route53-Health-Check-Service";
/// Enough for the headers that are allowed and the body that is searched.
const BUFFER_MAX: usize = HEADER_BYTES_MAX + 2 * BODY_BYTES;

/// A check's endpoint, ready to be polled over and over.
#[derive(Debug)]
pub(super) struct Wire {
    addr: SocketAddr,
    speaks: Speaks,
    request: Request<Empty<Bytes>>,
}

impl Wire {
    /// Prepares the request. `None` for what cannot be polled from here: names and TLS.
    pub(super) fn new(endpoint: &Endpoint) -> Option<Self> {
        let spec = endpoint.spec();
        let Address::Ip { ip, .. } = spec.address else { return None };
        let path = match &spec.speaks {
            Speaks::Tcp => "/",
            Speaks::Http { secure: true, .. } => return None,
            Speaks::Http { path, .. } => path,
        };
        let request = Request::get(path)
            .header(header::HOST, endpoint.host_header().unwrap_or_default())
            .header(header::USER_AGENT, USER_AGENT)
            .header(header::CONNECTION, "close")
            .body(Empty::new())
            .ok()?;
        Some(Self { addr: SocketAddr::new(ip, spec.port), speaks: spec.speaks.clone(), request })
    }

    /// Polls once and judges what was met. Every wait has the model's deadline.
    pub(super) async fn poll(&self, deadlines: &Deadlines) -> Outcome {
        let judged = |facts: &Facts<'_>| judge(&self.speaks, deadlines, facts);
        let search = match &self.speaks {
            Speaks::Tcp => None,
            Speaks::Http { search, .. } => Some(search.is_some()),
        };
        let connect = if search.is_some() { deadlines.connect } else { deadlines.tcp_connect };
        let began = Instant::now();
        let stream = match timeout(connect, TcpStream::connect(self.addr)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(_)) => return judged(&Facts::NotConnected(NoConnection::Refused)),
            Err(_) => return judged(&Facts::NotConnected(NoConnection::TimedOut)),
        };
        let connected_after = began.elapsed();
        let Some(search) = search else { return judged(&Facts::Connected { connected_after }) };
        match self.exchange(stream, search, deadlines).await {
            Exchange::Silent => judged(&Facts::Silent { connected_after }),
            Exchange::NotHttp => judged(&Facts::NotHttp { connected_after }),
            Exchange::Answered { status, status_after, headers, body, body_after } => judged(&Facts::Answered {
                connected_after,
                response: Response {
                    status,
                    status_after,
                    header_bytes: headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum(),
                    // hyper refuses malformed headers by itself.
                    header_valid: true,
                    encoding: encoding(&headers),
                    body: &body,
                    body_after,
                },
            }),
        }
    }

    async fn exchange(&self, stream: TcpStream, search: bool, deadlines: &Deadlines) -> Exchange {
        let connected = Instant::now();
        let Ok((mut sender, connection)) =
            http1::Builder::new().max_buf_size(BUFFER_MAX).handshake::<_, Empty<Bytes>>(TokioIo::new(stream)).await
        else {
            return Exchange::NotHttp;
        };
        let talk = async {
            let response = match timeout(deadlines.status, sender.send_request(self.request.clone())).await {
                Ok(Ok(response)) => response,
                // A connection that ends without a word has shown no status, and neither has a silent one.
                Ok(Err(error)) if error.is_parse() => return Exchange::NotHttp,
                Ok(Err(_)) | Err(_) => return Exchange::Silent,
            };
            let status_after = connected.elapsed();
            let (parts, mut incoming) = response.into_parts();
            let (body, body_after) = if search { beginning(&mut incoming, deadlines.body).await } else { (Vec::new(), None) };
            Exchange::Answered { status: parts.status.as_u16(), status_after, headers: parts.headers, body, body_after }
        };
        // The connection moves the bytes; what it ends with, the talk has met already.
        let moving = async {
            let _ = connection.await;
            std::future::pending().await
        };
        tokio::select! {
            exchange = talk => exchange,
            exchange = pin!(moving) => exchange,
        }
    }
}

enum Exchange {
    Silent,
    NotHttp,
    Answered { status: u16, status_after: Duration, headers: HeaderMap, body: Vec<u8>, body_after: Option<Duration> },
}

/// Reads what is searched of a body; `None` when it did not come in time, or broke off.
async fn beginning(incoming: &mut Incoming, deadline: Duration) -> (Vec<u8>, Option<Duration>) {
    let began = Instant::now();
    let mut body = Vec::new();
    let read = async {
        while body.len() < BODY_BYTES {
            match incoming.frame().await {
                Some(Ok(frame)) => body.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data)),
                Some(Err(_)) => return false,
                None => break,
            }
        }
        true
    };
    let whole = timeout(deadline, read).await.unwrap_or(false);
    (body, whole.then(|| began.elapsed()))
}

/// Nothing in the world compresses what checkers read, so anything but plain is one that cannot be read.
fn encoding(headers: &HeaderMap) -> Encoding {
    match headers.get(header::CONTENT_ENCODING) {
        None => Encoding::Identity,
        Some(value) if value == "identity" => Encoding::Identity,
        Some(_) => Encoding::Other,
    }
}
