//! One line per thing that happened, with its time. On a terminal the line of what is going on is redrawn in place.

use std::io::{self, IsTerminal, Write};

use jiff::Timestamp;
use serde_json::json;

use crate::moment;
use crate::out::{Mark, Out};

/// Progress of one command on stderr.
pub(crate) struct Progress<'a> {
    out: &'a Out,
    in_place: bool,
    going: String,
}

impl<'a> Progress<'a> {
    /// Nothing has happened yet.
    pub(crate) fn new(out: &'a Out) -> Self {
        Self { out, in_place: io::stderr().is_terminal() && !out.is_json(), going: String::new() }
    }

    /// Something is going on. Only what is new is written.
    pub(crate) fn going(&mut self, at: Timestamp, what: &str, detail: &str) {
        let key = format!("{what} {detail}");
        if self.out.quiet || key == self.going {
            return;
        }
        if self.in_place {
            let look = self.out.err_look;
            let line = format!("{} {}  {what:<10} {detail}", look.paint(Mark::Going, look.symbol(Mark::Going)), moment::time_of_day(at));
            let mut stderr = anstream::stderr().lock();
            let _ = write!(stderr, "\r\u{1b}[2K{line}").and_then(|()| stderr.flush());
        } else {
            self.line(Mark::Going, at, what, detail);
        }
        self.going = key;
    }

    /// Something is done, or has failed.
    pub(crate) fn done(&mut self, mark: Mark, at: Timestamp, what: &str, detail: &str) {
        self.clear();
        self.line(mark, at, what, detail);
    }

    /// Takes the redrawn line away, so that what follows starts on a line of its own.
    pub(crate) fn clear(&mut self) {
        if self.in_place && !self.going.is_empty() && !self.out.quiet {
            let mut stderr = anstream::stderr().lock();
            let _ = write!(stderr, "\r\u{1b}[2K").and_then(|()| stderr.flush());
        }
        self.going.clear();
    }

    fn line(&self, mark: Mark, at: Timestamp, what: &str, detail: &str) {
        if self.out.is_json() {
            let word = match mark {
                Mark::Good => "done",
                Mark::Going => "going",
                Mark::Warn | Mark::Unknown => "warning",
                Mark::Bad => "failed",
            };
            let line =
                json!({"schema": decision::Schema::V1, "kind": "progress", "stage": what, "state": word, "at": at, "detail": detail});
            self.out.note(&line.to_string());
        } else {
            self.out.progress(mark, at, what, detail);
        }
    }
}
