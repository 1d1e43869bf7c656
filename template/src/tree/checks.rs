//! Health checks: first as the stacks have them, then by what they are for.

use std::collections::BTreeMap;

use route53::{AwsRegion, Calculated, Check, CheckerRegion, DomainName, Endpoint, EndpointSpec, Kind, Purpose, Speaks};

use super::error::{At, ModelError, ModelFault};
use super::fields::Fields;
use super::{CHECK, Checks, GATEWAY, Ids, Polled, RECORD, Reached, Wiring, in_order};
use crate::deployment::Deployment;
use crate::value::Text;

/// Port 443 or 80 where a check names none. `[R-API]`
const fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

/// A check as its stack has it.
struct Declared<'a> {
    at: At<'a>,
    id: String,
    inverted: bool,
    disabled: bool,
    looks_at: LooksAt,
}

enum LooksAt {
    Endpoint(Requested),
    /// The children's stand-in names, and how many of them must be healthy.
    Children(Vec<String>, u16),
}

struct Requested {
    host: Text,
    port: u16,
    secure: bool,
    path: String,
    search: Option<String>,
    interval_s: u32,
    threshold: u8,
    regions: Vec<CheckerRegion>,
    measure_latency: bool,
    enable_sni: bool,
}

/// The checks of all stacks in the tree's own order, and under which name each is known to the stacks.
pub(super) fn of(deployment: &Deployment, wiring: &Wiring<'_>) -> Result<(Checks, Ids), ModelError> {
    let mut all = Vec::new();
    for stack in deployment.stacks() {
        for (name, resource) in in_order(stack, CHECK) {
            all.push(declared(At::new(stack, name, resource))?);
        }
    }
    let mut purposes: BTreeMap<&str, Purpose> = BTreeMap::new();
    for check in &all {
        if let LooksAt::Endpoint(requested) = &check.looks_at {
            purposes.insert(&check.id, purpose(check, requested, deployment)?);
        }
    }
    for check in &all {
        if let LooksAt::Children(children, _) = &check.looks_at {
            let purpose = counting(check, children, &purposes)?;
            purposes.insert(&check.id, purpose);
        }
    }
    let ids: Ids = purposes.iter().map(|(id, purpose)| ((*id).to_owned(), purpose.id())).collect();
    let mut checks: Checks = Vec::new();
    for check in &all {
        let purpose = purposes[check.id.as_str()].clone();
        let kind = kind(check, &purpose, wiring, &ids)?;
        let mut made = Check::new(purpose.id(), kind);
        if check.inverted {
            made = made.inverted();
        }
        if check.disabled {
            made = made.disabled();
        }
        checks.push((purpose, made));
    }
    checks.sort_by_key(|(purpose, _)| place(purpose, deployment));
    Ok((checks, ids))
}

