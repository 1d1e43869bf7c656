//! Intents as documents: new ones, and what a request means beside what stands already.
//!
//! Pure: id, time and generation come in as arguments.

use decision::{Ended, Intent, IntentKind, IntentState, IntentView, Reason, RegionName, RegionView, SafetyRule, Schema, ServiceName};
use jiff::{SignedDuration, Timestamp};

use crate::reading::Reading;

/// What a person asks for, with everything but its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The service.
    pub service: ServiceName,
    /// The region.
    pub region: RegionName,
    /// Drain or hold.
    pub kind: IntentKind,
    /// Who asks.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// The ticket, if there is one.
    pub ticket: Option<String>,
    /// From its record to its end.
    pub length: SignedDuration,
    /// The safety rules that it goes past.
    pub overrides: Vec<SafetyRule>,
}

/// What there is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToEnd<'a> {
    /// A drain or hold.
    Intent(&'a IntentView),
    /// Nothing stands, but a manual failback waits for a person's word.
    Waiting,
    /// Nothing.
    Nothing,
}

/// What stands where something new is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before<'a> {
    /// Nothing, or something that may simply be replaced: a hold by a drain, a drain that is refused.
    Free,
    /// The very same request. What is left is to see it through.
    Same(&'a IntentView),
    /// Something else, which is not overwritten by the way.
    Other(&'a IntentView),
}

impl Wanted {
    /// The document, numbered.
    #[must_use]
    pub fn document(self, id: String, generation: u64, now: Timestamp) -> Intent {
        Intent {
            schema: Schema::V1,
            service: self.service,
            region: self.region,
            id,
            generation,
            kind: self.kind,
            actor: self.actor,
            reason: self.reason,
            ticket: self.ticket,
            recorded_at: now,
            ends_at: now + self.length,
            overrides: self.overrides,
            ended: None,
        }
    }

    /// What stands in the way. A request is the same when person, reason, ticket and rules are; its end is moved by `extend` alone.
    #[must_use]
    pub fn before<'a>(&self, standing: Option<&'a IntentView>) -> Before<'a> {
        let Some(standing) = standing else { return Before::Free };
        let intent = &standing.intent;
        let same = intent.kind == self.kind
            && intent.actor == self.actor
            && intent.reason == self.reason
            && intent.ticket == self.ticket
            && self.overrides.iter().all(|rule| intent.overrides.contains(rule));
        let gives_way = match standing.state {
            IntentState::Refused { .. } => true,
            IntentState::InForce | IntentState::Pending { .. } => intent.kind == IntentKind::Hold && self.kind == IntentKind::Drain,
        };
        match (same, gives_way) {
            (_, true) => Before::Free,
            (true, false) => Before::Same(standing),
            (false, false) => Before::Other(standing),
        }
    }
}

/// The same intent, ended by a person.
#[must_use]
pub fn ended(intent: &Intent, generation: u64, by: String, reason: String, now: Timestamp) -> Intent {
    Intent { generation, recorded_at: now, ended: Some(Ended { at: now, by, reason }), ..intent.clone() }
}

/// The same intent with a later end.
#[must_use]
pub fn extended(intent: &Intent, generation: u64, reason: Option<String>, length: SignedDuration, now: Timestamp) -> Intent {
    let reason = reason.unwrap_or_else(|| intent.reason.clone());
    Intent { generation, reason, recorded_at: now, ends_at: now + length, ..intent.clone() }
}

/// `standing` with its end `length` from now; `None` where it stands as long already: an end is never brought nearer.
#[must_use]
pub fn longer(standing: &Intent, generation: u64, reason: Option<String>, length: SignedDuration, now: Timestamp) -> Option<Intent> {
    let stays = standing.ends_at >= now + length - SignedDuration::from_secs(1);
    (!stays).then(|| extended(standing, generation, reason, length, now))
}

/// What a resume of `region` would end.
#[must_use]
pub fn to_end<'a>(region: &'a RegionView, reading: &Reading) -> ToEnd<'a> {
    let mut votes = reading.votes.values().flatten().flatten().filter_map(|votes| votes.regions.get(&region.region));
    match &region.intent {
        Some(standing) => ToEnd::Intent(standing),
        None if votes.any(|vote| matches!(vote.reason, Reason::AwaitsResume)) => ToEnd::Waiting,
        None => ToEnd::Nothing,
    }
}

