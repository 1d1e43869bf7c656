//! A fresh WebSocket: connect, upgrade, and the close at its end.
//!
//! What is said over it is not known here.

use std::time::Duration;

use decision::Cause;
use futures_util::StreamExt as _;
use http::HeaderValue;
use http::header::{CONNECTION, HOST, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE, USER_AGENT};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::client::{Request, generate_key};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::connect::{Connector, Elapsed, Wire, within};
use crate::endpoint::Endpoint;
use crate::frame::FRAME_MAX;
use crate::seen::{Failure, Phase, Step};
use crate::ticket::TICKET_HEADER;

/// An open socket.
pub(crate) type Socket = WebSocketStream<Wire>;

/// How much is read ahead per socket, in bytes: probes read little.
const READ_AHEAD: usize = 8 * 1024;

/// Opens a socket, with a ticket or as anybody; tries a second time on a new connection if the network refused the first.
pub(crate) async fn open(
    connector: &Connector,
    endpoint: &Endpoint,
    ticket: Option<&str>,
    upgrade: Duration,
    outer: Instant,
) -> (Step, Option<Socket>) {
    let started = Instant::now();
    let mut step = Step::default();
    let socket = loop {
        step.attempts += 1;
        match attempt(connector, endpoint, ticket, upgrade, outer, &mut step).await {
            Ok(socket) => break Some(socket),
            Err(failure) if step.may_retry(&failure) => step.retry(failure),
            Err(failure) => {
                step.failure = Some(failure);
                break None;
            }
        }
    };
    step.phases.total = started.elapsed();
    (step, socket)
}

async fn attempt(
    connector: &Connector,
    endpoint: &Endpoint,
    ticket: Option<&str>,
    upgrade: Duration,
    outer: Instant,
    step: &mut Step,
) -> Result<Socket, Failure> {
    let wire = connector.connect(endpoint, outer, step).await?;
    let started = Instant::now();
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_AHEAD)
        .write_buffer_size(0)
        .max_write_buffer_size(FRAME_MAX)
        .max_message_size(Some(FRAME_MAX))
        .max_frame_size(Some(FRAME_MAX));
    let handshake = client_async_with_config(request(endpoint, ticket)?, wire, Some(config));
    match within(upgrade, outer, handshake).await {
        Ok(Ok((socket, _))) => {
            step.phases.first_byte = Some(started.elapsed());
            Ok(socket)
        }
        Ok(Err(error)) => Err(refused(&error)),
        Err(Elapsed) => Err(Failure::deadline(Phase::FirstByte, Cause::Timeout)),
    }
}

fn request(endpoint: &Endpoint, ticket: Option<&str>) -> Result<Request, Failure> {
    let scheme = if endpoint.tls.is_some() { "wss" } else { "ws" };
    let mut request = Request::builder()
        .uri(format!("{scheme}://{}{}/", endpoint.authority, endpoint.prefix))
        .header(HOST, &endpoint.authority)
        .header(CONNECTION, HeaderValue::from_static("Upgrade"))
        .header(UPGRADE, HeaderValue::from_static("websocket"))
        .header(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"))
        .header(SEC_WEBSOCKET_KEY, generate_key())
        .header(USER_AGENT, HeaderValue::from_static(concat!("failover-probe/", env!("CARGO_PKG_VERSION"))));
    if let Some(ticket) = ticket {
        request = request.header(TICKET_HEADER, ticket);
    }
    request.body(()).map_err(|error| Failure::new(Phase::FirstByte, Cause::Protocol, false, &format!("request: {error}")))
}

/// Why there was no upgrade. A connection that ended without an answer was refused by the network, and may be tried again.
fn refused(error: &Error) -> Failure {
    let (cause, retriable) = match error {
        Error::Http(answer) => (Cause::Status(answer.status().as_u16()), false),
        Error::Io(_) | Error::Protocol(ProtocolError::HandshakeIncomplete) => (Cause::Connect, true),
        _ => (Cause::Protocol, false),
    };
    Failure::new(Phase::FirstByte, cause, retriable, &error.to_string())
}

/// Why an open socket ended.
pub(crate) fn cut(ended: Option<Result<Message, Error>>) -> Failure {
    match ended {
        Some(Ok(Message::Close(Some(frame)))) => {
            Failure::new(Phase::Answer, Cause::Protocol, false, &format!("closed by the server with {}", u16::from(frame.code)))
        }
        Some(Ok(_)) => Failure::new(Phase::Answer, Cause::Protocol, false, "closed by the server"),
        Some(Err(
            error @ (Error::Io(_)
            | Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)),
        )) => Failure::new(Phase::Answer, Cause::Connect, false, &error.to_string()),
        Some(Err(error)) => Failure::new(Phase::Answer, Cause::Protocol, false, &error.to_string()),
        None => Failure::new(Phase::Answer, Cause::Connect, false, "the connection ended"),
    }
}

/// Says goodbye and waits for the answer, within `deadline`; what still arrives goes to `late`. Returns whether the answer was 1000.
pub(crate) async fn close(mut socket: Socket, deadline: Duration, mut late: impl FnMut(&str)) -> bool {
    let goodbye = async {
        let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        if socket.close(Some(frame)).await.is_err() {
            return false;
        }
        while let Some(Ok(message)) = socket.next().await {
            match message {
                Message::Text(text) => late(&text),
                Message::Close(frame) => return frame.is_some_and(|frame| frame.code == CloseCode::Normal),
                Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
        false
    };
    // A server that does not answer is left; dropping the socket ends the connection.
    timeout(deadline, goodbye).await.unwrap_or(false)
}
