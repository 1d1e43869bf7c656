//! The shell over real sockets: what the tests start from. Three regions whose gate and `/health` are one small server each.

mod checking;
mod naming;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use decision::{RegionName, ServiceName};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Route53, Settings};
use crate::event::Events;
use crate::fault::Faults;
use crate::names::address;
use crate::speed::Speed;

const REGIONS: [&str; 3] = ["eu-west-1", "eu-west-2", "us-east-1"];
const SOON: Duration = Duration::from_secs(30);

fn region(name: &str) -> RegionName {
    RegionName::new(name).unwrap()
}

/// What the endpoints of a world answer: gates and `/health`, switched by the tests.
#[derive(Clone, Default)]
struct Says(Arc<Mutex<Said>>);

#[derive(Default)]
struct Said {
    /// Who says to eject whom.
    ejects: Vec<(&'static str, &'static str)>,
    controllers_dead: bool,
    sick: Vec<&'static str>,
}

impl Says {
    fn set(&self, change: impl FnOnce(&mut Said)) {
        change(&mut self.0.lock().unwrap());
    }

    fn body(&self, at: &'static str, path: &str) -> (u16, String) {
        let said = self.0.lock().unwrap();
        match path {
            "/health" if said.sick.contains(&at) => (500, "sick".to_owned()),
            "/health" => (200, "Ok".to_owned()),
            _ if said.controllers_dead => (503, "no controller".to_owned()),
            "/alive" => (200, "alive chat\n".to_owned()),
            _ => match path.strip_prefix("/vote/") {
                Some(of) if said.ejects.contains(&(at, REGIONS.into_iter().find(|name| *name == of).unwrap_or(""))) => {
                    (200, format!("eject chat {of}\n"))
                }
                Some(of) => (200, format!("serve chat {of}\n")),
                None => (404, String::new()),
            },
        }
    }
}

struct Set {
    route53: Route53,
    says: Says,
    faults: Faults,
    events: Events,
    _stop: DropGuard,
}

/// Brings up three regions whose gate and `/health` are one small server each, and Route 53 over them.
async fn set(speed: f64) -> Set {
    let (says, faults, events, stop) = (Says::default(), Faults::default(), Events::default(), CancellationToken::new());
    let mut addrs = Vec::new();
    for (index, at) in REGIONS.into_iter().enumerate() {
        let listener = crate::net::bind(SocketAddr::new(address(index), 0)).unwrap();
        addrs.push((region(at), listener.local_addr().unwrap()));
        let says = says.clone();
        let app = axum::Router::new().fallback(move |uri: http::Uri| {
            let (status, body) = says.body(at, uri.path());
            async move { (http::StatusCode::from_u16(status).unwrap(), body) }
        });
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move { axum::serve(listener, app).with_graceful_shutdown(stopped).await });
    }
    let route53 = Route53::start(Settings {
        service: ServiceName::new("chat").unwrap(),
        regions: addrs.clone(),
        gates: addrs,
        dns_port: 0,
        seed: 7,
        faults: faults.clone(),
        events: events.clone(),
        speed: Speed::new(speed).unwrap(),
        stop: stop.clone(),
    })
    .await
    .unwrap();
    Set { route53, says, faults, events, _stop: stop.drop_guard() }
}

impl Set {
    /// Waits until a name is answered so in London. Returns how long that took, and panics when it does not happen.
    async fn until(&self, name: &str, expected: &str) -> Duration {
        let began = Instant::now();
        while self.route53.answer(name, "London") != Some(region(expected)) {
            assert!(began.elapsed() < SOON, "{name} is {:?}:\n{}", self.route53.answer(name, "London"), self.why(name));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        began.elapsed()
    }

    fn why(&self, name: &str) -> String {
        let checks = self.route53.checks().into_iter().map(|check| format!("{check:?}"));
        self.route53.explain(name, "London").into_iter().chain(checks).collect::<Vec<_>>().join("\n")
    }
}
