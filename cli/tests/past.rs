//! `failover explain --at`: on a running demo, what stood before a drain, during it and after it, and what nothing is known of; and a night of which SSM
//! has forgotten every round.

mod night;
#[expect(dead_code, reason = "demo.rs uses what this does not")]
mod running;

use jiff::Timestamp;
use night::Night;
use running::{Demo, Said};
use serde_json::Value;

fn object(said: &str) -> Value {
    serde_json::from_str(said.lines().last().unwrap_or_default()).unwrap_or_else(|error| panic!("{error} in {said:?}"))
}

/// What is told of eu-west-2 as of then.
fn explain(demo: &Demo, at: &str) -> Value {
    let said = demo.failover(&["explain", "eu-west-2", "--at", at, "--output", "json"]);
    assert_eq!(said.code, 0, "{said}");
    object(&said.stdout)
}

/// The service's own time, at which everything that was just seen is stored.
fn now(demo: &Demo) -> String {
    let status = object(&demo.failover(&["status", "--output", "json"]).stdout);
    status["at"].as_str().expect("a time").to_owned()
}

/// Every word of it but when it was asked.
fn words(mut account: Value) -> Value {
    account["source"] = Value::Null;
    account
}

fn time(text: &Value) -> Timestamp {
    text.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{text} is no time"))
}

fn refused(said: &Said, code: i32) -> Value {
    assert_eq!(said.code, code, "{said}");
    object(&said.stderr)
}

#[test]
fn a_drain_can_be_told_before_during_and_after_it_and_again_when_an_observer_is_gone() {
    let demo = Demo::start(&["--speed", "2"]);
    demo.until_steady();
    let before = now(&demo);
    let drain = demo.failover(&["drain", "eu-west-2", "--reason", "practice", "--confirm", "eu-west-2", "--wait", "health"]);
    assert_eq!(drain.code, 0, "{drain}");
    let during = now(&demo);
    let told_during = words(explain(&demo, &during));
    let resume = demo.failover(&["resume", "eu-west-2", "--confirm", "eu-west-2", "--wait", "health"]);
    assert_eq!(resume.code, 0, "{resume}");
    let after = now(&demo);

    let told = explain(&demo, &before);
    assert_eq!((told["answers"].as_str(), &told["intent"]), (Some("serving"), &Value::Null), "{told}");
    let told = explain(&demo, &during);
    assert_eq!((told["answers"].as_str(), told["intent"]["actor"].as_str()), (Some("drained"), Some("ana")), "{told}");
    assert_eq!(words(told), told_during, "the past does not change");
    let told = explain(&demo, &after);
    assert_eq!((told["answers"].as_str(), &told["intent"]), (Some("serving"), &Value::Null), "{told}");
    assert_eq!(told["before"][0]["what"], "voted-serve", "{told}");
    let told = demo.failover(&["explain", "eu-west-2", "--at", "-1s"]);
    assert!(told.code == 0 && told.stdout.starts_with("as of "), "{told}");

    // Every document was there, and none of them was younger than the moment.
    for observer in told_during["observers"].as_array().expect("observers") {
        let stored = observer["stored"].as_object().expect("stored");
        assert_eq!(stored.keys().collect::<Vec<_>>(), ["intent", "observed", "votes"], "{observer}");
        assert!(stored.values().all(|version| time(&version["stored_at"]) <= time(&during.as_str().into())), "{observer} at {during}");
        assert_eq!((observer["heard"].as_str(), observer["vote"]["lane"].as_str()), (Some("fresh"), Some("intent")), "{observer}");
    }

    let fault = demo.failover(&["fault", "us-west-2", "ssm", "on"]);
    assert_eq!(fault.code, 0, "{fault}");
    let text = demo.failover(&["explain", "eu-west-2", "--at", &during]);
    assert_eq!(text.code, 0, "{text}");
    let head: Vec<&str> = text.stdout.lines().take(3).collect();
    assert!(head[0].starts_with("as of ") && head[1].starts_with("eu-west-2 is drained since") && head[2].contains("1 unknown"), "{text}");
    assert!(text.stdout.contains("? us-west-2 does not answer"), "{text}");
}

