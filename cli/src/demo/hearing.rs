//! Hears what happens in the world and waits for a certain thing to have happened.
//!
//! Nothing is missed between two waits: all that was heard is kept and searched.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::{Instant, timeout_at};
use world::event::{Event, Told};

/// The most events kept: a story tells a few hundred.
const KEPT_MAX: usize = 100_000;

/// What was heard so far, and the ear for more.
pub(super) struct Hearing {
    ear: Receiver<Told>,
    heard: Vec<Told>,
    missed: u64,
}

impl Hearing {
    pub(super) fn new(ear: Receiver<Told>) -> Self {
        Self { ear, heard: Vec::new(), missed: 0 }
    }

    /// When the first thing at or after `since` happened that `is` describes; none when `within` passes before it does.
    pub(super) async fn first(&mut self, since: Timestamp, within: Duration, is: impl Fn(&Event) -> bool) -> Option<Timestamp> {
        let deadline = Instant::now() + within;
        let mut looked = 0;
        loop {
            if let Some(told) = self.heard[looked..].iter().find(|told| told.at >= since && is(&told.event)) {
                return Some(told.at);
            }
            looked = self.heard.len();
            match timeout_at(deadline, self.ear.recv()).await {
                Ok(Ok(told)) => self.keep(told),
                Ok(Err(RecvError::Lagged(missed))) => self.missed += missed,
                Ok(Err(RecvError::Closed)) | Err(_) => return None,
            }
        }
    }

    /// Everything that happened at or after `since` and that `is` describes, among what has happened up to now.
    pub(super) fn all(&mut self, since: Timestamp, is: impl Fn(&Event) -> bool) -> Vec<Told> {
        loop {
            match self.ear.try_recv() {
                Ok(told) => self.keep(told),
                Err(TryRecvError::Lagged(missed)) => self.missed += missed,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        self.heard.iter().filter(|told| told.at >= since && is(&told.event)).cloned().collect()
    }

    /// How many events were told faster than they were heard. A story that missed some proves nothing.
    pub(super) fn missed(&self) -> u64 {
        self.missed
    }

    fn keep(&mut self, told: Told) {
        if self.heard.len() < KEPT_MAX {
            self.heard.push(told);
        } else {
            self.missed += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use world::event::Events;

    fn user(place: &str) -> Event {
        Event::User { place: place.to_owned(), region: None, what: "lost the connection".to_owned() }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_told_before_the_wait_counts_and_what_never_comes_ends_with_the_wait() {
        let events = Events::default();
        let mut hearing = Hearing::new(events.listen());
        let (before, at) = (Timestamp::from_second(10).unwrap(), Timestamp::from_second(20).unwrap());
        events.tell(at, user("London"));
        assert_eq!(hearing.first(before, Duration::from_secs(1), |event| *event == user("London")).await, Some(at));
        assert_eq!(hearing.first(before, Duration::from_secs(1), |event| *event == user("Portland")).await, None);
        assert_eq!(hearing.first(before, Duration::from_secs(1), |event| *event == user("London")).await, Some(at), "searched again");
        events.tell(at, user("London"));
        assert_eq!(hearing.all(before, |event| *event == user("London")).len(), 2, "both, the searched one too");
        let later = Timestamp::from_second(21).unwrap();
        let london = |event: &Event| *event == user("London");
        assert_eq!(hearing.first(later, Duration::from_secs(1), london).await, None, "an older event does not count");
    }
}
