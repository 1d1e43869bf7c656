//! Everything `decide` may look at, as values.

use std::collections::{BTreeMap, BTreeSet};

use crate::intent::Intent;
use crate::name::RegionName;
use crate::observation::Observed;
use crate::vote::Votes;

/// What one controller read before it decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The observer that decides.
    pub observer: RegionName,
    /// Its own probe's document, if there is a readable one.
    pub observed: Option<Observed>,
    /// The intents as each observer's SSM holds them; an observer that did not answer is absent.
    pub intents: BTreeMap<RegionName, BTreeMap<RegionName, Intent>>,
    /// Its own last votes, if any.
    pub votes: Option<Votes>,
    /// What each other observer's stored votes show, as [`Votes::shown`] says; one whose votes could not be read, or that has none, is absent.
    ///
    /// They restrain this observer and never move it. They must be read *after* its own votes: why is said in `announce`.
    pub others: BTreeMap<RegionName, BTreeSet<RegionName>>,
}
