//! The record tree: a service's checks and records, from its names, regions and observers.
//!
//! ```text
//! api            latency(R)  alias, ETH, check = CALCULATED{ not eject(R) at O1..On ; >= n-m+1 }
//!   └─ R.api     weighted 1  alias → R's API Gateway domain, check = CALCULATED{ alive at O1..On ; >= m }
//!      R.api     weighted 1  alias → R's API Gateway domain, check = /health of R
//! talk-api       latency(R)  alias → R's API Gateway domain, check = /health of R
//! ```
//!
//! Hence R is answered exactly while no majority ejects it and either a majority of controllers is alive or R's own `/health` is well.
//! AND comes from alias and evaluated target health, OR from the weighted pair: calculated checks cannot nest.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::calculated::Calculated;
use crate::check::{Address, Check, CheckId, CheckSet, CheckSetError, Endpoint, EndpointSpec, InvalidCheck, Kind, Speaks};
use crate::name::{DomainName, InvalidDomainName};
use crate::region::AwsRegion;
use crate::zone::{Alias, Record, RecordType, Routing, Service, Soa, Target, Value, Zone, ZoneError};

/// The talk's names stand beside the service's own, with this before them.
pub const TALK_PREFIX: &str = "talk-";

/// Every zone has name servers and a start of authority of Route 53's own making; these look like them.
const NAME_SERVER: &str = "ns-2048.awsdns-64.com";
const NAME_SERVER_TTL_S: u32 = 172_800;
const MAILBOX: &str = "awsdns-hostmaster.amazon.com";

/// A region that serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serving {
    /// The region.
    pub region: AwsRegion,
    /// What its API Gateway domains resolve to.
    pub ip: IpAddr,
    /// Where its `/health` is checked.
    pub health: Address,
    /// On which port.
    pub port: u16,
}

/// An observer's gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observer {
    /// The region in which it runs.
    pub region: AwsRegion,
    /// Where its gate is checked.
    pub gate: Address,
    /// On which port.
    pub port: u16,
}

/// What a tree is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeSpec {
    /// The zone: `chat.test`.
    pub origin: DomainName,
    /// The service, as the gates spell it: `chat`.
    pub service: String,
    /// Its names within the zone: `api`, `api-ws`.
    pub names: Vec<String>,
    /// Where it serves.
    pub regions: Vec<Serving>,
    /// Who watches. Odd, three or more.
    pub observers: Vec<Observer>,
    /// Whether checks use TLS. On AWS yes, on loopback no.
    pub secure: bool,
    /// The TTL of API Gateway's own names, in seconds.
    pub gateway_ttl_s: u32,
}

/// What a check of the tree is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Unhealthy while this observer's gate says to eject the region.
    Eject {
        /// The region.
        region: AwsRegion,
        /// Whose gate.
        observer: AwsRegion,
    },
    /// Healthy while this observer's controller is alive.
    Alive {
        /// Whose gate.
        observer: AwsRegion,
    },
    /// The region's own `/health`: the talk's check.
    Health {
        /// The region.
        region: AwsRegion,
    },
    /// Healthy while no majority ejects the region.
    NotEjected {
        /// The region.
        region: AwsRegion,
    },
    /// Healthy while a majority of controllers is alive.
    Controllers,
}

impl Purpose {
    /// The name of the check with this purpose.
    #[must_use]
    pub fn id(&self) -> CheckId {
        CheckId::new(&match self {
            Self::Eject { region, observer } => format!("eject {region} at {observer}"),
            Self::Alive { observer } => format!("alive at {observer}"),
            Self::Health { region } => format!("health of {region}"),
            Self::NotEjected { region } => format!("{region} not ejected"),
            Self::Controllers => "controllers alive".to_owned(),
        })
    }

    /// The region whose own endpoint the check polls; `None` for checks of gates and for calculated ones.
    #[must_use]
    pub fn polled_region(&self) -> Option<&AwsRegion> {
        match self {
            Self::Health { region } => Some(region),
            Self::Eject { .. } | Self::Alive { .. } | Self::NotEjected { .. } | Self::Controllers => None,
        }
    }
}

/// A service's checks and records.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The checks.
    pub checks: CheckSet,
    /// The records.
    pub zone: Zone,
    /// What each check is for.
    pub purposes: BTreeMap<CheckId, Purpose>,
    /// The service's names, then the talk's, in full.
    pub names: Vec<DomainName>,
}

