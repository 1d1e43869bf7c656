//! The records of both names and of every region's own names: is each there, does it lead on, does it hang on a check.
//!
//! What the checks themselves have to be is `checks`.

use std::collections::{BTreeMap, BTreeSet};

use decision::RegionName;

use super::checks::{self, Role};
use super::{names, unread};
use crate::doctor::expected::Expected;
use crate::doctor::facts::{Facts, Record, Routing, Zone};
use crate::doctor::finding::{Anchor, Finding, Findings, Section};

/// Seconds that an answer may be kept at the most.
const TTL_MAX_S: i64 = 60;
/// What an address record is called. Others at these names are nobody's business here.
const ADDRESS: [&str; 3] = ["A", "AAAA", "CNAME"];

/// Judges records and, where they can be read, the checks they hang on.
pub(super) fn judge(facts: &Facts, expected: &Expected) -> Vec<Finding> {
    let mut dns = Findings::of(Section::Dns);
    let mut of_checks = Findings::of(Section::Checks);
    let Some(zone) = &facts.zone else { return Vec::new() };
    let zone = match zone {
        Ok(zone) => zone,
        Err(why) => {
            unread(&mut dns, "the hosted zone", why);
            return dns.into_list();
        }
    };
    let mut roles: BTreeMap<String, BTreeSet<Role>> = BTreeMap::new();
    for name in &expected.names {
        let mut of_name = Findings::of(Section::Dns);
        latency(&mut of_name, zone, expected, name, &mut roles);
        for region in &expected.regions {
            pair(&mut of_name, zone, expected, name, region, facts, &mut roles);
        }
        ttls(&mut of_name, zone, name, expected);
        if of_name.all_ok() {
            let count = expected.regions.len();
            of_name.ok(
                Anchor::RecordWithoutCheck,
                format!("{name} has {count} latency records, each with its check, and both records of every regional name have theirs"),
            );
        }
        dns.extend(of_name);
    }
    match &facts.checks {
        Some(Ok(all)) => {
            for (id, roles) in &roles {
                for role in roles {
                    checks::judge(&mut of_checks, expected, all, id, role);
                }
            }
            if of_checks.all_ok() && !roles.is_empty() {
                of_checks.ok(
                    Anchor::NotEjectedThreshold,
                    format!("{} checks of records and all their children are as the observers demand, and none is disabled", roles.len()),
                );
            }
        }
        Some(Err(why)) => unread(&mut of_checks, "the health checks", why),
        None => {}
    }
    dns.into_list().into_iter().chain(of_checks.into_list()).collect()
}

/// The latency records of a public name.
fn latency(found: &mut Findings, zone: &Zone, expected: &Expected, name: &str, roles: &mut BTreeMap<String, BTreeSet<Role>>) {
    let mut seen = BTreeSet::new();
    for record in at(zone, name) {
        let Routing::Latency(of) = &record.routing else {
            found.error(
                Anchor::RecordOfUnknownRegion,
                format!("{name} has a record of type {} without latency routing ({:?})", record.kind, record.set_id),
                "remove it: it answers beside the regions, or instead of them",
            );
            // A region's own record without its routing is one fault, not two.
            seen.extend(expected.regions.iter().filter(|region| region.as_str() == record.set_id).cloned());
            continue;
        };
        let Some(region) = expected.regions.iter().find(|region| region.as_str() == of) else {
            found.error(
                Anchor::RecordOfUnknownRegion,
                format!("{name} has a latency record for {of}, which failover.toml does not name: nobody watches it, and it can never be drained"),
                format!("remove the stack of {of}, or add {of} to regions and deploy every stack again"),
            );
            continue;
        };
        seen.insert(region.clone());
        match &record.check {
            Some(id) => {
                roles.entry(id.clone()).or_default().insert(Role::NotEjected(region.clone()));
            }
            None => found.error(
                Anchor::RecordWithoutCheck,
                format!("the record of {region} at {name} has no health check: it always counts as healthy, and a drain moves nobody"),
                "set HealthCheckId on the record set (SAM's Domain.Route53 drops it), or deploy the stack again",
            ),
        }
        leads_on(found, record, &expected.regional(name, region), region, name);
    }
    let missing: Vec<&str> = expected.regions.iter().filter(|region| !seen.contains(*region)).map(RegionName::as_str).collect();
    if !missing.is_empty() {
        found.error(
            Anchor::RecordMissing,
            format!("{name} has no latency record for {}: nobody is sent there", names(missing.iter().copied())),
            format!("deploy the stack of {}", names(missing)),
        );
    }
}

