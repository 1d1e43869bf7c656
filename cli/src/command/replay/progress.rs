//! One line on a terminal while many runs are under way.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::out::Out;

/// What takes less is not worth a line.
const PATIENCE: Duration = Duration::from_secs(1);
/// From one drawing to the next.
const REDRAW: Duration = Duration::from_millis(200);

/// A line that is drawn again and again, where somebody sees it.
#[derive(Debug)]
pub(super) struct Line {
    shown: bool,
    /// When it is drawn again; never, once it has ended.
    next: Mutex<Option<Instant>>,
}

impl Line {
    pub(super) fn new(out: &Out) -> Self {
        let shown = !out.quiet && !out.is_json() && std::io::stderr().is_terminal();
        Self { shown, next: Mutex::new(Some(Instant::now() + PATIENCE)) }
    }

    /// Draws it, if it is time to. From any thread.
    pub(super) fn shows(&self, text: impl FnOnce() -> String) {
        if !self.shown {
            return;
        }
        // Who finds it taken has nothing to draw: another thread does.
        let Ok(mut next) = self.next.try_lock() else { return };
        if next.is_some_and(|next| next <= Instant::now()) {
            *next = Some(Instant::now() + REDRAW);
            let _ = write!(std::io::stderr(), "\r\u{1b}[K{}", text());
        }
    }

    /// Takes it away.
    pub(super) fn ends(&self) {
        let was = self.next.lock().ok().and_then(|mut next| next.take());
        if self.shown && was.is_some() {
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }
}

/// How far the replay of files is.
#[derive(Debug)]
pub(super) struct Progress {
    /// Seconds of virtual time.
    total: u64,
    done: AtomicU64,
    line: Line,
}

impl Progress {
    /// Nothing yet, of so many minutes.
    pub(super) fn new(minutes: f64, out: &Out) -> Self {
        Self { total: seconds(minutes), done: AtomicU64::new(0), line: Line::new(out) }
    }

    /// So many minutes more are done. From any thread.
    pub(super) fn adds(&self, minutes: f64) {
        self.done.fetch_add(seconds(minutes), Ordering::Relaxed);
        self.line.shows(|| self.text());
    }

    /// How far it is.
    pub(super) fn text(&self) -> String {
        let done = self.done.load(Ordering::Relaxed);
        format!("{} % of {} hours in virtual time are replayed", done * 100 / self.total.max(1), self.total / 3600)
    }

    /// Takes the line away.
    pub(super) fn ends(&self) {
        self.line.ends();
    }
}

fn seconds(minutes: f64) -> u64 {
    (minutes * 60.0) as u64
}
