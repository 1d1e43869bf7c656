//! Counts the observers' votes as Route 53 will, to tell when a majority turns.
//!
//! For telling only: the answers come from Route 53's own count.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use decision::{RegionName, Vote};

use crate::event::Event;

/// Who votes `eject` on which region.
#[derive(Debug)]
pub struct Tally {
    observers: usize,
    ejecting: Mutex<BTreeMap<RegionName, BTreeSet<RegionName>>>,
}

impl Tally {
    /// Starts with every vote at `serve`.
    #[must_use]
    pub fn new(observers: usize) -> Self {
        Self { observers, ejecting: Mutex::default() }
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
}
