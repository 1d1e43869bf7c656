//! The one task that looks, and how its looks reach everybody.
//!
//! It looks often while somebody watches or has asked lately, seldom else, and never twice at a time. Without the task (on a Lambda) whoever asks looks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex as Latch, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex, Notify, watch};
use tokio::time::Instant;

use super::{DnsState, Looker, Snapshot};
use crate::dns::{Asking, Survey, Surveyor};
use crate::settings::{Clock, Pace, Settings};

/// After a question somebody counts as watching for this long: pages without scripts ask again by themselves.
const WATCHED_FOR: Duration = Duration::from_secs(15);

/// For so long after a vote turned or somebody asked for something, answers may move.
const MOVES_FOR: jiff::SignedDuration = jiff::SignedDuration::from_secs(90);

/// The newest snapshot, and who wants the next.
pub(crate) struct Watch {
    newest: watch::Sender<Arc<Snapshot>>,
    stopped: watch::Sender<bool>,
    looker: Mutex<Looker>,
    surveyor: Mutex<Option<Surveyor>>,
    dns: Latch<DnsState>,
    asking: Option<Asking>,
    pace: Pace,
    clock: Clock,
    /// When the last look ended, and when somebody last asked.
    looked: Latch<Option<Instant>>,
    asked: Latch<Option<Instant>>,
    /// Somebody has come to a watch that was idle, or something was written.
    wake: Notify,
    looks: AtomicU64,
    running: AtomicBool,
}

impl Watch {
    pub(crate) fn new(settings: &Settings) -> Self {
        let looker = Looker::new(settings);
        Self {
            newest: watch::Sender::new(Arc::new(looker.blank())),
            stopped: watch::Sender::new(false),
            looker: Mutex::new(looker),
            surveyor: Mutex::new(None),
            dns: Latch::default(),
            asking: settings.dns.clone(),
            pace: settings.pace,
            clock: settings.clock.clone(),
            looked: Latch::default(),
            asked: Latch::default(),
            wake: Notify::new(),
            looks: AtomicU64::new(0),
            running: AtomicBool::new(false),
        }
    }

