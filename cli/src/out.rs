//! Where words go: data to stdout, progress and hints to stderr, symbols beside words, colour only where it is wanted.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use decision::News;
use jiff::Timestamp;
use serde::Serialize;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::args::{Color, Format, Global};
use crate::failure::Failure;
use crate::moment;

/// How good a line's news is. The symbol never stands alone: a word beside it says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// As it should be.
    Good,
    /// Worth a look.
    Warn,
    /// Broken.
    Bad,
    /// Not known.
    Unknown,
    /// Going on.
    Going,
}

impl From<News> for Mark {
    fn from(news: News) -> Self {
        match news {
            News::Good => Mark::Good,
            News::Warn => Mark::Warn,
            News::Bad => Mark::Bad,
            News::Unknown => Mark::Unknown,
        }
    }
}

/// How text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// Symbols may be other than ASCII.
    pub(crate) unicode: bool,
    /// Symbols and headings are coloured.
    pub(crate) color: bool,
}

impl Look {
    /// Without symbols or colours: for tests, and for text that goes into JSON.
    #[cfg(test)]
    pub(crate) const PLAIN: Look = Look { unicode: true, color: false };

    /// The symbol for a mark.
    pub(crate) fn symbol(self, mark: Mark) -> &'static str {
        match (mark, self.unicode) {
            (Mark::Good, true) => "✓",
            (Mark::Good, false) => "ok",
            (Mark::Warn, true) => "!",
            (Mark::Warn, false) => "warn",
            (Mark::Bad, true) => "✗",
            (Mark::Bad, false) => "FAIL",
            (Mark::Unknown, _) => "?",
            (Mark::Going, true) => "…",
            (Mark::Going, false) => "...",
        }
    }

    /// Text in the colour of a mark.
    pub(crate) fn paint(self, mark: Mark, text: &str) -> String {
        if !self.color {
            return text.to_owned();
        }
        // Blue and orange tell well from bad for more people than green and red do; shape and word say it too.
        let style: Style = match mark {
            Mark::Good => AnsiColor::Blue.on_default(),
            Mark::Warn => AnsiColor::Yellow.on_default(),
            Mark::Bad => AnsiColor::Red.on_default().bold(),
            Mark::Unknown => AnsiColor::Magenta.on_default(),
            Mark::Going => Style::new().dimmed(),
        };
        format!("{style}{text}{style:#}")
    }
}

/// Whether the locale speaks UTF-8, from the values of `LC_ALL`, `LC_CTYPE` and `LANG` in that order.
pub(crate) fn is_utf8(locale: [Option<String>; 3]) -> bool {
    let value = locale.into_iter().flatten().find(|value| !value.is_empty()).unwrap_or_default().to_ascii_lowercase();
    value.contains("utf-8") || value.contains("utf8")
}

/// The output of one command.
#[derive(Debug, Clone)]
pub(crate) struct Out {
    /// Text or JSON.
    pub(crate) format: Format,
    /// Progress and hints are left out.
    pub(crate) quiet: bool,
    /// Nobody may be asked.
    pub(crate) no_input: bool,
    /// How text on stdout looks.
    pub(crate) look: Look,
    /// How text on stderr looks.
    pub(crate) err_look: Look,
}

