//! One live WebSocket: messages in, pushes out, and the limits that end it.

use std::time::Duration;

use aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use aws_lambda_events::encodings::Body;
use bytes::Bytes;
use futures_util::stream::FuturesUnordered;
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WireError, Message};

use super::Shared;
use super::event::Client;
use super::handshake::Opened;
use crate::aws::{Outgoing, Place};
use crate::fault::Component;

/// The largest frame, in bytes [APIGW].
const FRAME_BYTES_MAX: usize = 32 * 1024;
/// The largest message, in bytes [APIGW].
const MESSAGE_BYTES_MAX: usize = 128 * 1024;
/// How long a socket may stay silent [APIGW].
const IDLE: Duration = Duration::from_secs(10 * 60);
/// How long a socket may live [APIGW].
const LIFE: Duration = Duration::from_secs(2 * 60 * 60);
/// The longest an integration may take [APIGW].
const INTEGRATION_DEADLINE: Duration = Duration::from_secs(29);
/// And at least, at any speed: handlers run on this machine's clock.
pub(super) const INTEGRATION_DEADLINE_MIN: Duration = Duration::from_secs(5);
/// How long one frame may take to leave.
const WRITE_DEADLINE: Duration = Duration::from_secs(10);
/// How long the upgrade, and a goodbye, may take.
const HAND_DEADLINE: Duration = Duration::from_secs(5);
/// How long `$disconnect` waits for messages that are in work: AWS notices a closed socket some time after its last message.
const LEAVE: Duration = Duration::from_secs(1);
/// Messages of one socket in work at a time; further ones wait unread.
const IN_WORK_MAX: usize = 16;

type Socket = WebSocketStream<TokioIo<Upgraded>>;
/// A message in work, and what will be answered to it.
type Reply<'a> = std::pin::Pin<Box<dyn Future<Output = Option<Bytes>> + Send + 'a>>;

/// How a socket ended.
struct Ended {
    code: u16,
    reason: &'static str,
    /// Whether the client is told.
    goodbye: bool,
}

impl Ended {
    const fn told(code: u16, reason: &'static str) -> Self {
        Self { code, reason, goodbye: true }
    }

    const fn cut(reason: &'static str) -> Self {
        Self { code: 1006, reason, goodbye: false }
    }
}

/// Serves a socket to its end, then tells the chat.
pub(super) async fn run(shared: &Shared, opened: Opened) {
    let Opened { upgrade, client, place, outgoing } = opened;
    let ended = match tokio::time::timeout(HAND_DEADLINE, upgrade).await {
        Ok(Ok(upgraded)) => {
            let config = WebSocketConfig::default()
                .read_buffer_size(16 * 1024)
                .write_buffer_size(0)
                .max_write_buffer_size(4 * MESSAGE_BYTES_MAX)
                .max_frame_size(Some(FRAME_BYTES_MAX))
                .max_message_size(Some(MESSAGE_BYTES_MAX));
            let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
            let mut in_work = FuturesUnordered::new();
            let ended = live(shared, &client, &place, outgoing, &mut socket, &mut in_work).await;
            if ended.goodbye {
                let frame = CloseFrame { code: CloseCode::from(ended.code), reason: ended.reason.into() };
                let _ = tokio::time::timeout(HAND_DEADLINE, socket.close(Some(frame))).await;
            }
            drop(socket);
            let _ = tokio::time::timeout(LEAVE, in_work.collect::<Vec<_>>()).await;
            ended
        }
        Ok(Err(_)) | Err(_) => Ended::cut("the upgrade failed"),
    };
    drop(place);
    let _ = invoke(shared, client.disconnect(ended.code, ended.reason)).await;
}

