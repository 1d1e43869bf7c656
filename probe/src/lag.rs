//! How far the runtime runs behind: the observer's check of itself while it judges others.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// How often the meter looks.
const BEAT: Duration = Duration::from_millis(25);

/// Measures until it is dropped.
pub(crate) struct LagMeter {
    worst_micros: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl LagMeter {
    pub(crate) fn start() -> Self {
        let worst_micros = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&worst_micros);
        let task = tokio::spawn(async move {
            loop {
                let before = Instant::now();
                sleep(BEAT).await;
                let late = before.elapsed().saturating_sub(BEAT);
                seen.fetch_max(u64::try_from(late.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
            }
        });
        Self { worst_micros, task }
    }

    /// The longest that a due timer had to wait.
    pub(crate) fn worst(&self) -> Duration {
        Duration::from_micros(self.worst_micros.load(Ordering::Relaxed))
    }
}

impl Drop for LagMeter {
    fn drop(&mut self) {
        self.task.abort();
    }
}
