//! Tests of the summary: how votes add up, what silence means, and what a drain would do.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::document::Schema;
use crate::memory::Memory;
use crate::policy::{PolicySpec, Thresholds};
use crate::reason::Reason;

const NAMES: [&str; 3] = ["eu-west-1", "eu-west-2", "us-east-1"];

type Read = BTreeMap<RegionName, Result<Option<Votes>, ()>>;

fn region(name: &str) -> RegionName {
    RegionName::new(name).unwrap()
}

fn now() -> Timestamp {
    "2026-11-23T03:22:00Z".parse().unwrap()
}

fn policy_with(min_serving: u8) -> Policy {
    let names: BTreeSet<RegionName> = NAMES.iter().map(|name| region(name)).collect();
    Policy::new(PolicySpec {
        service: ServiceName::new("chat").unwrap(),
        regions: names.clone(),
        observers: names,
        thresholds: Thresholds { min_serving, ..Thresholds::default() },
        failback: BTreeMap::new(),
        capacity: BTreeMap::new(),
    })
    .unwrap()
}

fn policy() -> Policy {
    policy_with(1)
}

/// One observer's votes: for each region of [`NAMES`] in order, a vote and a verdict.
fn votes(observer: &str, age_seconds: i64, said: [(Vote, Verdict); 3]) -> Votes {
    let at = now() - SignedDuration::from_secs(age_seconds);
    let regions = NAMES.iter().zip(said).map(|(name, (vote, verdict))| {
        let since = at - SignedDuration::from_mins(i64::try_from(observer.len()).unwrap());
        let vote = RegionVote {
            vote,
            since,
            announced: false,
            reason: Reason::Healthy,
            verdict,
            verdict_since: since,
            refused: None,
            memory: Memory::default(),
            intent: None,
        };
        (region(name), vote)
    });
    Votes {
        schema: Schema::V1,
        service: ServiceName::new("chat").unwrap(),
        observer: region(observer),
        generation: 7,
        decided_at: at,
        policy: "p".to_owned(),
        round: 1,
        round_at: None,
        regions: regions.collect(),
    }
}

const FINE: (Vote, Verdict) = (Vote::Serve, Verdict::Healthy);
const SICK: (Vote, Verdict) = (Vote::Eject, Verdict::Unhealthy);

fn all_say(said: [(Vote, Verdict); 3]) -> Read {
    NAMES.iter().map(|name| (region(name), Ok(Some(votes(name, 1, said))))).collect()
}

fn drain(name: &str, minutes: i64) -> (RegionName, Intent) {
    let intent = Intent {
        schema: Schema::V1,
        service: ServiceName::new("chat").unwrap(),
        region: region(name),
        id: "d1".to_owned(),
        generation: 3,
        kind: IntentKind::Drain,
        actor: "ana".to_owned(),
        reason: "slow after deploy 4471".to_owned(),
        ticket: None,
        recorded_at: now() - SignedDuration::from_mins(1),
        ends_at: now() + SignedDuration::from_mins(minutes),
        overrides: vec![],
        ended: None,
    };
    (region(name), intent)
}

type Stored = BTreeMap<RegionName, Result<BTreeMap<RegionName, Intent>, ()>>;

/// The same intents at every observer.
fn everywhere(intents: &[(RegionName, Intent)]) -> Stored {
    NAMES.iter().map(|name| (region(name), Ok(intents.iter().cloned().collect()))).collect()
}

fn view(read: &Read, intents: &[(RegionName, Intent)]) -> ServiceView {
    ServiceView::new(&policy(), read, &everywhere(intents), now())
}

fn of<'a>(view: &'a ServiceView, name: &str) -> &'a RegionView {
    view.region(&region(name)).unwrap()
}

