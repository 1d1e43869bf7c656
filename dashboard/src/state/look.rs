//! One look: every observer read at once, and what it adds to what was known.

use std::collections::BTreeMap;
use std::sync::Arc;

use decision::{Observed, Policy, RegionName, ServiceView};
use store::intent::{ToEnd, to_end};
use store::{Observers, Read, Reading, answered, in_one_line};

use super::history::Hour;
use super::{Answered, DnsState, Documents, RegionState, Seen, Snapshot};
use crate::settings::{Clock, Settings};

/// Looks, and remembers what the next look builds on.
pub(crate) struct Looker {
    policy: Policy,
    observers: Observers,
    clock: Clock,
    hour: Hour,
}

impl Looker {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            policy: settings.policy.clone(),
            observers: settings.observers.clone(),
            clock: settings.clock.clone(),
            hour: Hour::default(),
        }
    }

    /// What is known before anything was read: nothing.
    pub(crate) fn blank(&self) -> Snapshot {
        let at = self.clock.now();
        let nothing = Reading { at, intents: Read::new(), votes: Read::new() };
        Snapshot {
            version: 0,
            changes: 0,
            at,
            heard_at: None,
            view: nothing.view(&self.policy),
            generation: 0,
            newest: BTreeMap::new(),
            observers: self.policy.observers().iter().map(|observer| (observer.clone(), Seen::default())).collect(),
            regions: self.policy.regions().iter().map(|region| (region.clone(), RegionState::default())).collect(),
            dns: DnsState::default(),
        }
    }

    /// Reads every observer, each within its deadline, and nobody for much longer than a majority takes.
    pub(crate) async fn look(&mut self, before: &Snapshot, dns: DnsState) -> Snapshot {
        let (observers, majority) = (self.observers.clone(), self.policy.majority());
        let (reading, observed) = tokio::join!(observers.read(majority, || self.clock.now()), observers.seen(majority));
        self.fold(before, &reading, observed, dns)
    }

    /// What was known, and what is new.
    fn fold(&mut self, before: &Snapshot, reading: &Reading, observed: Read<Option<Observed>>, dns: DnsState) -> Snapshot {
        let at = reading.at;
        let is_heard = answered(&self.policy, &reading.intents).is_ok() && answered(&self.policy, &reading.votes).is_ok();
        // Where nobody answers, it is likely we who are cut off: what was known stays, with its age.
        let is_alone = reading.votes.values().all(Result::is_err) && reading.intents.values().all(Result::is_err);
        let view = if is_alone && before.version > 0 { before.view.clone() } else { reading.view(&self.policy) };
        let newest = if is_alone {
            before.newest.clone()
        } else {
            self.policy.regions().iter().filter_map(|region| Some((region.clone(), reading.newest(region)?.clone()))).collect()
        };
        let observers = seen(before, reading, observed);
        for region in view.regions.iter().filter(|_| !is_alone) {
            self.hour.stands(region, at);
        }
        for observed in observers.values().filter_map(|seen| seen.observed.as_ref()) {
            self.hour.saw(observed, at);
        }
        let regions = view.regions.iter().map(|region| {
            let old = before.regions.get(&region.region);
            let awaits_resume = if is_alone { old.is_some_and(|old| old.awaits_resume) } else { to_end(region, reading) == ToEnd::Waiting };
            let answered = stands(&dns, &region.region, old.and_then(|old| old.answered));
            (region.region.clone(), RegionState { history: self.hour.of(&region.region), awaits_resume, answered })
        });
        let regions = regions.collect();
        let mut snapshot = Snapshot {
            version: before.version + 1,
            changes: before.changes,
            at,
            heard_at: if is_heard { Some(at) } else { before.heard_at },
            view,
            generation: reading.generation().max(before.generation),
            newest,
            observers,
            regions,
            dns,
        };
        snapshot.changes += u64::from(before.version == 0 || differs(before, &snapshot));
        snapshot
    }
}

/// Whether DNS answers with the region, and since when. What is unclear changes nothing.
fn stands(dns: &DnsState, region: &RegionName, old: Option<Answered>) -> Option<Answered> {
    let by_dns = dns.survey.saying(region) > 0;
    let Some(at) = dns.asked_at.filter(|_| by_dns || dns.survey.left(region)) else { return old };
    match old {
        Some(old) if old.by_dns == by_dns => Some(old),
        old => Some(Answered { by_dns, since: at, turned: old.is_some() }),
    }
}

/// What each observer last said.
fn seen(before: &Snapshot, reading: &Reading, mut observed: Read<Option<Observed>>) -> BTreeMap<RegionName, Seen> {
    let of = |(observer, old): (&RegionName, &Seen)| {
        let errors = [
            reading.votes.get(observer).and_then(|read| read.as_ref().err()),
            reading.intents.get(observer).and_then(|read| read.as_ref().err()),
        ];
        let problem = errors.into_iter().flatten().next().map(|error| in_one_line(error));
        let observed = match observed.remove(observer) {
            Some(Ok(Some(new))) if old.observed.as_ref().is_some_and(|old| old.generation == new.generation && **old == new) => {
                old.observed.clone()
            }
            Some(Ok(Some(new))) => Some(Arc::new(new)),
            Some(Ok(None)) => None,
            Some(Err(_)) | None => old.observed.clone(),
        };
        let heard_at = if problem.is_none() { Some(reading.at) } else { old.heard_at };
        let read = (reading.votes.get(observer), reading.intents.get(observer));
        let documents = match read {
            (Some(Ok(votes)), Some(Ok(intents))) => Some(Arc::new(Documents { votes: votes.clone(), intents: intents.clone() })),
            _ => old.documents.clone(),
        };
        (observer.clone(), Seen { heard_at, problem, observed, documents })
    };
    before.observers.iter().map(of).collect()
}

/// Whether somebody who knows `old` would want to hear of `new`. Ages and timings alone are no news.
fn differs(old: &Snapshot, new: &Snapshot) -> bool {
    let told = |view: &ServiceView| -> Vec<_> {
        let regions = view.regions.iter();
        regions
            .map(|region| (region.answers, region.votes, region.verdict, region.agreeing, region.reason.clone(), region.intent.clone()))
            .collect()
    };
    let warned = |view: &ServiceView| view.warnings.iter().map(decision::Warning::kind).collect::<Vec<_>>();
    let heard = |snapshot: &Snapshot| {
        let heard = snapshot.view.observers.iter().map(|observer| observer.heard).collect::<Vec<_>>();
        (heard, snapshot.observers.values().map(|seen| seen.problem.is_some()).collect::<Vec<_>>())
    };
    told(&old.view) != told(&new.view)
        || warned(&old.view) != warned(&new.view)
        || heard(old) != heard(new)
        || old.newest != new.newest
        || old.dns.survey != new.dns.survey
        || old.dns.problem.is_some() != new.dns.problem.is_some()
}
