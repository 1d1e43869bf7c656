//! Operators at work on a running demo: every exit code that changes something or refuses to, through the real binary.
//!
//! What a newcomer meets is in `demo.rs`; what needs no service is in `usage.rs`.

#[expect(dead_code, reason = "demo.rs uses what this does not")]
mod running;

use std::time::Duration;

use running::{Demo, Said, until};
use serde_json::Value;

const SOON: Duration = Duration::from_secs(120);

fn demo() -> Demo {
    let demo = Demo::start(&["--speed", "2"]);
    demo.until_steady();
    demo
}

/// The object on stdout.
fn object(said: &Said) -> Value {
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// The object on stderr that says why a command failed: the last of them.
fn failure(said: &Said) -> Value {
    let objects = said.stderr.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line:?}: {said}")));
    objects.fold(Value::Null, |_, object| object)
}

fn drain(demo: &Demo, region: &str, more: &[&str]) -> Said {
    let args = [&["drain", region, "--confirm", region, "--output", "json"], more].concat();
    demo.failover(&args)
}

#[test]
fn a_drain_is_previewed_recorded_repeated_contested_replaced_extended_and_ended() {
    let demo = demo();

    let preview = demo.failover(&["drain", "eu-west-2", "--reason", "practice", "--dry-run", "--output", "json"]);
    assert_eq!((preview.code, object(&preview)["after"].as_array().map(Vec::len)), (0, Some(2)), "{preview}");
    assert_eq!(demo.region("eu-west-2")["intent"], Value::Null, "a dry run changes nothing");

    let first = drain(&demo, "eu-west-2", &["--reason", "practice", "--ticket", "OPS-1"]);
    let done = object(&first);
    assert_eq!((first.code, done["stage"].as_str(), done["changed"].as_bool()), (0, Some("answers"), Some(true)), "{first}");
    assert_eq!(done["stages"].as_array().map(Vec::len), Some(3), "{first}");
    let generation = done["intent"]["generation"].as_u64().expect("a generation");

    let again = drain(&demo, "eu-west-2", &["--reason", "practice", "--ticket", "OPS-1"]);
    assert_eq!((again.code, object(&again)["changed"].as_bool()), (0, Some(false)), "the same drain again: {again}");

    let contested = drain(&demo, "eu-west-2", &["--reason", "another"]);
    let outpaced = failure(&contested);
    assert_eq!((contested.code, outpaced["generation"].as_u64()), (7, Some(generation)), "{contested}");
    assert!(contested.stderr.contains("practice"), "who and what: {contested}");

    let late = drain(&demo, "eu-west-2", &["--reason", "another", "--expect-generation", "999"]);
    assert_eq!(late.code, 7, "{late}");
    let replaced = drain(&demo, "eu-west-2", &["--reason", "another", "--expect-generation", &generation.to_string()]);
    assert_eq!((replaced.code, object(&replaced)["intent"]["reason"].as_str()), (0, Some("another")), "{replaced}");

    let kept = demo.failover(&["extend", "eu-west-2", "--for", "1h", "--output", "json"]);
    assert_eq!((kept.code, object(&kept)["changed"].as_bool()), (0, Some(false)), "never shortened: {kept}");
    let longer = demo.failover(&["extend", "eu-west-2", "--for", "9h", "--output", "json"]);
    assert_eq!((longer.code, object(&longer)["changed"].as_bool()), (0, Some(true)), "{longer}");

    let unconfirmed = demo.failover(&["resume", "eu-west-2"]);
    assert_eq!(unconfirmed.code, 2, "{unconfirmed}");
    let back = demo.failover(&["resume", "eu-west-2", "--confirm", "eu-west-2", "--wait", "answers", "--reason", "over"]);
    assert_eq!(back.code, 0, "{back}");
    let idle = demo.failover(&["resume", "eu-west-2", "--confirm", "eu-west-2", "--output", "json"]);
    assert_eq!((idle.code, object(&idle)["changed"].as_bool()), (0, Some(false)), "nothing to end: {idle}");

    let log = object(&demo.failover(&["log", "eu-west-2", "--output", "json"]));
    let by_ana = log["entries"].as_array().expect("entries").iter().filter(|entry| entry["actor"] == "ana");
    let told: Vec<&str> = by_ana.filter_map(|entry| entry["what"].as_str()).collect();
    assert_eq!(told, ["resumed", "extended", "drained", "drained"], "newest first: {log}");
}

