//! Certificates: what hosts present by TLS from here, and what ACM has for the service.
//!
//! Route 53's checkers validate no certificate: one that has ended shows nowhere but with users.

use std::collections::BTreeMap;

use super::{names, unread};
use crate::doctor::expected::Expected;
use crate::doctor::facts::{Facts, StoredCertificate};
use crate::doctor::finding::{Anchor, Finding, Findings, Section};

/// ACM renews long before this; what is still there then does not renew by itself.
pub(super) const DAYS_WARN: i64 = 30;
/// Too few days to find out why.
const DAYS_MIN: i64 = 7;

pub(super) fn judge(facts: &Facts, expected: &Expected) -> Vec<Finding> {
    let mut found = Findings::of(Section::Certificates);
    served(&mut found, facts);
    for (region, stored) in &facts.stored {
        match stored {
            Ok(certificates) => deployed(&mut found, region.as_str(), certificates, expected),
            Err(why) => unread(&mut found, &format!("ACM in {region}"), why),
        }
    }
    found.into_list()
}

/// What hosts present.
fn served(found: &mut Findings, facts: &Facts) {
    let mut good: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    let mut unasked = Vec::new();
    for (host, certificate) in &facts.served {
        match certificate {
            Ok(certificate) if certificate.days_left < DAYS_WARN => {
                ending(found, &format!("the certificate of {host}"), certificate.days_left)
            }
            Ok(certificate) => match &certificate.distrust {
                Some(why) => found.error(
                    Anchor::CertificateUntrusted,
                    format!("clients do not take the certificate of {host}: {why}"),
                    "deploy the stack with the certificate that covers this name",
                ),
                None => good.entry(certificate.days_left).or_default().push(host),
            },
            Err(why) => unasked.push((host.as_str(), why)),
        }
    }
    // Where one host cannot be reached from here, others mostly cannot either.
    if let Some((_, why)) = unasked.first() {
        unread(found, &format!("what {} present by TLS", names(unasked.iter().map(|(host, _)| *host))), why);
    }
    let count: usize = good.values().map(Vec::len).sum();
    if let Some((days, hosts)) = good.first_key_value() {
        let first = hosts.first().copied().unwrap_or_default();
        found.ok(
            Anchor::CertificateExpiring,
            format!("{count} hosts present certificates that clients take; the first ends in {days} days ({first})"),
        );
    }
}

/// What ACM has: the ones that the stack names.
fn deployed(found: &mut Findings, region: &str, certificates: &[StoredCertificate], expected: &Expected) {
    for certificate in certificates.iter().filter(|certificate| certificate.deployed) {
        let what = format!("the certificate in ACM of {region} ({})", short(&certificate.arn));
        let lacking = uncovered(certificate, expected);
        match certificate.days_left {
            Some(days) if days < DAYS_WARN => ending(found, &what, days),
            _ if certificate.status != "ISSUED" => found.error(
                Anchor::CertificateMissing,
                format!("{what} is {}", certificate.status),
                "finish its validation: ACM shows the CNAME that it waits for",
            ),
            _ if !lacking.is_empty() => found.error(
                Anchor::CertificateMissing,
                format!("{what} does not cover {}", names(lacking.iter().map(String::as_str))),
                "request one that covers all names, and deploy the stack with it",
            ),
            Some(days) => found.ok(Anchor::CertificateExpiring, format!("{what} covers every name and lasts {days} days")),
            None => found.ok(Anchor::CertificateExpiring, format!("{what} covers every name")),
        }
    }
}

/// The names that a certificate should cover and does not.
pub(super) fn uncovered(certificate: &StoredCertificate, expected: &Expected) -> Vec<String> {
    expected.wildcards().into_iter().filter(|name| !certificate.names.contains(name)).collect()
}

fn ending(found: &mut Findings, what: &str, days: i64) {
    let fix = "see why ACM does not renew it (its validation CNAME must stay in the zone), or import a new one";
    match days {
        ..0 => found.error(Anchor::CertificateExpired, format!("{what} has ended, {} days ago: no client connects", -days), fix),
        0..DAYS_MIN => found.error(Anchor::CertificateExpiring, format!("{what} ends in {days} days"), fix),
        _ => found.warning(Anchor::CertificateExpiring, format!("{what} ends in {days} days; ACM renews earlier than that"), fix),
    }
}

/// The last part of an ARN.
pub(super) fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
