//! The one error of this crate, by what the caller can do about it.

use decision::{DOCUMENT_BYTES_MAX, RegionName};

use crate::document::Flaw;

/// Any error that may cross threads.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An error and its sources in one line, for logs: outermost first, joined by `: `.
#[must_use]
pub fn in_one_line(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Why a document was not read or not written.
///
/// Every case but [`StoreError::Indefinite`] says that nothing of ours stands in SSM.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A document of the same or a newer generation is stored. The offered one lost and does not stand.
    #[error("{parameter} in {observer} holds generation {stored}, so generation {offered} comes too late")]
    Behind {
        /// Whose SSM.
        observer: RegionName,
        /// The full parameter name.
        parameter: String,
        /// The generation that stands.
        stored: u64,
        /// The generation that was offered.
        offered: u64,
    },
    /// No connection, no answer to a read in time, or an answer that is none. Nothing was written.
    #[error("{parameter}: no answer from SSM in {observer}")]
    Unreachable {
        /// Whose SSM.
        observer: RegionName,
        /// The full parameter name.
        parameter: String,
        /// What happened on the way.
        #[source]
        source: BoxError,
    },
    /// SSM refused the call because there were too many. Nothing was written.
    #[error("{parameter}: SSM in {observer} throttles")]
    Throttled {
        /// Whose SSM.
        observer: RegionName,
        /// The full parameter name.
        parameter: String,
        /// SSM's words.
        #[source]
        source: BoxError,
    },
    /// Credentials are missing, expired or may not do this. Nothing was written.
    #[error("{parameter}: access to SSM in {observer} is denied")]
    Denied {
        /// Whose SSM.
        observer: RegionName,
        /// The full parameter name.
        parameter: String,
        /// SSM's words, or the credential provider's.
        #[source]
        source: BoxError,
    },
    /// SSM understood the call and will not do it (a quota, an account setting, a parameter of another type). Nothing was written.
    #[error("{parameter}: SSM in {observer} refuses the call")]
    Refused {
        /// Whose SSM.
        observer: RegionName,
        /// The full parameter name.
        parameter: String,
        /// SSM's words.
        #[source]
        source: BoxError,
    },
    /// What is stored, or was offered, is not a valid document for this parameter.
    #[error("{parameter} in {observer} is not a valid document")]
    Malformed {
        /// Whose SSM.
        observer: RegionName,
        /// The full parameter name.
        parameter: String,
        /// What is wrong with it.
        #[source]
        source: Flaw,
    },
    /// The document does not fit into a standard parameter. Nothing was sent.
    #[error("{parameter} for {observer} would be {bytes} bytes; a standard parameter holds {DOCUMENT_BYTES_MAX}")]
    TooLarge {
        /// Whose SSM.
        observer: RegionName,
        /// The full parameter name.
        parameter: String,
        /// The size of the document in bytes.
        bytes: usize,
    },
    /// The write was sent and its fate is not known: it may or may not stand, now or in a moment.
    #[error("{parameter} was sent to SSM in {observer} without a clear answer: it may or may not have been written")]
    Indefinite {
        /// Whose SSM.
        observer: RegionName,
        /// The full parameter name.
        parameter: String,
        /// What happened instead of an answer.
        #[source]
        source: BoxError,
    },
}
