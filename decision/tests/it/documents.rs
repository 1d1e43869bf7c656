//! Documents: what is refused when they are parsed, and that the largest of each fits a standard SSM parameter.

#![expect(clippy::unwrap_used, reason = "shapes that do not hold are failed tests")]

use std::collections::BTreeMap;

use decision::{
    ACTOR_MAX, Cause, Check, CheckResult, DOCUMENT_BYTES_MAX, Ended, GENERATION_MAX, ID_MAX, Intent, IntentKind, Matrix, Memory,
    Observation, Observed, Outcome, REASON_MAX, REGIONS_MAX, ROUNDS_MAX, Reason, RegionName, RegionVote, Remembered, Round, SafetyRule,
    Schema, ServiceName, State, TICKET_MAX, Verdict, Vote, Votes,
};
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;

use crate::fixture::{at, drain, region};
use crate::sentences;

/// Region names as long as they may be.
fn longest_names() -> Vec<RegionName> {
    (0..REGIONS_MAX).map(|n| region(&format!("abcdefghijklm-west-{n}"))).collect()
}

fn longest_service() -> ServiceName {
    "c".repeat(32).parse().unwrap()
}

fn late() -> Timestamp {
    at("2026-11-23T23:59:59.999Z")
}

fn bytes<T: serde::Serialize>(document: &T) -> usize {
    serde_json::to_vec(document).unwrap().len()
}

/// Everything that a vote with this reason can hold at once, each as long as it gets.
fn largest_vote(reason: Reason) -> RegionVote {
    let fails = |reason: &Reason| matches!(reason, Reason::Refused { .. } | Reason::Failing(_));
    let failing = fails(&reason) || matches!(&reason, Reason::Announced { because } if fails(because));
    // A rule that refuses makes it serve, and a region that serves is not held down. What fails is not clean.
    let serves = matches!(reason, Reason::Refused { .. } | Reason::Announced { .. } | Reason::DrainWaits { .. });
    let memory = Memory {
        rounds: "WWWWWWWW".to_owned(),
        checks: "ffffffffzzzzzzzzzzzzzzzzzzzzzzzz7zzzzzz".parse().unwrap(),
        clean: if failing { 0 } else { 255 },
        clean_since: (!failing).then(late),
        down: true,
        relapses: 255,
        ejected_at: Some(late()),
        held_until: (!serves).then(late),
        resumed: !serves,
    };
    let intent = Remembered {
        id: "i".repeat(ID_MAX),
        generation: GENERATION_MAX,
        kind: IntentKind::Drain,
        actor: "a".repeat(24),
        recorded_at: late(),
        ends_at: late(),
        state: State::Stands,
        overrides: vec![SafetyRule::LastRegion, SafetyRule::Capacity],
    };
    let vote = if serves { Vote::Serve } else { Vote::Eject };
    // Of the rules that take an ejection back this has the longest name.
    let refused = serves.then_some(SafetyRule::TooManyEjected);
    RegionVote {
        vote,
        since: late(),
        announced: serves,
        reason,
        verdict: Verdict::Unhealthy,
        verdict_since: late(),
        refused,
        memory,
        intent: Some(intent),
    }
}

/// The reasons with their texts and numbers as long as they get.
fn longest_reasons() -> Vec<Reason> {
    let long = |text: String| {
        let region = longest_names()[0].to_string();
        let text = text.replace("\"ana\"", &format!("\"{}\"", "a".repeat(24))).replace("118", &GENERATION_MAX.to_string());
        text.replace("status-503", &format!("from-{region}")).replace("eu-west-1", &region).replace("us-west-2", &region)
    };
    let refused = |reason: &Reason| Reason::Refused { rule: SafetyRule::EveryoneLooksSick, because: Box::new(reason.clone()) };
    let all = sentences::reasons();
    // Rules refuse ejections, and `Failing` is the one reason for an ejection that is stored inside a refusal.
    let refusals: Vec<Reason> = all.iter().filter(|reason| matches!(reason, Reason::Failing(_))).map(refused).collect();
    all.iter().chain(&refusals).map(|reason| serde_json::from_str(&long(serde_json::to_string(reason).unwrap())).unwrap()).collect()
}

#[test]
fn the_largest_votes_fit() {
    let longest = longest_reasons().into_iter().map(largest_vote).max_by_key(bytes).unwrap();
    let votes = Votes {
        schema: Schema::V1,
        service: longest_service(),
        observer: longest_names()[0].clone(),
        generation: GENERATION_MAX,
        decided_at: late(),
        policy: "0123456789abcdef".to_owned(),
        round: GENERATION_MAX,
        round_at: Some(late()),
        // Never are all of them announced: one is left to serve.
        regions: (0..)
            .zip(longest_names())
            .map(|(n, name)| (name, RegionVote { announced: longest.announced && n > 0, ..longest.clone() }))
            .collect(),
    };
    assert_eq!(votes.check(), Ok(()));
    assert!(bytes(&votes) <= DOCUMENT_BYTES_MAX, "{} bytes: {}", bytes(&votes), serde_json::to_string(&votes).unwrap());
    assert_eq!(serde_json::from_str::<Votes>(&serde_json::to_string(&votes).unwrap()).unwrap(), votes);
}

