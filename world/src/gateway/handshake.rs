//! From an HTTP request to a WebSocket: `$connect` decides before the 101.

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::event::Client;
use super::{Shared, rest, session};
use crate::aws::wire::{self, Response};
use crate::aws::{Outgoing, Place};

/// A WebSocket that was let in: what its session needs.
pub(super) struct Opened {
    pub(super) upgrade: OnUpgrade,
    pub(super) client: Client,
    pub(super) place: Place,
    pub(super) outgoing: mpsc::Receiver<Outgoing>,
}

/// Whether a request asks for a WebSocket.
pub(super) fn is_asked<B>(request: &http::Request<B>) -> bool {
    wire::header(request.headers(), "upgrade").eq_ignore_ascii_case("websocket")
}

/// Lets a client in, or says why not.
pub(super) async fn open(shared: &Shared, peer: IpAddr, mut request: http::Request<Incoming>) -> Result<(Response, Opened), Response> {
    let accept = accept(request.headers()).ok_or_else(|| rest::message(StatusCode::BAD_REQUEST, "Bad Request"))?;
    let headers = request.headers();
    let user_agent = wire::header(headers, "user-agent").to_owned();
    let (place, outgoing) =
        shared.sockets.open(peer, user_agent.clone()).ok_or_else(|| rest::message(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests"))?;
    let client = Client {
        connection_id: place.id().to_owned(),
        connected_at: Timestamp::now(),
        domain_name: rest::host(headers),
        source_ip: peer,
        user_agent,
    };
    let event = client.connect(headers, request.uri().query().unwrap_or_default());
    let answer = session::invoke(shared, event).await;
    let status = answer.and_then(|answer| u16::try_from(answer.status_code).ok()).and_then(|status| StatusCode::from_u16(status).ok());
    match status {
        Some(status) if status.is_success() => {}
        Some(status) if status.is_client_error() => return Err(rest::message(status, status.canonical_reason().unwrap_or_default())),
        Some(status) if status.is_server_error() => return Err(rest::message(status, "Internal server error")),
        Some(_) | None => return Err(rest::message(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")),
    }
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    let upgrade = hyper::upgrade::on(&mut request);
    Ok((response, Opened { upgrade, client, place, outgoing }))
}

/// The accept key, if the request is a sound handshake of version 13.
fn accept(headers: &HeaderMap) -> Option<HeaderValue> {
    let upgrades = wire::header(headers, "connection").split(',').any(|token| token.trim().eq_ignore_ascii_case("upgrade"));
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
    let sound = upgrades && wire::header(headers, "sec-websocket-version") == "13" && key.len() == 24;
    sound.then(|| HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok())?
}
