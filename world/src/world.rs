//! The world, brought up in the right order, and what may be asked of it.
//!
//! Assembly only: every part does its own work in its own file.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use decision::{Policy, PolicySpec, RegionName, ServiceName, Thresholds, Verdict, Vote};
use jiff::Timestamp;
use store::{Observers, Store};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::admin::Admin;
use crate::event::{Event, Events};
use crate::fault::{Component, Faults};
use crate::messages::Delivered;
use crate::names::{Names, address};
use crate::net;
use crate::observer::Observer;
use crate::people::{People, Person};
use crate::region::{self, MESSAGES, Plan, Up};
use crate::route53::Route53;
use crate::speed::Speed;
use crate::tally::Tally;

/// How many ports are tried until one is free in every region.
const PORTS_TRIED: usize = 20;
/// How often a condition is looked at again while it is waited for.
const LOOK: Duration = Duration::from_millis(50);
/// What probes and the chat API share here; a deployment keeps its own where only they can read it.
const SECRET: &str = "the world's own probe secret";

/// What a world is made of.
#[derive(Debug, Clone)]
pub struct Options {
    /// The regions; each has its observer.
    pub regions: Vec<RegionName>,
    /// How fast the clock runs.
    pub speed: Speed,
    /// Where SSM's parameters are kept. None: in memory only.
    pub state: Option<PathBuf>,
    /// The port of the chat API on every region's address; 0 is any that is free on all.
    pub port: u16,
    /// The DNS port; 0 is any.
    pub dns_port: u16,
    /// The port of the first user's page; the next ones follow. 0 is any.
    pub page_port: u16,
    /// Phases of checkers and probes derive from it.
    pub seed: u64,
    /// How often each user says something, on the world's clock. None: they are silent.
    pub talk_every: Option<Duration>,
}

impl Options {
    /// Three regions, real time, any ports, nothing kept.
    #[must_use]
    pub fn three_regions() -> Self {
        let regions = ["eu-west-1", "eu-west-2", "us-west-2"].map(|name| RegionName::new(name).expect("well-formed names"));
        Self {
            regions: regions.into(),
            speed: Speed::default(),
            state: None,
            port: 0,
            dns_port: 0,
            page_port: 0,
            seed: 1,
            talk_every: Some(Duration::from_secs(5)),
        }
    }
}

