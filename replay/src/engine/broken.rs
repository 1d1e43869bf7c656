//! Controllers that are wrong on purpose: each leaves out one safety rule, so that tests can show that a campaign would have noticed.
//!
//! What `decide` says is altered after the fact; nothing here is ever deployed.

use decision::{Change, Decision, Failing, Policy, Reason, SafetyRule, Snapshot, Verdict, Vote, decide as as_it_should_be};
use jiff::{SignedDuration, Timestamp};

/// A drain is undone after so long.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);

/// Which rule is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// `last-region` refuses nothing.
    LastRegion,
    /// Ejections are neither announced nor limited by what others eject.
    Announcing,
    /// A store takes what is behind: the late writer wins.
    Generations,
    /// Automation ends a drain of a region that is well.
    People,
    /// No news counts as bad news.
    Silence,
    /// An observer that reaches nobody, or cannot rely on itself, believes what it sees.
    SelfBlame,
    /// Enough clean rounds are enough.
    HoldDown,
    /// `everyone-looks-sick` refuses nothing.
    EveryoneLooksSick,
}

/// Decides, without the rule that is left out.
pub(super) fn decide(broken: Option<Broken>, policy: &Policy, snapshot: &Snapshot, now: Timestamp) -> Decision {
    let mut decision = as_it_should_be(policy, snapshot, now);
    let Some(broken) = broken else { return decision };
    let last = snapshot.votes.as_ref();
    let mut altered = false;
    for (region, entry) in &mut decision.votes.regions {
        let before = last.and_then(|last| last.regions.get(region));
        let alone = match (broken, &entry.reason) {
            (Broken::People, Reason::Drained { .. }) => now.duration_since(entry.since) > PATIENCE && entry.verdict == Verdict::Healthy,
            (Broken::Silence, Reason::Silent { kept: Vote::Serve, .. }) => true,
            (Broken::SelfBlame, Reason::Blind { kept: Vote::Serve, .. } | Reason::Unfit { kept: Vote::Serve, .. }) => true,
            (Broken::HoldDown, Reason::HeldDown { clean, needed, .. }) => clean >= needed,
            (Broken::Announcing, Reason::Announced { .. }) => true,
            (broken, reason) => entry.vote == Vote::Serve && refused(reason).is_some_and(|rule| leaves_out(broken, rule)),
        };
        if !alone {
            continue;
        }
        altered = true;
        (entry.vote, entry.reason) = match (broken, &entry.reason) {
            (Broken::People | Broken::HoldDown, _) => (Vote::Serve, Reason::Healthy),
            (_, Reason::Refused { because, .. } | Reason::Announced { because }) => (Vote::Eject, (**because).clone()),
            (..) => (Vote::Eject, Reason::Failing(Failing::Gone { rounds: 3, cause: None })),
        };
        (entry.refused, entry.announced) = (None, false);
        entry.since = before.filter(|before| before.vote == entry.vote).map_or(now, |before| before.since);
    }
    if altered {
        settle(&mut decision, snapshot, now);
    }
    decision
}

/// The rule that keeps a region in service, if one does.
fn refused(reason: &Reason) -> Option<SafetyRule> {
    match reason {
        Reason::Refused { rule, .. } | Reason::DrainRefused { rule, .. } => Some(*rule),
        _ => None,
    }
}

fn leaves_out(broken: Broken, rule: SafetyRule) -> bool {
    match broken {
        Broken::LastRegion => rule == SafetyRule::LastRegion,
        Broken::Announcing => rule == SafetyRule::TooManyEjected,
        Broken::EveryoneLooksSick => rule == SafetyRule::EveryoneLooksSick,
        Broken::Generations | Broken::People | Broken::Silence | Broken::SelfBlame | Broken::HoldDown => false,
    }
}

/// Makes the rest of the decision fit the altered votes.
fn settle(decision: &mut Decision, snapshot: &Snapshot, now: Timestamp) {
    let last = snapshot.votes.as_ref();
    let before = |region| last.and_then(|last| last.regions.get(region)).map_or(Vote::Serve, |entry| entry.vote);
    let moved = decision.votes.regions.iter().filter(|(region, entry)| before(region) != entry.vote);
    decision.changes = moved
        .map(|(region, entry)| Change { region: region.clone(), from: before(region), to: entry.vote, reason: entry.reason.clone() })
        .collect();
    let same = last.is_some_and(|last| last.regions == decision.votes.regions);
    if !decision.write && !same {
        decision.votes.generation = last.map_or(0, |last| last.generation).saturating_add(1);
        decision.votes.decided_at = now;
        decision.write = true;
    }
}
