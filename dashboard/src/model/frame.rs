//! What stands around every page: which service, seen from where, how old, by whom.

use super::moment::Moment;

/// The head of every page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The service.
    pub(crate) service: String,
    /// Its public name.
    pub(crate) api: String,
    /// Where this dashboard looks from.
    pub(crate) here: String,
    /// The time by the dashboard's clock when this was made.
    pub(crate) now: Moment,
    /// When a majority of observers was last heard; none if never.
    pub(crate) heard: Option<Moment>,
    /// The sentence that says loudly that nothing here is live; none while it is.
    pub(crate) stale: Option<String>,
    /// Observers that answer, such as `3 of 3 observers answer`.
    pub(crate) answering: String,
}
