//! The votes a gate knows: read at most once per cache time and one at a time, and kept while SSM is out of reach.
//!
//! What they mean to Route 53 is `gate`.

use std::sync::{Arc, RwLock};
use std::time::{Duration, SystemTime};

use decision::Votes;
use store::{Store, in_one_line};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// The last votes that were read, and when somebody last tried to.
#[derive(Debug)]
pub(crate) struct Known {
    store: Store,
    cached_for: Duration,
    last: RwLock<Last>,
    /// Whoever holds this reads. The others do with what is known, or wait if nothing is.
    reading: Mutex<()>,
}

#[derive(Debug, Clone, Default)]
struct Last {
    votes: Option<Arc<Votes>>,
    tried_at: Option<Moment>,
    failing: bool,
}

impl Known {
    pub(crate) fn new(store: Store, cached_for: Duration) -> Self {
        Self { store, cached_for, last: RwLock::default(), reading: Mutex::new(()) }
    }

    pub(crate) fn cached_for(self, cached_for: Duration) -> Self {
        Self { cached_for, ..self }
    }

    /// The votes: at most as old as the cache time while SSM answers, else the last ones. `None` if none were ever read.
    ///
    /// Waits for at most one deadline of the store, and only for the read that is due: a request that comes while another
    /// one reads is answered from memory. A failed read counts as tried, so a dead SSM is asked once per cache time.
    pub(crate) async fn votes(&self) -> Option<Arc<Votes>> {
        let last = self.last();
        if self.is_fresh(&last) {
            return last.votes;
        }
        let _reading = if last.votes.is_some() {
            match self.reading.try_lock() {
                Ok(reading) => reading,
                Err(_) => return last.votes,
            }
        } else {
            self.reading.lock().await
        };
        let last = self.last();
        if self.is_fresh(&last) {
            return last.votes;
        }
        self.read(last).await
    }

    async fn read(&self, last: Last) -> Option<Arc<Votes>> {
        let answer = self.store.votes().await;
        let failing = answer.is_err();
        match &answer {
            Err(error) if !last.failing => {
                tracing::warn!(observer = %self.store.observer(), error = %in_one_line(error), "votes cannot be read: the last ones stand");
            }
            Ok(_) if last.failing => tracing::info!(observer = %self.store.observer(), "votes can be read again"),
            Ok(_) | Err(_) => {}
        }
        let votes = match answer.ok().flatten() {
            Some(read) => Some(newer(last.votes, read)),
            None => last.votes,
        };
        let next = Last { votes: votes.clone(), tried_at: Some(Moment::now()), failing };
        *self.last.write().unwrap_or_else(std::sync::PoisonError::into_inner) = next;
        votes
    }

    fn is_fresh(&self, last: &Last) -> bool {
        last.tried_at.is_some_and(|at| at.age().is_some_and(|age| age < self.cached_for))
    }

    fn last(&self) -> Last {
        self.last.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

/// A moment by both clocks. A function that Lambda froze between two requests may find that its monotonic clock stood still meanwhile; the wall clock did not.
#[derive(Debug, Clone, Copy)]
struct Moment {
    at: Instant,
    on_the_wall: SystemTime,
}

impl Moment {
    fn now() -> Self {
        Self { at: Instant::now(), on_the_wall: SystemTime::now() }
    }

    /// How long ago it was by the clock that says more; nothing if the wall clock was set back since.
    fn age(self) -> Option<Duration> {
        self.on_the_wall.elapsed().ok().map(|age| age.max(self.at.elapsed()))
    }
}

/// A late writer's document can stand in SSM for two round trips (see `store`): behind in generation *and* decided earlier, it
/// is passed over. A document behind in generation but decided later is that of a parameter which somebody deleted: it counts.
fn newer(known: Option<Arc<Votes>>, read: Votes) -> Arc<Votes> {
    match known {
        Some(known) if read.generation < known.generation && read.decided_at < known.decided_at => known,
        Some(_) | None => Arc::new(read),
    }
}
