//! Record sets: aliases within the zone and to API Gateway, simple, weighted or by latency.

use route53::{Alias, AwsRegion, DomainName, Record, RecordType, Routing, Target};

use super::error::{At, ModelError, ModelFault};
use super::fields::Fields;
use super::{GATEWAY, Gateway, Ids, RECORD, Wiring, in_order};
use crate::deployment::Deployment;
use crate::value::Text;

/// The attributes of an API Gateway domain that an alias needs: its own name, and the zone that this is in.
const TARGET_NAME: &str = "RegionalDomainName";
const TARGET_ZONE: &str = "RegionalHostedZoneId";

/// The records of all stacks, each stack's in the order of its template.
pub(super) fn of(deployment: &Deployment, wiring: &Wiring<'_>, ids: &Ids) -> Result<Vec<Record>, ModelError> {
    let mut records = Vec::new();
    for stack in deployment.stacks() {
        for (name, resource) in in_order(stack, RECORD) {
            records.push(record(At::new(stack, name, resource), wiring, ids)?);
        }
    }
    Ok(records)
}

fn record(at: At<'_>, wiring: &Wiring<'_>, ids: &Ids) -> Result<Record, ModelError> {
    let fields = Fields::of(at);
    let zone = fields.needed_literal("HostedZoneId")?;
    let name = DomainName::new(&fields.needed_literal("Name")?).map_err(|error| at.fault(error))?;
    let record_type = match fields.needed_literal("Type")?.as_str() {
        "A" => RecordType::A,
        "AAAA" => RecordType::Aaaa,
        other => return Err(at.fault(ModelFault::RecordType(other.to_owned()))),
    };
    let routing = match (fields.number("Weight")?, fields.literal("Region")?) {
        (None, None) => Routing::Simple,
        (Some(weight), None) => Routing::Weighted(weight),
        (None, Some(region)) => Routing::Latency(AwsRegion::new(&region).map_err(|error| at.fault(error))?),
        (Some(_), Some(_)) => return Err(at.fault(ModelFault::TwoPolicies)),
    };
    let set_id = fields.literal("SetIdentifier")?.unwrap_or_default();
    let check = match fields.literal("HealthCheckId")? {
        None => None,
        Some(id) => Some(ids.get(&id).cloned().ok_or_else(|| at.fault(ModelFault::NoCheck(id)))?),
    };
    let alias = fields.needed_below("AliasTarget")?;
    fields.end()?;
    let evaluate_target_health = alias.truth("EvaluateTargetHealth", false)?;
    let (to_name, to_zone) = (alias.needed_text("DNSName")?, alias.needed_text("HostedZoneId")?);
    alias.end()?;
    let to = target(at, wiring, (&to_name, &to_zone), &zone)?;
    Ok(Record { name, record_type, set_id, routing, target: Target::Alias { to, evaluate_target_health }, check })
}

fn target(at: At<'_>, wiring: &Wiring<'_>, (name, zone): (&Text, &Text), own_zone: &str) -> Result<Alias, ModelError> {
    if zone.literal() == Some(own_zone)
        && let Some(name) = name.literal()
    {
        return Ok(Alias::Records(DomainName::new(name).map_err(|error| at.fault(error))?));
    }
    let neither = || at.fault(ModelFault::Target(name.to_string()));
    let (of_name, of_zone) = (name.attribute().ok_or_else(neither)?, zone.attribute().ok_or_else(neither)?);
    let gateway = at.stack.resources.get(&of_name.resource).filter(|resource| resource.kind == GATEWAY);
    let fits = of_name.name == TARGET_NAME && of_zone.name == TARGET_ZONE && of_name.resource == of_zone.resource;
    let domain = gateway.filter(|_| fits).and_then(|gateway| gateway.properties.get("DomainName")?.literal()).ok_or_else(neither)?;
    let gateway = Gateway {
        region: AwsRegion::new(&at.stack.region).map_err(|error| at.fault(error))?,
        domain: DomainName::new(domain).map_err(|error| at.fault(error))?,
    };
    let unreached = || at.fault(ModelFault::Unreached(gateway.domain.to_string()));
    (wiring.gateway)(&gateway).map(Alias::Service).ok_or_else(unreached)
}
