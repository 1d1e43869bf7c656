//! `failover dashboard`: the page of the service on the operator's machine, or behind a proxy that signs people in.
//!
//! What it shows and does is the crate `dashboard`; here it gets its settings, its address and its sign-in link.

mod open;

use std::io::BufRead as _;
use std::net::SocketAddr;

use dashboard::{Auth, Clock, Dashboard, Names, Pace, Role, Settings, loopback_hosts};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::args::{DashboardArgs, Global};
use crate::config::Config;
use crate::failure::Failure;
use crate::intent::actor::actor;
use crate::out::Out;
use crate::service::Service;

/// What is printed as JSON.
#[derive(Serialize)]
struct Up<'a> {
    event: &'static str,
    url: &'a str,
    /// Works once, within 15 minutes. None behind a proxy.
    link: Option<&'a str>,
}

/// Serves the page until Ctrl-C.
pub(crate) async fn run(args: &DashboardArgs, global: &Global, out: &Out) -> Result<u8, Failure> {
    let service = Service::connect(global, out).await?;
    let role = if args.read_only { Role::Viewer } else { Role::Operator };
    let auth = auth(args, &service.config, role)?;
    let wanted = SocketAddr::new(args.listen, args.port);
    auth.may_listen(wanted).map_err(|error| beyond(&error.to_string(), &service.config))?;
    let proxied = matches!(auth, Auth::Proxy(_));
    let listener = listen(wanted).await?;
    let dashboard = dashboard(&service, &listener, auth, here(proxied), &args.hosts)?;
    let url = url(&listener)?;
    let link = link(&dashboard, &url);
    if out.is_json() {
        out.json(&Up { event: "up", url: &url, link: link.as_deref() })?;
    } else {
        out.data(&text(&url, link.as_deref()))?;
    }
    if let Some(link) = link.as_deref().filter(|_| args.open) {
        open::open(link).unwrap_or_else(|why| out.hint(&format!("no browser was opened ({why}); open the link yourself")));
    }
    let links = more_links(dashboard.clone(), url, out.clone());
    let served = tokio::select! {
        served = dashboard.serve(listener, crate::demo::interrupted()) => served,
        () = links => Ok(()),
    };
    served.map_err(|error| Failure::failed(format!("the dashboard cannot serve: {error}")))?;
    Ok(0)
}

/// A dashboard of `service` on `listener`.
pub(crate) fn dashboard(
    service: &Service,
    listener: &TcpListener,
    auth: Auth,
    here: String,
    more_hosts: &[String],
) -> Result<Dashboard, Failure> {
    let config = &service.config;
    let address = listener.local_addr().map_err(|error| Failure::failed(format!("no address to serve on: {error}")))?;
    let mut hosts = if address.ip().is_unspecified() { vec![] } else { loopback_hosts(address) };
    hosts.extend(config.file.dashboard.hosts.iter().chain(more_hosts).cloned());
    // A demo's clock may run fast; so must those who look at it.
    let speed = config.speed().clamp(1.0, 10.0);
    let usual = Pace::default();
    let faster = |pace: std::time::Duration| pace.div_f64(speed);
    Ok(Dashboard::new(Settings {
        policy: service.policy().clone(),
        names: Names { api: config.file.names.api.clone(), websocket: config.file.names.websocket.clone() },
        observers: service.observers.clone(),
        dns: config.asking().ok(),
        here,
        auth,
        hosts,
        clock: Clock::system(),
        pace: Pace { watched: faster(usual.watched), idle: faster(usual.idle), dns: faster(usual.dns) },
    }))
}

/// Somebody on this machine, by link.
pub(crate) fn by_link(role: Role) -> Result<Auth, Failure> {
    Auth::loopback(&actor(), role).map_err(|error| Failure::usage(format!("{error}; set FAILOVER_ACTOR")))
}

/// The address of the page.
pub(crate) fn url(listener: &TcpListener) -> Result<String, Failure> {
    let address = listener.local_addr().map_err(|error| Failure::failed(format!("no address to serve on: {error}")))?;
    Ok(format!("http://{address}"))
}

/// A new sign-in link; none behind a proxy.
pub(crate) fn link(dashboard: &Dashboard, url: &str) -> Option<String> {
    Some(format!("{url}{}", dashboard.guard().sign_in_path()?))
}

/// Listens, or says what is in the way.
pub(crate) async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| Failure::Failed {
        message: format!("cannot listen on {address}: {error}"),
        hint: Some("give another port with --port; 0 takes a free one".to_owned()),
    })
}

fn auth(args: &DashboardArgs, config: &Config, role: Role) -> Result<Auth, Failure> {
    // Beyond this machine a proxy is the only way, whether it was asked for or not.
    if !args.proxy && (args.listen.is_loopback() || config.file.dashboard.proxy.is_none()) {
        return by_link(role);
    }
    let Some(proxy) = config.file.dashboard.proxy.clone() else {
        return Err(beyond("no sign-in proxy is configured", config));
    };
    Auth::proxy(proxy).map_err(|error| Failure::Usage {
        message: format!("{}: dashboard.proxy: {error}", config.path.display()),
        hint: Some("docs/dashboard.md says what each setting means".to_owned()),
    })
}

/// What to do where the dashboard would be reached by people of whom nobody says who they are.
fn beyond(why: &str, config: &Config) -> Failure {
    Failure::Usage {
        message: why.to_owned(),
        hint: Some(format!(
            "put a proxy that signs people in before it, and describe its tokens in {} under [dashboard.proxy]: issuer, audience, keys, operators \
             (docs/dashboard.md); or leave out --listen and reach it by ssh -L",
            config.path.display()
        )),
    }
}

/// Where it is seen from.
fn here(proxied: bool) -> String {
    let machine =
        std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let region = std::env::var("AWS_REGION").ok().filter(|region| proxied && !region.is_empty());
    region.or(machine).unwrap_or_else(|| "this machine".to_owned())
}

fn text(url: &str, link: Option<&str>) -> String {
    match link {
        Some(link) => {
            format!("dashboard  {url}\nsign in    {link}\n           works once, within 15 minutes; Enter prints another, Ctrl-C ends it")
        }
        None => format!("dashboard  {url}\n           for people whom the sign-in proxy lets through; Ctrl-C ends it"),
    }
}

/// Prints another link for every Enter. Never ends by itself.
async fn more_links(dashboard: Dashboard, url: String, out: Out) {
    let (sender, mut pressed) = mpsc::channel(1);
    // A thread of its own: reading a terminal cannot be given up. It ends with the process.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if line.is_err() || sender.blocking_send(()).is_err() {
                return;
            }
        }
    });
    while pressed.recv().await.is_some() {
        if let Some(link) = link(&dashboard, &url) {
            let told = if out.is_json() {
                out.json(&Up { event: "link", url: &url, link: Some(&link) })
            } else {
                out.data(&format!("sign in    {link}"))
            };
            if told.is_err() {
                break;
            }
        }
    }
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_a_link_that_works_once() {
        insta::assert_snapshot!(text("http://127.0.0.1:8053", Some("http://127.0.0.1:8053/sign-in?link=x")), @r"
        dashboard  http://127.0.0.1:8053
        sign in    http://127.0.0.1:8053/sign-in?link=x
                   works once, within 15 minutes; Enter prints another, Ctrl-C ends it
        ");
    }
}
