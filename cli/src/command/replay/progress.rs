//! One line on a terminal while many runs are under way.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::out::Out;

/// What takes less is not worth a line.
const PATIENCE: Duration = Duration::from_secs(1);
/// From one drawing to the next.
const REDRAW: Duration = Duration::from_millis(200);

/// How far it is.
#[derive(Debug)]
pub(super) struct Progress {
    total: usize,
    done: AtomicUsize,
    shown: bool,
    /// When it is drawn again; never, once it has ended.
    next: Mutex<Option<Instant>>,
}

impl Progress {
    /// Nothing yet, of `total`.
    pub(super) fn new(total: usize, out: &Out) -> Self {
        let shown = !out.quiet && !out.is_json() && std::io::stderr().is_terminal();
        Self { total, done: AtomicUsize::new(0), shown, next: Mutex::new(Some(Instant::now() + PATIENCE)) }
    }

    /// So many are done. From any thread.
    pub(super) fn reaches(&self, done: usize) {
        self.done.fetch_max(done, Ordering::Relaxed);
        if !self.shown {
            return;
        }
        // Who finds it taken has nothing to draw: another thread does.
        let Ok(mut next) = self.next.try_lock() else { return };
        if next.is_some_and(|next| next <= Instant::now()) {
            *next = Some(Instant::now() + REDRAW);
            let _ = write!(std::io::stderr(), "\r\u{1b}[K… {} of {} runs", self.done(), self.total);
        }
    }

    /// How many are done.
    pub(super) fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// Takes the line away.
    pub(super) fn ends(&self) {
        let was = self.next.lock().ok().and_then(|mut next| next.take());
        if self.shown && was.is_some() {
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }
}