    /// What is known now, without a look.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.newest.borrow().clone()
    }

    /// What is known now. Looks first where the last look is too long ago, once for all who ask meanwhile.
    pub(crate) async fn current(&self) -> Arc<Snapshot> {
        let recently = self.pace.watched * 2;
        *lock(&self.asked) = Some(Instant::now());
        if lock(&self.looked).is_none_or(|at| at.elapsed() > recently) {
            let mut looker = self.looker.lock().await;
            // Somebody else may have looked while this waited.
            if lock(&self.looked).is_none_or(|at| at.elapsed() > recently) {
                if !self.is_running() {
                    self.survey_if_old().await;
                }
                self.look(&mut looker).await;
            }
            self.wake.notify_one();
        }
        self.snapshot()
    }

    /// Looks now: something is to be written, or was.
    pub(crate) async fn refresh(&self) -> Arc<Snapshot> {
        let mut looker = self.looker.lock().await;
        self.look(&mut looker).await
    }

    /// Whether the task runs: else whoever asks looks, and nothing goes on between two requests.
    pub(crate) fn is_running(&self) -> bool {
        self.running.load(Ordering::Relaxed)
    }

    /// Every snapshot from now on, or the newest of those that were missed. Somebody watches for as long as it lives.
    pub(crate) fn listen(&self) -> watch::Receiver<Arc<Snapshot>> {
        let listener = self.newest.subscribe();
        self.wake.notify_one();
        listener
    }

    /// How many listen.
    pub(crate) fn listeners(&self) -> usize {
        self.newest.receiver_count()
    }

    /// How often it has looked.
    pub(crate) fn looks(&self) -> u64 {
        self.looks.load(Ordering::Relaxed)
    }

    /// Looks until stopped.
    pub(crate) async fn run(&self) {
        self.running.store(true, Ordering::Relaxed);
        tokio::select! {
            () = self.stopped() => {}
            () = self.keep_looking() => {}
            () = self.keep_asking() => {}
        }
    }

    /// Ends the watch and whatever waits for [`Watch::stopped`].
    pub(crate) fn stop(&self) {
        self.stopped.send_replace(true);
    }

    /// Ends when the dashboard does. Every stream that stays open waits for it too.
    pub(crate) async fn stopped(&self) {
        let mut stopped = self.stopped.subscribe();
        // An error is a sender that is gone, which is the same.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    }

    async fn keep_looking(&self) {
        loop {
            let started = Instant::now();
            self.refresh().await;
            tokio::time::sleep_until(started + self.pace.watched).await;
            while !self.is_watched() {
                let idle = tokio::time::timeout_at(started + self.pace.idle, self.wake.notified()).await;
                if idle.is_err() {
                    break;
                }
            }
        }
    }

    /// Asks DNS again and again. An answer is published with the next look.
    async fn keep_asking(&self) {
        if self.asking.is_none() {
            return std::future::pending().await;
        }
        loop {
            let started = Instant::now();
            self.survey().await;
            let pace = if is_moving(&self.snapshot(), self.clock.now()) { self.pace.watched } else { self.pace.dns };
            tokio::time::sleep_until(started + pace).await;
            if !self.is_watched() {
                tokio::time::sleep(self.pace.dns * 2).await;
            }
        }
    }

    /// Asks DNS where nobody else does, unless it was asked just now.
    async fn survey_if_old(&self) {
        let now = self.clock.now();
        let is_new = |at: jiff::Timestamp| now.duration_since(at).unsigned_abs() < self.pace.dns;
        if !lock(&self.dns).asked_at.is_some_and(is_new) {
            self.survey().await;
        }
    }

    /// Asks DNS once, if there is somebody to ask.
    pub(crate) async fn survey(&self) {
        let Some(asking) = &self.asking else { return };
        let mut surveyor = self.surveyor.lock().await;
        let asked = match surveyor.as_mut() {
            Some(surveyor) => Ok(surveyor.survey().await),
            None => match Surveyor::new(asking.clone()).await {
                Ok(new) => Ok(surveyor.insert(new).survey().await),
                Err(why) => Err(why),
            },
        };
        let now = self.clock.now();
        let mut dns = lock(&self.dns);
        match asked {
            Ok(survey) if is_silent(&survey) => {
                dns.problem = Some("no server answers".to_owned());
                // The zone's servers may be others by now.
                *surveyor = None;
            }
            Ok(survey) => *dns = DnsState { asked_at: Some(now), survey, problem: None },
            Err(why) => dns.problem = Some(why),
        }
    }

    async fn look(&self, looker: &mut Looker) -> Arc<Snapshot> {
        let before = self.snapshot();
        let dns = lock(&self.dns).clone();
        let next = looker.look(&before, dns).await;
        self.looks.fetch_add(1, Ordering::Relaxed);
        *lock(&self.looked) = Some(Instant::now());
        let next = Arc::new(next);
        self.newest.send_replace(Arc::clone(&next));
        next
    }

    fn is_watched(&self) -> bool {
        self.listeners() > 0 || lock(&self.asked).is_some_and(|at| at.elapsed() < WATCHED_FOR)
    }
}

/// Whether answers are about to move, or just did: then DNS is asked as often as the observers.
fn is_moving(snapshot: &Snapshot, now: jiff::Timestamp) -> bool {
    snapshot.view.regions.iter().any(|region| {
        let saying = snapshot.dns.survey.saying(&region.region) > 0;
        let turned = region.since.is_some_and(|since| now.duration_since(since) < MOVES_FOR);
        let asked = snapshot.newest.get(&region.region).is_some_and(|intent| now.duration_since(intent.recorded_at) < MOVES_FOR);
        turned || asked || (saying && region.answers.is_out())
    })
}

/// Whether every lookup came to nothing.
fn is_silent(survey: &Survey) -> bool {
    survey.lookups.iter().all(|lookup| matches!(lookup.said, crate::dns::Said::Nothing(_)))
}

fn lock<T>(latch: &Latch<T>) -> std::sync::MutexGuard<'_, T> {
    latch.lock().unwrap_or_else(PoisonError::into_inner)
}