fn declared(at: At<'_>) -> Result<Declared<'_>, ModelError> {
    let fields = Fields::of(at);
    // Tags are for people.
    let _ = fields.value("HealthCheckTags");
    let config = fields.needed_below("HealthCheckConfig")?;
    fields.end()?;
    let kind = config.needed_literal("Type")?;
    let (inverted, disabled) = (config.truth("Inverted", false)?, config.truth("Disabled", false)?);
    let looks_at = match kind.as_str() {
        "CALCULATED" => {
            let threshold = config.number("HealthThreshold")?;
            let threshold =
                threshold.ok_or_else(|| at.fault(ModelFault::Missing { path: "HealthCheckConfig.HealthThreshold".to_owned() }))?;
            LooksAt::Children(config.literals("ChildHealthChecks")?, threshold)
        }
        "HTTP" | "HTTPS" | "HTTP_STR_MATCH" | "HTTPS_STR_MATCH" => LooksAt::Endpoint(requested(at, &config, &kind)?),
        other => return Err(at.fault(ModelFault::CheckType(other.to_owned()))),
    };
    config.end()?;
    let id = at.stack.physical_name(at.name);
    Ok(Declared { at, id, inverted, disabled, looks_at })
}

fn requested(at: At<'_>, config: &Fields<'_>, kind: &str) -> Result<Requested, ModelError> {
    let secure = kind.starts_with("HTTPS");
    let mut regions = Vec::new();
    for name in config.literals("Regions")? {
        let known = CheckerRegion::ALL.into_iter().find(|region| region.as_str() == name);
        let wrong =
            || ModelFault::Kind { path: "HealthCheckConfig.Regions".to_owned(), wanted: "regions of checkers", found: name.clone() };
        regions.push(known.ok_or_else(|| at.fault(wrong()))?);
    }
    Ok(Requested {
        host: config.needed_text("FullyQualifiedDomainName")?,
        port: config.number("Port")?.unwrap_or(default_port(secure)),
        secure,
        path: config.literal("ResourcePath")?.unwrap_or_default(),
        search: if kind.ends_with("_STR_MATCH") { Some(config.needed_literal("SearchString")?) } else { None },
        // AWS's defaults. `[R-API]`
        interval_s: config.number("RequestInterval")?.unwrap_or(30),
        threshold: config.number("FailureThreshold")?.unwrap_or(3),
        regions,
        measure_latency: config.truth("MeasureLatency", false)?,
        enable_sni: config.truth("EnableSNI", true)?,
    })
}

/// What a check of an endpoint is for: who says what about whom.
fn purpose(check: &Declared<'_>, requested: &Requested, deployment: &Deployment) -> Result<Purpose, ModelError> {
    let at = check.at;
    let service = at.stack.parameters.get("Service").and_then(|value| value.literal()).unwrap_or_default();
    let region = |name: &str| AwsRegion::new(name).map_err(|error| at.fault(error));
    match requested.search.as_deref().map(|search| search.split(' ').collect::<Vec<_>>()).as_deref() {
        Some(["eject", of, ejected]) if *of == service && check.inverted && requested.path == format!("/vote/{ejected}") => {
            Ok(Purpose::Eject { region: region(ejected)?, observer: gate(check, &requested.host, deployment)? })
        }
        Some(["alive", of]) if *of == service && !check.inverted && requested.path == "/alive" => {
            Ok(Purpose::Alive { observer: gate(check, &requested.host, deployment)? })
        }
        None if !check.inverted && requested.path == "/health" => {
            // A host with an attribute in it is the stack's own; a name has to lead into the stack that asks about itself.
            if let Some(host) = requested.host.literal() {
                let name = DomainName::new(host).map_err(|error| at.fault(error))?;
                let home = deployment.home_of(&name).filter(|home| home.region == at.stack.region);
                home.ok_or_else(|| at.fault(ModelFault::NoHome(host.to_owned())))?;
            }
            Ok(Purpose::Health { region: region(&at.stack.region)? })
        }
        _ => Err(at.fault(ModelFault::NoPurpose)),
    }
}

/// Whose gate is polled: the region whose stack has the polled name's record, and that record leads to a domain of that very name.
fn gate(check: &Declared<'_>, host: &Text, deployment: &Deployment) -> Result<AwsRegion, ModelError> {
    let at = check.at;
    let no_home = || at.fault(ModelFault::NoHome(host.to_string()));
    let name = DomainName::new(host.literal().ok_or_else(no_home)?).map_err(|error| at.fault(error))?;
    let home = deployment.home_of(&name).ok_or_else(no_home)?;
    let named = |value: &crate::Value| value.literal().and_then(|text| DomainName::new(text).ok()).as_ref() == Some(&name);
    let records = home.of_kind(RECORD).filter(|(_, record)| record.properties.get("Name").is_some_and(named));
    for (_, record) in records {
        let target = record.properties.get("AliasTarget").and_then(|alias| alias.get("DNSName")).and_then(|value| value.text());
        let gateway = target.as_ref().and_then(|target| target.attribute()).and_then(|attribute| home.resources.get(&attribute.resource));
        let domain = gateway.filter(|gateway| gateway.kind == GATEWAY).and_then(|gateway| gateway.properties.get("DomainName"));
        if !domain.is_some_and(named) {
            return Err(at.fault(ModelFault::WrongDomain(name.to_string())));
        }
    }
    AwsRegion::new(&home.region).map_err(|error| at.fault(error))
}

/// What a count is for: all its children are of one kind.
fn counting(check: &Declared<'_>, children: &[String], purposes: &BTreeMap<&str, Purpose>) -> Result<Purpose, ModelError> {
    let purpose_of = |child: &String| purposes.get(child.as_str()).ok_or_else(|| check.at.fault(ModelFault::NoCheck(child.clone())));
    let mut counted = None;
    for child in children {
        let purpose = match purpose_of(child)? {
            Purpose::Eject { region, .. } => Purpose::NotEjected { region: region.clone() },
            Purpose::Alive { .. } => Purpose::Controllers,
            Purpose::Health { .. } | Purpose::NotEjected { .. } | Purpose::Controllers => {
                return Err(check.at.fault(ModelFault::NoPurpose));
            }
        };
        if counted.get_or_insert_with(|| purpose.clone()) != &purpose {
            return Err(check.at.fault(ModelFault::NoPurpose));
        }
    }
    counted.ok_or_else(|| check.at.fault(ModelFault::NoPurpose))
}

fn kind(check: &Declared<'_>, purpose: &Purpose, wiring: &Wiring<'_>, ids: &Ids) -> Result<Kind, ModelError> {
    let refused = |error| check.at.fault(ModelFault::Check(error));
    match &check.looks_at {
        LooksAt::Children(children, threshold) => {
            let children = children.iter().filter_map(|child| ids.get(child).cloned()).collect();
            Calculated::new(children, *threshold).map(Kind::Calculated).map_err(refused)
        }
        LooksAt::Endpoint(requested) => {
            let polled = Polled { purpose: purpose.clone(), host: requested.host.clone(), port: requested.port, secure: requested.secure };
            let unreached = || check.at.fault(ModelFault::Unreached(requested.host.to_string()));
            let Reached { address, port, secure } = (wiring.endpoint)(&polled).ok_or_else(unreached)?;
            let speaks = Speaks::Http { secure, path: requested.path.clone(), search: requested.search.clone() };
            let spec = EndpointSpec {
                interval_s: requested.interval_s,
                failure_threshold: requested.threshold,
                regions: requested.regions.clone(),
                measure_latency: requested.measure_latency,
                enable_sni: requested.enable_sni,
                ..EndpointSpec::new(address, port, speaks)
            };
            Endpoint::new(spec).map(Kind::Endpoint).map_err(refused)
        }
    }
}

/// Where a check stands in the tree: by region, then the controllers, then the regions' own `/health`.
fn place(purpose: &Purpose, deployment: &Deployment) -> (usize, usize, usize) {
    let region = |of: &AwsRegion| deployment.regional.iter().position(|stack| stack.region == of.as_str()).unwrap_or(usize::MAX);
    let observers = deployment.owner.parameters.get("Observers").and_then(|value| value.items()).unwrap_or_default();
    let observer = |of: &AwsRegion| observers.iter().position(|observer| observer.literal() == Some(of.as_str())).unwrap_or(usize::MAX);
    match purpose {
        Purpose::Eject { region: of, observer: by } => (0, region(of), observer(by)),
        // After the last of its children.
        Purpose::NotEjected { region: of } => (0, region(of), usize::MAX),
        Purpose::Alive { observer: of } => (1, 0, observer(of)),
        Purpose::Controllers => (1, 1, 0),
        Purpose::Health { region: of } => (2, region(of), 0),
    }
}
