//! When votes have turned: whether a person who asks about the night would miss them.
//!
//! Pure, and no part of deciding: a turn is history, kept beside the votes and read by people alone. Where and how it is kept is `store`'s.
//!
//! SSM keeps 100 versions, so the fewer turns the further they reach. Who is out, by whose word and by which rule is kept at once: hold-down, windows and
//! people make that rare. How a region does may change with every round, so that it is kept a quarter of an hour after the last turn at the soonest: 100
//! turns are then a day even where everything flaps.

use std::mem::{Discriminant, discriminant};

use decision::{Check, Failing, Policy, Reason, RegionVote, SafetyRule, State, Verdict, Vote, Votes};
use jiff::{SignedDuration, Timestamp};

/// How old the last turn must be before another is kept for nothing but how a region does.
pub(crate) const LESSER_AFTER: SignedDuration = SignedDuration::from_mins(15);

/// Which votes to keep, after some were recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// None: the last turn says all that a person would ask.
    No,
    /// Those that were just recorded.
    New,
    /// Those that stood before: the controller was silent since, and these are its last word.
    LastWord,
}

/// Whether votes turned. `kept` is the last turn, `before` what stood when deciding began, `new` what was recorded.
pub(crate) fn turn(policy: &Policy, kept: Option<&Votes>, before: Option<&Votes>, new: &Votes) -> Turn {
    let Some(kept) = kept else { return Turn::New };
    // By both, because votes count from one again when somebody deletes the parameter.
    let is_later = |votes: &Votes| votes.generation > kept.generation || votes.decided_at > kept.decided_at;
    let was_silent = |before: &&Votes| apart(new.decided_at, before.decided_at) > policy.thresholds().votes_fresh();
    if before.filter(was_silent).is_some_and(is_later) {
        return Turn::LastWord;
    }
    let differ = |differs: fn(&RegionVote, &RegionVote) -> bool| {
        let of = |votes: &Votes| votes.regions.keys().cloned().collect::<Vec<_>>();
        of(kept) != of(new) || kept.regions.values().zip(new.regions.values()).any(|(one, other)| differs(one, other))
    };
    let greatly = kept.policy != new.policy || differ(|one, other| Word::of(one) != Word::of(other));
    let lesser_due = apart(new.decided_at, kept.decided_at) >= LESSER_AFTER;
    let turned = is_later(new) && (greatly || (lesser_due && differ(|one, other| Condition::of(one) != Condition::of(other))));
    if turned { Turn::New } else { Turn::No }
}

fn apart(one: Timestamp, other: Timestamp) -> SignedDuration {
    one.duration_since(other).abs()
}

/// Whether a region is out, and by whose word.
#[derive(PartialEq)]
struct Word<'a> {
    vote: Vote,
    refused: Option<SafetyRule>,
    intent: Option<(&'a str, u64, State)>,
    /// What a person or a rule has to do with it; nothing where the vote is automatic.
    by: Option<(Discriminant<Reason>, Option<SafetyRule>)>,
}

impl<'a> Word<'a> {
    fn of(vote: &'a RegionVote) -> Self {
        Self {
            vote: vote.vote,
            refused: vote.refused,
            intent: vote.intent.as_ref().map(|intent| (intent.id.as_str(), intent.generation, intent.state)),
            by: by(&vote.reason),
        }
    }
}

/// How a region does.
#[derive(PartialEq)]
struct Condition {
    announced: bool,
    verdict: Verdict,
    reason: Discriminant<Reason>,
    failing: Option<Discriminant<Failing>>,
    check: Option<Check>,
}

impl Condition {
    fn of(vote: &RegionVote) -> Self {
        let reason = innermost(&vote.reason);
        let failing = match reason {
            Reason::Suspect(failing) | Reason::Failing(failing) => Some(failing),
            _ => None,
        };
        let check = match reason {
            Reason::Degraded { check, .. } | Reason::NotJudged { check, .. } => Some(*check),
            _ => failing.and_then(Failing::check),
        };
        Self { announced: vote.announced, verdict: vote.verdict, reason: discriminant(reason), failing: failing.map(discriminant), check }
    }
}