/// Why a world did not come up.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The regions do not make a policy.
    #[error("these regions make no policy")]
    Policy(#[from] decision::PolicyError),
    /// AWS of a region did not start.
    #[error("the AWS endpoints of a region did not start")]
    Aws(#[from] crate::aws::StartError),
    /// The chat's tables could not be made.
    #[error("the chat's tables could not be made")]
    Tables(#[from] chat::CreateTablesError),
    /// Something cannot listen.
    #[error("{what} cannot listen on {addr}")]
    Listen {
        /// What.
        what: &'static str,
        /// Where.
        addr: SocketAddr,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// No port is free on every region's address.
    #[error("no port is free on every region's loopback address")]
    NoPort,
    /// Route 53 did not start.
    #[error("Route 53 did not start")]
    Route53(#[from] crate::route53::StartError),
    /// A user's page did not start.
    #[error("a user's page did not start")]
    People(#[from] crate::people::PeopleError),
}

/// One region's addresses, for people and for configuration.
#[derive(Debug, Clone)]
pub struct RegionInfo {
    /// The region.
    pub region: RegionName,
    /// Its loopback address: what DNS answers.
    pub ip: IpAddr,
    /// Its AWS endpoint: SSM, DynamoDB, CloudWatch.
    pub aws: String,
    /// Its observer's gate.
    pub gate: String,
}

/// A world that is up. Everything in it ends when this is dropped.
#[derive(Debug)]
pub struct World {
    policy: Policy,
    speed: Speed,
    faults: Faults,
    events: Events,
    regions: Vec<RegionInfo>,
    port: u16,
    observers: Observers,
    route53: Route53,
    people: People,
    admin: SocketAddr,
    _stop: tokio_util::sync::DropGuard,
}

impl World {
    /// Brings everything up. When this returns, everything listens; verdicts come with the first rounds.
    ///
    /// # Errors
    /// [`WorldError`]; what had come up is gone again.
    pub async fn start(options: Options) -> Result<Self, WorldError> {
        let stop = CancellationToken::new();
        let guard = stop.clone().drop_guard();
        let Options { regions, speed, state, port, dns_port, page_port, seed, talk_every } = options;
        let policy = policy(&regions)?.at_speed(speed.factor());
        let (faults, events) = (Faults::default(), Events::default());
        let config = region::sdk_config();

        let port = if port == 0 { free_port(regions.len())? } else { port };
        let mut up = Vec::new();
        for (index, name) in regions.iter().enumerate() {
            let plan = Plan {
                region: name.clone(),
                ip: address(index),
                port,
                state: state.clone(),
                secret: SECRET.to_owned(),
                faults: faults.clone(),
                speed,
                stop: stop.clone(),
            };
            up.push(region::bring_up(plan, &config).await?);
        }
        let awses: Vec<_> = up.iter().map(|region| region.aws.clone()).collect();
        crate::aws::replicate(&awses, MESSAGES);

        let gates = gates(regions.len())?;
        let infos: Vec<RegionInfo> = up
            .iter()
            .zip(&gates)
            .map(|(up, (gate, _))| RegionInfo {
                region: up.region.clone(),
                ip: up.api.ip(),
                aws: up.aws.endpoint(),
                gate: format!("http://{gate}"),
            })
            .collect();
        let gate_addrs = infos.iter().map(|info| info.region.clone()).zip(gates.iter().map(|(addr, _)| *addr)).collect();
        let route53 = Route53::start(crate::route53::Settings {
            service: policy.service().clone(),
            regions: up.iter().map(|up| (up.region.clone(), up.api)).collect(),
            gates: gate_addrs,
            dns_port,
            seed,
            faults: faults.clone(),
            events: events.clone(),
            speed,
            stop: stop.clone(),
        })
        .await?;

        let observers = start_observers(&policy, &config, &up, gates, route53.dns(), (&faults, &events, speed, &stop));
        let by_ip: BTreeMap<IpAddr, RegionName> = infos.iter().map(|info| (info.ip, info.region.clone())).collect();
        let people = People::start(crate::people::Settings {
            dns: route53.dns(),
            port,
            by_ip,
            page_port,
            talk_every,
            events: events.clone(),
            speed,
            stop: stop.clone(),
        })
        .await?;
        let about = about(&policy, speed, route53.dns(), &infos);
        let admin = Admin { regions, faults: faults.clone(), events: events.clone(), about };
        let admin = start_admin(admin, stop).await?;
        Ok(Self { policy, speed, faults, events, regions: infos, port, observers, route53, people, admin, _stop: guard })
    }

    /// The policy, on the world's clock.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// How fast the clock runs.
    #[must_use]
    pub fn speed(&self) -> Speed {
        self.speed
    }

    /// Where the DNS server listens, UDP and TCP.
    #[must_use]
    pub fn dns(&self) -> SocketAddr {
        self.route53.dns()
    }

    /// Where the switchboard listens.
    #[must_use]
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// The port of the chat API behind every answer.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Every region's addresses.
    #[must_use]
    pub fn regions(&self) -> &[RegionInfo] {
        &self.regions
    }

    /// The users.
    #[must_use]
    pub fn people(&self) -> &[Person] {
        self.people.all()
    }

    /// The secret that probe tickets are signed with.
    #[must_use]
    pub fn probe_secret(&self) -> &'static str {
        SECRET
    }

    /// The names that are guarded.
    #[must_use]
    pub fn names(&self) -> Names {
        Names::guarded()
    }

    /// The names with the talk's records.
    #[must_use]
    pub fn talk_names(&self) -> Names {
        Names::talk()
    }

    /// The documents of every observer.
    #[must_use]
    pub fn observers(&self) -> &Observers {
        &self.observers
    }

    /// What is broken.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What happens, as it happens.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Switches a fault and tells so. Returns the moment of the switch.
    pub fn switch(&self, region: &RegionName, component: Component, on: bool) -> Timestamp {
        let at = Timestamp::now();
        if self.faults.set(region, component, on) {
            self.events.tell(at, Event::fault(region, component, on));
        }
        at
    }

    /// The place whose users are answered with this region while all is well.
    #[must_use]
    pub fn place_of(&self, region: &RegionName) -> String {
        self.people.near(region)
    }

    /// Waits until every observer votes `serve` for every region and says it is healthy, and every place is answered with its own
    /// region. False when that did not happen within the time.
    pub async fn until_steady(&self, within: Duration) -> bool {
        tokio::time::timeout(within, async {
            while !self.why_not_steady_now().await.is_empty() {
                tokio::time::sleep(LOOK).await;
            }
        })
        .await
        .is_ok()
    }

    /// What keeps the world from being steady, as sentences; empty when it is.
    pub async fn why_not_steady_now(&self) -> Vec<String> {
        let mut why = Vec::new();
        for (observer, votes) in self.observers.votes().await {
            match votes {
                Ok(Some(votes)) => why.extend(votes.regions.iter().filter_map(|(region, vote)| {
                    let fine = vote.vote == Vote::Serve && matches!(vote.verdict, Verdict::Healthy);
                    (!fine).then(|| format!("{observer} votes {} {region} ({}): {}", vote.vote, vote.verdict, vote.reason))
                })),
                Ok(None) => why.push(format!("{observer} has not voted yet")),
                Err(error) => why.push(format!("{observer} cannot be read: {error}")),
            }
        }
        why.extend(self.route53.away_from_home());
        why
    }

    /// Waits until the user at `place` is connected to `region`.
    pub async fn until_user_at(&self, place: &str, region: &RegionName, within: Duration) -> bool {
        self.people.until_at(place, region, within).await
    }

    /// Takes every message said so far and waits until all of them reached everyone.
    pub async fn messages_settled(&self, within: Duration) -> Delivered {
        self.people.settled(within).await
    }
}

fn policy(regions: &[RegionName]) -> Result<Policy, decision::PolicyError> {
    let regions: BTreeSet<RegionName> = regions.iter().cloned().collect();
    Policy::new(PolicySpec {
        service: ServiceName::new("chat").expect("a well-formed name"),
        observers: regions.clone(),
        regions,
        thresholds: Thresholds::default(),
        failback: BTreeMap::new(),
    })
}

fn start_observers(
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
fn free_port(regions: usize) -> Result<u16, WorldError> {
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

fn gates(observers: usize) -> Result<Vec<(SocketAddr, TcpListener)>, WorldError> {
    (0..observers)
        .map(|index| {
            let addr = SocketAddr::new(address(index), 0);
            let listen = net::bind(addr).and_then(|listener| Ok((listener.local_addr()?, listener)));
            listen.map_err(|source| WorldError::Listen { what: "a gate", addr, source })
        })
        .collect()
}

async fn start_admin(admin: Admin, stop: CancellationToken) -> Result<SocketAddr, WorldError> {
    let addr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
    let bound = net::bind(addr).and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (addr, listener) = bound.map_err(|source| WorldError::Listen { what: "the switchboard", addr, source })?;
    let serve = axum::serve(listener, admin.router()).with_graceful_shutdown(stop.cancelled_owned());
    tokio::spawn(async move { serve.await });
    Ok(addr)
}

fn about(policy: &Policy, speed: Speed, dns: SocketAddr, regions: &[RegionInfo]) -> serde_json::Value {
    let regions: Vec<serde_json::Value> = regions
        .iter()
        .map(|info| serde_json::json!({ "region": info.region, "address": info.ip, "aws": info.aws, "gate": info.gate }))
        .collect();
    serde_json::json!({ "service": policy.service(), "speed": speed.factor(), "dns": dns, "regions": regions })
}
