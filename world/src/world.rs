//! The world, brought up in the right order, and what may be asked of it.
//!
//! Assembly only: every part does its own work in its own file.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use decision::{Policy, RegionName, Verdict, Vote};
use jiff::Timestamp;
use store::Observers;
use tokio_util::sync::CancellationToken;

use crate::admin::Admin;
use crate::assembly::{SECRET, about, free_port, gates, policy, start_admin, start_observers};
use crate::event::{Event, Events};
use crate::fault::{Component, Faults};
use crate::messages::Delivered;
use crate::names::{Names, address};
use crate::options::{Options, WorldError};
use crate::people::{People, Person};
use crate::region::{self, MESSAGES, Plan};
use crate::route53::Route53;
use crate::speed::Speed;

/// How often a condition is looked at again while it is waited for.
const LOOK: Duration = Duration::from_millis(50);

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
