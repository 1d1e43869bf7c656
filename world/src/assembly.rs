//! The pieces that a world is put together from: policy, ports, observers, switchboard.
//!
//! Each function makes one of them; the order is `world`'s.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use decision::{Policy, PolicySpec, RegionName, ServiceName, Thresholds};
use store::{Observers, Store};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::admin::Admin;
use crate::event::Events;
use crate::fault::Faults;
use crate::names::{Names, address};
use crate::net;
use crate::observer::Observer;
use crate::options::WorldError;
use crate::region::{self, Up};
use crate::speed::Speed;
use crate::tally::Tally;
use crate::world::RegionInfo;

/// How many ports are tried until one is free in every region.
const PORTS_TRIED: usize = 20;
/// What probes and the chat API share here; a deployment keeps its own where only they can read it.
pub(crate) const SECRET: &str = "the world's own probe secret";

pub(crate) fn policy(regions: &[RegionName]) -> Result<Policy, decision::PolicyError> {
    let regions: BTreeSet<RegionName> = regions.iter().cloned().collect();
    Policy::new(PolicySpec {
        service: ServiceName::new("chat").expect("a well-formed name"),
        observers: regions.clone(),
        regions,
        thresholds: Thresholds::default(),
        failback: BTreeMap::new(),
        capacity: BTreeMap::new(),
    })
}

pub(crate) fn start_observers(
    policy: &Policy,
    config: &aws_config::SdkConfig,
    up: &[Up],
    gates: Vec<(SocketAddr, TcpListener)>,
    dns: SocketAddr,
    (faults, events, speed, stop): (&Faults, &Events, Speed, &CancellationToken),
) -> Observers {
    let store = |up: &Up| {
        let client = store::ssm_client(config, &up.region, Some(&up.aws.endpoint()));
        Store::new(policy.service().clone(), up.region.clone(), client)
    };
    let stores: Vec<Store> = up.iter().map(store).collect();
    let observers = Observers::new(stores.clone());
    let names = Names::guarded();
    let targets: Vec<probe::Target> = up
        .iter()
        .map(|up| probe::Target {
            region: up.region.clone(),
            rest: format!("http://{}:{}", names.regional_rest(&up.region), up.api.port()),
            websocket: format!("ws://{}:{}", names.regional_websocket(&up.region), up.api.port()),
        })
        .collect();
    let tally = Arc::new(Tally::new(up.len()));
    for (index, ((up, store), (_, gate))) in up.iter().zip(stores).zip(gates).enumerate() {
        let here = region::in_region(config, &up.region);
        let cloudwatch = aws_sdk_cloudwatch::config::Builder::from(&here).endpoint_url(up.aws.endpoint()).build();
        let mut probe = probe::Settings::new(policy.service().clone(), up.region.clone(), targets.clone(), SECRET);
        probe.dns = Some(dns);
        probe.public_names = vec![names.rest.clone(), names.websocket.clone()];
        probe.pace = probe::Pace::default().at_speed(speed.factor());
        probe.place = Some(probe::Place { index, of: policy.observers().len() });
        Observer {
            policy: policy.clone(),
            name: up.region.clone(),
            observers: observers.clone(),
            store,
            probe,
            cloudwatch: aws_sdk_cloudwatch::Client::from_conf(cloudwatch),
            faults: faults.clone(),
            events: events.clone(),
            tally: Arc::clone(&tally),
            speed,
            stop: stop.clone(),
        }
        .start(&up.aws, gate);
    }
    observers
}

/// One port that is free on every region's address.
pub(crate) fn free_port(regions: usize) -> Result<u16, WorldError> {
    for _ in 0..PORTS_TRIED {
        let addr = SocketAddr::new(address(0), 0);
        let first = net::bind(addr).map_err(|source| WorldError::Listen { what: "the chat API", addr, source })?;
        let Ok(bound) = first.local_addr() else { continue };
        if (1..regions).all(|index| net::bind(SocketAddr::new(address(index), bound.port())).is_ok()) {
            return Ok(bound.port());
        }
    }
    Err(WorldError::NoPort)
}

pub(crate) fn gates(observers: usize) -> Result<Vec<(SocketAddr, TcpListener)>, WorldError> {
    (0..observers)
        .map(|index| {
            let addr = SocketAddr::new(address(index), 0);
            let listen = net::bind(addr).and_then(|listener| Ok((listener.local_addr()?, listener)));
            listen.map_err(|source| WorldError::Listen { what: "a gate", addr, source })
        })
        .collect()
}

pub(crate) async fn start_admin(admin: Admin, stop: CancellationToken) -> Result<SocketAddr, WorldError> {
    let addr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
    let bound = net::bind(addr).and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (addr, listener) = bound.map_err(|source| WorldError::Listen { what: "the switchboard", addr, source })?;
    let serve = axum::serve(listener, admin.router()).with_graceful_shutdown(stop.cancelled_owned());
    tokio::spawn(async move { serve.await });
    Ok(addr)
}

pub(crate) fn about(policy: &Policy, speed: Speed, dns: SocketAddr, regions: &[RegionInfo]) -> serde_json::Value {
    let regions: Vec<serde_json::Value> = regions
        .iter()
        .map(|info| serde_json::json!({ "region": info.region, "address": info.ip, "aws": info.aws, "gate": info.gate }))
        .collect();
    serde_json::json!({ "service": policy.service(), "speed": speed.factor(), "dns": dns, "regions": regions })
}
