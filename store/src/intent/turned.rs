//! What the votes make of one drain: turned, not yet, refused, overtaken.
//!
//! Pure. Asking again and again is `follow`.

use std::collections::BTreeMap;

use decision::{Intent, Policy, Reason, RegionName, SafetyRule, Vote, Votes};

/// How far the votes have come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turned {
    /// A majority ejects the region, knowing this drain.
    Yes {
        /// How many.
        votes: usize,
    },
    /// Not yet.
    NotYet {
        /// How many have.
        votes: usize,
        /// How many cannot be read.
        unread: usize,
    },
    /// A majority refuses it by this rule.
    Refused(SafetyRule),
}

impl Turned {
    /// The sentence for progress.
    #[must_use]
    pub fn sentence(&self, of: usize) -> String {
        match self {
            Turned::Yes { votes } | Turned::NotYet { votes, unread: 0 } => format!("{votes} of {of} observers vote eject"),
            Turned::NotYet { votes, unread } => format!("{votes} of {of} observers vote eject, {unread} cannot be read"),
            Turned::Refused(rule) => format!("refused by {rule}"),
        }
    }
}

/// What the votes make of `drain`.
#[must_use]
pub fn turned<E>(policy: &Policy, drain: &Intent, votes: &BTreeMap<RegionName, Result<Option<Votes>, E>>) -> Turned {
    let (mut ejecting, mut refusals, mut unread) = (0, Vec::new(), 0);
    for observer in policy.observers() {
        let Some(Ok(votes)) = votes.get(observer) else {
            unread += 1;
            continue;
        };
        let Some(vote) = votes.as_ref().and_then(|votes| votes.regions.get(&drain.region)) else { continue };
        let knows = vote.intent.as_ref().is_some_and(|known| known.id == drain.id && known.generation >= drain.generation);
        if let Reason::DrainRefused { generation, rule, .. } = &vote.reason
            && *generation >= drain.generation
        {
            refusals.push(*rule);
        } else if knows && vote.vote == Vote::Eject {
            ejecting += 1;
        }
    }
    match refusals.first() {
        Some(rule) if refusals.len() >= policy.majority() => Turned::Refused(*rule),
        _ if ejecting >= policy.majority() => Turned::Yes { votes: ejecting },
        _ => Turned::NotYet { votes: ejecting, unread },
    }
}

/// How many observers vote to eject the region, and how many cannot be read.
#[must_use]
pub fn ejecting<E>(policy: &Policy, region: &RegionName, votes: &BTreeMap<RegionName, Result<Option<Votes>, E>>) -> (usize, usize) {
    let (mut ejecting, mut unread) = (0, 0);
    for observer in policy.observers() {
        match votes.get(observer) {
            Some(Ok(votes)) => {
                let vote = votes.as_ref().and_then(|votes| votes.regions.get(region)).map(|vote| vote.vote);
                ejecting += usize::from(vote == Some(Vote::Eject));
            }
            Some(Err(_)) | None => unread += 1,
        }
    }
    (ejecting, unread)
}
