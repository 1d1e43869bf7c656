//! One plain HTTP request, for what is no AWS call: readiness, gates, the chat API as a user sees it.

use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How long one request may take. A cold Lambda starts within it.
const DEADLINE: Duration = Duration::from_secs(30);

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// The body, which is text here.
    pub(crate) body: String,
}

/// Why nothing did.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Reads `http://host:port/path`.
pub(crate) async fn get(url: &str) -> Result<Answer, Failure> {
    request("GET", url).await
}

/// The same with another method, and no body.
pub(crate) async fn request(method: &str, url: &str) -> Result<Answer, Failure> {
    tokio::time::timeout(DEADLINE, exchange(method, url)).await?
}

async fn exchange(method: &str, url: &str) -> Result<Answer, Failure> {
    let uri: http::Uri = url.parse()?;
    let authority = uri.authority().ok_or("an address without a host")?.as_str().to_owned();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(TcpStream::connect(&authority).await?)).await?;
    tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = http::Request::builder().method(method).uri(path).header("host", authority).body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await?.to_bytes();
    Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
}
