//! Route 53's health checks, each against what it is for.
//!
//! Which check a record hangs on is `records`'; here is what the check itself has to be.

use std::collections::BTreeMap;

use decision::RegionName;

use super::names;
use crate::doctor::expected::{Expected, is_host};
use crate::doctor::facts::{Check, Endpoint, Kind};
use crate::doctor::finding::{Anchor, Findings};

/// Every check of the account, by id.
pub(super) type Checks = BTreeMap<String, Check>;

/// What a record hangs on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// The latency records of this region.
    NotEjected(RegionName),
    /// One of each weighted pair.
    Controllers,
    /// The other one, of this region.
    Health(RegionName),
}

impl Role {
    /// The check's name for people.
    pub(super) fn name(&self) -> String {
        match self {
            Role::NotEjected(region) => format!("\"{region} not ejected\""),
            Role::Controllers => "\"controllers alive\"".to_owned(),
            Role::Health(region) => format!("\"health of {region}\""),
        }
    }
}

/// Judges the check with this id in this role, and its children.
pub(super) fn judge(found: &mut Findings, expected: &Expected, checks: &Checks, id: &str, role: &Role) {
    let Some(check) = checks.get(id) else {
        found.error(
            Anchor::CheckMissing,
            format!("the check {} ({id}) does not exist: what Route 53 makes of its records cannot be predicted", role.name()),
            "deploy the stack of that region again; it makes the check anew",
        );
        return;
    };
    if disabled(found, check, id, &role.name()) {
        return;
    }
    match role {
        Role::Health(region) => compare(found, Anchor::HealthCheck, &role.name(), id, check, &expected.health(region)),
        Role::NotEjected(region) => {
            let demand = Demand {
                role,
                threshold: (Anchor::NotEjectedThreshold, expected.not_ejected_threshold()),
                children: Anchor::NotEjectedChildren,
                child: Anchor::EjectCheck,
                wanted: expected
                    .observers
                    .iter()
                    .map(|observer| (format!("\"eject {region} at {observer}\""), expected.eject(region, observer)))
                    .collect(),
            };
            demand.judge(found, checks, id, check);
        }
        Role::Controllers => {
            let demand = Demand {
                role,
                threshold: (Anchor::ControllersThreshold, expected.controllers_threshold()),
                children: Anchor::ControllersChildren,
                child: Anchor::AliveCheck,
                wanted: expected.observers.iter().map(|observer| (format!("\"alive at {observer}\""), expected.alive(observer))).collect(),
            };
            demand.judge(found, checks, id, check);
        }
    }
}

/// What a calculated check has to be.
struct Demand<'a> {
    role: &'a Role,
    threshold: (Anchor, i64),
    children: Anchor,
    child: Anchor,
    /// One child per observer: its name for people, and what it has to be.
    wanted: Vec<(String, Check)>,
}

impl Demand<'_> {
    fn judge(&self, found: &mut Findings, checks: &Checks, id: &str, check: &Check) {
        let name = self.role.name();
        let Kind::Calculated { children, threshold } = &check.kind else {
            found.error(
                self.children,
                format!("the check {name} ({id}) is not a calculated one"),
                "deploy the stack again: the kind of a check cannot be changed",
            );
            return;
        };
        let (anchor, wanted) = self.threshold;
        if *threshold != wanted {
            let effect = match self.role {
                Role::NotEjected(_) => format!(
                    "it takes {} ejecting observers to move users, and {} are a majority",
                    past(self.wanted.len(), *threshold),
                    past(self.wanted.len(), wanted)
                ),
                Role::Controllers | Role::Health(_) => "a majority of live controllers is what counts".to_owned(),
            };
            found.error(
                anchor,
                format!("the check {name} ({id}) is healthy with {threshold} of {} children; {wanted} is right: {effect}", children.len()),
                format!("deploy the stack again, or aws route53 update-health-check --health-check-id {id} --health-threshold {wanted}"),
            );
        }
        if check.inverted {
            found.error(
                anchor,
                format!("the check {name} ({id}) is inverted: it says the opposite"),
                format!("aws route53 update-health-check --health-check-id {id} --no-inverted"),
            );
        }
        self.judge_children(found, checks, id, children);
    }

    fn judge_children(&self, found: &mut Findings, checks: &Checks, id: &str, children: &std::collections::BTreeSet<String>) {
        // A child belongs to the observer whose gate it asks; what is left over is matched in order, so that one with a wrong host is called that.
        let mut open: Vec<&(String, Check)> = self.wanted.iter().collect();
        let mut pairs = Vec::new();
        let mut rest = Vec::new();
        for child in children {
            let host = checks.get(child).and_then(host);
            let place = host.and_then(|host| open.iter().position(|(_, wanted)| self::host(wanted) == Some(host)));
            match place {
                Some(place) => pairs.push((child, open.remove(place))),
                None => rest.push(child),
            }
        }
        let mut foreign = Vec::new();
        for child in rest {
            let is_of_kind = checks.get(child).is_some_and(|check| matches!(&check.kind, Kind::Endpoint(_)));
            if is_of_kind && !open.is_empty() { pairs.push((child, open.remove(0))) } else { foreign.push(child.clone()) }
        }
        let name = self.role.name();
        if !open.is_empty() || !foreign.is_empty() {
            let lacks = names(open.iter().map(|(name, _)| name.as_str()));
            let has = names(foreign.iter().map(String::as_str));
            let what = match (open.is_empty(), foreign.is_empty()) {
                (false, true) => format!("lacks {lacks}"),
                (true, false) => format!("counts {has}, which is none of the observers'"),
                _ => format!("lacks {lacks} and counts {has} instead"),
            };
            found.error(
                self.children,
                format!("the check {name} ({id}) {what}"),
                "deploy the stack again with the Observers of failover.toml",
            );
        }
        for (child, (name, wanted)) in pairs {
            // Present: a child that does not exist has no host and is no endpoint, so it is a foreign one.
            let Some(check) = checks.get(child) else { continue };
            if !disabled(found, check, child, name) {
                compare(found, self.child, name, child, check, wanted);
            }
        }
    }
}

