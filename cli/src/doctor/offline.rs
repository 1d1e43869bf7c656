//! What the template would make of a configuration, told as facts: the same judgement as of a deployment, without asking anybody.

use std::collections::BTreeMap;

use decision::RegionName;
use template::{Given, Resource, Template, Value};

use super::drift::REGIONAL;
use super::expected::Expected;
use super::facts::{Alias, Check, Endpoint, Facts, Kind, Record, Routing, Zone};

/// The template of what exists once per service.
const OWNER: &str = include_str!("../../../owner.yaml");
const ACCOUNT: &str = "123456789012";
const ZONE: &str = "Z0000000000000000000";
/// The names of the stacks here. They show in ids, and nowhere else.
const OWNER_STACK: &str = "owner";
const REGIONAL_STACK: &str = "chat";
/// The check in the owner stack that the others are given.
const CONTROLLERS: &str = "ControllersCheck";

/// The records and checks that the stacks of this configuration would have.
///
/// # Errors
/// What the templates cannot be resolved for, in one line.
pub(crate) fn facts(expected: &Expected) -> Result<Facts, String> {
    let domain =
        expected.domain().ok_or("the names of failover.toml do not stand at api. and api-ws. of one domain, as the template has them")?;
    let list = |names: &std::collections::BTreeSet<RegionName>| names.iter().map(RegionName::as_str).collect::<Vec<_>>().join(",");
    let mut shared = BTreeMap::from([
        ("Service", expected.service.clone()),
        ("DomainName", domain.to_owned()),
        ("HostedZoneId", ZONE.to_owned()),
        ("Regions", list(&expected.regions)),
        ("RegionCount", expected.regions.len().to_string()),
        ("Observers", list(&expected.observers)),
        ("ObserverCount", expected.observers.len().to_string()),
        ("MessagesTable", format!("{}-messages", expected.service)),
        ("ProbeSecrets", "offline-offline-offline-offline-offline".to_owned()),
    ]);
    let owner = Template::read(OWNER).map_err(|error| error.to_string())?;
    let regional = Template::read(REGIONAL).map_err(|error| error.to_string())?;
    let mut zone = Zone { id: ZONE.to_owned(), name: domain.to_owned(), records: Vec::new() };
    let mut checks = BTreeMap::new();
    let home = expected.regions.first().ok_or("no region serves")?;
    let mut stacks = vec![(&owner, OWNER_STACK, home)];
    stacks.extend(expected.observers.iter().map(|observer| (&regional, REGIONAL_STACK, observer)));
    for (template, name, region) in stacks {
        let mut given = shared.clone();
        given.insert("Serves", expected.regions.contains(region).to_string());
        given.insert("MessagesStreamArn", format!("arn:aws:dynamodb:{region}:{ACCOUNT}:table/offline/stream/offline"));
        given.insert("CertificateArn", format!("arn:aws:acm:{region}:{ACCOUNT}:certificate/offline"));
        let known: Vec<&str> = template.parameters().collect();
        let parameters = given.into_iter().filter(|(key, _)| known.contains(key)).map(|(key, value)| (key.to_owned(), value)).collect();
        let stack = template
            .stack(&Given { name: name.to_owned(), region: region.to_string(), account: ACCOUNT.to_owned(), parameters })
            .map_err(|error| format!("{region}: {error}"))?;
        for (logical, resource) in stack.of_kind("AWS::Route53::HealthCheck") {
            let config = resource.properties.get("HealthCheckConfig").map(|config| stack.named(config));
            let check = config
                .as_ref()
                .and_then(check)
                .ok_or_else(|| format!("{logical} of {region} is no health check that can be understood"))?;
            checks.insert(stack.physical_name(logical), check);
        }
        if name == OWNER_STACK {
            shared.insert("ControllersCheckId", stack.physical_name(CONTROLLERS));
        }
        for (logical, resource) in stack.of_kind("AWS::Route53::RecordSet") {
            let named = Resource {
                properties: resource.properties.iter().map(|(key, value)| (key.clone(), stack.named(value))).collect(),
                ..resource.clone()
            };
            zone.records.push(record(&named).ok_or_else(|| format!("{logical} of {region} is no record that can be understood"))?);
        }
    }
    Ok(Facts { zone: Some(Ok(zone)), checks: Some(Ok(checks)), ..Facts::default() })
}

fn text(value: Option<&Value>) -> Option<String> {
    Some(value?.text()?.to_string())
}

fn number(value: Option<&Value>) -> Option<i64> {
    text(value)?.parse().ok()
}

fn truth(value: Option<&Value>) -> bool {
    text(value).is_some_and(|text| text == "true")
}

fn host(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn check(config: &Value) -> Option<Check> {
    let get = |key: &str| config.get(key);
    let kind = match text(get("Type"))?.as_str() {
        "CALCULATED" => Kind::Calculated {
            children: get("ChildHealthChecks")?.items()?.iter().map(|child| text(Some(child))).collect::<Option<_>>()?,
            threshold: number(get("HealthThreshold"))?,
        },
        protocol => Kind::Endpoint(Endpoint {
            protocol: protocol.to_owned(),
            host: host(&text(get("FullyQualifiedDomainName"))?),
            port: number(get("Port"))?,
            path: text(get("ResourcePath"))?,
            search: text(get("SearchString")),
            interval: number(get("RequestInterval"))?,
            threshold: number(get("FailureThreshold"))?,
            sni: truth(get("EnableSNI")),
        }),
    };
    Some(Check { kind, inverted: truth(get("Inverted")), disabled: truth(get("Disabled")) })
}

fn record(resource: &Resource) -> Option<Record> {
    let get = |key: &str| resource.properties.get(key);
    let routing = match (get("Region"), get("Weight")) {
        (Some(region), _) => Routing::Latency(text(Some(region))?),
        (None, Some(weight)) => Routing::Weighted(number(Some(weight))?),
        (None, None) => Routing::Simple,
    };
    let alias = get("AliasTarget").map(|alias| {
        Some(Alias { target: host(&text(alias.get("DNSName"))?), evaluates_health: truth(alias.get("EvaluateTargetHealth")) })
    });
    let alias = match alias {
        Some(alias) => Some(alias?),
        None => None,
    };
    Some(Record {
        name: host(&text(get("Name"))?),
        kind: text(get("Type"))?,
        set_id: text(get("SetIdentifier")).unwrap_or_default(),
        routing,
        alias,
        ttl: number(get("TTL")),
        check: text(get("HealthCheckId")),
    })
}