/// An intent that is over from the start: the word of a person that a manual failback waits for.
#[must_use]
pub fn released(
    service: ServiceName,
    region: RegionName,
    actor: String,
    reason: Option<String>,
    id: String,
    generation: u64,
    now: Timestamp,
) -> Intent {
    let reason = reason.unwrap_or_else(|| "manual failback".to_owned());
    let wanted = Wanted {
        service,
        region,
        kind: IntentKind::Drain,
        actor,
        reason: reason.clone(),
        ticket: None,
        length: SignedDuration::from_secs(1),
        overrides: vec![],
    };
    let intent = wanted.document(id, generation, now);
    ended(&intent, generation, intent.actor.clone(), reason, now)
}

/// A fresh id: 16 of `0-9a-f`.
#[must_use]
pub fn new_id() -> String {
    format!("{:016x}", fastrand::u64(..))
}

/// A word as a shell reads it back.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T03:22:00Z".parse().unwrap()
    }

    fn wanted(kind: IntentKind) -> Wanted {
        Wanted {
            service: ServiceName::new("chat").unwrap(),
            region: RegionName::new("eu-west-2").unwrap(),
            kind,
            actor: "ana".to_owned(),
            reason: "slow".to_owned(),
            ticket: None,
            length: SignedDuration::from_hours(4),
            overrides: vec![],
        }
    }

    fn standing(wanted: Wanted, state: IntentState) -> IntentView {
        let intent = wanted.document("d1".to_owned(), 7, now() - SignedDuration::from_mins(5));
        IntentView { intent, state, stored_at: vec![], reserved: true }
    }

    #[test]
    fn typing_the_same_drain_again_is_the_same_drain() {
        let stands = standing(wanted(IntentKind::Drain), IntentState::InForce);
        let again = Wanted { length: SignedDuration::from_hours(9), ..wanted(IntentKind::Drain) };
        assert_eq!(again.before(Some(&stands)), Before::Same(&stands));
        assert_eq!(again.before(None), Before::Free);
    }

    #[test]
    fn another_person_or_reason_is_another_drain() {
        let stands = standing(wanted(IntentKind::Drain), IntentState::InForce);
        let bob = Wanted { actor: "bob".to_owned(), ..wanted(IntentKind::Drain) };
        assert_eq!(bob.before(Some(&stands)), Before::Other(&stands));
        let bolder = Wanted { overrides: vec![SafetyRule::LastRegion], ..wanted(IntentKind::Drain) };
        assert_eq!(bolder.before(Some(&stands)), Before::Other(&stands));
    }

    #[test]
    fn a_drain_replaces_a_hold_and_a_refused_drain_but_a_hold_replaces_no_drain() {
        let held = standing(wanted(IntentKind::Hold), IntentState::InForce);
        assert_eq!(wanted(IntentKind::Drain).before(Some(&held)), Before::Free);
        let refused = standing(wanted(IntentKind::Drain), IntentState::Refused { rule: SafetyRule::LastRegion });
        assert_eq!(wanted(IntentKind::Drain).before(Some(&refused)), Before::Free);
        let drained = standing(wanted(IntentKind::Drain), IntentState::InForce);
        assert_eq!(wanted(IntentKind::Hold).before(Some(&drained)), Before::Other(&drained));
    }

    #[test]
    fn an_extension_keeps_the_drain_and_moves_its_end() {
        let stands = standing(wanted(IntentKind::Drain), IntentState::InForce).intent;
        let longer = extended(&stands, 8, None, SignedDuration::from_hours(6), now());
        assert_eq!((longer.id.as_str(), longer.generation, longer.reason.as_str()), ("d1", 8, "slow"));
        assert_eq!(longer.ends_at, now() + SignedDuration::from_hours(6));
        let over = ended(&longer, 9, "bob".to_owned(), "fixed".to_owned(), now());
        assert!(!over.is_active(now()) && over.id == "d1");
    }

    #[test]
    fn ids_fit_the_document() {
        let id = new_id();
        assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_ne!(id, new_id());
    }
}
