//! Many observers' copies of the intents become one standing set.
//!
//! Per region the document of the highest generation seen anywhere wins (ties: recorded later, then the id). An **end** or a **hold** takes effect on
//! one sighting. A **drain** takes effect only once its id is seen at a majority of observers; from then on it stands until a higher generation says
//! otherwise. Until then it keeps its place in the order, and whatever stood before it stands.
//!
//! Competing drains are taken in order — those that go past `last-region` first, then generation, then the time recorded, then the region's name — until
//! no more fit; the rest is refused by rule. A drain that is refused stays recorded: it takes its place when one before it ends.
//!
//! # Why a majority
//!
//! Let three operators drain three regions of three at once, and three controllers read while the writes land. If one sighting were enough, each
//! controller could accept a different pair, and every region would be ejected by two of the three. With a majority needed, it cannot happen: say
//! controller 1 accepts x and controller 2 accepts y. Each saw its drain at a majority of the stores, and two majorities share a store. Whichever of
//! the two read that store later saw both drains there. So of any two accepted drains at least one controller knows of both, and gives the place to
//! the one that comes first. Three controllers that each leave out a different drain would need two of them not to know of each other's.
//! `tests/it/competing_drains.rs` holds this by enumeration.
//!
//! What observers do on top of that, drains that displace each other and overrides that end included, cannot empty the answer: nobody ejects beyond what is free
//! before it has announced it and looked at the others (`announce`).
//!
//! The argument needs what Parameter Store gives: one register per observer and region whose writes are seen by every later read.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::intent::{Intent, IntentKind, SafetyRule};
use crate::name::RegionName;
use crate::policy::Policy;
use crate::time::{later, millis};

/// The longest actor that is remembered, in bytes; the intent itself holds all of it.
pub const REMEMBERED_ACTOR_BYTES: usize = 24;
/// How long an override lasts at the most, whatever the intent's end.
pub const OVERRIDE_MAX: SignedDuration = SignedDuration::from_hours(1);

/// What a controller remembers of an intent, so that it stands while SSM is out of reach.
///
/// In JSON: `["drain-1", 118, "drain", "ana", 1795404120000, 1795418520000, "stands", ["last-region"]]`, that is id, generation, kind, actor, recorded and
/// ends in milliseconds since the epoch, state, overrides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Remembered {
    /// The intent's id.
    pub id: String,
    /// Its generation.
    pub generation: u64,
    /// Drain or hold.
    pub kind: IntentKind,
    /// Who asked, shortened to [`REMEMBERED_ACTOR_BYTES`].
    pub actor: String,
    /// When it was recorded, to the millisecond.
    pub recorded_at: Timestamp,
    /// When it ends, to the millisecond.
    pub ends_at: Timestamp,
    /// What is known of it.
    pub state: State,
    /// The safety rules that it goes past, of those that can refuse a drain.
    pub overrides: Vec<SafetyRule>,
}

/// What a controller knows of an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// A drain that was not yet seen at a majority of observers.
    Seen,
    /// It stands until a higher generation says otherwise.
    Stands,
    /// A person ended it.
    Ended,
}

#[derive(Serialize, Deserialize)]
struct Stored(String, u64, IntentKind, String, Millis, Millis, State, Vec<SafetyRule>);

#[derive(Serialize, Deserialize)]
struct Millis(#[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")] Timestamp);

impl From<Stored> for Remembered {
    fn from(Stored(id, generation, kind, actor, recorded_at, ends_at, state, overrides): Stored) -> Self {
        Self { id, generation, kind, actor, recorded_at: recorded_at.0, ends_at: ends_at.0, state, overrides }
    }
}

impl From<Remembered> for Stored {
    fn from(Remembered { id, generation, kind, actor, recorded_at, ends_at, state, overrides }: Remembered) -> Self {
        Self(id, generation, kind, actor, Millis(recorded_at), Millis(ends_at), state, overrides)
    }
}

/// The intent that stands for one region, and what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The intent.
    pub intent: Remembered,
    /// What it does at this moment.
    pub effect: Effect,
    /// Whether a drain of this region has a place among those that fit, in effect or not.
    pub reserved: bool,
    /// What a controller has to remember: the newest that stands or has ended. A drain that was only seen must not make it forget that.
    pub remember: Remembered,
}

