//! `@connections`: records what is posted to each socket, and answers as that socket behaves.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chat::{Envelope, FRAME_BYTES_MAX};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use tokio::time::Instant;

use crate::endpoint;

/// How a socket takes a post. Those not told otherwise take everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Gone,
    Fails,
    Hangs,
}

/// All sockets of a region.
#[derive(Clone)]
pub(crate) struct Sockets {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    behaviours: BTreeMap<String, Behaviour>,
    frames: BTreeMap<String, Vec<Bytes>>,
}

impl Sockets {
    pub(crate) async fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let known = state.clone();
        let address = endpoint::serve(move |request| answer(known.clone(), request)).await;
        Self { address, state }
    }

    pub(crate) fn behave(&self, connection: &str, behaviour: Behaviour) {
        self.state.lock().unwrap().behaviours.insert(connection.to_owned(), behaviour);
    }

    /// What a socket has taken so far.
    pub(crate) fn envelopes(&self, connection: &str) -> Vec<Envelope> {
        let state = self.state.lock().unwrap();
        state.frames.get(connection).into_iter().flatten().map(|frame| serde_json::from_slice(frame).unwrap()).collect()
    }

    /// The texts a socket has taken so far.
    pub(crate) fn texts(&self, connection: &str) -> Vec<String> {
        let envelopes = self.envelopes(connection).into_iter();
        envelopes.flat_map(|envelope| envelope.messages).map(|message| message.message).collect()
    }

    /// Waits until `count` sockets have taken something.
    pub(crate) async fn wait_for(&self, count: usize) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.state.lock().unwrap().frames.len() < count {
            assert!(Instant::now() < deadline, "{count} sockets took nothing");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn answer(state: Arc<Mutex<State>>, request: Request<Bytes>) -> Response<Full<Bytes>> {
    assert_eq!(request.method(), Method::POST);
    assert!(request.headers().contains_key("authorization"), "posts are signed");
    let connection = request.uri().path().strip_prefix("/stage/@connections/").unwrap();
    // Connection ids of API Gateway end with an equals sign, which the SDK escapes.
    let connection = connection.replace("%3D", "=");
    let behaviour = state.lock().unwrap().behaviours.get(&connection).copied();
    match behaviour {
        None if request.body().len() > FRAME_BYTES_MAX => error(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeException"),
        None => {
            state.lock().unwrap().frames.entry(connection).or_default().push(request.into_body());
            Response::new(Full::default())
        }
        Some(Behaviour::Gone) => error(StatusCode::GONE, "GoneException"),
        Some(Behaviour::Fails) => error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"),
        Some(Behaviour::Hangs) => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Response::new(Full::default())
        }
    }
}

fn error(status: StatusCode, code: &str) -> Response<Full<Bytes>> {
    Response::builder().status(status).header("x-amzn-errortype", code).body(Full::new("{}".into())).unwrap()
}
