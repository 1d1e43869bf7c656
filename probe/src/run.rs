//! Rounds for as long as one is let: at this observer's place in the interval, faster after a failure, at once when a tripwire
//! is lost. Each round is handed on to be published, and nothing waits for that.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use store::Store;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::early::EarlyRounds;
use crate::matrix::Patience;
use crate::metrics;
use crate::pace::{LOOKS_MAX, Look, next_delay, phase, until_tick};
use crate::publish::Publisher;
use crate::round::Probe;
use crate::seen::Seen;
use crate::tripwire::Tripwires;

/// Rounds that wait to be published. More than a document holds need not wait.
const QUEUE_MAX: usize = 8;

/// What came of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ran {
    /// Rounds made.
    pub rounds: u64,
    /// Ticks that found the last round still running.
    pub skipped: u64,
    /// Rounds that a tripwire started.
    pub early: u64,
    /// Lost tripwires that started none, because there had been enough.
    pub refused: u64,
    /// Rounds that were not handed on, because publishing was too far behind.
    pub dropped: u64,
}

/// Makes rounds until `until`, then hands on what there is and returns. A round that has begun is brought to its end.
///
/// Dropping the future ends everything at once.
pub async fn run(probe: Probe, store: Store, metrics: Option<aws_sdk_cloudwatch::Client>, until: impl Future<Output = ()>) -> Ran {
    Runner::start(probe, store, metrics).await.rounds(until).await
}

/// What stays between two runs: numbers, history, and the tasks that publish.
#[derive(Debug)]
pub struct Runner {
    probe: Probe,
    number: u64,
    newest: Option<Timestamp>,
    history: VecDeque<Look>,
    early: EarlyRounds,
    /// From when on early rounds are counted.
    began: Instant,
    seen: watch::Sender<Option<Arc<Seen>>>,
    publisher: mpsc::Sender<Publish>,
    metrics: Option<mpsc::Sender<metrics::Tell>>,
    /// Ends with the runner.
    _tasks: JoinSet<()>,
}

enum Publish {
    Seen(Arc<Seen>),
    Flush(oneshot::Sender<()>),
}

impl Runner {
    /// Reads what is stored, as long as [`Pace::publish`](crate::Pace::publish) allows, and starts the tasks that publish.
    pub async fn start(probe: Probe, store: Store, metrics: Option<aws_sdk_cloudwatch::Client>) -> Self {
        let settings = probe.settings();
        let pace = settings.pace.clone();
        let mut publisher = Publisher::new(store);
        match timeout(pace.publish, publisher.load()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(error = &error as &dyn std::error::Error, "rounds begin without knowing what is stored"),
            Err(_) => tracing::warn!("rounds begin without knowing what is stored: no answer in time"),
        }
        let (number, newest) = (publisher.next_number(), publisher.newest());
        let mut tasks = JoinSet::new();
        let (sender, queue) = mpsc::channel(QUEUE_MAX);
        tasks.spawn(publish(publisher, queue));
        let metrics = metrics.map(|client| {
            let (sender, told) = mpsc::channel(QUEUE_MAX);
            let source = metrics::Source { service: settings.service.clone(), observer: settings.observer.clone() };
            tasks.spawn(metrics::publish(client, source, pace.metrics, pace.metrics_deadline, told));
            sender
        });
        let early = EarlyRounds::new(&pace);
        let seen = watch::Sender::new(None);
        Self {
            probe,
            number,
            newest,
            history: VecDeque::new(),
            early,
            began: Instant::now(),
            seen,
            publisher: sender,
            metrics,
            _tasks: tasks,
        }
    }

    /// Follows what each round saw.
    #[must_use]
    pub fn seen(&self) -> watch::Receiver<Option<Arc<Seen>>> {
        self.seen.subscribe()
    }

    /// Makes rounds until `until`; see [`run`].
    pub async fn rounds(&mut self, until: impl Future<Output = ()>) -> Ran {
        tokio::pin!(until);
        let mut tripwires = Tripwires::string(&self.probe);
        let mut ran = Ran::default();
        let mut next = self.first();
        let mut last_started = Instant::now();
        let mut is_early = false;
        loop {
            tokio::select! {
                biased;
                () = &mut until => break,
                lost = tripwires.lost() => {
                    // A round that started later has seen whatever it was.
                    if lost.at < last_started {
                        continue;
                    }
                    match self.early.admit(self.began.elapsed()).map(|at| self.began + at) {
                        Some(at) if at < next => (next, is_early) = (at, true),
                        Some(_) => {}
                        None => ran.refused += 1,
                    }
                    tracing::debug!(region = %lost.region, early = is_early, "a tripwire asks for a round");
                }
                () = sleep_until(next) => {
                    let started = Timestamp::now();
                    last_started = Instant::now();
                    let patience = self.patience(is_early);
                    let seen = self.probe.round_with(self.number, patience).await;
                    ran.rounds += 1;
                    ran.early += u64::from(std::mem::take(&mut is_early));
                    ran.dropped += u64::from(!self.hand_on(seen));
                    let (at, skipped) = self.after(started, last_started);
                    next = at;
                    ran.skipped += skipped;
                }
            }
        }
        self.flush().await;
        ran
    }