/// What a standing intent does at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The region is drained.
    Drained,
    /// The drain is refused by this rule: other drains come first.
    Refused(SafetyRule),
    /// The drain is not yet seen at a majority of observers. It keeps its place in the order.
    Pending {
        /// At how many observers it was seen.
        seen: usize,
        /// At how many it must be seen.
        needed: usize,
    },
    /// Automation is frozen for the region.
    Held,
    /// A person ended it, or its time is over.
    Over,
}

impl From<&Intent> for Remembered {
    fn from(intent: &Intent) -> Self {
        let refuse_drains = |rule: &SafetyRule| matches!(rule, SafetyRule::LastRegion | SafetyRule::Capacity);
        Self {
            id: intent.id.clone(),
            generation: intent.generation,
            kind: intent.kind,
            actor: shorten(&intent.actor),
            recorded_at: millis(intent.recorded_at),
            ends_at: millis(intent.ends_at),
            overrides: SafetyRule::ALL.into_iter().filter(|rule| refuse_drains(rule) && intent.overrides.contains(rule)).collect(),
            state: match (intent.kind, &intent.ended) {
                (_, Some(_)) => State::Ended,
                (IntentKind::Hold, None) => State::Stands,
                (IntentKind::Drain, None) => State::Seen,
            },
        }
    }
}

/// The longest start of `actor` that fits [`REMEMBERED_ACTOR_BYTES`].
fn shorten(actor: &str) -> String {
    actor
        .chars()
        .scan(0, |bytes, c| {
            *bytes += c.len_utf8();
            Some((*bytes, c))
        })
        .take_while(|(bytes, _)| *bytes <= REMEMBERED_ACTOR_BYTES)
        .map(|(_, c)| c)
        .collect()
}

impl Remembered {
    /// Whether it is in force at `now`: neither ended by a person nor past its end.
    #[must_use]
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.state != State::Ended && now < self.ends_at
    }

    /// Whether it is a drain in force.
    fn drains(&self, now: Timestamp) -> bool {
        self.kind == IntentKind::Drain && self.is_active(now)
    }

    /// Whether it goes past `rule` at `now`.
    fn overrides(&self, rule: SafetyRule, now: Timestamp) -> bool {
        self.overrides.contains(&rule) && now < later(self.recorded_at, OVERRIDE_MAX)
    }

    /// The later of two documents for one region is the greater. Past the id it only keeps the order total, should two writers have made the same one.
    fn order(&self) -> (u64, Timestamp, &str, bool, IntentKind, Timestamp) {
        (self.generation, self.recorded_at, &self.id, self.state == State::Ended, self.kind, self.ends_at)
    }
}

/// One region's claim: the intent in force, and the drain that wants a place.
struct Claim {
    intent: Remembered,
    drain: Option<Remembered>,
    seen: usize,
    remember: Remembered,
}

/// The standing intent of every region that has one.
///
/// `seen` is what each observer's store holds (an observer that did not answer is absent), `own` what this controller remembers.
#[must_use]
pub fn merge(
    policy: &Policy,
    seen: &BTreeMap<RegionName, BTreeMap<RegionName, Intent>>,
    own: &BTreeMap<RegionName, Remembered>,
    now: Timestamp,
) -> BTreeMap<RegionName, Standing> {
    let claims = policy.regions().iter().filter_map(|region| Some((region, claim(policy, region, seen, own.get(region), now)?)));
    place(policy, claims.collect(), now)
}

