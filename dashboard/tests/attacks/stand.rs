//! A guarded server with one handler of each kind: reads, writes (counted), streams, own files, and one that never answers.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::sse::{Event, Sse};
use axum::routing::{get, post};
use dashboard::{Auth, Clock, Guard, Limits, Operator, Person, Role, loopback_hosts};
use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::wire::{Answer, Ask, send};

/// The public name behind a sign-in proxy.
pub(crate) const PUBLIC: &str = "failover.example.com";

pub(crate) struct Stand {
    pub(crate) addr: SocketAddr,
    pub(crate) guard: Guard,
    pub(crate) host: String,
    writes: Arc<AtomicUsize>,
    later: Arc<AtomicI64>,
    /// Lets the answer of `/waits` go.
    pub(crate) go: Arc<Notify>,
    /// Told when the endless answer is dropped.
    pub(crate) dropped: Arc<Notify>,
    pub(crate) serving: JoinHandle<std::io::Result<()>>,
}

/// What a browser holds once it is signed in.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

impl Stand {
    /// One on loopback, for an operator.
    pub(crate) async fn loopback() -> Self {
        Self::with(Auth::loopback("ana", Role::Operator).unwrap(), Limits::default()).await
    }

    pub(crate) async fn with(auth: Auth, limits: Limits) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (host, hosts) = match &auth {
            Auth::Loopback(_) => (addr.to_string(), loopback_hosts(addr)),
            Auth::Proxy(_) => (PUBLIC.to_owned(), vec![PUBLIC.to_owned()]),
        };
        let (writes, later) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicI64::new(0)));
        let (dropped, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let told = later.clone();
        let clock = Clock::new(move || Timestamp::now() + SignedDuration::from_secs(told.load(Ordering::SeqCst)));
        let guard = Guard::new(auth, &hosts, limits, clock);
        let router = guard.around(routes(&dropped, &go).with_state(writes.clone()));
        let serving = tokio::spawn({
            let guard = guard.clone();
            async move { guard.serve(listener, router).await }
        });
        Self { addr, guard, host, writes, later, go, dropped, serving }
    }

    /// Moves the clock of sessions, links and tokens on.
    pub(crate) fn wait(&self, by: SignedDuration) {
        self.later.fetch_add(by.as_secs(), Ordering::SeqCst);
    }

    pub(crate) fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    pub(crate) async fn ask(&self, ask: Ask) -> Answer {
        send(self.addr, &ask.bytes(&self.host)).await
    }

    /// A browser that has opened a fresh link.
    pub(crate) async fn signed_in(&self) -> Browser {
        let answer = self.ask(Ask::get(&self.guard.sign_in_path().unwrap())).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let set = answer.header("set-cookie").unwrap();
        let cookie = set.split(';').next().unwrap().to_owned();
        let csrf = self.token_of(Ask::get("/").with("Cookie", &cookie)).await;
        Browser { cookie, csrf }
    }

    /// The token that the page of `ask` carries.
    pub(crate) async fn token_of(&self, ask: Ask) -> String {
        let page = self.ask(ask).await;
        assert_eq!(page.status, 200, "{page:?}");
        page.body.lines().nth(2).unwrap().to_owned()
    }

    /// A drain as the page itself would send it.
    pub(crate) fn drain(&self, by: &Browser) -> Ask {
        let origin = format!("http://{}", self.host);
        Ask::post("/drain", &format!("region=eu-west-2&csrf={}", by.csrf))
            .with("Cookie", &by.cookie)
            .with("Origin", &origin)
            .with("Sec-Fetch-Site", "same-origin")
    }
}

fn routes(dropped: &Arc<Notify>, go: &Arc<Notify>) -> Router<Arc<AtomicUsize>> {
    let (dropped, go) = (dropped.clone(), go.clone());
    Router::new()
        .route("/", get(async |by: Person| format!("{}\n{}\n{}", by.actor, by.role.as_str(), by.csrf)))
        .route("/api/v1/state", get(async |_: Person| "{}"))
        .route("/drain", post(drain))
        .route("/careless", post(async |State(writes): State<Arc<AtomicUsize>>| writes.fetch_add(1, Ordering::SeqCst).to_string()))
        .route("/events", get(events))
        .route("/static/live.js", get(async || "// ours"))
        .route("/slow", get(async |_: Person| std::future::pending::<String>().await))
        .route("/waits", get(async move |_: Person| go.notified().await))
        .route("/metrics", get(async |by: Person| by.actor))
        .route("/endless", get(async move |_: Person| endless(dropped.clone())))
}

async fn drain(State(writes): State<Arc<AtomicUsize>>, Operator(by): Operator, _body: String) -> String {
    writes.fetch_add(1, Ordering::SeqCst);
    format!("drained by {}", by.actor)
}

/// More than anybody takes.
fn endless(dropped: Arc<Notify>) -> Body {
    let tell = Tell(dropped);
    Body::from_stream(futures_util::stream::repeat_with(move || {
        let _held = &tell;
        Ok::<_, Infallible>(vec![b'x'; 64 * 1024])
    }))
}

struct Tell(Arc<Notify>);

impl Drop for Tell {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

async fn events(_: Person) -> Sse<impl futures_util::Stream<Item = Result<Event, Infallible>>> {
    let first = futures_util::stream::once(async { Ok(Event::default().data("first")) });
    Sse::new(first.chain(futures_util::stream::pending()))
}