fn largest_round(number: u64) -> (Round, Matrix) {
    let names = longest_names();
    let result = || CheckResult { outcome: Outcome::Degraded(Cause::From(names[0].clone())), millis: u32::MAX, attempts: u8::MAX };
    let observation: Observation = Check::ALL.into_iter().map(|check| (check, result())).collect();
    let regions = names.iter().map(|name| (name.clone(), observation.clone())).collect();
    let row: BTreeMap<RegionName, u32> = names.iter().map(|name| (name.clone(), u32::MAX)).collect();
    let matrix = names.iter().map(|name| (name.clone(), row.clone())).collect();
    (Round { number, produced_at: late(), self_check: Outcome::Degraded(Cause::Observer), regions }, matrix)
}

fn empty_observed() -> Observed {
    let (service, observer) = (longest_service(), longest_names()[0].clone());
    Observed { schema: Schema::V1, service, observer, generation: GENERATION_MAX, rounds: Vec::new(), matrix: BTreeMap::new() }
}

#[test]
fn the_newest_round_always_fits_with_its_matrix() {
    let mut observed = empty_observed();
    for number in GENERATION_MAX - 9..=GENERATION_MAX {
        let (round, matrix) = largest_round(number);
        observed.push(round, matrix.clone());
        assert_eq!((observed.rounds.last().unwrap().number, &observed.matrix), (number, &matrix));
        assert!(bytes(&observed) <= DOCUMENT_BYTES_MAX, "{} bytes", bytes(&observed));
    }
}

#[test]
fn ordinary_rounds_are_kept_up_to_the_most() {
    let policy = crate::fixture::Scene::three_regions().policy;
    let mut observed = empty_observed();
    for number in 1..=9 {
        observed.push(crate::fixture::round(&policy, number, late(), &[]), Matrix::new());
    }
    let numbers: Vec<u64> = observed.rounds.iter().map(|round| round.number).collect();
    assert_eq!((numbers, ROUNDS_MAX), (vec![5, 6, 7, 8, 9], 5));
    assert!(bytes(&observed) <= DOCUMENT_BYTES_MAX);
}

fn largest_intent() -> Intent {
    // Four bytes each, and what JSON escapes with two.
    let text = |chars: usize| "\u{1f6a8}".repeat(chars - 1) + "\"";
    Intent {
        service: longest_service(),
        id: "i".repeat(ID_MAX),
        actor: text(ACTOR_MAX),
        reason: text(REASON_MAX),
        ticket: Some(text(TICKET_MAX)),
        overrides: SafetyRule::ALL.to_vec(),
        ended: Some(Ended { at: late(), by: text(ACTOR_MAX), reason: text(REASON_MAX) }),
        ..drain(&longest_names()[0], GENERATION_MAX, late())
    }
}

#[test]
fn the_largest_intent_fits() {
    let intent = largest_intent();
    assert_eq!(intent.check(), Ok(()));
    assert!(bytes(&intent) <= DOCUMENT_BYTES_MAX, "{} bytes", bytes(&intent));
    assert_eq!(serde_json::from_str::<Intent>(&serde_json::to_string(&intent).unwrap()).unwrap(), intent);
}

/// What parsing says of a document that breaks a limit, without the place in the text.
fn refused<T: serde::Serialize + DeserializeOwned>(document: &T) -> String {
    match serde_json::from_str::<T>(&serde_json::to_string(document).unwrap()) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.to_string().split(" at line").next().unwrap().to_owned(),
    }
}

