//! The dashboard: what the documents of every observer and DNS say about a service, as pages, as JSON and as metrics, and the drains, holds and
//! resumes of people who may write.
//!
//! It decides nothing and keeps nothing: all it shows is read from the observers' SSM and from DNS, all it writes are intents, by the code that the
//! CLI writes them with. `state` looks, `api` and `pages` show and write, `guard` says who may.

mod api;
mod app;
mod ask;
pub mod deployed;
pub mod dns;
mod guard;
pub mod model;
mod pages;
mod settings;
mod state;
mod write;

use std::io;

use axum::Router;
use tokio::net::TcpListener;

use self::app::App;
pub use self::deployed::Deployed;
pub use self::guard::{
    Auth, AuthError, Guard, Limits, Loopback, Operator, Person, Proxy, ProxySettings, Refusal, Role, Secret, TokenFault, loopback_hosts,
    serve,
};
pub use self::settings::{Clock, Names, Pace, Settings};
pub use self::state::{Answered, DnsState, Documents, Point, RegionState, Seen, Snapshot};

/// A dashboard of one service. Cheap to clone; every clone is the same dashboard.
#[derive(Clone)]
pub struct Dashboard {
    app: App,
}

impl Dashboard {
    /// A dashboard with these settings. Nothing is read before [`Dashboard::watch`] runs.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { app: App::new(settings) }
    }

    /// Everything that it answers over HTTP, guarded.
    pub fn router(&self) -> Router {
        let open = Router::new().merge(pages::routes()).merge(api::routes()).with_state(self.app.clone());
        self.app.guard.around(open)
    }

    /// Looks and answers on `listener` until `shutdown`, then ends open streams and finishes what is under way.
    ///
    /// # Errors
    /// The listener has an address at which people cannot sign in this way, or none.
    pub async fn serve(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let looking = self.clone();
        let looking = tokio::spawn(async move { looking.watch().await });
        let guard = self.app.guard.clone();
        guard.warm().await;
        let serving = guard.serve(listener, self.router());
        tokio::pin!(serving);
        let served = tokio::select! {
            served = serving.as_mut() => served,
            () = shutdown => {
                self.stop();
                serving.await
            }
        };
        self.stop();
        let _ = looking.await;
        served
    }

    /// Who may ask: it issues sign-in links, and serves.
    #[must_use]
    pub fn guard(&self) -> &Guard {
        &self.app.guard
    }

    /// Looks at the service again and again, until [`Dashboard::stop`]. Runs beside the server, or never on a Lambda, where every request looks for itself.
    pub async fn watch(&self) {
        self.app.watch().run().await;
    }

    /// Ends the watch and every open stream, so that a server can shut down while pages are open.
    pub fn stop(&self) {
        self.app.watch().stop();
        self.app.guard.close();
    }
}
