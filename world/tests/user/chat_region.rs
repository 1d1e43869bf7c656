//! Regions that speak the chat's wire over real sockets, one table for all of them, each with troubles that can be switched.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use decision::RegionName;
use futures_util::{SinkExt, StreamExt};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::sync::{broadcast, watch};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as WsMessage;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_util::sync::{CancellationToken, DropGuard};
use world::fault::{Component, Faults};
use world::net;
use world::user::wire::{Message, MessageId};

pub(crate) const REST: &str = "api.chat.test";
pub(crate) const WEBSOCKET: &str = "api-ws.chat.test";

/// One table behind all regions: replication without lag.
#[derive(Clone)]
pub(crate) struct Table {
    rows: Arc<Mutex<Vec<Message>>>,
    stream: broadcast::Sender<Message>,
}

impl Table {
    pub(crate) fn ids(&self) -> Vec<MessageId> {
        self.rows.lock().unwrap().iter().map(|row| row.id.clone()).collect()
    }

    /// Stores a message once per id, and streams it.
    pub(crate) fn put(&self, id: &str, text: &str, region: &RegionName) {
        let mut rows = self.rows.lock().unwrap();
        let id = MessageId::try_from(id.to_owned()).unwrap();
        if rows.iter().any(|row| row.id == id) {
            return;
        }
        let ts = 1_800_000_000_000 + i64::try_from(rows.len()).unwrap();
        let row = Message { id, ts, message: text.to_owned(), source: "someone".to_owned(), region: region.clone() };
        rows.push(row.clone());
        let _ = self.stream.send(row);
    }
}

/// What can be wrong with a region, besides being gone.
#[derive(Default)]
pub(crate) struct Trouble {
    /// The handshake is refused with 503.
    pub(crate) handshake: AtomicBool,
    /// Open sockets neither read nor answer.
    pub(crate) hang: AtomicBool,
    /// Messages are stored and never pushed.
    pub(crate) stream: AtomicBool,
    /// Every push is sent twice.
    pub(crate) double: AtomicBool,
    /// So many sends are answered with an error frame.
    pub(crate) errors: AtomicUsize,
    /// A text that is never taken: refused for good, each time it is sent.
    pub(crate) unwelcome: Mutex<Option<String>>,
    /// How often it was sent.
    pub(crate) refusals: AtomicUsize,
    /// After so many further stored messages the socket is cut before the push.
    pub(crate) cut_after: AtomicUsize,
    /// REST answers 500.
    pub(crate) rest: AtomicBool,
    /// REST never answers.
    pub(crate) rest_hole: AtomicBool,
}

pub(crate) struct Region {
    pub(crate) name: RegionName,
    pub(crate) address: SocketAddr,
    pub(crate) trouble: Arc<Trouble>,
    faults: Faults,
    cut: watch::Sender<u64>,
    handshakes: Arc<AtomicUsize>,
    _stop: DropGuard,
}

pub(crate) struct Chat {
    pub(crate) table: Table,
    pub(crate) regions: Vec<Region>,
    pub(crate) port: u16,
}

impl Chat {
    /// As many regions as names, each on its own loopback address, all on one port.
    pub(crate) fn start(names: &[&str]) -> Self {
        let table = Table { rows: Arc::default(), stream: broadcast::Sender::new(1024) };
        let address = |index: usize, port: u16| SocketAddr::from((Ipv4Addr::new(127, 0, 10 + u8::try_from(index).unwrap(), 1), port));
        let listeners = 'ports: loop {
            let mut listeners = vec![net::bind(address(0, 0)).unwrap()];
            let port = listeners[0].local_addr().unwrap().port();
            for index in 1..names.len() {
                match net::bind(address(index, port)) {
                    Ok(listener) => listeners.push(listener),
                    Err(_) => continue 'ports,
                }
            }
            break listeners;
        };
        let port = listeners[0].local_addr().unwrap().port();
        let regions = names.iter().zip(listeners).map(|(name, listener)| Region::start(name, listener, &table)).collect();
        Self { table, regions, port }
    }

    pub(crate) fn ip(&self, index: usize) -> Ipv4Addr {
        match self.regions[index].address {
            SocketAddr::V4(address) => *address.ip(),
            SocketAddr::V6(_) => unreachable!("bound to IPv4"),
        }
    }
}

struct Shared {
    name: RegionName,
    table: Table,
    trouble: Arc<Trouble>,
    cut: watch::Sender<u64>,
    handshakes: Arc<AtomicUsize>,
}

impl Region {
    fn start(name: &str, listener: tokio::net::TcpListener, table: &Table) -> Self {
        let name = RegionName::new(name).unwrap();
        let address = listener.local_addr().unwrap();
        let (faults, stop, cut) = (Faults::default(), CancellationToken::new(), watch::Sender::new(0));
        let (trouble, handshakes) = (Arc::<Trouble>::default(), Arc::<AtomicUsize>::default());
        let shared = Arc::new(Shared {
            name: name.clone(),
            table: table.clone(),
            trouble: Arc::clone(&trouble),
            cut: cut.clone(),
            handshakes: Arc::clone(&handshakes),
        });
        let gone = {
            let name = name.clone();
            move |on: &BTreeSet<(RegionName, Component)>| on.contains(&(name.clone(), Component::Region))
        };
        tokio::spawn(net::serve(listener, faults.clone(), gone, stop.clone(), move |stream| {
            let shared = Arc::clone(&shared);
            async move {
                let service = service_fn(move |request| {
                    let shared = Arc::clone(&shared);
                    async move { Ok::<_, Infallible>(answer(request, &shared).await) }
                });
                let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await;
            }
        }));
        Self { name, address, trouble, faults, cut, handshakes, _stop: stop.drop_guard() }
    }