#[test]
fn an_intent_that_breaks_a_limit_is_refused_with_the_reason() {
    let fine = drain(&region("eu-west-2"), 118, at("2026-11-23T03:22:00Z"));
    let broken = [
        Intent { id: "Drain 1".to_owned(), ..fine.clone() },
        Intent { generation: u64::MAX, ..fine.clone() },
        Intent { reason: " ".to_owned(), ..fine.clone() },
        Intent { reason: "x".repeat(201), ..fine.clone() },
        Intent { actor: "ana\u{1b}[2J".to_owned(), ..fine.clone() },
        Intent { reason: "fine \u{202e}enif".to_owned(), ..fine.clone() },
        Intent { ticket: Some(String::new()), ..fine.clone() },
        Intent { ends_at: fine.recorded_at - SignedDuration::from_secs(1), ..fine.clone() },
        Intent { ends_at: fine.recorded_at + SignedDuration::from_hours(73), ..fine.clone() },
        Intent { overrides: vec![SafetyRule::Capacity; 2], ..fine.clone() },
        Intent { ended: Some(Ended { at: late(), by: String::new(), reason: String::new() }), ..fine.clone() },
    ];
    insta::assert_snapshot!(broken.each_ref().map(refused).join("\n"), @r#"
    an intent's id is 1 to 32 of a-z, 0-9 and -; this one is "Drain 1"
    generation 18446744073709551615 is more than 9007199254740991
    reason is empty
    reason has 201 characters; at most 200 are kept
    actor holds the character U+001B; it must be one line of plain text
    reason holds the character U+202E; it must be one line of plain text
    ticket is empty
    an intent ends after it was recorded, and at most 72 hours after; this one was recorded 2026-11-23T03:22:00Z and ends 2026-11-23T03:21:59Z
    an intent ends after it was recorded, and at most 72 hours after; this one was recorded 2026-11-23T03:22:00Z and ends 2026-11-26T04:22:00Z
    override names capacity twice
    ended.by is empty
    "#);
    assert_eq!(refused(&fine), "accepted");
}

#[test]
fn what_was_observed_and_voted_is_refused_when_it_breaks_a_limit() {
    let (round, matrix) = largest_round(1);
    let seventh = || region("zz-west-7");
    let mut regions = round.regions.clone();
    regions.insert(seventh(), Observation::new());
    let mut rows = matrix.clone();
    rows.insert(seventh(), BTreeMap::new());
    let observed = [
        Observed { generation: u64::MAX, ..empty_observed() },
        Observed { rounds: vec![round.clone(); ROUNDS_MAX + 1], ..empty_observed() },
        Observed { rounds: vec![Round { regions, ..round }], ..empty_observed() },
        Observed { matrix: rows, ..empty_observed() },
    ];
    insta::assert_snapshot!(observed.each_ref().map(refused).join("\n"), @r"
    18446744073709551615 is more than a generation or round number may be, 9007199254740991
    it holds 6 rounds; at most 5 are kept
    round 1 tells of 7 regions; a service has at most 6
    its matrix is larger than 6 by 6
    ");

    let mut scene = crate::fixture::Scene::three_regions();
    scene.drain("eu-west-2");
    scene.rounds(1, &[]);
    let fine = scene.votes().clone();
    let with = |change: &dyn Fn(&mut RegionVote)| {
        let mut votes = fine.clone();
        change(votes.regions.get_mut(&region("eu-west-2")).unwrap());
        votes
    };
    let mut seven = fine.clone();
    seven.regions = longest_names().into_iter().chain([seventh()]).map(|name| (name, fine.regions[&region("us-west-2")].clone())).collect();
    let votes = [
        Votes { round: u64::MAX, ..fine.clone() },
        Votes { policy: "\n".to_owned(), ..fine.clone() },
        seven,
        with(&|vote| vote.memory.rounds = "?".to_owned()),
        with(&|vote| vote.memory.rounds = ".........".to_owned()),
        with(&|vote| vote.intent.as_mut().unwrap().actor = "a".repeat(25)),
        with(&|vote| vote.reason = Reason::Drained { by: "\u{7}".to_owned(), until: late(), generation: 1 }),
    ];
    insta::assert_snapshot!(votes.each_ref().map(refused).join("\n"), @r"
    18446744073709551615 is more than a generation or round number may be, 9007199254740991
    the policy's fingerprint is at most 64 letters and digits
    it votes on 7 regions; a service has at most 6
    eu-west-2: its memory is no run of at most 8 rounds
    eu-west-2: its memory is no run of at most 8 rounds
    eu-west-2: the actor has 25 characters; at most 24 are kept
    eu-west-2: the actor holds the character U+0007; it must be one line of plain text
    ");
    assert_eq!(refused(&fine), "accepted");
}

#[test]
fn an_unknown_field_or_schema_is_refused() {
    let text = serde_json::to_string(&drain(&region("eu-west-2"), 118, late())).unwrap();
    for (from, to) in
        [("failover/v1", "failover/v2"), ("\"actor\"", "\"author\""), ("\"drain\"", "\"stop\""), ("{\"schema\"", "{\"x\":1,\"schema\"")]
    {
        assert!(serde_json::from_str::<Intent>(&text.replace(from, to)).is_err(), "{to}");
    }
}

#[test]
fn a_long_actor_is_remembered_by_its_start() {
    let mut intent = drain(&region("eu-west-2"), 118, late());
    intent.actor = "\u{e9}".repeat(40);
    assert_eq!(Remembered::from(&intent).actor, "\u{e9}".repeat(12));
}