#[test]
fn a_moment_that_nothing_is_known_of_is_refused_with_how_far_back_everything_reaches() {
    let demo = Demo::start(&["--speed", "2"]);
    demo.until_steady();
    let ask = |at: &str| demo.failover(&["explain", "eu-west-2", "--at", at, "--output", "json"]);

    let long_ago = refused(&ask("2001-01-01T00:00:00Z"), 1);
    assert_eq!((long_ago["kind"].as_str(), long_ago["at"].as_str()), (Some("not-kept"), Some("2001-01-01T00:00:00Z")), "{long_ago}");
    let reach = long_ago["failures"].as_object().expect("how far back");
    assert!(reach.len() == 3 && reach.values().all(|told| told.as_str().is_some_and(|told| told.contains("votes from 2"))), "{long_ago}");

    let future = refused(&ask("2999-01-01T00:00:00Z"), 2);
    assert!(future["message"].as_str().is_some_and(|message| message.contains("still to come")), "{future}");
    for wrong in ["soon", "25:00", "12.5"] {
        assert_eq!(refused(&ask(wrong), 2)["kind"], "usage", "{wrong}");
    }
}

/// What is told of us-east-1 as of then.
fn told(night: &Night, at: &str) -> Value {
    let said = night.failover(&["explain", "us-east-1", "--at", at, "--output", "json"]);
    assert_eq!(said.code, 0, "{said}");
    object(&said.stdout)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ejection_can_be_told_when_all_its_rounds_are_forgotten() {
    let mut night = Night::begin().await;
    let long_before = night.now();
    for _ in 0..3 {
        night.pass(None).await;
    }
    let before = night.now();
    let mut passes = 0;
    while night.pass(Some("us-east-1")).await < 3 {
        passes += 1;
        assert!(passes < 10, "us-east-1 is not ejected");
    }
    let during = night.now();
    let fresh = told(&night, &during);
    while night.pass(None).await > 0 {
        passes += 1;
        assert!(passes < 40, "us-east-1 does not return");
    }
    let after = night.now();
    for _ in 0..101 {
        assert_eq!(night.pass(None).await, 0);
    }

    let account = told(&night, &during);
    assert_eq!((account["answers"].as_str(), account["verdict"].as_str()), (Some("ejected"), Some("unhealthy")), "{account}");
    let observers = account["observers"].as_array().expect("observers");
    assert_eq!(observers.len(), 3);
    for (observer, then) in observers.iter().zip(fresh["observers"].as_array().expect("observers")) {
        let vote = &observer["vote"];
        assert_eq!(
            (observer["heard"].as_str(), vote["vote"].as_str(), vote["lane"].as_str()),
            (Some("fresh"), Some("eject"), Some("automatic"))
        );
        assert!(vote["reason"].as_str().is_some_and(|reason| reason.contains("websocket failed in 5 of its last 6")), "{vote}");
        assert!(vote["memory"].to_string().contains("...wwwww\""), "{vote}");
        assert_eq!(observer["evidence"]["checks"]["websocket"][0], "fail:status-503", "{observer}");
        assert_eq!((vote, &observer["evidence"]), (&then["vote"], &then["evidence"]), "the same as when every version was there");
        for what in ["votes", "observed"] {
            let stored = &observer["stored"][what];
            let during = time(&during.as_str().into());
            assert!(time(&stored["stored_at"]) <= during && time(&stored["turn"]["until"]) > during, "{what}: {stored}");
        }
    }
    let votes = ["eject", "serve"].map(|word| account["before"].to_string().matches(&format!("voted-{word}")).count());
    assert_eq!(votes, [3, 0], "{}", account["before"]);

    for (at, answers) in [(&before, "serving"), (&after, "serving")] {
        let account = told(&night, at);
        assert_eq!(account["answers"], answers, "{at}: {account}");
        assert!(account["observers"].as_array().expect("observers").iter().all(|observer| observer["stored"]["votes"]["turn"].is_object()));
    }
    let text = night.failover(&["explain", "us-east-1", "--at", &during]);
    assert_eq!(text.stdout.matches("  turn        kept ").count(), 3, "{text}");
    assert_eq!(text.stdout.matches("turns/observed ").count(), 3, "{text}");

    let log = object(&night.failover(&["log", "us-east-1", "--output", "json"]).stdout);
    let told: Vec<&str> = log["entries"].as_array().expect("entries").iter().filter_map(|entry| entry["what"].as_str()).collect();
    assert_eq!(told, [["voted-serve"; 3], ["voted-eject"; 3]].concat(), "{log}");

    let unknown = refused(&night.failover(&["explain", "us-east-1", "--at", &long_before, "--output", "json"]), 1);
    let reach = unknown["failures"].as_object().expect("how far back");
    assert!(reach.values().all(|told| told.as_str().is_some_and(|told| told.contains("their turns from 2"))), "{unknown}");
}
