//! One HTTP request over one fresh connection: the steps that REST and table checks share.
//!
//! What an answer means is for them; here a status other than 200 is a failure, and so is a body that is too long.

use std::time::Duration;

use bytes::Bytes;
use decision::Cause;
use http::header::{ACCEPT, CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::connect::{Connector, Elapsed, Wire, within};
use crate::endpoint::Endpoint;
use crate::seen::{Failure, Phase, Step};
use crate::ticket::TICKET_HEADER;

/// The longest answer that is read. One message of history is under 4 KiB.
const BODY_MAX: usize = 64 * 1024;
/// Attempts, the first included.
const ATTEMPTS_MAX: u8 = 2;

/// What the API is asked.
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    /// Path and query, behind the endpoint's prefix.
    pub(crate) path: &'a str,
    /// A probe ticket, for routes that need one.
    pub(crate) ticket: Option<&'a str>,
    /// Empty = none.
    pub(crate) body: String,
    /// From the request to the end of the answer.
    pub(crate) deadline: Duration,
}

/// Asks once; a second time on a new connection if the first never reached the application.
pub(crate) async fn ask(connector: &Connector, endpoint: &Endpoint, ask: &Ask<'_>, outer: Instant) -> (Step, Option<Bytes>) {
    let started = Instant::now();
    let mut step = Step::default();
    let answer = loop {
        step.attempts += 1;
        match attempt(connector, endpoint, ask, outer, &mut step).await {
            Ok(body) => break Some(body),
            Err(failure) if step.may_retry(&failure) => step.retry(failure),
            Err(failure) => {
                step.failure = Some(failure);
                break None;
            }
        }
    };
    step.phases.total = started.elapsed();
    (step, answer)
}

impl Step {
    /// Whether there is a second attempt after this failure.
    pub(crate) fn may_retry(&self, failure: &Failure) -> bool {
        failure.retriable && self.attempts < ATTEMPTS_MAX
    }

    /// Keeps the first failure apart and forgets the first attempt's phases.
    pub(crate) fn retry(&mut self, failure: Failure) {
        self.phases = crate::seen::Phases::default();
        self.first_failure = Some(failure);
    }
}

async fn attempt(connector: &Connector, endpoint: &Endpoint, ask: &Ask<'_>, outer: Instant, step: &mut Step) -> Result<Bytes, Failure> {
    let wire = connector.connect(endpoint, outer, step).await?;
    let started = Instant::now();
    let mut first_byte = None;
    let answer = within(ask.deadline, outer, converse(wire, endpoint, ask, &mut first_byte)).await;
    step.phases.first_byte = first_byte.map(|at| at.duration_since(started));
    match answer {
        Ok(answer) => answer,
        Err(Elapsed) => {
            let phase = if first_byte.is_some() { Phase::Answer } else { Phase::FirstByte };
            Err(Failure::deadline(phase, Cause::Timeout))
        }
    }
}

async fn converse(wire: Wire, endpoint: &Endpoint, ask: &Ask<'_>, first_byte: &mut Option<Instant>) -> Result<Bytes, Failure> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(wire)).await.map_err(|error| of_hyper(Phase::FirstByte, &error))?;
    let _driver = Driver(tokio::spawn(async move {
        // What goes wrong on the connection is told to the sender.
        let _ = connection.await;
    }));
    let answer = sender.send_request(request(endpoint, ask)?).await.map_err(|error| of_hyper(Phase::FirstByte, &error))?;
    *first_byte = Some(Instant::now());
    if answer.status() != StatusCode::OK {
        let code = answer.status().as_u16();
        return Err(Failure::new(Phase::Answer, Cause::Status(code), false, answer.status().canonical_reason().unwrap_or_default()));
    }
    match Limited::new(answer.into_body(), BODY_MAX).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) => Err(Failure::new(Phase::Answer, Cause::Protocol, false, &format!("body: {error}"))),
    }
}

fn request(endpoint: &Endpoint, ask: &Ask<'_>) -> Result<Request<Full<Bytes>>, Failure> {
    let mut request = Request::builder()
        .method(ask.method.clone())
        .uri(format!("{}{}", endpoint.prefix, ask.path))
        .header(HOST, &endpoint.authority)
        .header(USER_AGENT, HeaderValue::from_static(concat!("failover-probe/", env!("CARGO_PKG_VERSION"))))
        .header(ACCEPT, HeaderValue::from_static("application/json"))
        .header(CONNECTION, HeaderValue::from_static("close"));
    if !ask.body.is_empty() {
        request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Some(ticket) = ask.ticket {
        request = request.header(TICKET_HEADER, ticket);
    }
    request
        .body(Full::from(ask.body.clone()))
        .map_err(|error| Failure::new(Phase::FirstByte, Cause::Protocol, false, &format!("request: {error}")))
}

/// An answer that is no HTTP is the application's fault; a connection that ends is the network's.
fn of_hyper(phase: Phase, error: &hyper::Error) -> Failure {
    let cause = if error.is_parse() { Cause::Protocol } else { Cause::Connect };
    Failure::new(phase, cause, false, &error.to_string())
}

/// Ends the connection's task with the request.
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}
