//! What SSM still has of one parameter: its versions, and which of them stood at a moment.
//!
//! Pure. A moment is one of SSM's clock, which stamps every version as it is stored, and versions count in the order in which they were stored. The
//! times inside documents are those of controllers, probes and operators; they order nothing here.

use jiff::Timestamp;

use crate::document::Flaw;
use crate::rank::Rank;

/// One version of a document, as SSM stored it.
#[derive(Debug)]
pub struct Version<D> {
    /// SSM's own count of writes to the parameter, from 1.
    pub number: i64,
    /// When it was stored, by SSM's clock, to the millisecond.
    pub stored_at: Timestamp,
    /// Whether something better was stored before it: a writer that came late, or a repair of one that was late itself. It stands only until the better
    /// one is put back.
    pub late: bool,
    /// The document, or why it is none.
    pub document: Result<D, Flaw>,
}

/// The versions of one parameter that SSM still has: its last 100 at the most, oldest first.
#[derive(Debug)]
pub struct History<D> {
    versions: Vec<Version<D>>,
}

/// What stood at a moment.
#[derive(Debug)]
pub enum Stood<'a, D> {
    /// This version.
    Version(&'a Version<D>),
    /// Nothing: the first version came later, or there is none. Of a parameter that was deleted SSM forgets everything, so that it looks the same.
    Nothing,
    /// A version that SSM has forgotten since.
    Forgotten {
        /// From when on its versions are known.
        kept_since: Timestamp,
    },
}

impl<D> Default for History<D> {
    fn default() -> Self {
        Self { versions: Vec::new() }
    }
}

impl<D> History<D> {
    /// These versions in order of their numbers, each with the text it was read from.
    pub(crate) fn new(versions: impl IntoIterator<Item = (Version<D>, String)>) -> Self {
        let mut versions: Vec<(Version<D>, String)> = versions.into_iter().collect();
        versions.sort_by_key(|(version, _)| version.number);
        let mut best = Rank::default();
        let judged = versions.into_iter().map(|(version, text)| {
            let rank = Rank::of(&text);
            let late = rank < best;
            best = rank.max(std::mem::take(&mut best));
            Version { late, ..version }
        });
        Self { versions: judged.collect() }
    }

    /// The same where nothing but the order of writing orders the versions: none of them is late.
    pub(crate) fn in_order(mut self) -> Self {
        self.versions.iter_mut().for_each(|version| version.late = false);
        self
    }

    /// Every version, oldest first.
    #[must_use]
    pub fn versions(&self) -> &[Version<D>] {
        &self.versions
    }

    /// The versions that were stored up to that moment.
    #[must_use]
    pub fn until(mut self, at: Timestamp) -> Self {
        self.versions.retain(|version| version.stored_at <= at);
        self
    }

    /// What a read at that moment would have returned. Of versions stored in the same millisecond, and of those whose stamps do not follow their
    /// numbers because SSM's clock was set back, the last one that is not from after the moment.
    #[must_use]
    pub fn stood_at(&self, at: Timestamp) -> Stood<'_, D> {
        let stood = self.versions.iter().rev().find(|version| version.stored_at <= at);
        match (stood, self.versions.first()) {
            (Some(version), _) => Stood::Version(version),
            (None, Some(first)) if first.number > 1 => Stood::Forgotten { kept_since: first.stored_at },
            (None, _) => Stood::Nothing,
        }
    }
}

impl<D: PartialEq> History<D> {
    /// Every readable document that was stored up to that moment, as [`History::into_documents`] has them.
    #[must_use]
    pub fn documents_until(&self, at: Timestamp) -> Vec<D>
    where
        D: Clone,
    {
        let mut documents: Vec<D> = Vec::new();
        let stored = self.versions.iter().filter(|version| version.stored_at <= at);
        for document in stored.filter_map(|version| version.document.as_ref().ok()) {
            if !documents.contains(document) {
                documents.push(document.clone());
            }
        }
        documents
    }

    /// Every readable document once, oldest first. One that was put back after a late write is there twice in SSM and once here.
    #[must_use]
    pub fn into_documents(self) -> Vec<D> {
        let mut documents: Vec<D> = Vec::with_capacity(self.versions.len());
        for document in self.versions.into_iter().filter_map(|version| version.document.ok()) {
            if !documents.contains(&document) {
                documents.push(document);
            }
        }
        documents
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Versions by number, second of storing, and generation of what is stored.
    fn history(versions: &[(i64, i64, u64)]) -> History<u64> {
        History::new(versions.iter().map(|(number, second, generation)| {
            let stored_at = Timestamp::from_second(*second).unwrap();
            let version = Version { number: *number, stored_at, late: false, document: Ok(*generation) };
            (version, format!(r#"{{"generation":{generation}}}"#))
        }))
    }

    fn number(history: &History<u64>, second: i64) -> Option<i64> {
        match history.stood_at(Timestamp::from_second(second).unwrap()) {
            Stood::Version(version) => Some(version.number),
            Stood::Nothing | Stood::Forgotten { .. } => None,
        }
    }

    #[test]
    fn the_version_that_stood_is_the_last_one_stored_until_then() {
        let history = history(&[(1, 100, 1), (2, 110, 2), (3, 110, 3), (4, 120, 4)]);
        let stood = [99, 100, 109, 110, 119, 120, 9999].map(|second| number(&history, second));
        assert_eq!(stood, [None, Some(1), Some(1), Some(3), Some(3), Some(4), Some(4)]);
    }

    #[test]
    fn what_was_not_yet_stored_is_told_from_what_is_forgotten() {
        let before = Timestamp::from_second(5).unwrap();
        assert!(matches!(history(&[(1, 100, 1)]).stood_at(before), Stood::Nothing));
        assert!(matches!(history(&[]).stood_at(before), Stood::Nothing));
        let Stood::Forgotten { kept_since } = history(&[(8, 107, 8), (9, 108, 9)]).stood_at(before) else { panic!("known") };
        assert_eq!(kept_since.as_second(), 107);
    }

    #[test]
    fn a_late_write_stood_until_the_better_document_was_put_back() {
        let history = history(&[(5, 100, 7), (6, 101, 6), (7, 102, 7), (8, 110, 8)]);
        assert_eq!(number(&history, 101), Some(6));
        let late: Vec<bool> = history.versions().iter().map(|version| version.late).collect();
        assert_eq!(late, [false, true, false, false]);
        assert_eq!(history.into_documents(), [7, 6, 8]);
    }

    #[test]
    fn a_clock_of_ssm_that_was_set_back_hides_nothing() {
        let history = history(&[(1, 100, 1), (2, 200, 2), (3, 150, 3)]);
        assert_eq!([120, 160, 250].map(|second| number(&history, second)), [Some(1), Some(3), Some(3)]);
    }
}