#[test]
fn three_operators_at_once_leave_a_region_serving_and_the_refused_one_is_told() {
    let demo = demo();
    let codes: Vec<i32> = std::thread::scope(|scope| {
        let drains: Vec<_> = ["eu-west-1", "eu-west-2", "us-west-2"]
            .map(|region| scope.spawn(|| drain(&demo, region, &["--reason", "practice", "--wait", "health"]).code))
            .into_iter()
            .collect();
        drains.into_iter().map(|drain| drain.join().expect("a drain")).collect()
    });
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 2, "{codes:?}");
    assert!(codes.iter().all(|code| [0, 3, 7].contains(code)), "{codes:?}");
    let status = object(&demo.failover(&["status", "--output", "json"]));
    assert_eq!(status["serving"].as_u64(), Some(1), "{status}");
    // The refused drain was taken back: nothing lies in wait to take effect when another ends.
    let standing = status["regions"].as_array().expect("regions").iter().filter(|region| region["intent"] != Value::Null);
    assert_eq!(standing.count(), 2, "{status}");
}

#[test]
fn going_past_last_region_takes_the_place_of_the_youngest_drain() {
    let demo = demo();
    for region in ["eu-west-1", "eu-west-2"] {
        assert_eq!(drain(&demo, region, &["--reason", "practice", "--wait", "health"]).code, 0);
    }
    let args = ["drain", "us-west-2", "--reason", "worse", "--override", "last-region", "--for", "15m"];
    let preview = object(&demo.failover(&[&args[..], &["--dry-run", "--output", "json"]].concat()));
    assert_eq!(preview["gives_way"].as_str(), Some("eu-west-2"), "{preview}");
    let past = demo.failover(&[&args[..], &["--confirm", "us-west-2"]].concat());
    assert_eq!(past.code, 0, "{past}");
    until(SOON, "eu-west-2 serves in the place of us-west-2", || demo.region("eu-west-2")["answers"] == "serving");
    assert_eq!(demo.region("us-west-2")["answers"], "drained");
    assert_eq!(demo.region("eu-west-2")["intent"]["state"], "refused");
}

#[test]
fn a_drain_that_no_controller_takes_up_stands_and_says_so() {
    let demo = demo();
    for region in ["eu-west-1", "eu-west-2", "us-west-2"] {
        assert_eq!(demo.failover(&["fault", region, "controller", "on"]).code, 0);
    }
    let waited = drain(&demo, "eu-west-2", &["--reason", "practice", "--timeout", "2s"]);
    assert_eq!((waited.code, failure(&waited)["stage"].as_str()), (5, Some("health")), "{waited}");
    assert!(waited.stderr.contains("stands until"), "{waited}");
    assert_eq!(demo.failover(&["heal"]).code, 0);
    until(SOON, "the drain takes effect", || demo.region("eu-west-2")["answers"] == "drained");
}

#[test]
fn a_hold_freezes_automation_and_its_end_sets_it_free() {
    let demo = demo();
    let unconfirmed = demo.failover(&["hold", "--reason", "maintenance"]);
    assert_eq!(unconfirmed.code, 2, "{unconfirmed}");
    let held = demo.failover(&["hold", "eu-west-2", "--reason", "maintenance", "--yes"]);
    assert_eq!(held.code, 0, "{held}");
    assert_eq!(demo.failover(&["fault", "eu-west-2", "websocket", "on"]).code, 0);
    until(SOON, "the observers see it fail", || demo.region("eu-west-2")["verdict"] == "unhealthy");
    assert_eq!(demo.region("eu-west-2")["answers"], "serving", "a hold keeps the votes as they are");

    let probe = demo.failover(&["probe", "eu-west-2", "--output", "json"]);
    assert_eq!((probe.code, object(&probe)["failed"].as_bool()), (1, Some(true)), "{probe}");
    let check = demo.failover(&["status", "--check"]);
    assert_eq!(check.code, 0, "every region serves, well or not: {check}");

    let freed = demo.failover(&["resume", "eu-west-2", "--yes"]);
    assert_eq!(freed.code, 0, "{freed}");
    until(SOON, "automation ejects it", || demo.region("eu-west-2")["answers"] == "ejected");
    assert_eq!(demo.failover(&["status", "--check"]).code, 1);
    let explained = demo.failover(&["explain", "eu-west-2"]);
    assert!(explained.stdout.contains("automatic") && explained.stdout.contains("websocket"), "{explained}");
}
