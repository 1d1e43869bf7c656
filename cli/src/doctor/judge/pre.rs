//! Before anything is deployed: what the deployment will need, and what it would stumble over.

use super::certificates::{DAYS_WARN, short, uncovered};
use super::{names, unread};
use crate::doctor::expected::Expected;
use crate::doctor::facts::{Facts, Kind, StoredCertificate};
use crate::doctor::finding::{Anchor, Finding, Findings, Section};

/// Executions that Lambda keeps unreserved in every account.
const UNRESERVED_MIN: f64 = 100.0;

pub(super) fn judge(facts: &Facts, expected: &Expected) -> Vec<Finding> {
    let mut found = certificates(facts, expected);
    found.extend(zone(facts, expected));
    found.extend(quotas(facts, expected));
    found.extend(stacks(facts));
    found
}

fn certificates(facts: &Facts, expected: &Expected) -> Vec<Finding> {
    let mut found = Findings::of(Section::Certificates);
    let wanted = names(expected.wildcards().iter().map(String::as_str));
    let mut good = Vec::new();
    for (region, stored) in &facts.stored {
        let all = match stored {
            Ok(all) => all,
            Err(why) => {
                unread(&mut found, &format!("ACM in {region}"), why);
                continue;
            }
        };
        let covering: Vec<&StoredCertificate> = all.iter().filter(|one| uncovered(one, expected).is_empty()).collect();
        let usable = covering.iter().find(|one| one.status == "ISSUED" && one.days_left.is_none_or(|days| days >= DAYS_WARN));
        match (usable, covering.first()) {
            (Some(one), _) => good.push(format!("{region} ({})", short(&one.arn))),
            (None, Some(one)) => found.error(
                Anchor::CertificateMissing,
                format!(
                    "the certificate for {wanted} in ACM of {region} ({}) is {}{}",
                    short(&one.arn),
                    one.status,
                    one.days_left.map(|days| format!(", with {days} days left")).unwrap_or_default()
                ),
                "finish its validation, or request a new one",
            ),
            (None, None) => found.error(
                Anchor::CertificateMissing,
                format!("ACM in {region} has no certificate for {wanted}"),
                format!("aws acm request-certificate --region {region} --validation-method DNS, with these names"),
            ),
        }
    }
    if !good.is_empty() {
        found.ok(Anchor::CertificateMissing, format!("there is a certificate for {wanted} in {}", names(good.iter().map(String::as_str))));
    }
    found.into_list()
}

fn zone(facts: &Facts, expected: &Expected) -> Vec<Finding> {
    let mut found = Findings::of(Section::Dns);
    match &facts.zone {
        Some(Ok(zone)) => {
            found.ok(Anchor::HostedZone, format!("the names stand in the public hosted zone {} ({})", zone.name, zone.id));
            let ours = |name: &str| expected.names.iter().any(|ours| name == ours || name.ends_with(&format!(".{ours}")));
            let gates: Vec<&str> = expected.observers.iter().filter_map(|observer| expected.gate_host(observer)).collect();
            let taken: std::collections::BTreeSet<&str> = zone
                .records
                .iter()
                .filter(|record| ["A", "AAAA", "CNAME"].contains(&record.kind.as_str()))
                .map(|record| record.name.as_str())
                .filter(|name| ours(name) || gates.contains(name))
                .collect();
            if taken.is_empty() {
                found.ok(Anchor::NamesTaken, "none of the names has records yet");
            } else {
                found.warning(
                    Anchor::NamesTaken,
                    format!("there are records already at {}", names(taken)),
                    "if they are of this service, leave --pre out; else move them away first, or CloudFormation stops there",
                );
            }
        }
        Some(Err(why)) if why.why == crate::doctor::facts::Why::Refused => found.error(
            Anchor::HostedZone,
            why.what.clone(),
            "create a public hosted zone for the domain, and delegate the domain to its name servers",
        ),
        Some(Err(why)) => unread(&mut found, "the hosted zone", why),
        None => {}
    }
    found.into_list()
}

fn quotas(facts: &Facts, expected: &Expected) -> Vec<Finding> {
    let mut found = Findings::of(Section::Quotas);
    match (&facts.checks, &facts.checks_max) {
        (Some(Ok(checks)), Some(Ok(max))) => {
            let (there, needed) = (checks.len(), expected.checks());
            let calculated = checks.values().filter(|check| matches!(check.kind, Kind::Calculated { .. })).count();
            let text = format!("{needed} health checks are needed, and the account has {there} of {max} ({calculated} of them calculated)");
            if (there + needed) as u64 > *max {
                found.error(
                    Anchor::QuotaHealthChecks,
                    text,
                    "ask for more (Service Quotas, Route 53: Health checks), or delete unused ones",
                );
            } else {
                found.ok(Anchor::QuotaHealthChecks, text);
            }
        }
        (Some(Err(why)), _) | (_, Some(Err(why))) => unread(&mut found, "the quota of health checks", why),
        (None, _) | (_, None) => {}
    }
    let (mut good, mut missing) = (Vec::new(), Vec::new());
    for (region, load) in &facts.loads {
        match &load.lambda.quota {
            Ok(quota) if *quota <= UNRESERVED_MIN => found.error(
                Anchor::QuotaLambda,
                format!("Lambda runs {quota:.0} executions at once in {region}; probe and gate reserve some, and {UNRESERVED_MIN:.0} must stay unreserved"),
                "ask for 1000 (Service Quotas, \"Lambda: Concurrent executions\")",
            ),
            Ok(quota) => good.push(format!("{quota:.0} in {region}")),
            Err(why) => missing.push((region.as_str(), why)),
        }
    }
    if let Some((_, why)) = missing.first() {
        unread(&mut found, &format!("Lambda's quota in {}", names(missing.iter().map(|(region, _)| *region))), why);
    }
    if !good.is_empty() {
        found.ok(Anchor::QuotaLambda, format!("Lambda's concurrent executions: {}", names(good.iter().map(String::as_str))));
    }
    found.into_list()
}

fn stacks(facts: &Facts) -> Vec<Finding> {
    let mut found = Findings::of(Section::Deployment);
    for (region, stack) in &facts.stacks {
        match stack {
            Ok(None) => {}
            Ok(Some(stack)) => found.warning(
                Anchor::NamesTaken,
                format!("there is a stack {} in {region} already: {}", stack.name, stack.status),
                "if it is of this service, leave --pre out; else choose another name",
            ),
            Err(why) => unread(&mut found, &format!("CloudFormation in {region}"), why),
        }
    }
    found.into_list()
}
