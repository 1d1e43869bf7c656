//! The demo's dashboard: on loopback, for whoever has the link that the demo prints.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use dashboard::{Dashboard, Role};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::folder::Folder;
use crate::args::DemoArgs;
use crate::command::dashboard::{by_link, dashboard, link, listen, url};
use crate::config::Config;
use crate::failure::Failure;
use crate::service::Service;

/// The dashboard, listening, not yet answering.
pub(super) struct Page {
    dashboard: Dashboard,
    listener: TcpListener,
    url: String,
    link: String,
}

/// The dashboard, answering.
pub(super) struct Open {
    dashboard: Dashboard,
    serving: JoinHandle<()>,
}

impl Page {
    /// A dashboard of the world that the folder's configuration leads to.
    pub(super) async fn open(folder: &Folder, args: &DemoArgs) -> Result<Self, Failure> {
        let config = read(&folder.config())?;
        let service = Service::of(config, None).await;
        let listener = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, args.dashboard_port))).await?;
        let dashboard = dashboard(&service, &listener, by_link(Role::Operator)?, "this demo".to_owned(), &[])?;
        let url = url(&listener)?;
        let link = link(&dashboard, &url).unwrap_or_else(|| url.clone());
        Ok(Self { dashboard, listener, url, link })
    }

    /// Its address.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The link that signs in, once.
    pub(super) fn link(&self) -> String {
        self.link.clone()
    }

    /// Answers from now on.
    pub(super) fn serve(self) -> Open {
        let (dashboard, listener) = (self.dashboard.clone(), self.listener);
        let serving = tokio::spawn(async move {
            if let Err(error) = dashboard.serve(listener, std::future::pending()).await {
                tracing::warn!(%error, "the dashboard does not answer");
            }
        });
        Open { dashboard: self.dashboard, serving }
    }
}

impl Open {
    /// Ends it, streams that are open too.
    pub(super) async fn close(self) {
        self.dashboard.stop();
        let _ = self.serving.await;
    }
}

fn read(path: &Path) -> Result<Config, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::failed(format!("cannot read {}: {error}", path.display())))?;
    Ok(Config::parse(path, &text)?)
}
