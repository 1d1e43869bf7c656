//! The decision.

use jiff::Timestamp;

use crate::name::RegionName;
use crate::policy::Policy;
use crate::reason::Reason;
use crate::snapshot::Snapshot;
use crate::vote::{Vote, Votes};

/// What one controller decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The votes that hold: new ones if `write`, else the stored ones.
    pub votes: Votes,
    /// The votes that moved.
    pub changes: Vec<Change>,
    /// Whether they must be written: something changed, or the stored ones get old.
    pub write: bool,
}

/// One vote that moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The region.
    pub region: RegionName,
    /// What the vote was; `serve` when there was none.
    pub from: Vote,
    /// What it is.
    pub to: Vote,
    /// Why.
    pub reason: Reason,
}

/// Decides.
#[must_use]
pub fn decide(policy: &Policy, snapshot: &Snapshot, now: Timestamp) -> Decision {
    let votes = Votes {
        schema: crate::Schema::V1,
        service: policy.service().clone(),
        observer: snapshot.observer.clone(),
        generation: snapshot.votes.as_ref().map_or(0, |votes| votes.generation) + 1,
        decided_at: now,
        policy: policy.fingerprint(),
        round: 0,
        round_at: None,
        regions: std::collections::BTreeMap::new(),
    };
    Decision { votes, changes: Vec::new(), write: true }
}
