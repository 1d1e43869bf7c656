//! `GET /ws`: a browser's WebSocket, joined to one of where the WebSocket name leads for this user.
//!
//! Both sides are pinged, because a browser's page cannot: a region that is gone without a word becomes a closed socket in the page.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use http::{Request, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{Reply, Shared, refuse, rest};
use crate::user::pace::Pace;
use crate::user::reach::websocket_limits;

/// How long a browser may take to go on after the handshake was granted.
const UPGRADE_WITHIN: Duration = Duration::from_secs(5);
/// How long the last close frames may take.
const FAREWELL: Duration = Duration::from_millis(500);

pub(super) async fn answer(mut request: Request<Incoming>, shared: &Arc<Shared>) -> Reply {
    let Ok(granted) = create_response_with_body(&request, || Full::new(Bytes::new())) else {
        return refuse(StatusCode::BAD_REQUEST, "this is not a WebSocket handshake");
    };
    let Ok(permit) = Arc::clone(&shared.sockets).try_acquire_owned() else {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "too many WebSockets at a time");
    };
    let (region, address) = match shared.websocket.open(shared.pace.connect).await {
        Ok(open) => open,
        Err(error) => return rest::gone(&error),
    };
    let upgrade = hyper::upgrade::on(&mut request);
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let Ok(Ok(upgraded)) = timeout(UPGRADE_WITHIN, upgrade).await else { return };
        let browser = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(websocket_limits())).await;
        shared.stop.run_until_cancelled(join(browser, region, shared.pace)).await;
        drop(permit);
    });
    rest::served_by(granted, Some(address))
}

/// Passes frames both ways until one side is gone, and tells the other.
async fn join<B>(browser: WebSocketStream<B>, region: WebSocketStream<TcpStream>, pace: Pace)
where
    B: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let (mut to_browser, from_browser) = browser.split();
    let (mut to_region, from_region) = region.split();
    let mut browser = Side { stream: from_browser, heard: Instant::now(), pinged: false };
    let mut region = Side { stream: from_region, heard: Instant::now(), pinged: false };
    let farewell = loop {
        let passed = tokio::select! {
            heard = browser.next(&pace) => match heard {
                Heard::Frame(frame) => pass(&mut to_region, frame, &pace).await.map_err(|()| "the region took nothing any more"),
                Heard::Due => pass(&mut to_browser, Message::Ping(Bytes::new()), &pace).await.map_err(|()| "the browser is gone"),
                Heard::Gone => break None,
                Heard::Silent => break None,
            },
            heard = region.next(&pace) => match heard {
                Heard::Frame(frame) => pass(&mut to_browser, frame, &pace).await.map_err(|()| "the browser is gone"),
                Heard::Due => pass(&mut to_region, Message::Ping(Bytes::new()), &pace).await.map_err(|()| "the region took nothing any more"),
                Heard::Gone => break Some("the region closed the socket"),
                Heard::Silent => break Some("the region went silent"),
            },
        };
        if let Err(reason) = passed {
            break Some(reason);
        }
    };
    let close = farewell.map(|reason| CloseFrame { code: CloseCode::Error, reason: reason.into() });
    let _ = timeout(FAREWELL, async { tokio::join!(to_browser.send(Message::Close(close)), to_region.close()) }).await;
}

/// One side's frames, and whether it still lives.
struct Side<S> {
    stream: S,
    heard: Instant,
    pinged: bool,
}

enum Heard {
    /// Text or bytes to pass on.
    Frame(Message),
    /// It was quiet for long: time to ping it.
    Due,
    /// Closed or broken.
    Gone,
    /// It did not answer the ping.
    Silent,
}

impl<S: Stream<Item = Result<Message, Error>> + Unpin> Side<S> {
    async fn next(&mut self, pace: &Pace) -> Heard {
        loop {
            let wait = if self.pinged { pace.ping_every + pace.pong_within } else { pace.ping_every };
            tokio::select! {
                frame = self.stream.next() => {
                    self.heard = Instant::now();
                    self.pinged = false;
                    match frame {
                        Some(Ok(frame @ (Message::Text(_) | Message::Binary(_)))) => return Heard::Frame(frame),
                        // The other side of this hop answers pings by itself.
                        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                        Some(Ok(Message::Close(_)) | Err(_)) | None => return Heard::Gone,
                    }
                }
                () = sleep_until(self.heard + wait) => {
                    if self.pinged {
                        return Heard::Silent;
                    }
                    self.pinged = true;
                    return Heard::Due;
                }
            }
        }
    }
}

async fn pass<S: Sink<Message> + Unpin>(to: &mut S, frame: Message, pace: &Pace) -> Result<(), ()> {
    match timeout(pace.echo_within, to.send(frame)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(()),
    }
}
