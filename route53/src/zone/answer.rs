//! From a query and where it comes from to the answer, and why.
//!
//! Health is looked up, never probed. The policy picks among the records that are healthy; when none is, among all. `[R-CHO]`

use std::collections::BTreeMap;

use super::build::{Key, Soa, Zone};
use super::record::{Alias, Area, Failover, Record, RecordType, Routing, Target, Value};
use super::trail::{Fate, Sickness, Step};
use crate::check::CheckId;
use crate::name::DomainName;
use crate::region::AwsRegion;

/// How many values a multivalue answer has at most. `[R-API]`
const MULTIVALUE_MAX: usize = 8;

/// Where a query comes from: the resolver's client subnet if it sends one, else the resolver.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// Milliseconds to each region, as AWS has measured; a region that is not named is the farthest.
    pub latency_ms: BTreeMap<AwsRegion, u32>,
    /// `EU`.
    pub continent: Option<String>,
    /// `GB`.
    pub country: Option<String>,
    /// `OR`.
    pub subdivision: Option<String>,
}

/// An answer, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What is answered.
    pub answered: Answered,
    /// What was looked at, in order.
    pub trail: Vec<Step>,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// Values, and how long they may be kept.
    Records {
        /// The values.
        values: Vec<Value>,
        /// Their TTL: of an alias, the target's.
        ttl_s: u32,
    },
    /// The start of authority.
    Soa(Soa),
    /// The name exists and has nothing of this type (NODATA).
    NoData,
    /// The name does not exist (NXDOMAIN).
    NoName,
    /// The name is not in this zone (REFUSED).
    NotOurs,
}

struct Asking<'a, F> {
    zone: &'a Zone,
    client: &'a Client,
    health: &'a F,
    draw: u64,
    trail: Vec<Step>,
    /// Whether a group has a healthy record, for those that were looked at.
    known: BTreeMap<&'a Key, bool>,
}

impl Zone {
    /// Answers a query. `health` tells what each check counts as; `draw` decides where the policy draws lots, so that the same
    /// draw gives the same answer and even draws give fair ones.
    pub fn answer(
        &self,
        name: &DomainName,
        record_type: RecordType,
        client: &Client,
        health: impl Fn(&CheckId) -> bool,
        draw: u64,
    ) -> Answer {
        // A CNAME answers for every type; the resolver follows it.
        let found = [record_type, RecordType::Cname].into_iter().find_map(|kind| self.groups.get_key_value(&(name.clone(), kind)));
        let Some((key, _)) = found else { return Answer { answered: self.absence(name), trail: Vec::new() } };
        let mut asking = Asking { zone: self, client, health: &health, draw, trail: Vec::new(), known: BTreeMap::new() };
        let answered = asking.answer_group(key).map_or(Answered::NoData, |(values, ttl_s)| Answered::Records { values, ttl_s });
        Answer { answered, trail: asking.trail }
    }

    /// Answers a query for the start of authority.
    #[must_use]
    pub fn answer_soa(&self, name: &DomainName) -> Answered {
        if *name == self.origin { Answered::Soa(self.soa.clone()) } else { self.absence(name) }
    }

    /// What is answered where there are no records of the type asked for.
    #[must_use]
    pub fn absence(&self, name: &DomainName) -> Answered {
        if !name.is_within(&self.origin) {
            Answered::NotOurs
        } else if self.names.contains(name) {
            Answered::NoData
        } else {
            Answered::NoName
        }
    }
}

impl<'a, F: Fn(&CheckId) -> bool> Asking<'a, F> {
    fn answer_group(&mut self, key: &'a Key) -> Option<(Vec<Value>, u32)> {
        let zone = self.zone;
        let group = zone.groups.get(key)?;
        let mut healthy = Vec::with_capacity(group.len());
        for record in group {
            match self.sickness(record) {
                None => healthy.push(record),
                Some(sickness) => self.step(record, Fate::Sick(sickness)),
            }
        }
        let last_resort = healthy.is_empty();
        if last_resort {
            healthy.extend(group);
        }
        let chosen = self.pick(&healthy);
        for record in &chosen {
            let policy = record.routing.word();
            self.step(record, if last_resort { Fate::LastResort(policy) } else { Fate::Chosen(policy) });
        }
        // Only multivalue chooses several, and those are never aliases.
        match (&chosen.first()?.target, chosen.len()) {
            (Target::Alias { to: Alias::Records(name), .. }, _) => {
                let (next, _) = zone.groups.get_key_value(&(name.clone(), key.1))?;
                self.answer_group(next)
            }
            (Target::Alias { to: Alias::Service(service), .. }, _) => {
                let values = service.addresses().iter().map(|&ip| Value::from(ip)).filter(|value| value.record_type() == key.1);
                Some((values.collect(), service.ttl_s()))
            }
            (Target::Values { ttl_s, .. }, _) => {
                let values = chosen.iter().flat_map(|record| match &record.target {
                    Target::Values { values, .. } => values.as_slice(),
                    Target::Alias { .. } => &[],
                });
                Some((values.cloned().collect(), *ttl_s))
            }
        }
    }