/// How many unhealthy children make a calculated check unhealthy.
fn past(children: usize, threshold: i64) -> i64 {
    i64::try_from(children).unwrap_or(i64::MAX).saturating_sub(threshold).saturating_add(1).max(0)
}

fn host(check: &Check) -> Option<&str> {
    match &check.kind {
        Kind::Endpoint(endpoint) => Some(&endpoint.host),
        Kind::Calculated { .. } | Kind::Alarm { .. } | Kind::Other(_) => None,
    }
}

/// Says so when a check is disabled, and whether it is.
fn disabled(found: &mut Findings, check: &Check, id: &str, name: &str) -> bool {
    if check.disabled {
        let reads = if check.inverted { "unhealthy" } else { "healthy" };
        found.error(
            Anchor::CheckDisabled,
            format!("the check {name} ({id}) is disabled: it looks at nothing and always counts as {reads}"),
            format!("aws route53 update-health-check --health-check-id {id} --no-disabled; to take a region out, use failover drain"),
        );
    }
    check.disabled
}

fn compare(found: &mut Findings, anchor: Anchor, name: &str, id: &str, check: &Check, wanted: &Check) {
    let differences = differences(check, wanted);
    if !differences.is_empty() {
        found.error(
            anchor,
            format!("the check {name} ({id}) {}", differences.join("; ")),
            "deploy the stack again; where the interval or the kind is wrong, delete the check first, as they cannot be changed",
        );
    }
}

fn differences(check: &Check, wanted: &Check) -> Vec<String> {
    let (Kind::Endpoint(is), Kind::Endpoint(should)) = (&check.kind, &wanted.kind) else {
        return vec!["does not poll an endpoint".to_owned()];
    };
    let mut list = Vec::new();
    let mut note = |what: &str, is: &str, should: &str| {
        if is != should {
            list.push(format!("has {what} {is}, and {should} is right"));
        }
    };
    let Endpoint { protocol, host, port, path, search, interval, threshold, sni } = is;
    note("type", protocol, &should.protocol);
    note("host", if is_host(host, &should.host) { &should.host } else { host }, &should.host);
    note("port", &port.to_string(), &should.port.to_string());
    note("path", path, &should.path);
    note("search string", &quoted(search.as_deref()), &quoted(should.search.as_deref()));
    note("an interval of", &format!("{interval} s"), &format!("{} s", should.interval));
    note("failure threshold", &threshold.to_string(), &should.threshold.to_string());
    if sni != &should.sni {
        list.push("does not send the host's name by TLS (EnableSNI)".to_owned());
    }
    match (check.inverted, wanted.inverted) {
        (false, true) => list.push("is not inverted: a gate that is gone would eject".to_owned()),
        (true, false) => list.push("is inverted: it says the opposite".to_owned()),
        (true, true) | (false, false) => {}
    }
    list
}

fn quoted(text: Option<&str>) -> String {
    text.map_or_else(|| "none".to_owned(), |text| format!("{text:?}"))
}
