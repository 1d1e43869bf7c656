//! Who may ask, and for what: names, sites, sign-in, roles, limits, headers. It stands before every handler, and knows none.
//!
//! What it holds against: other sites in the operator's browser, other machines, people who may only look, clients that are slow, many or broken.
//! What it cannot hold against: whoever runs code as the operator on the operator's machine; there AWS credentials lie open too.

#[cfg(test)]
mod any_text;
mod auth;
mod cookie;
mod door;
mod fetch;
mod form;
mod headers;
mod key;
mod keys;
mod limits;
mod link;
mod origin;
mod person;
mod proxy;
mod refusal;
mod secret;
mod serve;
mod session;
mod stream;
mod token;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::middleware::from_fn_with_state;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub use self::auth::{Auth, AuthError, Loopback, Proxy, ProxySettings, Secret};
pub use self::limits::Limits;
use self::link::Links;
use self::origin::Names;
pub use self::person::{Operator, Person, Role};
pub use self::refusal::Refusal;
use self::secret::Seal;
pub use self::serve::serve;
use self::session::Sessions;
pub use self::token::TokenFault;
use crate::settings::Clock;

/// Our own files. Nothing below it is secret: whoever is not signed in gets them too.
pub(crate) const STATIC: &str = "/static/";
/// Where a sign-in link leads.
pub(crate) const SIGN_IN: &str = "/sign-in";
/// Where the form posts that ends a session.
pub(crate) const SIGN_OUT: &str = "/sign-out";
/// What machines read: on loopback without signing in.
pub(crate) const METRICS: &str = "/metrics";
/// What load balancers ask.
pub(crate) const HEALTH: &str = "/health";

/// The guard of one dashboard. Cheap to clone; every clone is the same guard.
#[derive(Clone)]
pub struct Guard(Arc<Inner>);

struct Inner {
    auth: Auth,
    names: Names,
    limits: Limits,
    clock: Clock,
    seal: Seal,
    sessions: Mutex<Sessions>,
    links: Mutex<Links>,
    streams: Arc<Semaphore>,
    closing: CancellationToken,
}

impl Guard {
    /// A guard that answers under `hosts` alone, as they stand in `Host`. Sessions and tokens end by `clock`: the machine's, never one that runs faster.
    #[must_use]
    pub fn new(auth: Auth, hosts: &[String], limits: Limits, clock: Clock) -> Self {
        let closing = CancellationToken::new();
        let shared = match &auth {
            Auth::Proxy(proxy) => proxy.form_secret.as_ref().map(|secret| secret.0.as_bytes()),
            Auth::Loopback(_) => None,
        };
        Self(Arc::new(Inner {
            names: Names::new(hosts, auth.is_behind_tls()),
            seal: Seal::new(shared),
            sessions: Mutex::new(Sessions::new(closing.clone())),
            links: Mutex::default(),
            streams: Arc::new(Semaphore::new(limits.streams.min(Semaphore::MAX_PERMITS))),
            auth,
            limits,
            clock,
            closing,
        }))
    }

    /// `open` behind every rule of this guard.
    pub fn around(&self, open: Router) -> Router {
        open.layer(from_fn_with_state(self.clone(), door::pass))
    }

    /// The path of a new sign-in link, to be put behind `http://` and one of the hosts: works once, within 15 minutes. None behind a proxy.
    #[must_use]
    pub fn sign_in_path(&self) -> Option<String> {
        match self.0.auth {
            Auth::Loopback(_) => Some(format!("{SIGN_IN}?link={}", self.links().issue(self.0.clock.now()))),
            Auth::Proxy(_) => None,
        }
    }

    /// Fetches the keys of a sign-in proxy ahead of the first person. That they cannot be had is logged, and tried again when somebody comes.
    pub async fn warm(&self) {
        if let Auth::Proxy(proxy) = &self.0.auth {
            proxy.keys.warm().await;
        }
    }

    /// Serves `guarded` on `listener` until [`Guard::close`].
    ///
    /// # Errors
    /// The listener has an address at which people cannot sign in this way ([`Auth::may_listen`]), or none.
    pub async fn serve(&self, listener: TcpListener, guarded: Router) -> io::Result<()> {
        let address = listener.local_addr()?;
        self.0.auth.may_listen(address).map_err(|error| io::Error::new(io::ErrorKind::PermissionDenied, error))?;
        serve(listener, guarded, self.0.limits, self.0.closing.clone()).await;
        Ok(())
    }

    /// Ends every event stream, and the server.
    pub fn close(&self) {
        self.0.closing.cancel();
    }

    /// Fires with [`Guard::close`].
    #[must_use]
    pub fn closing(&self) -> CancellationToken {
        self.0.closing.clone()
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.0.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn links(&self) -> MutexGuard<'_, Links> {
        self.0.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The names under which a dashboard on loopback is asked: those of `address`, and `localhost`.
#[must_use]
pub fn loopback_hosts(address: SocketAddr) -> Vec<String> {
    vec![address.to_string(), format!("localhost:{}", address.port())]
}
