//! The stacks as `template.yaml` and `owner.yaml` make them, and how what they name is reached on loopback.
//!
//! Checks and records are the templates' own: what is tested here is what ships. Only what loopback cannot give is replaced, and only
//! here: names by addresses, TLS by plain HTTP, API Gateway's domains by the addresses of the world's APIs.

use std::net::SocketAddr;

use decision::RegionName;
use route53::{Address, AwsRegion, DomainName, Observer, Purpose, Service, Serving, Tree, TreeError, TreeSpec};
use template::{Deployment, Gateway, Polled, Reached, Shape, Template, Wiring};

use super::{Settings, StartError};
use crate::names::{Names, ZONE};

/// What is deployed once per service.
const OWNER: &str = include_str!("../../../owner.yaml");
/// What is deployed in every region and at every witness.
const REGIONAL: &str = include_str!("../../../template.yaml");
/// The TTL of API Gateway's own names, which an alias takes over.
const GATEWAY_TTL_S: u32 = 60;

/// The record tree of the world: the templates', and beside it the talk's records.
pub(super) fn tree(settings: &Settings) -> Result<Tree, StartError> {
    let spec = spec(settings)?;
    let regions: Vec<&str> = spec.regions.iter().map(|serving| serving.region.as_str()).collect();
    let observers: Vec<&str> = spec.observers.iter().map(|observer| observer.region.as_str()).collect();
    let shape = Shape::looked_at(&spec.service, ZONE, &regions, &observers);
    let deployment = Deployment::resolve(&Template::read(OWNER)?, &Template::read(REGIONAL)?, &shape)?;
    let wiring = Wiring {
        origin: spec.origin.clone(),
        endpoint: &|polled| endpoint(&spec, polled),
        gateway: &|gateway| api_gateway(&spec, gateway),
    };
    Ok(deployment.tree(&wiring)?.with_talk(&spec)?)
}

/// A gate is polled where the observer's gate listens, a region's `/health` where its API does; both in plain HTTP.
fn endpoint(spec: &TreeSpec, polled: &Polled) -> Option<Reached> {
    let (address, port) = match &polled.purpose {
        Purpose::Eject { observer: of, .. } | Purpose::Alive { observer: of } => {
            let observer = spec.observers.iter().find(|observer| observer.region == *of)?;
            (observer.gate.clone(), observer.port)
        }
        Purpose::Health { region: of } => {
            let serving = serving(spec, of)?;
            (serving.health.clone(), serving.port)
        }
        Purpose::NotEjected { .. } | Purpose::Controllers => return None,
    };
    Some(Reached { address, port, secure: false })
}

/// An API Gateway domain answers with its region's address. A witness has no API, only a gate, and answers with the gate's.
fn api_gateway(spec: &TreeSpec, gateway: &Gateway) -> Option<Service> {
    let address = match (serving(spec, &gateway.region), spec.observers.iter().find(|observer| observer.region == gateway.region)) {
        (Some(serving), _) => serving.ip,
        (None, Some(Observer { gate: Address::Ip { ip, .. }, .. })) => *ip,
        (None, _) => return None,
    };
    let label = gateway.domain.as_str().split('.').next()?;
    let name = DomainName::new(&format!("d-{label}.execute-api.{}.amazonaws.com", gateway.region)).ok()?;
    Some(Service::ApiGateway { name, addresses: vec![address], ttl_s: GATEWAY_TTL_S })
}

fn serving<'a>(spec: &'a TreeSpec, of: &AwsRegion) -> Option<&'a Serving> {
    spec.regions.iter().find(|serving| serving.region == *of)
}

