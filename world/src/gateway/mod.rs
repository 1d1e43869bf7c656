//! API Gateway of one region: the HTTP API and the WebSocket API of the chat on one port, calling its Lambda handlers.
//!
//! Plain HTTP; the routes and limits of the real service, none of its management.

mod event;
mod handshake;
mod rest;
mod session;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use chat::Chat;
use decision::RegionName;
use http::StatusCode;
use hyper::body::Incoming;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::aws::Sockets;
use crate::aws::wire::{self, Answer};
use crate::fault::{Component, Faults};
use crate::net;
use crate::speed::Speed;
use handshake::Opened;

/// How to start a region's gateway.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The region.
    pub region: RegionName,
    /// The address to bind.
    pub ip: IpAddr,
    /// The port; 0 is any.
    pub port: u16,
    /// The handlers.
    pub chat: Chat,
    /// The region's sockets, which its `@connections` pushes to.
    pub sockets: Sockets,
    /// What is broken.
    pub faults: Faults,
    /// How fast the clock runs.
    pub speed: Speed,
    /// Ends everything.
    pub stop: CancellationToken,
}

/// A gateway, running until its `stop`.
#[derive(Debug, Clone)]
pub struct Gateway {
    addr: SocketAddr,
}

/// What every connection of a gateway shares.
#[derive(Debug)]
struct Shared {
    region: RegionName,
    chat: Chat,
    sockets: Sockets,
    faults: Faults,
    speed: Speed,
}

impl Shared {
    fn is_on(&self, component: Component) -> bool {
        self.faults.is_on(&self.region, component)
    }
}

impl Gateway {
    /// Starts a gateway.
    ///
    /// # Errors
    /// The address cannot be bound.
    pub async fn start(settings: Settings) -> std::io::Result<Self> {
        let Settings { region, ip, port, chat, sockets, faults, speed, stop } = settings;
        let listener = net::bind(SocketAddr::new(ip, port))?;
        let addr = listener.local_addr()?;
        let gone = (region.clone(), Component::Region);
        let shared = Arc::new(Shared { region, chat, sockets, faults: faults.clone(), speed });
        tokio::spawn(net::serve(
            listener,
            faults,
            move |faults| faults.contains(&gone),
            stop,
            move |stream| serve(Arc::clone(&shared), stream),
        ));
        Ok(Self { addr })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

/// Serves one connection: requests, and when one of them is upgraded, the WebSocket until its end. Everything happens within this
/// future, so that dropping it cuts the socket.
async fn serve(shared: Arc<Shared>, stream: TcpStream) {
    let Ok(peer) = stream.peer_addr() else { return };
    let (opened, mut upgraded) = tokio::sync::mpsc::channel::<Opened>(1);
    wire::serve(stream, |request| answer(&shared, peer.ip(), &opened, request)).await;
    drop(opened);
    if let Some(opened) = upgraded.recv().await {
        session::run(&shared, opened).await;
    }
}

async fn answer(shared: &Shared, peer: IpAddr, opened: &tokio::sync::mpsc::Sender<Opened>, request: http::Request<Incoming>) -> Answer {
    if !handshake::is_asked(&request) {
        return rest::answer(shared, peer, request).await;
    }
    if shared.is_on(Component::Websocket) {
        return Answer::Response(rest::message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"));
    }
    match handshake::open(shared, peer, request).await {
        Ok((response, session)) => match opened.try_send(session) {
            Ok(()) => Answer::Response(response),
            Err(_) => Answer::Cut,
        },
        Err(refusal) => Answer::Response(refusal),
    }
}
