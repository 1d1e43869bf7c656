//! Counts the observers' votes as Route 53 will, to tell when a majority turns, and notices intents that are new to all of them.
//!
//! For telling only: the answers come from Route 53's own count.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use decision::{IntentKind, RegionName, Remembered, State, Vote};

use crate::event::Event;

/// Who votes `eject` on which region.
#[derive(Debug)]
pub struct Tally {
    observers: usize,
    ejecting: Mutex<BTreeMap<RegionName, BTreeSet<RegionName>>>,
    /// The highest generation of each region's intents that was told.
    told: Mutex<BTreeMap<RegionName, u64>>,
}

impl Tally {
    /// Starts with every vote at `serve`.
    #[must_use]
    pub fn new(observers: usize) -> Self {
        Self { observers, ejecting: Mutex::default(), told: Mutex::default() }
    }

    /// Takes in one vote; returns the event when it turns the majority.
    pub fn count(&self, observer: &RegionName, region: &RegionName, vote: Vote) -> Option<Event> {
        let mut ejecting = self.ejecting.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let voters = ejecting.entry(region.clone()).or_default();
        let majority = self.observers / 2 + 1;
        let before = voters.len() >= majority;
        match vote {
            Vote::Eject => voters.insert(observer.clone()),
            Vote::Serve => voters.remove(observer),
        };
        let after = voters.len() >= majority;
        (before != after).then(|| Event::Majority { region: region.clone(), vote, ejects: voters.len(), observers: self.observers })
    }
}

impl Tally {
    /// The event of an intent that no observer was known to have seen before.
    pub fn notice(&self, region: &RegionName, intent: &Remembered) -> Option<Event> {
        let mut told = self.told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let newest = told.entry(region.clone()).or_default();
        if intent.generation <= *newest {
            return None;
        }
        *newest = intent.generation;
        let what = match (intent.kind, intent.state) {
            (IntentKind::Drain, State::Seen | State::Stands) => "drains",
            (IntentKind::Hold, State::Seen | State::Stands) => "holds",
            (IntentKind::Drain, State::Ended) => "ends the drain of",
            (IntentKind::Hold, State::Ended) => "ends the hold of",
        };
        Some(Event::Intent { region: region.clone(), actor: intent.actor.clone(), what: what.to_owned(), generation: intent.generation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_vote_that_turns_the_majority_is_told() {
        let [a, b, c] = ["eu-west-1", "eu-west-2", "us-east-1"].map(|name| RegionName::new(name).unwrap());
        let tally = Tally::new(3);
        assert_eq!(tally.count(&a, &b, Vote::Eject), None);
        assert!(matches!(tally.count(&c, &b, Vote::Eject), Some(Event::Majority { vote: Vote::Eject, ejects: 2, .. })));
        assert_eq!(tally.count(&b, &b, Vote::Eject), None);
        assert_eq!(tally.count(&a, &b, Vote::Serve), None);
        assert!(matches!(tally.count(&b, &b, Vote::Serve), Some(Event::Majority { vote: Vote::Serve, ejects: 1, .. })));
    }

    #[test]
    fn an_intent_is_told_once_however_many_observers_see_it_and_again_when_it_ends() {
        let region = RegionName::new("eu-west-2").unwrap();
        let at = jiff::Timestamp::UNIX_EPOCH;
        let drain = Remembered {
            id: "drain-1".into(),
            generation: 7,
            kind: IntentKind::Drain,
            actor: "ana".into(),
            recorded_at: at,
            ends_at: at,
            state: State::Stands,
            overrides: Vec::new(),
        };
        let tally = Tally::new(3);
        assert_eq!(tally.notice(&region, &drain).unwrap().to_string(), "operator   ana drains eu-west-2, generation 7");
        assert_eq!(tally.notice(&region, &drain), None);
        let ended = Remembered { generation: 8, state: State::Ended, ..drain };
        assert_eq!(tally.notice(&region, &ended).unwrap().to_string(), "operator   ana ends the drain of eu-west-2, generation 8");
    }
}