/// A latency record leads to the region's own name, and asks for its health.
fn leads_on(found: &mut Findings, record: &Record, regional: &str, region: &RegionName, name: &str) {
    match &record.alias {
        Some(alias) if alias.target != regional => found.error(
            Anchor::RecordTarget,
            format!("the record of {region} at {name} leads to {}, and {regional} is right", alias.target),
            "deploy the stack again",
        ),
        Some(alias) if !alias.evaluates_health => found.error(
            Anchor::RecordWithoutTargetHealth,
            format!(
                "the record of {region} at {name} does not evaluate its target's health: with all controllers dead, a dead region stays in"
            ),
            "set EvaluateTargetHealth: true on the alias, or deploy the stack again",
        ),
        Some(_) => {}
        None if record.ttl.is_some_and(|ttl| ttl > TTL_MAX_S) => {}
        None => found.error(
            Anchor::RecordTarget,
            format!("the record of {region} at {name} is no alias, so the health of {regional} is not looked at"),
            format!("make it an alias to {regional} with EvaluateTargetHealth: true, or deploy the stack again"),
        ),
    }
}

/// The weighted pair of a regional name: one for the controllers, one for the region's own `/health`.
fn pair(
    found: &mut Findings,
    zone: &Zone,
    expected: &Expected,
    name: &str,
    region: &RegionName,
    facts: &Facts,
    roles: &mut BTreeMap<String, BTreeSet<Role>>,
) {
    let regional = expected.regional(name, region);
    let records: Vec<&Record> = at(zone, &regional).collect();
    let unchecked: Vec<&&Record> = records.iter().filter(|record| record.check.is_none()).collect();
    if !unchecked.is_empty() {
        let sets = names(unchecked.iter().map(|record| record.set_id.as_str()));
        found.error(
            Anchor::RecordWithoutCheck,
            format!("the record {sets} of {regional} has no health check: the region always counts as healthy below its latency record"),
            "set HealthCheckId on the record set, or deploy the stack again",
        );
        // The other one is still judged by what it is.
    }
    let weightless = records.iter().any(|record| !matches!(record.routing, Routing::Weighted(weight) if weight > 0));
    let mut kinds = BTreeMap::new();
    for record in &records {
        *kinds.entry(record.kind.as_str()).or_insert(0_usize) += 1;
    }
    if weightless || kinds.is_empty() || kinds.values().any(|count| *count != 2) {
        found.error(
            Anchor::RegionalPair,
            format!("{regional} must have two weighted records of weight 1 or more, and has {}", seen(&records)),
            "deploy the stack again",
        );
    }
    for record in records {
        let Some(id) = &record.check else { continue };
        // Which of the two it is: the calculated one is the controllers'.
        let calculated = match &facts.checks {
            Some(Ok(checks)) => match checks.get(id).map(|check| &check.kind) {
                Some(kind) => matches!(kind, crate::doctor::facts::Kind::Calculated { .. }),
                None => record.set_id.contains("controllers"),
            },
            Some(Err(_)) | None => continue,
        };
        let role = if calculated { Role::Controllers } else { Role::Health(region.clone()) };
        roles.entry(id.clone()).or_default().insert(role);
    }
}

/// Answers are not kept longer than the promise assumes.
fn ttls(found: &mut Findings, zone: &Zone, name: &str, expected: &Expected) {
    let ours: BTreeSet<String> =
        expected.regions.iter().map(|region| expected.regional(name, region)).chain(std::iter::once(name.to_owned())).collect();
    for record in zone.records.iter().filter(|record| ours.contains(&record.name) && ADDRESS.contains(&record.kind.as_str())) {
        if let Some(ttl) = record.ttl.filter(|ttl| *ttl > TTL_MAX_S) {
            found.error(
                Anchor::RecordTtl,
                format!("the TTL of {} ({}) is {ttl} s: after a drain, users stay that long", record.name, record.set_id),
                format!("set it to {TTL_MAX_S} s or less, or deploy the stack again, which makes it an alias"),
            );
        }
    }
}

fn at<'a>(zone: &'a Zone, name: &'a str) -> impl Iterator<Item = &'a Record> {
    zone.records.iter().filter(move |record| record.name == name && ADDRESS.contains(&record.kind.as_str()))
}

fn seen(records: &[&Record]) -> String {
    if records.is_empty() {
        return "none".to_owned();
    }
    let one = |record: &&Record| match record.routing {
        Routing::Weighted(weight) => format!("{} {:?} of weight {weight}", record.kind, record.set_id),
        Routing::Latency(_) | Routing::Simple | Routing::Other => format!("{} {:?} without a weight", record.kind, record.set_id),
    };
    names(records.iter().map(one).collect::<Vec<_>>().iter().map(String::as_str))
}