    /// Why a record is sick: its own check, or nothing healthy behind it. Both must hold for it to be healthy. `[R-CPX]`
    fn sickness(&mut self, record: &'a Record) -> Option<Sickness> {
        if let Some(check) = record.check.as_ref().filter(|check| !(self.health)(check)) {
            return Some(Sickness::Check(check.clone()));
        }
        match &record.target {
            Target::Alias { to: Alias::Records(name), evaluate_target_health: true } => {
                let (key, _) = self.zone.groups.get_key_value(&(name.clone(), record.record_type))?;
                (!self.has_healthy(key)).then(|| Sickness::Target(name.clone()))
            }
            Target::Alias { .. } | Target::Values { .. } => None,
        }
    }

    fn has_healthy(&mut self, key: &'a Key) -> bool {
        if let Some(&known) = self.known.get(key) {
            return known;
        }
        let zone = self.zone;
        let healthy = zone.groups.get(key).is_some_and(|group| group.iter().any(|record| self.sickness(record).is_none()));
        self.known.insert(key, healthy);
        healthy
    }

    /// What the policy picks among the candidates, all of one policy.
    fn pick(&mut self, candidates: &[&'a Record]) -> Vec<&'a Record> {
        let Some(first) = candidates.first() else { return Vec::new() };
        match &first.routing {
            Routing::Simple => vec![*first],
            Routing::Weighted(_) => self.pick_weighted(candidates).into_iter().collect(),
            Routing::Latency(_) => candidates.iter().copied().min_by_key(|record| self.distance(record)).into_iter().collect(),
            Routing::Failover(_) => {
                let primary = candidates.iter().find(|record| record.routing == Routing::Failover(Failover::Primary));
                vec![*primary.unwrap_or(first)]
            }
            Routing::Geolocation(_) => {
                let matching = candidates.iter().copied().filter_map(|record| Some((self.nearness(record)?, record)));
                matching.min_by_key(|(nearness, _)| *nearness).map(|(_, record)| record).into_iter().collect()
            }
            Routing::Multivalue => {
                let start = self.lot(candidates.len() as u64);
                let start = usize::try_from(start).unwrap_or(0);
                candidates.iter().copied().cycle().skip(start).take(candidates.len().min(MULTIVALUE_MAX)).collect()
            }
        }
    }

    /// Non-zero weights first; zero weights share evenly when there is nothing else. `[R-CHO]`
    fn pick_weighted(&mut self, candidates: &[&'a Record]) -> Option<&'a Record> {
        let weight = |record: &Record| match record.routing {
            Routing::Weighted(weight) => u64::from(weight),
            Routing::Simple | Routing::Latency(_) | Routing::Failover(_) | Routing::Geolocation(_) | Routing::Multivalue => 0,
        };
        let total: u64 = candidates.iter().map(|record| weight(record)).sum();
        let weight = |record: &Record| if total == 0 { 1 } else { weight(record) };
        let mut lot = self.lot(if total == 0 { candidates.len() as u64 } else { total });
        candidates.iter().copied().find(|record| {
            let mine = lot < weight(record);
            lot = lot.saturating_sub(weight(record));
            mine
        })
    }

    /// Draws one of `count`, and leaves the rest of the draw to whoever draws next.
    fn lot(&mut self, count: u64) -> u64 {
        let count = count.max(1);
        let lot = self.draw % count;
        self.draw /= count;
        lot
    }

    fn distance(&self, record: &'a Record) -> (u32, Option<&'a AwsRegion>) {
        match &record.routing {
            Routing::Latency(region) => (self.client.latency_ms.get(region).copied().unwrap_or(u32::MAX), Some(region)),
            Routing::Simple | Routing::Weighted(_) | Routing::Failover(_) | Routing::Geolocation(_) | Routing::Multivalue => {
                (u32::MAX, None)
            }
        }
    }

    /// How closely an area fits the client; `None` if it does not.
    fn nearness(&self, record: &Record) -> Option<u8> {
        let Routing::Geolocation(area) = &record.routing else { return None };
        let fits = |mine: &Option<String>, code: &String| mine.as_ref() == Some(code);
        match area {
            Area::Subdivision(code) => fits(&self.client.subdivision, code).then_some(0),
            Area::Country(code) => fits(&self.client.country, code).then_some(1),
            Area::Continent(code) => fits(&self.client.continent, code).then_some(2),
            Area::Default => Some(3),
        }
    }

    fn step(&mut self, record: &Record, fate: Fate) {
        self.trail.push(Step { name: record.name.clone(), set_id: record.set_id.clone(), fate });
    }
}
