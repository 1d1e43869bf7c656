//! What the votes make of one drain: turned, not yet, refused, overtaken.
//!
//! Pure. Asking again and again is `follow`.

use std::collections::BTreeMap;

use decision::{Intent, Policy, Reason, RegionName, SafetyRule, Vote, Votes};

/// How far the votes have come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Turned {
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
    pub(crate) fn sentence(&self, of: usize) -> String {
        match self {
            Turned::Yes { votes } | Turned::NotYet { votes, unread: 0 } => format!("{votes} of {of} observers vote eject"),
            Turned::NotYet { votes, unread } => format!("{votes} of {of} observers vote eject, {unread} cannot be read"),
            Turned::Refused(rule) => format!("refused by {rule}"),
        }
    }
}

/// What the votes make of `drain`.
pub(crate) fn turned<E>(policy: &Policy, drain: &Intent, votes: &BTreeMap<RegionName, Result<Option<Votes>, E>>) -> Turned {
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
pub(crate) fn ejecting<E>(policy: &Policy, region: &RegionName, votes: &BTreeMap<RegionName, Result<Option<Votes>, E>>) -> (usize, usize) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{drain, drained, failing, fine, policy, reading, region, trouble};

    fn sentence(turned: &Turned) -> String {
        turned.sentence(3)
    }

    #[test]
    fn a_drain_has_turned_when_a_majority_ejects_knowing_it() {
        let drain = drain("eu-west-2");
        let all = reading([fine(), drained(), fine()], &[]);
        assert_eq!(turned(&policy(), &drain, &all.votes), Turned::Yes { votes: 3 });
        let minority = trouble();
        assert_eq!(turned(&policy(), &drain, &minority.votes), Turned::Yes { votes: 2 });
        let none = reading([fine(), fine(), fine()], &[]);
        insta::assert_snapshot!(sentence(&turned(&policy(), &drain, &none.votes)), @"0 of 3 observers vote eject");
        let two_silent = crate::sample::without(trouble(), "eu-west-1");
        insta::assert_snapshot!(sentence(&turned(&policy(), &drain, &two_silent.votes)), @"1 of 3 observers vote eject, 2 cannot be read");
    }

    #[test]
    fn an_ejection_that_knows_nothing_of_the_drain_is_not_its_doing() {
        let ejected = reading([fine(), failing(), fine()], &[]);
        assert_eq!(turned(&policy(), &drain("eu-west-2"), &ejected.votes), Turned::NotYet { votes: 0, unread: 0 });
        assert_eq!(ejecting(&policy(), &region("eu-west-2"), &ejected.votes), (3, 0));
    }

    #[test]
    fn a_refusal_by_a_majority_names_the_rule() {
        let mut refusing = fine();
        refusing.reason = Reason::DrainRefused { by: "ana".to_owned(), generation: 118, rule: SafetyRule::LastRegion };
        let refused = reading([fine(), refusing.clone(), fine()], &[]);
        assert_eq!(turned(&policy(), &drain("eu-west-2"), &refused.votes), Turned::Refused(SafetyRule::LastRegion));
        let newer = Intent { generation: 119, ..drain("eu-west-2") };
        assert_eq!(turned(&policy(), &newer, &refused.votes), Turned::NotYet { votes: 0, unread: 0 }, "it refuses an older one");
    }
}