/// A tree that cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TreeError {
    /// An even number of observers has no majority in a tie; fewer than three have none without the last.
    #[error("{0} observers; there must be three or more, and an odd number of them")]
    Observers(usize),
    /// Nothing to serve from.
    #[error("no region serves")]
    NoRegion,
    /// A name that is none.
    #[error("a name of the tree is not a domain name")]
    Name(#[from] InvalidDomainName),
    /// A check that AWS refuses.
    #[error("a check of the tree is refused")]
    Check(#[from] InvalidCheck),
    /// Checks that do not fit together: a region or an observer named twice.
    #[error("the checks of the tree do not fit together")]
    Checks(#[from] CheckSetError),
    /// Records that do not fit together.
    #[error("the records of the tree do not fit together")]
    Zone(#[from] ZoneError),
}

/// Makes the tree, and beside it the talk's records for the same regions.
///
/// # Errors
/// [`TreeError`]
pub fn tree(spec: &TreeSpec) -> Result<Tree, TreeError> {
    let n = spec.observers.len();
    if n < 3 || n.is_multiple_of(2) {
        return Err(TreeError::Observers(n));
    }
    if spec.regions.is_empty() {
        return Err(TreeError::NoRegion);
    }
    let mut names = Vec::new();
    let mut records = Vec::new();
    for name in &spec.names {
        let name = spec.origin.below(name)?;
        records.extend(records_of(spec, &name)?);
        names.push(name);
    }
    Tree::new(spec.origin.clone(), checks_of(spec)?, names, records)?.with_talk(spec)
}

impl Tree {
    /// Puts a tree together from its checks, public names and records, and adds what every zone has.
    ///
    /// # Errors
    /// What does not fit together: [`TreeError::Checks`] and [`TreeError::Zone`].
    pub fn new(
        origin: DomainName,
        checks: Vec<(Purpose, Check)>,
        names: Vec<DomainName>,
        mut records: Vec<Record>,
    ) -> Result<Self, TreeError> {
        let purposes = checks.iter().map(|(purpose, check)| (check.id().clone(), purpose.clone())).collect();
        let checks = CheckSet::new(checks.into_iter().map(|(_, check)| check).collect())?;
        let name_server = DomainName::new(NAME_SERVER)?;
        records.push(Record {
            name: origin.clone(),
            record_type: RecordType::Ns,
            set_id: String::new(),
            routing: Routing::Simple,
            target: Target::Values { ttl_s: NAME_SERVER_TTL_S, values: vec![Value::Ns(name_server.clone())] },
            check: None,
        });
        let soa = Soa::new(name_server, DomainName::new(MAILBOX)?);
        let zone = Zone::new(origin, soa, records, &checks)?;
        Ok(Self { checks, zone, purposes, names })
    }

    /// The tree with the talk's records beside its own, for the same regions and names, on the checks of `/health` that are there.
    ///
    /// # Errors
    /// [`TreeError`]
    pub fn with_talk(mut self, spec: &TreeSpec) -> Result<Self, TreeError> {
        let mut records: Vec<Record> = self.zone.records().cloned().collect();
        for name in &spec.names {
            let name = spec.origin.below(&format!("{TALK_PREFIX}{name}"))?;
            records.extend(talk_records_of(spec, &name)?);
            self.names.push(name);
        }
        let zone = Zone::new(self.zone.origin().clone(), self.zone.soa().clone(), records, &self.checks)?;
        Ok(Self { zone, ..self })
    }
}

fn checks_of(spec: &TreeSpec) -> Result<Vec<(Purpose, Check)>, TreeError> {
    let n = spec.observers.len();
    let majority = n / 2 + 1;
    let mut checks = Vec::new();
    for Serving { region, .. } in &spec.regions {
        let ejects = spec.observers.iter().map(|observer| Purpose::Eject { region: region.clone(), observer: observer.region.clone() });
        for (purpose, observer) in ejects.clone().zip(&spec.observers) {
            let search = format!("eject {} {region}", spec.service);
            let endpoint = gate_check(spec, observer, &format!("/vote/{region}"), search, 1)?;
            // Inverted: the string makes the check unhealthy, and a gate that is gone says nothing.
            let check = Check::new(purpose.id(), Kind::Endpoint(endpoint)).inverted();
            checks.push((purpose, check));
        }
        checks.push(counted(Purpose::NotEjected { region: region.clone() }, ejects, n - majority + 1)?);
    }
    let alive = spec.observers.iter().map(|observer| Purpose::Alive { observer: observer.region.clone() });
    for (purpose, observer) in alive.clone().zip(&spec.observers) {
        let endpoint = gate_check(spec, observer, "/alive", format!("alive {}", spec.service), 3)?;
        checks.push((purpose.clone(), Check::new(purpose.id(), Kind::Endpoint(endpoint))));
    }
    checks.push(counted(Purpose::Controllers, alive, majority)?);
    for Serving { region, health, port, .. } in &spec.regions {
        let purpose = Purpose::Health { region: region.clone() };
        let endpoint = polled(spec, health.clone(), *port, "/health", None, 3)?;
        checks.push((purpose.clone(), Check::new(purpose.id(), Kind::Endpoint(endpoint))));
    }
    Ok(checks)
}

fn gate_check(spec: &TreeSpec, observer: &Observer, path: &str, search: String, threshold: u8) -> Result<Endpoint, InvalidCheck> {
    polled(spec, observer.gate.clone(), observer.port, path, Some(search), threshold)
}

/// Every check of the tree polls each 10 s from everywhere.
fn polled(
    spec: &TreeSpec,
    address: Address,
    port: u16,
    path: &str,
    search: Option<String>,
    threshold: u8,
) -> Result<Endpoint, InvalidCheck> {
    let speaks = Speaks::Http { secure: spec.secure, path: path.to_owned(), search };
    Endpoint::new(EndpointSpec { interval_s: 10, failure_threshold: threshold, ..EndpointSpec::new(address, port, speaks) })
}

fn counted(purpose: Purpose, of: impl Iterator<Item = Purpose>, threshold: usize) -> Result<(Purpose, Check), InvalidCheck> {
    let children = of.map(|child| child.id()).collect();
    let calculated = Calculated::new(children, u16::try_from(threshold).unwrap_or(u16::MAX))?;
    let check = Check::new(purpose.id(), Kind::Calculated(calculated));
    Ok((purpose, check))
}

fn records_of(spec: &TreeSpec, name: &DomainName) -> Result<Vec<Record>, TreeError> {
    let mut records = Vec::new();
    for serving in &spec.regions {
        let region = &serving.region;
        let regional = name.below(region.as_str())?;
        let record = |name: &DomainName, set_id: &str, routing, target, purpose: Purpose| Record {
            name: name.clone(),
            record_type: record_type(serving.ip),
            set_id: set_id.to_owned(),
            routing,
            target,
            check: Some(purpose.id()),
        };
        let down = Target::Alias { to: Alias::Records(regional.clone()), evaluate_target_health: true };
        let not_ejected = Purpose::NotEjected { region: region.clone() };
        records.push(record(name, region.as_str(), Routing::Latency(region.clone()), down, not_ejected));
        let gateway = gateway(spec, serving, name)?;
        records.push(record(&regional, "controllers", Routing::Weighted(1), gateway.clone(), Purpose::Controllers));
        records.push(record(&regional, "health", Routing::Weighted(1), gateway, Purpose::Health { region: region.clone() }));
    }
    Ok(records)
}

fn talk_records_of(spec: &TreeSpec, name: &DomainName) -> Result<Vec<Record>, TreeError> {
    let record = |serving: &Serving| {
        Ok(Record {
            name: name.clone(),
            record_type: record_type(serving.ip),
            set_id: serving.region.to_string(),
            routing: Routing::Latency(serving.region.clone()),
            target: gateway(spec, serving, name)?,
            check: Some(Purpose::Health { region: serving.region.clone() }.id()),
        })
    };
    spec.regions.iter().map(record).collect()
}

/// A region's domain of API Gateway. Its health is not evaluated: by design it is always available. `[R-API AliasTarget]`
fn gateway(spec: &TreeSpec, serving: &Serving, name: &DomainName) -> Result<Target, TreeError> {
    let label = name.as_str().split('.').next().unwrap_or_default();
    let service = Service::ApiGateway {
        name: DomainName::new(&format!("d-{label}.execute-api.{}.amazonaws.com", serving.region))?,
        addresses: vec![serving.ip],
        ttl_s: spec.gateway_ttl_s,
    };
    Ok(Target::Alias { to: Alias::Service(service), evaluate_target_health: false })
}

fn record_type(ip: IpAddr) -> RecordType {
    match ip {
        IpAddr::V4(_) => RecordType::A,
        IpAddr::V6(_) => RecordType::Aaaa,
    }
}
