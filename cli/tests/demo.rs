//! The demo as a newcomer meets it: the real binary, its real output, and the other commands beside it.
//!
//! Each test brings up a world of its own, on free ports, in a folder of its own.

#[expect(dead_code, reason = "the page's tests use what this does not")]
mod running;

use std::time::{Duration, Instant};

use running::{Demo, abandoned, until};

const SOON: Duration = Duration::from_secs(60);

#[test]
fn status_shows_three_healthy_regions_and_finds_the_demo_by_its_folder() {
    let demo = Demo::start(&["--speed", "10"]);
    let status = demo.until_steady();
    let regions = status["regions"].as_array().unwrap();
    assert_eq!(regions.len(), 3, "{status}");
    let text = demo.failover(&["status"]);
    assert_eq!(text.code, 0, "{text}");
    for region in ["eu-west-1", "eu-west-2", "us-west-2"] {
        assert!(
            text.stdout.lines().any(|line| line.contains(region) && line.contains("serving") && line.contains("healthy 3/3")),
            "{text}"
        );
    }
}

#[test]
fn a_world_at_real_speed_is_steady_within_a_minute() {
    let begun = Instant::now();
    let demo = Demo::start(&[]);
    demo.until_steady();
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

#[test]
fn what_follows_ends_when_nobody_reads_it() {
    let demo = Demo::start(&["--speed", "10"]);
    assert_eq!(demo.abandoned(&["status", "--watch"]), 0);
    assert_eq!(demo.abandoned(&["status", "--watch", "--output", "json"]), 0);
    drop(demo);
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(abandoned(folder.path(), &["demo"]), 0);
    assert_eq!(abandoned(folder.path(), &["demo", "--story"]), 1, "a story that was broken off proves nothing");
}

#[test]
fn a_drain_moves_the_answers_over_udp_and_tcp_and_a_resume_moves_them_back() {
    let demo = Demo::start(&["--speed", "10"]);
    demo.until_steady();
    for name in ["api.chat.test", "api-ws.chat.test"] {
        assert_eq!(demo.dig(name, &[]), "127.0.11.1", "London is answered with eu-west-2");
        assert_eq!(demo.dig(name, &["+tcp"]), "127.0.11.1");
    }
    let drained = demo.failover(&["drain", "eu-west-2", "--reason", "practice", "--confirm", "eu-west-2"]);
    assert_eq!(drained.code, 0, "{drained}");
    for stage in ["recorded", "health", "answers"] {
        assert!(drained.stderr.contains(stage), "{drained}");
    }
    for name in ["api.chat.test", "api-ws.chat.test"] {
        assert_eq!(demo.dig(name, &[]), "127.0.10.1", "London is answered with the next nearest region");
        assert_eq!(demo.dig(name, &["+tcp"]), "127.0.10.1");
    }
    let log = demo.failover(&["log"]);
    assert!(log.stdout.contains("practice"), "{log}");
    let explained = demo.failover(&["explain", "eu-west-2"]);
    assert!(explained.stdout.contains("drained"), "{explained}");
    let resumed = demo.failover(&["resume", "eu-west-2", "--yes"]);
    assert_eq!(resumed.code, 0, "{resumed}");
    until(SOON, "London is answered with eu-west-2 again", || demo.dig("api.chat.test", &[]) == "127.0.11.1");
}

#[test]
fn the_last_serving_region_is_not_drained() {
    let demo = Demo::start(&["--speed", "10"]);
    demo.until_steady();
    for region in ["eu-west-1", "us-west-2"] {
        let drained = demo.failover(&["drain", region, "--reason", "practice", "--confirm", region]);
        assert_eq!(drained.code, 0, "{drained}");
    }
    let refused = demo.failover(&["drain", "eu-west-2", "--reason", "practice", "--confirm", "eu-west-2"]);
    assert_eq!(refused.code, 3, "{refused}");
    assert!(refused.stderr.contains("last-region"), "{refused}");
    assert!(refused.stderr.contains("--override last-region"), "the way past it: {refused}");
}

#[test]
fn off_a_terminal_a_drain_needs_its_confirmation() {
    let demo = Demo::start(&["--speed", "10"]);
    demo.until_steady();
    let unconfirmed = demo.failover(&["drain", "eu-west-2", "--reason", "practice"]);
    assert_eq!(unconfirmed.code, 2, "{unconfirmed}");
    assert!(unconfirmed.stderr.contains("--confirm eu-west-2"), "{unconfirmed}");
}

#[test]
fn with_one_observers_ssm_down_a_drain_succeeds_and_with_two_it_says_what_is_known() {
    let demo = Demo::start(&["--speed", "10"]);
    demo.until_steady();
    assert_eq!(demo.failover(&["fault", "eu-west-1", "ssm", "on"]).code, 0);
    let drained = demo.failover(&["drain", "eu-west-2", "--reason", "practice", "--confirm", "eu-west-2"]);
    assert_eq!(drained.code, 0, "{drained}");
    assert_eq!(demo.failover(&["fault", "us-west-2", "observer", "on"]).code, 0);
    let lost = demo.failover(&["drain", "us-west-2", "--reason", "practice", "--confirm", "us-west-2"]);
    assert!([1, 6].contains(&lost.code), "{lost}");
    assert!(lost.stderr.contains("of 3"), "what is known: {lost}");
}

#[test]
fn a_drain_survives_the_death_of_everything() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Demo::start_in(folder.path(), &["--speed", "10"]);
    demo.until_steady();
    // In mid-drain: recorded, and not a stage further.
    let drained = demo.failover(&["drain", "eu-west-2", "--reason", "it must stand", "--confirm", "eu-west-2", "--detach"]);
    assert_eq!(drained.code, 0, "{drained}");
    demo.kill();
    let demo = Demo::start_in(folder.path(), &["--speed", "10"]);
    until(SOON, "eu-west-2 is drained in the new world", || demo.region("eu-west-2")["answers"] == "drained");
    until(SOON, "London is answered elsewhere", || demo.dig("api.chat.test", &[]) == "127.0.10.1");
}