fn by(reason: &Reason) -> Option<(Discriminant<Reason>, Option<SafetyRule>)> {
    let kind = discriminant(reason);
    match reason {
        Reason::Drained { .. } | Reason::DrainPending { .. } | Reason::Held { .. } => Some((kind, None)),
        Reason::DrainRefused { rule, .. } | Reason::DrainWaits { rule, .. } | Reason::Refused { rule, .. } => Some((kind, Some(*rule))),
        Reason::Announced { because } => by(because),
        Reason::Healthy
        | Reason::Degraded { .. }
        | Reason::Suspect(_)
        | Reason::Failing(_)
        | Reason::HeldDown { .. }
        | Reason::Returning { .. }
        | Reason::Replication { .. }
        | Reason::AwaitsResume
        | Reason::Silent { .. }
        | Reason::Future { .. }
        | Reason::Unfit { .. }
        | Reason::Blind { .. }
        | Reason::NotJudged { .. } => None,
    }
}

/// What is behind a refusal or an announcement.
fn innermost(reason: &Reason) -> &Reason {
    match reason {
        Reason::Refused { because, .. } | Reason::Announced { because } => innermost(because),
        _ => reason,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use decision::{Memory, PolicySpec, Schema, Share};

    use super::*;

    fn policy() -> Policy {
        let places = || ["eu-west-2", "us-west-2", "ap-south-1"].map(|name| name.parse().unwrap()).into();
        let (thresholds, failback, capacity) = Default::default();
        Policy::new(PolicySpec { service: "chat".parse().unwrap(), observers: places(), regions: places(), thresholds, failback, capacity })
            .unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_404_000 + second).unwrap()
    }

    fn fine() -> RegionVote {
        RegionVote {
            vote: Vote::Serve,
            since: at(0),
            announced: false,
            reason: Reason::Healthy,
            verdict: Verdict::Healthy,
            verdict_since: at(0),
            refused: None,
            memory: Memory::default(),
            intent: None,
        }
    }

    fn burning(permille: u16) -> Failing {
        Failing::Burn { check: Check::Rest, cause: None, share: Share { permille, seconds: 300, burn: permille / 2 } }
    }

    /// Votes on two regions, of which one stays fine, as of so many seconds; the generation follows the time.
    fn votes(second: i64, other: RegionVote) -> Votes {
        Votes {
            schema: Schema::V1,
            service: "chat".parse().unwrap(),
            observer: "eu-west-2".parse().unwrap(),
            generation: second.unsigned_abs() + 1,
            decided_at: at(second),
            policy: policy().fingerprint(),
            round: 1,
            round_at: None,
            regions: BTreeMap::from([("eu-west-2".parse().unwrap(), fine()), ("us-west-2".parse().unwrap(), other)]),
        }
    }

    /// What becomes of a vote that follows another after ten seconds, and after an hour of being decided all the time.
    fn turned(kept: &RegionVote, new: &RegionVote) -> [Turn; 2] {
        let after = |seconds: i64| {
            turn(&policy(), Some(&votes(0, kept.clone())), Some(&votes(seconds - 10, kept.clone())), &votes(seconds, new.clone()))
        };
        [after(10), after(3600)]
    }

    #[test]
    fn what_is_only_counted_on_is_no_turn() {
        let suspect = |permille| RegionVote { reason: Reason::Suspect(burning(permille)), ..fine() };
        assert_eq!(turned(&suspect(40), &suspect(90)), [Turn::No; 2]);
        let counted = RegionVote { memory: Memory { rounds: "........".to_owned(), clean: 200, ..Memory::default() }, ..fine() };
        assert_eq!(turned(&fine(), &counted), [Turn::No; 2]);
        let pending = |seen| RegionVote { reason: Reason::DrainPending { by: "ana".to_owned(), generation: 7, seen, needed: 2 }, ..fine() };
        assert_eq!(turned(&pending(0), &pending(1)), [Turn::No; 2]);
    }

    #[test]
    fn who_is_out_and_by_whose_word_is_a_turn_at_once_and_how_a_region_does_only_after_a_while() {
        let refused = |rule| RegionVote { reason: Reason::Refused { rule, because: Box::new(Reason::Failing(burning(300))) }, ..fine() };
        let announced = RegionVote { reason: Reason::Announced { because: Box::new(Reason::Failing(burning(300))) }, ..fine() };
        let held = Reason::Held { by: "ana".to_owned(), until: at(9000), generation: 7, kept: Vote::Serve };
        let at_once = [
            RegionVote { vote: Vote::Eject, ..fine() },
            RegionVote { refused: Some(SafetyRule::LastRegion), ..fine() },
            RegionVote { reason: held, ..fine() },
            refused(SafetyRule::LastRegion),
        ];
        for new in &at_once {
            assert_eq!(turned(&fine(), new), [Turn::New; 2], "{new:?}");
            assert_eq!(turned(new, &fine()), [Turn::New; 2], "{new:?}");
        }
        assert_eq!(turned(&refused(SafetyRule::LastRegion), &refused(SafetyRule::Capacity)), [Turn::New; 2]);
        let later = [
            RegionVote { verdict: Verdict::Unknown, ..fine() },
            RegionVote { announced: true, ..fine() },
            RegionVote { reason: Reason::Suspect(burning(40)), ..fine() },
            RegionVote { reason: Reason::NotJudged { check: Check::Rest, kept: Vote::Serve }, ..fine() },
            announced,
        ];
        for new in &later {
            assert_eq!(turned(&fine(), new), [Turn::No, Turn::New], "{new:?}");
        }
        let not_judged = |check| RegionVote { reason: Reason::NotJudged { check, kept: Vote::Serve }, ..fine() };
        assert_eq!(turned(&not_judged(Check::Rest), &not_judged(Check::Table)), [Turn::No, Turn::New]);
    }

    #[test]
    fn another_policy_and_other_regions_are_turns() {
        let kept = votes(0, fine());
        let other_policy = Votes { policy: "00".to_owned(), ..votes(10, fine()) };
        let fewer = Votes { regions: kept.regions.clone().into_iter().take(1).collect(), ..votes(10, fine()) };
        for new in [other_policy, fewer] {
            assert_eq!(turn(&policy(), Some(&kept), Some(&kept), &new), Turn::New);
        }
    }

    #[test]
    fn a_late_controller_keeps_nothing_over_what_came_after_it() {
        let kept = votes(100, RegionVote { vote: Vote::Eject, ..fine() });
        assert_eq!(turn(&policy(), Some(&kept), None, &votes(90, fine())), Turn::No);
        let counts_again = Votes { generation: 1, ..votes(110, fine()) };
        assert_eq!(turn(&policy(), Some(&kept), None, &counts_again), Turn::New);
    }

    #[test]
    fn after_a_silence_the_last_word_comes_first_and_once() {
        let (kept, last_word, new) = (votes(0, fine()), votes(500, fine()), votes(900, RegionVote { vote: Vote::Eject, ..fine() }));
        assert_eq!(turn(&policy(), Some(&kept), Some(&last_word), &new), Turn::LastWord);
        assert_eq!(turn(&policy(), Some(&last_word), Some(&last_word), &new), Turn::New);
        assert_eq!(turn(&policy(), Some(&kept), Some(&votes(890, fine())), &votes(900, fine())), Turn::No);
    }

    #[test]
    fn a_day_in_which_everything_flaps_with_every_round_leaves_fewer_turns_than_ssm_keeps() {
        let other = |second: i64| match second / 3 % 3 {
            0 => fine(),
            1 => RegionVote { reason: Reason::Suspect(burning(40)), ..fine() },
            _ => RegionVote { verdict: Verdict::Unknown, reason: Reason::Silent { since: None, kept: Vote::Serve }, ..fine() },
        };
        let mut kept: Option<Votes> = None;
        let mut turns = 0;
        for second in (0..86_400).step_by(3) {
            let (before, new) = (votes((second - 3).max(0), other(second - 3)), votes(second, other(second)));
            if turn(&policy(), kept.as_ref(), Some(&before), &new) == Turn::New {
                kept = Some(new);
                turns += 1;
            }
        }
        assert_eq!(turns, 96);
    }
}