impl Out {
    /// The output that the flags and the environment ask for.
    pub(crate) fn new(global: &Global) -> Self {
        match global.color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        }
        .write_global();
        let unicode = is_utf8(["LC_ALL", "LC_CTYPE", "LANG"].map(|name| std::env::var(name).ok()));
        let look = |choice: anstream::ColorChoice| Look { unicode, color: choice != anstream::ColorChoice::Never };
        Self {
            format: global.output,
            quiet: global.quiet,
            no_input: global.no_input,
            look: look(anstream::AutoStream::choice(&io::stdout())),
            err_look: look(anstream::AutoStream::choice(&io::stderr())),
        }
    }

    /// Whether results are JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Whether a person can be asked: both ends of the conversation are a terminal.
    pub(crate) fn can_ask(&self) -> bool {
        !self.no_input && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Whether stdout is a terminal.
    pub(crate) fn on_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Returns when nobody reads stdout any more: the other end of the pipe is closed. Never, where that cannot be known.
    ///
    /// For commands that follow: they may have nothing to write for hours, so a failing write comes too late to end them.
    pub(crate) async fn reader_gone(&self) {
        // A file cannot be polled, and always has a reader.
        #[expect(deprecated, reason = "its successor is unsafe, for descriptors that may be closed meanwhile; stdout stays open")]
        let stdout = AsyncFd::with_interest(io::stdout(), Interest::WRITABLE);
        let Ok(stdout) = stdout else { return std::future::pending().await };
        while let Ok(mut guard) = stdout.writable().await {
            if guard.ready().is_write_closed() {
                return;
            }
            guard.clear_ready();
        }
        std::future::pending().await
    }

    /// Writes data to stdout, with a newline. A reader that went away is no failure; see [`Out::reader_gone`].
    pub(crate) fn data(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = anstream::stdout().lock();
        match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Output(error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Writes one JSON object to stdout, in one line, with the schema word first.
    pub(crate) fn json<T: Serialize>(&self, body: &T) -> Result<(), Failure> {
        self.data(&document(body)?)
    }

    /// Writes a line to stderr, unless quiet. Who cannot hear it misses nothing that exit code and stdout do not say.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.error(text);
        }
    }

    /// Writes a hint to stderr, unless quiet. Where results are JSON, so is everything on stderr.
    pub(crate) fn hint(&self, text: &str) {
        if self.is_json() {
            self.note(&serde_json::json!({"schema": decision::Schema::V1, "kind": "hint", "message": text}).to_string());
        } else {
            self.note(&format!("hint: {text}"));
        }
    }

    /// Writes one line of progress with its time to stderr, unless quiet.
    pub(crate) fn progress(&self, mark: Mark, at: Timestamp, what: &str, detail: &str) {
        let symbol = self.err_look.paint(mark, self.err_look.symbol(mark));
        self.note(format!("{symbol} {}  {what:<10} {detail}", moment::time_of_day(at)).trim_end());
    }

    /// Writes a line to stderr, quiet or not.
    pub(crate) fn error(&self, text: &str) {
        let _ = writeln!(anstream::stderr().lock(), "{text}");
    }
}

/// A JSON document as it is printed: one line, the schema word first.
pub(crate) fn document<T: Serialize>(body: &T) -> Result<String, Failure> {
    #[derive(Serialize)]
    struct Document<'a, T> {
        schema: decision::Schema,
        #[serde(flatten)]
        body: &'a T,
    }
    serde_json::to_string(&Document { schema: decision::Schema::V1, body }).map_err(|error| Failure::Output(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_has_a_symbol_in_both_alphabets() {
        let all = [Mark::Good, Mark::Warn, Mark::Bad, Mark::Unknown, Mark::Going];
        let ascii = Look { unicode: false, color: false };
        assert!(all.iter().all(|mark| ascii.symbol(*mark).is_ascii()));
        let fine: std::collections::BTreeSet<&str> = all.iter().map(|mark| Look::PLAIN.symbol(*mark)).collect();
        assert_eq!(fine.len(), all.len(), "two marks look the same");
    }

    #[test]
    fn the_first_locale_variable_that_is_set_decides() {
        let locale = |values: [&str; 3]| is_utf8(values.map(|value| (!value.is_empty()).then(|| value.to_owned())));
        assert!(locale(["", "", "en_GB.UTF-8"]));
        assert!(locale(["C.utf8", "", "C"]));
        assert!(!locale(["C", "", "en_GB.UTF-8"]));
        assert!(!locale(["", "", ""]));
    }

    #[test]
    fn a_document_opens_with_its_schema() {
        #[derive(Serialize)]
        struct Body {
            answer: u8,
        }
        assert_eq!(document(&Body { answer: 42 }).unwrap(), r#"{"schema":"failover/v1","answer":42}"#);
    }
}