#[test]
fn the_ordinary_aws_cli_reads_the_world() {
    let demo = Demo::start(&["--speed", "10"]);
    demo.until_steady();
    assert_eq!(demo.failover(&["drain", "eu-west-2", "--reason", "practice", "--confirm", "eu-west-2", "--detach"]).code, 0);
    let documents = demo.aws("eu-west-1", &["ssm", "get-parameters-by-path", "--path", "/failover/chat", "--recursive"]);
    for name in ["/failover/chat/votes", "/failover/chat/observed", "/failover/chat/intents/eu-west-2"] {
        assert!(documents.stdout.contains(name), "{documents}");
    }
    let query = [
        "dynamodb",
        "query",
        "--table-name",
        "messages",
        "--index-name",
        "messages_by_ts",
        "--key-condition-expression",
        "#t = :t",
        "--expression-attribute-names",
        r##"{"#t":"type"}"##,
        "--expression-attribute-values",
        r#"{":t":{"S":"message"}}"#,
    ];
    until(SOON, "what users said is in the table", || demo.aws("eu-west-2", &query).stdout.contains("hello from"));
}

#[test]
fn a_fault_is_seen_by_users_of_the_region_only_until_it_is_ejected() {
    let demo = Demo::start(&["--speed", "10"]);
    demo.until_steady();
    assert_eq!(demo.failover(&["fault", "eu-west-2", "websocket", "on"]).code, 0);
    until(SOON, "eu-west-2 is ejected", || demo.region("eu-west-2")["answers"] == "ejected");
    until(SOON, "London is answered elsewhere", || demo.dig("api-ws.chat.test", &[]) == "127.0.10.1");
    assert_eq!(demo.dig("talk-api-ws.chat.test", &[]), "127.0.11.1", "the talk's check sees nothing");
    let probed = demo.failover(&["probe"]);
    assert_eq!(probed.code, 1, "{probed}");
    assert!(probed.stdout.lines().any(|line| line.contains("eu-west-2") && line.contains("fail")), "{probed}");
    let unknown = demo.failover(&["fault", "eu-west-2", "websockt", "on"]);
    assert_eq!(unknown.code, 2, "{unknown}");
    assert!(unknown.stderr.contains("websocket"), "the nearest known one: {unknown}");
}
