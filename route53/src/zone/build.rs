//! Putting a zone together: everything that AWS refuses, and the loops that it does not see, are refused here.

use std::collections::{BTreeMap, BTreeSet};

use super::record::{Alias, Area, Failover, Record, RecordType, Routing, Service, Target, Value};
use crate::check::{CheckId, CheckSet};
use crate::name::DomainName;

/// The most records in a zone. `[R-LIM]`
pub const RECORDS_MAX: usize = 10_000;
/// The most aliases in a row. Ours: AWS states none.
pub const ALIAS_DEPTH_MAX: usize = 8;
/// The most records of one name and type. `[R-LIM]`
const GROUP_MAX: usize = 100;
/// The most values of one record. `[R-LIM]`
const VALUES_MAX: usize = 400;

/// The start of authority that Route 53 gives every zone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of DNS")]
pub struct Soa {
    pub primary: DomainName,
    pub mailbox: DomainName,
    pub serial: u32,
    pub refresh_s: u32,
    pub retry_s: u32,
    pub expire_s: u32,
    pub minimum_s: u32,
    pub ttl_s: u32,
}

impl Soa {
    /// Route 53's own figures.
    #[must_use]
    pub fn new(primary: DomainName, mailbox: DomainName) -> Self {
        let (refresh_s, retry_s, expire_s, minimum_s, ttl_s) = (7200, 900, 1_209_600, 86_400, 900);
        Self { primary, mailbox, serial: 1, refresh_s, retry_s, expire_s, minimum_s, ttl_s }
    }

    /// How long "there is no such thing" may be kept: the lesser of the record's TTL and its minimum (RFC 2308).
    #[must_use]
    pub fn negative_ttl_s(&self) -> u32 {
        self.ttl_s.min(self.minimum_s)
    }
}

pub(crate) type Key = (DomainName, RecordType);

/// A hosted zone whose records fit together.
#[derive(Debug, Clone)]
pub struct Zone {
    pub(crate) origin: DomainName,
    pub(crate) soa: Soa,
    pub(crate) groups: BTreeMap<Key, Vec<Record>>,
    /// Every name that exists, those above a record included.
    pub(crate) names: BTreeSet<DomainName>,
}

/// Records that do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "name is always the record's name; the rest stands in the sentence")]
pub enum ZoneError {
    #[error("{0} records; {RECORDS_MAX} is the most")]
    TooMany(usize),
    #[error("{name} is outside of the zone")]
    Outside { name: DomainName },
    #[error("{name} has {count} records of one type; {GROUP_MAX} is the most")]
    GroupTooLarge { name: DomainName, count: usize },
    #[error("{name} mixes routing policies: {one} and {other}")]
    MixedPolicies { name: DomainName, one: &'static str, other: &'static str },
    #[error("{name} has a second record {set_id:?}")]
    SetTwice { name: DomainName, set_id: String },
    #[error("{name} has a {policy} record without a set identifier")]
    NoSetId { name: DomainName, policy: &'static str },
    #[error("{name} has a second record for {what}")]
    PlaceTwice { name: DomainName, what: String },
    #[error("{name} has weighted records of different TTL: {one} s and {other} s")]
    MixedTtl { name: DomainName, one: u32, other: u32 },
    #[error("{name} has a failover primary that is no alias and has no check")]
    UncheckedPrimary { name: DomainName },
    #[error("{name} has a multivalue record that is an alias")]
    MultivalueAlias { name: DomainName },
    #[error("{name} has a record with no values, or more than {VALUES_MAX}")]
    Values { name: DomainName },
    #[error("{name} has a {record_type} record that holds another type")]
    WrongType { name: DomainName, record_type: RecordType },
    #[error("{name} has a CNAME beside other records, or at the zone's top")]
    CnameNotAlone { name: DomainName },
    #[error("{name} is an alias to {target}, which has no {record_type} records")]
    NoTarget { name: DomainName, target: DomainName, record_type: RecordType },
    #[error("{name} is an alias that leads back to itself")]
    Loop { name: DomainName },
    #[error("{name} is an alias at the end of more than {ALIAS_DEPTH_MAX} aliases")]
    TooDeep { name: DomainName },
    #[error("{name} evaluates the health of a CloudFront distribution, which cannot be done")]
    CloudFrontHealth { name: DomainName },
    #[error("{name} is served by {check}, which does not exist")]
    NoCheck { name: DomainName, check: CheckId },
}

impl Zone {
    /// Puts a zone together.
    ///
    /// # Errors
    /// [`ZoneError`] names the first thing that does not fit.
    pub fn new(origin: DomainName, soa: Soa, records: Vec<Record>, checks: &CheckSet) -> Result<Self, ZoneError> {
        if records.len() > RECORDS_MAX {
            return Err(ZoneError::TooMany(records.len()));
        }
        let mut names = BTreeSet::from([origin.clone()]);
        let mut groups: BTreeMap<Key, Vec<Record>> = BTreeMap::new();
        for record in records {
            verify_record(&record, &origin, checks)?;
            names.extend(std::iter::successors(Some(record.name.clone()), DomainName::parent).take_while(|name| *name != origin));
            groups.entry((record.name.clone(), record.record_type)).or_default().push(record);
        }
        for ((name, record_type), group) in &groups {
            verify_group(name, group)?;
            let alone = RecordType::ALL.iter().all(|other| other == record_type || !groups.contains_key(&(name.clone(), *other)));
            if *record_type == RecordType::Cname && (!alone || *name == origin) {
                return Err(ZoneError::CnameNotAlone { name: name.clone() });
            }
        }
        let zone = Self { origin, soa, groups, names };
        let mut known = BTreeMap::new();
        for key in zone.groups.keys() {
            zone.alias_depth(key, &mut Vec::new(), &mut known)?;
        }
        drop(known);
        Ok(zone)
    }

