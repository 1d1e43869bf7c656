//! How far the reading is, on one line of a terminal. Elsewhere nothing: what was found says it all.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::out::{Mark, Out};

/// The line.
#[derive(Debug)]
pub(crate) struct Progress {
    shown: Option<String>,
    done: AtomicUsize,
    of: usize,
}

impl Progress {
    /// A line that counts to `of`, where somebody looks.
    pub(crate) fn new(out: &Out, of: usize) -> Self {
        let shown = !out.quiet && !out.is_json() && std::io::stderr().is_terminal();
        let progress =
            Self { shown: shown.then(|| out.err_look.paint(Mark::Going, out.err_look.symbol(Mark::Going))), done: AtomicUsize::new(0), of };
        progress.draw(0);
        progress
    }

    /// A line that nobody sees.
    #[cfg(test)]
    pub(crate) fn unseen() -> Self {
        Self { shown: None, done: AtomicUsize::new(0), of: 0 }
    }

    /// One more is read.
    pub(crate) fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.draw(done.min(self.of));
    }

    /// Leaves no trace on the terminal.
    pub(crate) fn clear(&self) {
        self.write("\r\u{1b}[K");
    }

    fn draw(&self, done: usize) {
        if let Some(symbol) = &self.shown {
            self.write(&format!("\r{symbol} {done} of {} read\u{1b}[K", self.of));
        }
    }

    fn write(&self, text: &str) {
        if self.shown.is_some() {
            let mut stderr = anstream::stderr().lock();
            // Who cannot see it misses nothing.
            let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
        }
    }
}
