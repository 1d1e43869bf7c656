//! Tests of the clap tree: what may be typed, and what it means.

use clap::CommandFactory;

use super::*;

fn drain(words: &[&str]) -> Result<DrainArgs, clap::Error> {
    let words = ["failover", "drain", "eu-west-2"].iter().chain(words);
    match Cli::try_parse_from(words)?.command {
        Command::Drain(args) => Ok(args),
        other => panic!("parsed as {other:?}"),
    }
}

#[test]
fn the_tree_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn a_drain_has_a_reason_an_end_and_a_stage() {
    let args = drain(&["--reason", " slow "]).unwrap();
    assert_eq!((args.reason.as_str(), args.length), ("slow", SignedDuration::from_hours(4)));
    assert_eq!(args.wait.until(), Stage::Answers);
    assert!(drain(&[]).is_err(), "a drain without a reason");
}

#[test]
fn going_past_a_rule_takes_an_hour_unless_said_otherwise() {
    let args = drain(&["--reason", "x", "--override", "last-region"]).unwrap();
    assert_eq!((args.length, args.overrides), (SignedDuration::from_hours(1), vec![SafetyRule::LastRegion]));
    let args = drain(&["--reason", "x", "--override", "last-region", "--for", "15m"]).unwrap();
    assert_eq!(args.length, SignedDuration::from_mins(15));
}

#[test]
fn detach_is_recorded_and_excludes_a_stage() {
    assert_eq!(drain(&["--reason", "x", "--detach"]).unwrap().wait.until(), Stage::Recorded);
    assert!(drain(&["--reason", "x", "--detach", "--wait", "health"]).is_err());
    assert!(drain(&["--reason", "x", "--wait", "sockets"]).is_err(), "sockets are not claimed");
}

#[test]
fn every_component_of_the_world_can_be_named() {
    for (component, word, _) in Component::ALL {
        match Cli::try_parse_from(["failover", "fault", "eu-west-2", word, "on"]).unwrap().command {
            Command::Fault(args) => assert_eq!(args.component, component),
            other => panic!("parsed as {other:?}"),
        }
    }
}