    /// The zone's own name.
    #[must_use]
    pub fn origin(&self) -> &DomainName {
        &self.origin
    }

    /// Its start of authority.
    #[must_use]
    pub fn soa(&self) -> &Soa {
        &self.soa
    }

    /// Every record, by name and type.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.groups.values().flatten()
    }

    /// How many aliases in a row start at a group; each group is walked once.
    fn alias_depth<'a>(&'a self, key: &'a Key, path: &mut Vec<&'a Key>, known: &mut BTreeMap<&'a Key, usize>) -> Result<usize, ZoneError> {
        if let Some(&depth) = known.get(key) {
            return Ok(depth);
        }
        let name = || key.0.clone();
        if path.contains(&key) {
            return Err(ZoneError::Loop { name: name() });
        }
        path.push(key);
        let mut depth = 0;
        for record in &self.groups[key] {
            let Target::Alias { to: Alias::Records(target), .. } = &record.target else { continue };
            let Some((next, _)) = self.groups.get_key_value(&(target.clone(), key.1)) else {
                return Err(ZoneError::NoTarget { name: name(), target: target.clone(), record_type: key.1 });
            };
            // The path is at most as long as the depth allows, so this recursion is bounded.
            if path.len() > ALIAS_DEPTH_MAX {
                return Err(ZoneError::TooDeep { name: name() });
            }
            depth = depth.max(1 + self.alias_depth(next, path, known)?);
        }
        path.pop();
        if depth > ALIAS_DEPTH_MAX {
            return Err(ZoneError::TooDeep { name: name() });
        }
        known.insert(key, depth);
        Ok(depth)
    }
}

impl RecordType {
    const ALL: [Self; 5] = [Self::A, Self::Aaaa, Self::Cname, Self::Txt, Self::Ns];
}

fn verify_record(record: &Record, origin: &DomainName, checks: &CheckSet) -> Result<(), ZoneError> {
    let name = record.name.clone();
    if !name.is_within(origin) {
        return Err(ZoneError::Outside { name });
    }
    if record.routing != Routing::Simple && record.set_id.is_empty() {
        return Err(ZoneError::NoSetId { name, policy: record.routing.word() });
    }
    if let Some(check) = record.check.as_ref().filter(|check| checks.get(check).is_none()) {
        return Err(ZoneError::NoCheck { name, check: check.clone() });
    }
    let is_alias = matches!(record.target, Target::Alias { .. });
    if is_alias && record.routing == Routing::Multivalue {
        return Err(ZoneError::MultivalueAlias { name });
    }
    if !is_alias && record.check.is_none() && record.routing == Routing::Failover(Failover::Primary) {
        return Err(ZoneError::UncheckedPrimary { name });
    }
    let fits = |value: &Value| value.record_type() == record.record_type;
    match &record.target {
        Target::Values { values, .. } if values.is_empty() || values.len() > VALUES_MAX => Err(ZoneError::Values { name }),
        Target::Values { values, .. } if !values.iter().all(fits) => Err(ZoneError::WrongType { name, record_type: record.record_type }),
        Target::Alias { to: Alias::Service(Service::CloudFront { .. }), evaluate_target_health: true } => {
            Err(ZoneError::CloudFrontHealth { name })
        }
        Target::Alias { to: Alias::Service(service), .. } if !service.addresses().iter().any(|&ip| fits(&ip.into())) => {
            Err(ZoneError::NoTarget { name, target: service.name().clone(), record_type: record.record_type })
        }
        Target::Values { .. } | Target::Alias { .. } => Ok(()),
    }
}

fn verify_group(name: &DomainName, group: &[Record]) -> Result<(), ZoneError> {
    let name = || name.clone();
    if group.len() > GROUP_MAX {
        return Err(ZoneError::GroupTooLarge { name: name(), count: group.len() });
    }
    let mut sets = BTreeSet::new();
    let mut places = BTreeSet::new();
    let mut weighted_ttl = None;
    for record in group {
        let (one, other) = (group[0].routing.word(), record.routing.word());
        if one != other {
            return Err(ZoneError::MixedPolicies { name: name(), one, other });
        }
        if !sets.insert(&record.set_id) {
            return Err(ZoneError::SetTwice { name: name(), set_id: record.set_id.clone() });
        }
        if let Some(what) = place(&record.routing)
            && !places.insert(what.clone())
        {
            return Err(ZoneError::PlaceTwice { name: name(), what });
        }
        if let (Routing::Weighted(_), Target::Values { ttl_s, .. }) = (&record.routing, &record.target) {
            let one = *weighted_ttl.get_or_insert(*ttl_s);
            if one != *ttl_s {
                return Err(ZoneError::MixedTtl { name: name(), one, other: *ttl_s });
            }
        }
    }
    Ok(())
}

/// What only one record of a group may stand for.
fn place(routing: &Routing) -> Option<String> {
    match routing {
        Routing::Latency(region) => Some(region.to_string()),
        Routing::Failover(half) => Some(format!("{half:?}")),
        Routing::Geolocation(Area::Default) => Some("everywhere".to_owned()),
        Routing::Geolocation(area) => Some(format!("{area:?}")),
        Routing::Simple | Routing::Weighted(_) | Routing::Multivalue => None,
    }
}
