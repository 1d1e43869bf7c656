//! Everything `decide` may look at, as values.

use std::collections::BTreeMap;

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
}