fn sentences(view: &ServiceView) -> Vec<String> {
    view.warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn all_healthy_is_three_of_three_and_nothing_to_warn_of() {
    let view = view(&all_say([FINE; 3]), &[]);
    insta::assert_snapshot!(view.service_line(), @"users: served by 3 of 3 regions");
    assert_eq!(view.warnings, []);
    for region in &view.regions {
        assert_eq!((region.answers, region.verdict, region.agreeing), (Answers::Serving, Verdict::Healthy, 3));
        assert_eq!((&region.decided_by, region.drain_refused_by), (&DecidedBy::Automatic, None));
    }
}

#[test]
fn a_majority_ejects_and_a_minority_does_not() {
    let mut read = all_say([FINE; 3]);
    read.insert(region("eu-west-1"), Ok(Some(votes("eu-west-1", 1, [FINE, SICK, FINE]))));
    let one = view(&read, &[]);
    assert_eq!(of(&one, "eu-west-2").answers, Answers::Serving);
    assert_eq!((of(&one, "eu-west-2").verdict, of(&one, "eu-west-2").agreeing), (Verdict::Healthy, 2));

    read.insert(region("us-east-1"), Ok(Some(votes("us-east-1", 1, [FINE, SICK, FINE]))));
    let two = view(&read, &[]);
    let ejected = of(&two, "eu-west-2");
    assert_eq!((ejected.answers, ejected.verdict, ejected.agreeing), (Answers::Ejected, Verdict::Unhealthy, 2));
    assert_eq!(ejected.votes, Tally { serve: 1, eject: 2, unknown: 0 });
    insta::assert_snapshot!(two.service_line(), @"users: served by 2 of 3 regions");
}

#[test]
fn a_region_is_out_since_the_vote_that_made_the_majority() {
    let mut read = all_say([FINE; 3]);
    for (observer, minutes) in [("eu-west-1", 9), ("eu-west-2", 5), ("us-east-1", 2)] {
        let mut said = votes(observer, 1, [FINE, SICK, FINE]);
        said.regions.get_mut(&region("eu-west-2")).unwrap().since = now() - SignedDuration::from_mins(minutes);
        read.insert(region(observer), Ok(Some(said)));
    }
    assert_eq!(of(&view(&read, &[]), "eu-west-2").since, Some(now() - SignedDuration::from_mins(5)));
}

#[test]
fn a_drain_in_force_names_its_person_and_its_end() {
    let view = view(&all_say([FINE, (Vote::Eject, Verdict::Healthy), FINE]), &[drain("eu-west-2", 108)]);
    let drained = of(&view, "eu-west-2");
    assert_eq!(drained.answers, Answers::Drained);
    assert_eq!((drained.verdict, drained.agreeing), (Verdict::Healthy, 3));
    let until = now() + SignedDuration::from_mins(108);
    assert_eq!(drained.decided_by, DecidedBy::Person { kind: IntentKind::Drain, actor: "ana".to_owned(), until });
}

#[test]
fn a_drain_at_a_minority_is_pending_and_decides_nothing() {
    let mut stored = everywhere(&[]);
    stored.insert(region("eu-west-1"), Ok([drain("eu-west-2", 60)].into()));
    let view = ServiceView::new(&policy(), &all_say([FINE; 3]), &stored, now());
    let pending = of(&view, "eu-west-2").intent.as_ref().unwrap();
    assert_eq!(pending.state, IntentState::Pending { seen: 1, needed: 2 });
    assert_eq!(pending.stored_at, [region("eu-west-1")]);
    assert_eq!(of(&view, "eu-west-2").decided_by, DecidedBy::Automatic);
    insta::assert_snapshot!(sentences(&view).join("\n"), @"a drain of eu-west-2 is recorded at 1 of the 2 observers it needs");
}

#[test]
fn a_drain_that_the_rules_refuse_is_announced_and_takes_no_place() {
    let later = |name: &str, generation: u64| {
        let (region, mut intent) = drain(name, 60);
        (intent.id, intent.generation) = (format!("d{generation}"), generation);
        (region, intent)
    };
    let out = (Vote::Eject, Verdict::Healthy);
    let view = view(&all_say([out, out, FINE]), &[later("eu-west-1", 3), later("eu-west-2", 4), later("us-east-1", 5)]);
    let refused = of(&view, "us-east-1").intent.as_ref().unwrap();
    assert_eq!((refused.state, refused.reserved), (IntentState::Refused { rule: SafetyRule::LastRegion }, false));
    assert_eq!(of(&view, "us-east-1").answers, Answers::Serving);
    insta::assert_snapshot!(sentences(&view).join("\n"), @"
    us-east-1 is the only region serving: one more loss makes Route 53 answer with every region (fail-open)
    a drain of us-east-1 is recorded and refused by last-region
    ");
}

#[test]
fn a_drain_past_its_end_is_a_plain_ejection_until_the_gates_let_it_back() {
    let view = view(&all_say([FINE, (Vote::Eject, Verdict::Healthy), FINE]), &[drain("eu-west-2", -1)]);
    assert_eq!(of(&view, "eu-west-2").answers, Answers::Ejected);
    assert_eq!(of(&view, "eu-west-2").decided_by, DecidedBy::Automatic);
    assert_eq!(of(&view, "eu-west-2").intent, None);
}

#[test]
fn silence_is_unknown_for_verdicts_and_votes_of_one_observer_cannot_hide_a_majority() {
    let mut read = all_say([FINE, SICK, FINE]);
    read.insert(region("us-east-1"), Err(()));
    let view = view(&read, &[]);
    assert_eq!(of(&view, "eu-west-2").answers, Answers::Ejected);
    assert_eq!(of(&view, "eu-west-1").answers, Answers::Serving);
    assert_eq!((of(&view, "eu-west-1").verdict, of(&view, "eu-west-1").agreeing), (Verdict::Healthy, 2));
    insta::assert_snapshot!(sentences(&view).join("\n"), @"observer us-east-1 does not answer; its votes count as unknown");
}

#[test]
fn with_a_majority_unreadable_nothing_is_claimed() {
    let mut read = all_say([FINE; 3]);
    read.insert(region("us-east-1"), Err(()));
    read.remove(&region("eu-west-2"));
    let view = view(&read, &[]);
    for region in &view.regions {
        assert_eq!((region.answers, region.drain_refused_by), (Answers::Unknown, Some(SafetyRule::LastRegion)));
    }
    insta::assert_snapshot!(view.service_line(), @"users: served by 0 of 3 regions, 3 unknown");
    insta::assert_snapshot!(sentences(&view).join("\n"), @"
    1 of the 2 controllers needed are known to be alive: below that each region's own /health decides
    observer eu-west-2 does not answer; its votes count as unknown
    observer us-east-1 does not answer; its votes count as unknown
    ");
}

#[test]
fn an_observer_without_votes_ejects_nobody() {
    let read: Read = NAMES.iter().map(|name| (region(name), Ok(None))).collect();
    let view = view(&read, &[]);
    assert_eq!(view.serving, 3);
    assert!(view.regions.iter().all(|region| region.verdict == Verdict::Unknown));
}

#[test]
fn old_votes_still_stand_but_their_verdicts_are_unknown() {
    let read: Read = NAMES.iter().map(|name| (region(name), Ok(Some(votes(name, 600, [FINE, SICK, FINE]))))).collect();
    let view = view(&read, &[]);
    assert_eq!(of(&view, "eu-west-2").answers, Answers::Ejected);
    assert_eq!((of(&view, "eu-west-2").verdict, of(&view, "eu-west-2").agreeing), (Verdict::Unknown, 3));
    insta::assert_snapshot!(sentences(&view).join("\n"), @"
    0 of the 2 controllers needed are known to be alive: below that each region's own /health decides
    votes of observer eu-west-1 are 600 s old; its verdicts count as unknown
    votes of observer eu-west-2 are 600 s old; its verdicts count as unknown
    votes of observer us-east-1 are 600 s old; its verdicts count as unknown
    ");
}

#[test]
fn the_last_serving_region_may_not_be_drained_and_its_loss_is_announced() {
    let out = (Vote::Eject, Verdict::Healthy);
    let view = view(&all_say([FINE, out, SICK]), &[drain("eu-west-2", 5)]);
    assert_eq!(view.last_serving(), Some(region("eu-west-1")));
    assert_eq!(of(&view, "eu-west-1").drain_refused_by, Some(SafetyRule::LastRegion));
    assert_eq!(of(&view, "eu-west-2").drain_refused_by, None, "it is drained already");
    insta::assert_snapshot!(sentences(&view).join("\n"), @"
    eu-west-1 is the only region serving: one more loss makes Route 53 answer with every region (fail-open)
    the drain of eu-west-2 ends in 5 min
    ");
    let bold = view.preview_drain(&policy(), &region("eu-west-1"), &[SafetyRule::LastRegion]);
    assert_eq!(bold.refused_by(), None);
    assert!(bold.after.is_empty());
}

#[test]
fn a_drain_that_is_recorded_but_not_turned_counts_as_gone_for_the_next_one() {
    let view = view(&all_say([FINE, FINE, SICK]), &[drain("eu-west-2", 60)]);
    assert_eq!(of(&view, "eu-west-2").answers, Answers::Serving);
    assert_eq!(of(&view, "eu-west-1").drain_refused_by, Some(SafetyRule::LastRegion));
    assert!(view.warnings.contains(&Warning::NotTurned(region("eu-west-2"))));
}

#[test]
fn who_goes_past_last_region_takes_the_place_of_the_youngest_drain() {
    let numbered = |name: &str, generation: u64| {
        let (region, mut intent) = drain(name, 60);
        (intent.id, intent.generation) = (format!("d{generation}"), generation);
        (region, intent)
    };
    let out = (Vote::Eject, Verdict::Healthy);
    let view = view(&all_say([out, out, FINE]), &[numbered("eu-west-1", 4), numbered("eu-west-2", 3)]);
    let refused = view.preview_drain(&policy(), &region("us-east-1"), &[]);
    assert_eq!((refused.refused_by(), refused.gives_way), (Some(SafetyRule::LastRegion), None));
    let past = view.preview_drain(&policy(), &region("us-east-1"), &[SafetyRule::LastRegion]);
    assert_eq!((past.refused_by(), past.gives_way), (None, Some(region("eu-west-1"))));
}

#[test]
fn capacity_refuses_what_last_region_would_let_pass() {
    let policy = policy_with(2);
    let view =
        ServiceView::new(&policy, &all_say([FINE, (Vote::Eject, Verdict::Healthy), FINE]), &everywhere(&[drain("eu-west-2", 60)]), now());
    assert_eq!(of(&view, "eu-west-1").drain_refused_by, Some(SafetyRule::Capacity));
    let preview = view.preview_drain(&policy, &region("eu-west-1"), &[]);
    let said: Vec<String> = preview.rules.iter().map(|check| format!("{} {} ({})", check.rule, check.passes, check.why)).collect();
    insta::assert_snapshot!(said.join("\n"), @"
    last-region true (1 region would be left serving)
    capacity false (1 of 3 regions would be left undrained; the policy wants 2)
    ");
}

fn any_read() -> impl Strategy<Value = Read> {
    let said = prop_oneof![Just(FINE), Just(SICK), Just((Vote::Eject, Verdict::Healthy)), Just((Vote::Serve, Verdict::Degraded))];
    let one = prop_oneof![
        1 => Just(Err(())),
        1 => Just(Ok(None)),
        6 => ([said.clone(), said.clone(), said], 0_i64..400).prop_map(|(said, age)| Ok(Some((said, age)))),
    ];
    [one.clone(), one.clone(), one].prop_map(|reads| {
        let votes = |(name, read): (&&str, Result<Option<_>, ()>)| {
            (region(name), read.map(|read: Option<_>| read.map(|(said, age)| votes(name, age, said))))
        };
        NAMES.iter().zip(reads).map(votes).collect()
    })
}

proptest! {
    /// What is shown as serving is served whatever the unreadable observers say, and what is shown as out is out whatever they say.
    #[test]
    fn nothing_unread_can_turn_what_is_claimed(read in any_read(), unread in prop::collection::vec(any::<[bool; 3]>(), 3)) {
        let shown = view(&read, &[]);
        let completed: Read = read
            .iter()
            .zip(unread)
            .map(|((name, read), ejects)| {
                let said = ejects.map(|eject| if eject { SICK } else { FINE });
                (name.clone(), read.clone().or_else(|()| Ok::<_, ()>(Some(votes(name.as_str(), 1, said)))))
            })
            .collect();
        let full = view(&completed, &[]);
        for (shown, full) in shown.regions.iter().zip(&full.regions) {
            prop_assert_eq!(shown.votes.serve + shown.votes.eject + shown.votes.unknown, 3);
            if shown.answers != Answers::Unknown {
                prop_assert_eq!(shown.answers, full.answers);
            }
        }
    }

    /// A drain that the forecast lets pass leaves a region that serves, as far as can be read.
    #[test]
    fn a_drain_let_through_never_empties_the_answer(read in any_read(), target in 0_usize..3) {
        let shown = view(&read, &[]);
        let preview = shown.preview_drain(&policy(), &region(NAMES[target]), &[]);
        if preview.refused_by().is_none() {
            prop_assert!(preview.after.iter().any(|left| of(&shown, left.as_str()).answers == Answers::Serving));
            prop_assert!(!preview.after.contains(&region(NAMES[target])));
        }
    }
}
