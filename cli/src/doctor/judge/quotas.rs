//! What the survivors of a drain could take: each region's busiest moment of the week, beside what the others have free.
//!
//! Where users go is for their network to decide. So one survivor must be able to take all of a region, or, to be safe at all, all of them together.

use decision::RegionName;

use super::{names, unread};
use crate::doctor::expected::Expected;
use crate::doctor::facts::{Facts, Load, Room};
use crate::doctor::finding::{Anchor, Finding, Findings, Section};

/// A kind of room: its words, and where to ask for more of it.
struct Of {
    anchor: Anchor,
    /// What is counted.
    what: &'static str,
    /// The name of its quota, as Service Quotas has it.
    quota: &'static str,
    room: fn(&Load) -> &Room,
}

const KINDS: [Of; 3] = [
    Of {
        anchor: Anchor::QuotaLambda,
        what: "concurrent Lambda executions",
        quota: "Lambda: Concurrent executions",
        room: |load| &load.lambda,
    },
    Of { anchor: Anchor::QuotaRequests, what: "API requests per second", quota: "API Gateway: Throttle rate", room: |load| &load.requests },
    Of {
        anchor: Anchor::QuotaConnections,
        what: "new WebSocket connections per second",
        quota: "API Gateway: New connections per second per account across all WebSocket APIs",
        room: |load| &load.connections,
    },
];

pub(super) fn judge(facts: &Facts, expected: &Expected) -> Vec<Finding> {
    let mut found = Findings::of(Section::Quotas);
    for kind in &KINDS {
        of_kind(&mut found, facts, expected, kind);
    }
    found.into_list()
}

/// A region's quota and peak, both known.
struct Known<'a> {
    region: &'a RegionName,
    quota: f64,
    peak: f64,
}

impl Known<'_> {
    fn free(&self) -> f64 {
        (self.quota - self.peak).max(0.0)
    }
}

fn of_kind(found: &mut Findings, facts: &Facts, expected: &Expected, kind: &Of) {
    let mut known = Vec::new();
    let mut missing = Vec::new();
    let mut used = false;
    for region in &expected.regions {
        let Some(load) = facts.loads.get(region) else { continue };
        let room = (kind.room)(load);
        match (&room.quota, &room.peak) {
            (Ok(quota), Ok(peak)) => {
                used |= peak.is_some();
                known.push(Known { region, quota: *quota, peak: peak.unwrap_or(0.0) });
            }
            (Err(why), _) | (_, Err(why)) => missing.push((region.as_str(), why)),
        }
    }
    if let Some((_, why)) = missing.first() {
        let regions = names(missing.iter().map(|(region, _)| *region));
        unread(found, &format!("quota and use of {} in {regions}", kind.what), why);
        return;
    }
    if known.len() < 2 {
        return;
    }
    let mut short = false;
    let mut tight: Option<(&Known, &Known)> = None;
    for drained in &known {
        let others: Vec<&Known> = known.iter().filter(|other| other.region != drained.region).collect();
        let together: f64 = others.iter().map(|other| other.free()).sum();
        let Some(least) = others.iter().copied().min_by(|a, b| a.free().total_cmp(&b.free())) else { continue };
        if together < drained.peak {
            short = true;
            let all = names(others.iter().map(|other| other.region.as_str()));
            found.error(
                kind.anchor,
                format!(
                    "a drain of {} would add up to {:.0} {}, and {all} together have {together:.0} free",
                    drained.region, drained.peak, kind.what
                ),
                format!("ask for more in each of them (Service Quotas, {:?})", kind.quota),
            );
        } else if least.free() < drained.peak && tight.is_none_or(|(_, tightest)| least.free() < tightest.free()) {
            tight = Some((drained, least));
        }
    }
    match tight {
        // Said already, and worse.
        _ if short => {}
        Some((drained, least)) => found.warning(
            kind.anchor,
            format!(
                "a drain of {} would add up to {:.0} {}; {} alone has {:.0} free, and users choose by distance",
                drained.region,
                drained.peak,
                kind.what,
                least.region,
                least.free()
            ),
            format!("ask for more in {} (Service Quotas, {:?})", least.region, kind.quota),
        ),
        None if !used => found.ok(kind.anchor, format!("no {} were measured in the last week, so that none would move", kind.what)),
        None => {
            let worst = known.iter().map(|region| region.peak).fold(0.0, f64::max);
            let least = known.iter().map(Known::free).fold(f64::INFINITY, f64::min);
            found.ok(
                kind.anchor,
                format!(
                    "any region can take any other's {}: at most {worst:.0} in the last week, and {least:.0} or more are free",
                    kind.what
                ),
            );
        }
    }
}