    /// Refuses connections and cuts open ones, or comes back.
    pub(crate) fn gone(&self, gone: bool) {
        self.faults.set(&self.name, Component::Region, gone);
        if gone {
            self.cut_sockets();
        }
    }

    pub(crate) fn cut_sockets(&self) {
        self.cut.send_modify(|epoch| *epoch += 1);
    }

    pub(crate) fn handshakes(&self) -> usize {
        self.handshakes.load(Ordering::SeqCst)
    }
}

fn reply(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut reply = Response::new(Full::new(Bytes::from(body)));
    *reply.status_mut() = status;
    reply.headers_mut().insert("content-type", "application/json".parse().unwrap());
    reply.headers_mut().insert("access-control-allow-origin", "*".parse().unwrap());
    reply.headers_mut().insert("set-cookie", "secret=1".parse().unwrap());
    reply
}

async fn answer(mut request: Request<Incoming>, shared: &Arc<Shared>) -> Response<Full<Bytes>> {
    let host = request.headers()["host"].to_str().unwrap().rsplit_once(':').unwrap().0.to_owned();
    if host == WEBSOCKET {
        shared.handshakes.fetch_add(1, Ordering::SeqCst);
        if shared.trouble.handshake.load(Ordering::SeqCst) {
            return reply(StatusCode::SERVICE_UNAVAILABLE, json!({"message": "no"}).to_string());
        }
        let granted = create_response_with_body(&request, || Full::new(Bytes::new())).unwrap();
        let upgrade = hyper::upgrade::on(&mut request);
        // Subscribed before the handshake is granted: what is stored from here on is pushed.
        let (stream, mut cut) = (shared.table.stream.subscribe(), shared.cut.subscribe());
        cut.mark_unchanged();
        let shared = Arc::clone(shared);
        tokio::spawn(async move {
            let Ok(upgraded) = upgrade.await else { return };
            let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
            serve_socket(socket, stream, cut, &shared).await;
        });
        return granted;
    }
    assert_eq!(host, REST, "a request came for a name that is none of ours");
    assert!(request.headers().get("cookie").is_none(), "a cookie was forwarded");
    if shared.trouble.rest_hole.load(Ordering::SeqCst) {
        std::future::pending::<()>().await;
    }
    if shared.trouble.rest.load(Ordering::SeqCst) {
        return reply(StatusCode::INTERNAL_SERVER_ERROR, json!({"error": "broken"}).to_string());
    }
    if request.uri().path() != "/history" {
        return reply(StatusCode::NOT_FOUND, json!({"error": "not found"}).to_string());
    }
    let rows = shared.table.rows.lock().unwrap();
    let newest: Vec<&Message> = rows.iter().rev().take(100).collect();
    reply(StatusCode::OK, json!({"messages": newest, "region": shared.name}).to_string())
}

async fn serve_socket<S>(
    socket: WebSocketStream<S>,
    mut stream: broadcast::Receiver<Message>,
    mut cut: watch::Receiver<u64>,
    shared: &Shared,
) where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let (mut sink, mut frames) = socket.split();
    loop {
        if shared.trouble.hang.load(Ordering::SeqCst) {
            // Looks again now and then, so that a test can end the trouble.
            tokio::select! {
                _ = cut.changed() => return,
                () = tokio::time::sleep(Duration::from_millis(20)) => continue,
            }
        }
        tokio::select! {
            _ = cut.changed() => return,
            frame = frames.next() => match frame {
                Some(Ok(WsMessage::Text(text))) => {
                    let error = shared.trouble.errors.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
                    if error {
                        let _ = sink.send(WsMessage::text(json!({"error": "the table failed", "action": "send"}).to_string())).await;
                        continue;
                    }
                    let said: serde_json::Value = serde_json::from_str(&text).unwrap();
                    assert_eq!(said["action"], "send");
                    if said["message"].as_str() == shared.trouble.unwelcome.lock().unwrap().as_deref() {
                        shared.trouble.refusals.fetch_add(1, Ordering::SeqCst);
                        let refusal = json!({"error": "this is not taken", "action": "send", "id": said["id"], "again": false});
                        let _ = sink.send(WsMessage::text(refusal.to_string())).await;
                        continue;
                    }
                    shared.table.put(said["id"].as_str().unwrap(), said["message"].as_str().unwrap(), &shared.name);
                    let left = shared.trouble.cut_after.load(Ordering::SeqCst);
                    if left > 0 {
                        shared.trouble.cut_after.store(left - 1, Ordering::SeqCst);
                        if left == 1 {
                            return;
                        }
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
            row = stream.recv() => {
                let Ok(row) = row else { return };
                if shared.trouble.stream.load(Ordering::SeqCst) {
                    continue;
                }
                let push = json!({"messages": [row], "region": shared.name}).to_string();
                let times = if shared.trouble.double.load(Ordering::SeqCst) { 2 } else { 1 };
                for _ in 0..times {
                    if sink.send(WsMessage::text(push.clone())).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}
