//! Every sentence that a reason can be, and that each survives being stored.

use decision::{Cause, Check, Failing, Reason, SafetyRule, Share, Vote};
use jiff::Timestamp;

use crate::fixture::{at, region};

fn until() -> Timestamp {
    at("2026-11-23T07:22:10Z")
}

fn failing() -> Failing {
    Failing::Count { check: Check::Websocket, cause: Some(Cause::Status(503)), failed: 5, of: 6 }
}

/// One of each.
pub(crate) fn reasons() -> Vec<Reason> {
    let by = || "ana".to_owned();
    let (until, generation, kept) = (until(), 118, Vote::Serve);
    vec![
        Reason::Healthy,
        Reason::Degraded { check: Check::Replication, cause: Cause::From(region("eu-west-1")) },
        Reason::Suspect(Failing::Count { check: Check::Websocket, cause: Some(Cause::Status(503)), failed: 1, of: 6 }),
        Reason::Failing(failing()),
        Reason::Failing(Failing::Gone { rounds: 3, cause: Some(Cause::Connect) }),
        Reason::Failing(Failing::Burn {
            check: Check::Delivery,
            cause: Some(Cause::Status(503)),
            share: Share { permille: 153, seconds: 1200, burn: 77 },
        }),
        Reason::HeldDown { until, clean: 4, needed: 6 },
        Reason::Returning { clean: 4, needed: 6 },
        Reason::Replication { cause: Cause::To(region("us-west-2")) },
        Reason::AwaitsResume,
        Reason::Drained { by: by(), until, generation },
        Reason::DrainPending { by: by(), generation, seen: 1, needed: 2 },
        Reason::DrainRefused { by: by(), generation, rule: SafetyRule::LastRegion },
        Reason::DrainWaits { by: by(), generation, rule: SafetyRule::TooManyEjected },
        Reason::Announced { because: Box::new(Reason::Failing(failing())) },
        Reason::Held { by: by(), until, generation, kept },
        Reason::Refused { rule: SafetyRule::TooManyEjected, because: Box::new(Reason::Failing(failing())) },
        Reason::Silent { since: Some(until), kept },
        Reason::Silent { since: None, kept },
        Reason::Future { at: until, kept },
        Reason::Unfit { cause: Cause::Observer, kept },
        Reason::Blind { cause: Cause::Timeout, kept },
        Reason::NotJudged { check: Check::Delivery, kept: Vote::Eject },
    ]
}

#[test]
fn every_reason_is_a_sentence() {
    let lines: Vec<String> = reasons().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    every critical check passes
    replication is degraded (from-eu-west-1)
    websocket failed in 1 of its last 6 rounds (status-503), not enough to eject
    websocket failed in 5 of its last 6 rounds (status-503)
    every critical check failed in 3 rounds in a row (connect)
    15.3 % of first attempts at delivery failed over 20 min, 7.7 times its error budget (status-503)
    held down until 07:22:10 UTC, 4 of 6 clean rounds
    no longer drained, waits for clean rounds: 4 of 6
    clean, but waits for streams and replication to catch up (to-us-west-2)
    clean, but its failback is manual: waits for a person's resume
    drained by ana until Mon 07:22 UTC, generation 118
    drain by ana, generation 118, is recorded at 1 of the 2 observers that it needs
    drain by ana, generation 118, is refused by last-region
    drain by ana, generation 118, waits until too-many-ejected lets it
    about to be ejected: websocket failed in 5 of its last 6 rounds (status-503)
    held by ana until Mon 07:22 UTC, generation 118; keeping serve
    refused by too-many-ejected: would be ejected because websocket failed in 5 of its last 6 rounds (status-503)
    no news from this observer's probe since 07:22:10 UTC; keeping serve
    no news from this observer's probe yet; keeping serve
    the newest round claims to be from 07:22:10 UTC, which is in the future; keeping serve
    this observer is unfit (observer) and blames itself; keeping serve
    this observer reached no region at all (timeout) and blames itself; keeping serve
    delivery could not be judged; keeping eject
    ");
}

#[test]
fn every_reason_survives_being_stored() {
    for reason in reasons() {
        let stored = serde_json::to_string(&reason).unwrap();
        let read: Reason = serde_json::from_str(&stored).unwrap();
        assert_eq!((read.to_string(), stored.clone()), (reason.to_string(), serde_json::to_string(&read).unwrap()), "{stored}");
    }
}