fn spec(settings: &Settings) -> Result<TreeSpec, StartError> {
    let region = |name: &RegionName| AwsRegion::new(name.as_str()).map_err(|_| StartError::Region(name.clone()));
    let loopback = |addr: &SocketAddr| Address::loopback(addr.ip(), None).map_err(|source| StartError::Tree(TreeError::Check(source)));
    let mut regions = Vec::new();
    for (of, addr) in &settings.regions {
        regions.push(Serving { region: region(of)?, ip: addr.ip(), health: loopback(addr)?, port: addr.port() });
    }
    let mut observers = Vec::new();
    for (of, addr) in &settings.gates {
        observers.push(Observer { region: region(of)?, gate: loopback(addr)?, port: addr.port() });
    }
    let guarded = Names::guarded();
    let below = |full: &str| full.strip_suffix(ZONE).and_then(|label| label.strip_suffix('.')).unwrap_or(full).to_owned();
    Ok(TreeSpec {
        origin: DomainName::new(ZONE).map_err(|source| StartError::Tree(TreeError::Name(source)))?,
        service: settings.service.to_string(),
        names: vec![below(&guarded.rest), below(&guarded.websocket)],
        regions,
        observers,
        secure: false,
        gateway_ttl_s: GATEWAY_TTL_S,
    })
}

#[cfg(test)]
mod tests {
    use decision::ServiceName;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::event::Events;
    use crate::fault::Faults;
    use crate::names::address;
    use crate::speed::Speed;

    const REGIONS: [&str; 7] = ["eu-west-1", "eu-west-2", "us-east-1", "us-west-2", "ap-northeast-1", "sa-east-1", "eu-central-1"];

    /// So many regions, watched from so many places; an observer that is no region is a witness.
    fn settings(regions: usize, observers: usize) -> Settings {
        let listening = |many: usize, port| {
            let one = |(index, name): (usize, &&str)| (RegionName::new(name).unwrap(), SocketAddr::new(address(index), port));
            REGIONS[..many].iter().enumerate().map(one).collect()
        };
        Settings {
            service: ServiceName::new("chat").unwrap(),
            regions: listening(regions, 8080),
            gates: listening(observers, 9090),
            dns_port: 0,
            seed: 1,
            faults: Faults::default(),
            events: Events::default(),
            speed: Speed::default(),
            stop: CancellationToken::new(),
        }
    }

    #[test]
    fn the_world_is_given_the_designed_tree_by_the_templates_and_the_talks_records_besides() {
        for (regions, observers) in [(2, 3), (3, 3), (4, 5), (5, 5), (6, 7)] {
            let settings = settings(regions, observers);
            let (shipped, designed) = (tree(&settings).unwrap(), route53::tree(&spec(&settings).unwrap()).unwrap());
            assert_eq!(shipped.checks, designed.checks, "{regions} regions, {observers} observers");
            assert_eq!((shipped.purposes, shipped.names), (designed.purposes, designed.names));
            let gates = |record: &&route53::Record| record.name.as_str().starts_with("gate-");
            assert_eq!(shipped.zone.records().filter(gates).count(), observers);
            let records = shipped.zone.records().filter(|record| !gates(record)).collect::<Vec<_>>();
            assert_eq!(records, designed.zone.records().collect::<Vec<_>>(), "{regions} regions, {observers} observers");
        }
    }

    #[test]
    fn what_the_templates_do_not_support_is_refused_in_their_words() {
        let said = |regions, observers| {
            let error = tree(&settings(regions, observers)).unwrap_err();
            std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source())
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(": ")
        };
        // Without the numbers of lines, which change with everything that is written above them.
        let said = |regions, observers| {
            let said = said(regions, observers);
            let (stack, fault) = said.split_once("line ").unwrap();
            format!("{stack}{}", fault.trim_start_matches(|c: char| c.is_ascii_digit() || c == ',' || c == ' '))
        };
        insta::assert_snapshot!([said(7, 7), said(2, 4), said(4, 3)].join("\n"), @r#"
        the templates make no such deployment: the stack of the owner: Parameters.RegionCount: "7" is refused: allowed is 2, 3, 4, 5, 6
        the templates make no such deployment: the stack of the owner: Parameters.ObserverCount: "4" is refused: allowed is 3, 5, 7
        the templates make no such deployment: the stack of the owner: Rules.EveryRegionWatches.Assertions[0]: A serving region is not among Observers
        "#);
    }
}
