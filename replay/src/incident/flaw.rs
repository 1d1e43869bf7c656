//! What is wrong with a file: every flaw of it, each with its line and the nearest thing that would be right. Knows nothing of any one rule.

use std::fmt;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1; none if it is about the file as a whole.
    pub line: Option<usize>,
    /// What is wrong.
    pub reason: String,
    /// The nearest thing that would be right.
    pub nearest: Option<String>,
}

/// Everything that is wrong with one file or several, in order of file and line. Never empty where it is an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flaws {
    list: Vec<Flaw>,
    untold: usize,
}

/// How many flaws are kept; the rest are counted. A file in a wrong format has one per line.
const KEPT: usize = 100;

/// How much of a file's own text is repeated in a flaw, in characters.
const QUOTED: usize = 40;

impl Flaws {
    /// The flaws that are told.
    #[must_use]
    pub fn list(&self) -> &[Flaw] {
        &self.list
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn push(&mut self, flaw: Flaw) {
        if self.list.len() < KEPT {
            self.list.push(flaw);
        } else {
            self.untold += 1;
        }
    }

    pub(super) fn extend(&mut self, others: Flaws) {
        self.untold += others.untold;
        others.list.into_iter().for_each(|flaw| self.push(flaw));
    }

    /// Sorts by line: the parts of a file are not judged in the order in which they stand.
    pub(super) fn in_order(mut self) -> Self {
        self.list.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        self
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file: String = self.file.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        match self.line {
            Some(line) => write!(f, "{file}:{line}: {}", self.reason)?,
            None => write!(f, "{file}: {}", self.reason)?,
        }
        match &self.nearest {
            Some(nearest) => write!(f, " | did you mean {}?", quoted(nearest)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Flaws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, flaw) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            flaw.fmt(f)?;
        }
        if self.untold > 0 {
            write!(f, "\nand {} more", self.untold)?;
        }
        Ok(())
    }
}

impl std::error::Error for Flaws {}

/// A file's own text in quotes: short, and harmless on a terminal.
pub(super) fn quoted(raw: &str) -> String {
    if raw.chars().count() <= QUOTED { format!("{raw:?}") } else { format!("{:?}…", raw.chars().take(QUOTED).collect::<String>()) }
}

/// The known word nearest to one that is not known, if one is near.
pub(super) fn nearest<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    // No known word is longer; comparing takes time in proportion to the product of both lengths.
    if unknown.len() > QUOTED {
        return None;
    }
    let unknown = unknown.to_lowercase();
    known
        .into_iter()
        .map(|word| (strsim::jaro_winkler(&unknown, &word.to_lowercase()), word))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, word)| word.to_owned())
}