/// What one region's documents come to.
fn claim(
    policy: &Policy,
    region: &RegionName,
    seen: &BTreeMap<RegionName, BTreeMap<RegionName, Intent>>,
    own: Option<&Remembered>,
    now: Timestamp,
) -> Option<Claim> {
    let of_region = |intent: &&Intent| intent.region == *region && intent.service == *policy.service();
    let stores = seen.iter().filter(|(observer, _)| policy.observers().contains(*observer));
    let found: Vec<Remembered> = stores.filter_map(|(_, store)| store.get(region).filter(of_region)).map(Remembered::from).collect();
    let sightings = |id: &str| found.iter().filter(|intent| intent.kind == IntentKind::Drain && intent.id == id).count();
    let mut ranked: Vec<Remembered> = found.iter().cloned().chain(own.cloned()).collect();
    let accepted =
        |intent: &Remembered| own.is_some_and(|own| own.state == State::Stands && (own.kind, &own.id) == (intent.kind, &intent.id));
    for intent in ranked.iter_mut().filter(|intent| intent.state == State::Seen) {
        if accepted(intent) || sightings(&intent.id) >= policy.majority() {
            intent.state = State::Stands;
        }
    }
    ranked.sort_by(|a, b| b.order().cmp(&a.order()));
    // What stood before stands until a new drain does: a half-recorded drain must not undo a recorded one, nor bring back what a recorded one undid.
    let settled = ranked.iter().find(|intent| intent.state != State::Seen).cloned();
    let is_news =
        |intent: &&Remembered| intent.state != State::Seen || settled.is_none() || found.iter().any(|seen| seen.order() == intent.order());
    let newest = ranked.iter().find(is_news)?.clone();
    let seen = sightings(&newest.id);
    let remember = settled.clone().unwrap_or_else(|| newest.clone());
    let (intent, drain) = match settled.filter(|settled| *settled == newest || settled.is_active(now)) {
        Some(settled) if settled == newest || settled.drains(now) => (settled.clone(), Some(settled)),
        Some(hold) => (hold, Some(newest)),
        None => (newest.clone(), Some(newest)),
    };
    Some(Claim { intent, drain: drain.filter(|drain| drain.drains(now)), seen, remember })
}

/// Takes the drains in order until no more fit.
fn place(policy: &Policy, claims: BTreeMap<&RegionName, Claim>, now: Timestamp) -> BTreeMap<RegionName, Standing> {
    let mut order: Vec<(&RegionName, &Remembered)> =
        claims.iter().filter_map(|(region, claim)| Some((*region, claim.drain.as_ref()?))).collect();
    order.sort_by_key(|(region, drain)| (!drain.overrides(SafetyRule::LastRegion, now), drain.generation, drain.recorded_at, *region));
    let all_but_one = policy.regions().len().saturating_sub(1);
    let mut refused = BTreeMap::new();
    let mut taken: Vec<&RegionName> = Vec::new();
    for (region, drain) in order {
        let left = || policy.regions().iter().filter(|left| *left != region && !taken.contains(left));
        // The first may leave whatever is known: that the service survives one region is what it is built for.
        let crowded = taken.len() >= policy.drains_max() || (!taken.is_empty() && policy.lacks_room(left()));
        if taken.len() >= all_but_one {
            refused.insert(region.clone(), SafetyRule::LastRegion);
        } else if crowded && !drain.overrides(SafetyRule::Capacity, now) {
            refused.insert(region.clone(), SafetyRule::Capacity);
        } else {
            taken.push(region);
        }
    }
    let standing = |(region, claim): (&RegionName, Claim)| {
        let refused = refused.get(region).copied();
        let effect = match refused {
            _ if !claim.intent.is_active(now) => Effect::Over,
            _ if claim.intent.kind == IntentKind::Hold => Effect::Held,
            Some(rule) => Effect::Refused(rule),
            None if claim.intent.state == State::Seen => Effect::Pending { seen: claim.seen, needed: policy.majority() },
            None => Effect::Drained,
        };
        let reserved = claim.drain.is_some() && refused.is_none();
        (region.clone(), Standing { intent: claim.intent, effect, reserved, remember: claim.remember })
    };
    claims.into_iter().map(standing).collect()
}
