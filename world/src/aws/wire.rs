//! HTTP/1.1 as every endpoint of the world serves it: one connection, bodies with a limit, whole responses.
//!
//! No service and no error shape lives here.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;

/// A response whose body is known.
pub(crate) type Response = http::Response<Full<Bytes>>;

/// How long a connection may stay silent before its next request head is complete. Longer than the 90 s for which the SDK keeps an idle
/// connection, so that the client is the one who closes it.
const HEAD_DEADLINE: Duration = Duration::from_secs(120);
/// How long a request body may take.
const BODY_DEADLINE: Duration = Duration::from_secs(10);
/// The largest request head, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// A request that was read whole.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Call {
    /// A header as text, or the empty string.
    pub(crate) fn header(&self, name: &str) -> &str {
        header(&self.headers, name)
    }
}

/// A header as text, or the empty string.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Why a request was not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// More than the limit.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// The client went away, stalled or broke the framing.
    #[error("the body did not arrive")]
    Broken,
}

/// Reads a request whole.
pub(crate) async fn read(request: http::Request<Incoming>, limit: usize) -> Result<Call, ReadError> {
    let (head, body) = request.into_parts();
    let body = match tokio::time::timeout(BODY_DEADLINE, Limited::new(body, limit).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(ReadError::TooLarge(limit)),
        Ok(Err(_)) | Err(_) => return Err(ReadError::Broken),
    };
    Ok(Call { method: head.method, uri: head.uri, headers: head.headers, body })
}

/// What the answer to a request is: a response, or an end of the connection without one.
pub(crate) enum Answer {
    /// This response.
    Response(Response),
    /// Nothing: the connection is closed.
    Cut,
}

/// A connection that ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut")]
struct Cut;

/// HTTP/1.1 with the limits on heads that hold for every connection.
fn limited() -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_DEADLINE).max_buf_size(HEAD_BYTES_MAX);
    http
}

/// Serves one connection until either side ends it. Upgrades are handed over when the response says 101.
pub(crate) async fn serve<F, Fut>(stream: TcpStream, answer: F)
where
    F: Fn(http::Request<Incoming>) -> Fut,
    Fut: Future<Output = Answer>,
{
    let service = service_fn(|request| {
        let answer = answer(request);
        async move {
            match answer.await {
                Answer::Response(response) => Ok(response),
                Answer::Cut => Err(Cut),
            }
        }
    });
    // An error here is the client's way of leaving; there is nobody left to tell.
    let _ = limited().serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}

/// As [`serve`], for a service that always answers.
pub(crate) async fn serve_all<F, Fut>(stream: TcpStream, answer: F)
where
    F: Fn(http::Request<Incoming>) -> Fut,
    Fut: Future<Output = Response>,
{
    let service = service_fn(|request| {
        let answer = answer(request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let _ = limited().serve_connection(TokioIo::new(stream), service).await;
}
