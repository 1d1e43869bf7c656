//! The way to Dynoxide's own HTTP server: one connection per client connection, kept open.
//!
//! That server knows DynamoDB's wire in full; nothing of it is written again here.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HOST};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use super::{READS, Tables};
use crate::aws::wire::{Call, Response};

/// How long an answer may take.
const ANSWER_DEADLINE: Duration = Duration::from_secs(10);
/// The largest answer: a page of 1 MB of items, written out.
const ANSWER_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum UpstreamError {
    #[error("DynamoDB is not reached")]
    Connect(#[source] std::io::Error),
    #[error("DynamoDB broke off")]
    Http(#[source] hyper::Error),
    #[error("DynamoDB's answer is not whole")]
    Body,
    #[error("DynamoDB did not answer in time")]
    Slow,
}

/// One client connection's way to DynamoDB.
#[derive(Debug)]
pub(crate) struct Upstream {
    tables: Arc<Tables>,
    sender: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

impl Upstream {
    pub(crate) fn new(tables: Arc<Tables>) -> Self {
        Self { tables, sender: Mutex::new(None) }
    }

    /// Carries a call to DynamoDB and wakes the stream's readers when it wrote. `target` is the operation without its service.
    pub(crate) async fn answer(&self, target: &str, call: Call) -> Response {
        let answered = tokio::time::timeout(ANSWER_DEADLINE, self.send(call)).await.unwrap_or(Err(UpstreamError::Slow));
        if !READS.contains(&target) {
            self.tables.wake();
        }
        answered.unwrap_or_else(|error| {
            tracing::warn!(target, error = &error as &dyn std::error::Error, "DynamoDB gave no answer");
            Tables::failed()
        })
    }

    async fn send(&self, call: Call) -> Result<Response, UpstreamError> {
        let mut held = self.sender.lock().await;
        let mut sender = match still_open(held.take()).await {
            Some(sender) => sender,
            None => connect(self.tables.inner).await?,
        };
        let mut request = http::Request::new(Full::new(call.body));
        *request.method_mut() = call.method;
        *request.uri_mut() = call.uri;
        *request.headers_mut() = call.headers;
        request.headers_mut().remove(CONNECTION);
        if let Ok(host) = self.tables.inner.to_string().parse() {
            request.headers_mut().insert(HOST, host);
        }
        let response = sender.send_request(request).await.map_err(UpstreamError::Http)?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|_| UpstreamError::Body)?.to_bytes();
        *held = Some(sender);
        Ok(Response::from_parts(head, Full::new(body)))
    }
}

async fn still_open(held: Option<SendRequest<Full<Bytes>>>) -> Option<SendRequest<Full<Bytes>>> {
    let mut sender = held?;
    sender.ready().await.is_ok().then_some(sender)
}

async fn connect(inner: SocketAddr) -> Result<SendRequest<Full<Bytes>>, UpstreamError> {
    let stream = TcpStream::connect(inner).await.map_err(UpstreamError::Connect)?;
    let _ = stream.set_nodelay(true);
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(UpstreamError::Http)?;
    // Ends when the sender is dropped.
    tokio::spawn(connection);
    Ok(sender)
}
