//! What the observers' SSM remembers, read when somebody asks for it and kept for a while: a history is a hundred versions of each document.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as Latch, PoisonError};
use std::time::Duration;

use decision::RegionName;
use jiff::Timestamp;
use store::{Histories, Observers, Read};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::settings::Settings;

/// How old what is remembered may be where a person asks for it.
const FOR_PAGES: Duration = Duration::from_secs(5);
/// How old it may be beside something else that is looked at.
const BESIDE: Duration = Duration::from_secs(30);
/// How long a page waits for histories that stand beside something else, the first time.
const PATIENCE: Duration = Duration::from_secs(3);
/// The same where older ones are at hand.
const BRIEFLY: Duration = Duration::from_millis(200);
/// Between two reads of histories, whatever happens: each is several requests to every observer.
const PAUSE: Duration = Duration::from_secs(2);

/// Every observer's histories, as they were read.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    /// Of each observer, or why not.
    pub(crate) histories: Read<Histories>,
}

/// The histories of a service: without what the probes saw for the log, with it for telling of a moment. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Past(Arc<Inner>);

struct Inner {
    observers: Observers,
    regions: Vec<RegionName>,
    plain: Memory,
    whole: Memory,
}

/// What was read last, and who reads now.
#[derive(Default)]
struct Memory {
    last: Latch<Option<Kept>>,
    reading: Mutex<()>,
}

#[derive(Clone)]
struct Kept {
    read_at: Instant,
    /// The count of changes of the snapshot that was the newest when it was read.
    changes: u64,
    remembered: Arc<Remembered>,
}

impl Kept {
    fn is_good(&self, old: Duration, changes: u64) -> bool {
        let age = self.read_at.elapsed();
        age < PAUSE || (age < old && self.changes == changes)
    }
}

impl Past {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self(Arc::new(Inner {
            observers: settings.observers.clone(),
            regions: settings.policy.regions().iter().cloned().collect(),
            plain: Memory::default(),
            whole: Memory::default(),
        }))
    }

    /// The histories of votes and intents, read once for all who ask at a time. `changes` counts what has changed: with another count they are read again.
    pub(crate) async fn plain(&self, changes: u64) -> Arc<Remembered> {
        self.0.read(&self.0.plain, false, FOR_PAGES, changes).await
    }

    /// The same for a page on which they stand beside something else: the last ones if the newest take long, and none if there are none yet.
    pub(crate) async fn plain_soon(&self, changes: u64) -> Option<Arc<Remembered>> {
        let last = lock(&self.0.plain.last).clone();
        if let Some(kept) = last.as_ref().filter(|kept| kept.is_good(BESIDE, changes)) {
            return Some(Arc::clone(&kept.remembered));
        }
        let inner = Arc::clone(&self.0);
        // In a task of its own: what was begun is of use to whoever comes next, also when nobody waits for it any more.
        let reading = tokio::spawn(async move { inner.read(&inner.plain, false, BESIDE, changes).await });
        let patience = if last.is_some() { BRIEFLY } else { PATIENCE };
        match tokio::time::timeout(patience, reading).await {
            Ok(Ok(remembered)) => Some(remembered),
            Ok(Err(_)) | Err(_) => last.map(|kept| kept.remembered),
        }
    }

    /// The histories of everything.
    pub(crate) async fn whole(&self, changes: u64) -> Arc<Remembered> {
        self.0.read(&self.0.whole, true, FOR_PAGES, changes).await
    }
}

impl Inner {
    async fn read(&self, memory: &Memory, observed: bool, old: Duration, changes: u64) -> Arc<Remembered> {
        let _alone = memory.reading.lock().await;
        if let Some(kept) = lock(&memory.last).as_ref().filter(|kept| kept.is_good(old, changes)) {
            return Arc::clone(&kept.remembered);
        }
        let histories = self.observers.histories(&self.regions, observed).await;
        let remembered = Arc::new(Remembered { histories });
        *lock(&memory.last) = Some(Kept { read_at: Instant::now(), changes, remembered: Arc::clone(&remembered) });
        remembered
    }
}

fn lock<T>(latch: &Latch<T>) -> std::sync::MutexGuard<'_, T> {
    latch.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Remembered {
    /// Why observers could not be read.
    pub(crate) fn missing(&self) -> BTreeMap<RegionName, String> {
        store::failures(&self.histories)
    }

    /// For the log.
    pub(crate) fn logs(&self) -> Vec<store::log::History> {
        self.histories.values().flatten().map(|histories| store::log::History::until(histories, Timestamp::MAX)).collect()
    }
}