    /// A round that a lost tripwire started, and those that confirm what it saw, do not wait for replication.
    fn patience(&mut self, is_early: bool) -> Patience {
        let pace = &self.probe.settings().pace;
        let confirms = next_delay(pace, self.history.make_contiguous()) == pace.confirm;
        if is_early || confirms { Patience::Confirming } else { Patience::Full }
    }

    /// At once, unless another run has just made a round.
    fn first(&self) -> Instant {
        let interval = self.probe.settings().pace.round;
        let age = self.newest.map(|newest| Timestamp::now().duration_since(newest));
        match age.and_then(|age| Duration::try_from(age).ok()) {
            Some(age) if age < interval => Instant::now() + self.tick(),
            Some(_) | None => Instant::now(),
        }
    }

    /// From now to the next tick of this observer, with jitter.
    fn tick(&self) -> Duration {
        let settings = self.probe.settings();
        let interval = settings.pace.round;
        let phase = phase(&settings.service, &settings.observer, settings.place, interval);
        until_tick(since_epoch(Timestamp::now()), interval, phase) + interval.mul_f64(settings.pace.jitter * fastrand::f64())
    }

    /// Remembers what a round means and hands it on. Returns whether there was room.
    fn hand_on(&mut self, seen: Seen) -> bool {
        let seen = Arc::new(seen);
        self.number += 1;
        self.newest = Some(seen.round.produced_at);
        self.history.push_back(Look::of(&seen.round));
        if self.history.len() > LOOKS_MAX {
            self.history.pop_front();
        }
        tell(&seen);
        if let Some(metrics) = &self.metrics {
            // A minute without one round's values is no loss worth waiting for.
            let _ = metrics.try_send(metrics::Tell::Seen(Arc::clone(&seen)));
        }
        self.seen.send_replace(Some(Arc::clone(&seen)));
        self.publisher.try_send(Publish::Seen(seen)).is_ok()
    }

    /// When the next round starts, after one that started then, and how many ticks it slept through.
    fn after(&mut self, started: Timestamp, started_at: Instant) -> (Instant, u64) {
        let pace = &self.probe.settings().pace;
        let delay = next_delay(pace, self.history.make_contiguous());
        let now = Instant::now();
        if delay < pace.round {
            let due = started_at + delay;
            return (due.max(now), u64::from(due < now));
        }
        let settings = self.probe.settings();
        let phase = phase(&settings.service, &settings.observer, settings.place, pace.round);
        let ticks = |at: Timestamp| since_epoch(at).saturating_sub(phase).as_nanos() / pace.round.as_nanos().max(1);
        let skipped = ticks(Timestamp::now()).saturating_sub(ticks(started));
        (now + self.tick(), u64::try_from(skipped).unwrap_or(u64::MAX))
    }

    /// Lets what was handed on be published, but does not wait for ever.
    async fn flush(&self) {
        let pace = &self.probe.settings().pace;
        let (published, metrics) = tokio::join!(
            timeout(pace.publish, async {
                let (done, flushed) = oneshot::channel();
                // A closed channel has nothing left to flush.
                let _ = self.publisher.send(Publish::Flush(done)).await;
                let _ = flushed.await;
            }),
            timeout(pace.metrics_deadline, async {
                if let Some(metrics) = &self.metrics {
                    let (done, flushed) = oneshot::channel();
                    let _ = metrics.send(metrics::Tell::Flush(done)).await;
                    let _ = flushed.await;
                }
            }),
        );
        if published.is_err() || metrics.is_err() {
            tracing::warn!("the run ends before everything was published");
        }
    }
}

/// Publishes what it is given, all that waits in one write, until nobody is left to give.
async fn publish(mut publisher: Publisher, mut queue: mpsc::Receiver<Publish>) {
    while let Some(first) = queue.recv().await {
        let mut flushed = Vec::new();
        let mut take = |next| match next {
            Publish::Seen(seen) => publisher.take(&seen),
            Publish::Flush(done) => flushed.push(done),
        };
        take(first);
        while let Ok(next) = queue.try_recv() {
            take(next);
        }
        if publisher.has_unpublished()
            && let Err(error) = publisher.write().await
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "the observation was not written; it goes with the next");
        }
        for done in flushed {
            // Whoever asked may have stopped waiting.
            let _ = done.send(());
        }
    }
}

/// One line per round, and one per failed check.
fn tell(seen: &Seen) {
    let round = &seen.round;
    let took_ms = u64::try_from(seen.took.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(round = round.number, self_check = %round.self_check, took_ms, failed = seen.anything_failed(), "round");
    for (name, resolved) in &seen.public_names {
        tracing::info!(round = round.number, name, ?resolved, "public name");
    }
    for (region, observation) in &round.regions {
        for (check, result) in observation.iter().filter(|(_, result)| result.outcome.is_fail()) {
            let detail = seen.regions.get(region).and_then(|steps| steps.step(*check)).and_then(|step| step.failure.as_ref());
            let detail = detail.map_or("", |failure| failure.detail.as_str());
            tracing::warn!(round = round.number, %region, %check, outcome = %result.outcome, attempts = result.attempts, detail, "check failed");
        }
    }
}

fn since_epoch(at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(Timestamp::UNIX_EPOCH)).unwrap_or_default()
}