/// Calls the handler. `None` when it takes longer than a gateway waits. An invocation that began goes on when its caller is gone, as
/// Lambda's do. One that outlives its region writes nothing there: the chat's endpoint is down with `Region`, and open calls are cut.
pub(super) async fn invoke(shared: &Shared, event: ApiGatewayWebsocketProxyRequest) -> Option<ApiGatewayProxyResponse> {
    let (chat, deadline) = (shared.chat.clone(), shared.speed.scale(INTEGRATION_DEADLINE).max(INTEGRATION_DEADLINE_MIN));
    let invocation = tokio::spawn(async move { tokio::time::timeout(deadline, chat.websocket(event)).await.ok() });
    invocation.await.ok().flatten()
}

async fn live<'a>(
    shared: &'a Shared,
    client: &'a Client,
    place: &Place,
    mut outgoing: tokio::sync::mpsc::Receiver<Outgoing>,
    socket: &mut Socket,
    in_work: &mut FuturesUnordered<Reply<'a>>,
) -> Ended {
    let idle = shared.speed.scale(IDLE);
    let life = Instant::now() + shared.speed.scale(LIFE);
    let mut silent = Instant::now();
    let mut faults = shared.faults.watch();
    loop {
        if shared.is_on(Component::Websocket) {
            return Ended::cut("cut by a fault");
        }
        let out = tokio::select! {
            changed = faults.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return Ended::told(1001, "Going away"),
            },
            () = tokio::time::sleep_until((silent + idle).min(life)) => {
                let reason = if Instant::now() >= life { "Connection duration limit" } else { "Idle connection" };
                return Ended::told(1001, reason);
            }
            Some(reply) = in_work.next() => match reply {
                Some(bytes) => bytes,
                None => continue,
            },
            pushed = outgoing.recv() => match pushed {
                Some(Outgoing::Message(bytes)) => bytes,
                Some(Outgoing::Close) | None => return Ended::told(1000, "Connection closed by the server"),
            },
            received = socket.next(), if in_work.len() < IN_WORK_MAX => {
                silent = Instant::now();
                place.touch();
                match received {
                    Some(Ok(Message::Text(text))) => in_work.push(Box::pin(reply(shared, client, client.message(text.as_str())))),
                    Some(Ok(Message::Binary(bytes))) => in_work.push(Box::pin(reply(shared, client, client.binary(&bytes)))),
                    Some(Ok(Message::Close(frame))) => {
                        let code = frame.map_or(1005, |frame| frame.code.into());
                        // The protocol has its answer ready below; a client that closes in order waits for it.
                        let _ = tokio::time::timeout(WRITE_DEADLINE, socket.flush()).await;
                        return Ended { code, reason: "Closed by the client", goodbye: false };
                    }
                    // Pings are answered by the protocol below, as soon as something reads or writes.
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {
                        let _ = tokio::time::timeout(WRITE_DEADLINE, socket.flush()).await;
                    }
                    Some(Err(WireError::Capacity(_))) => return Ended::told(1009, "Message too big"),
                    Some(Err(WireError::Protocol(_) | WireError::Utf8(_))) => return Ended::told(1002, "Protocol error"),
                    Some(Err(_)) | None => return Ended::cut("the connection is gone"),
                }
                continue;
            }
        };
        silent = Instant::now();
        place.touch();
        match tokio::time::timeout(WRITE_DEADLINE, socket.send(message(out))).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return Ended::cut("the client does not read"),
        }
    }
}

/// A message of the client to the handler, and what it answers: the route's response, when it has a body.
async fn reply(shared: &Shared, client: &Client, event: ApiGatewayWebsocketProxyRequest) -> Option<Bytes> {
    let request_id = event.request_context.request_id.clone();
    match invoke(shared, event).await.map(|answer| answer.body) {
        Some(Some(Body::Text(text))) if !text.is_empty() => Some(text.into()),
        Some(Some(Body::Binary(bytes))) if !bytes.is_empty() => Some(bytes.into()),
        Some(_) => None,
        None => {
            let frame = json!({ "message": "Endpoint request timed out", "connectionId": client.connection_id, "requestId": request_id });
            Some(frame.to_string().into())
        }
    }
}

fn message(bytes: Bytes) -> Message {
    match std::str::from_utf8(&bytes) {
        Ok(text) => Message::text(text),
        Err(_) => Message::binary(bytes),
    }
}
