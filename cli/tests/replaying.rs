//! `failover replay` as a person runs it: the real binary on incidents of a folder. What runs come to is tested in `replay`.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Functions of A are gone for ten minutes.
const GONE: &str = r#"id = "T01"
title = "Functions of one region are gone for ten minutes"
source = "made up"
chat = "Nobody reaches A."
right = "leave, and come back once"
trap = "none"
call = "move"
horizon = 30
regions = { A = "eu-west-1", B = "eu-west-2", C = "us-east-1" }

faults = """
2 lambda A err=1 EE
12 lambda A err=0 EE
"""
"#;

/// Nothing that users feel.
const QUIET: &str = r#"id = "T02"
title = "Logs are missing"
source = "made up"
chat = "Nobody feels it."
right = "do nothing"
trap = "silence read as sick"
call = "stay"
horizon = 20
regions = { A = "eu-west-1", B = "eu-west-2", C = "us-east-1" }

faults = """
1 metrics A miss=1 EE
"""

[[forbid]]
act = "eject"
"#;

/// A folder with both, in `incidents`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let incidents = folder.path().join("incidents");
    std::fs::create_dir(&incidents).expect("a folder in it");
    std::fs::write(incidents.join("T01.toml"), GONE).expect("written");
    std::fs::write(incidents.join("T02.toml"), QUIET).expect("written");
    folder
}

/// Exit code, stdout, stderr.
fn said(folder: &Path, words: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_failover"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("FAILOVER_") || name.starts_with("LC_") || name == "COLUMNS") {
        command.env_remove(name);
    }
    let Output { status, stdout, stderr } =
        command.args(words.split_whitespace()).current_dir(folder).env("LANG", "C.UTF-8").stdin(Stdio::null()).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (status.code().expect("it ends by itself"), text(stdout), text(stderr))
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).expect("one JSON object")
}

#[test]
fn a_region_that_is_gone_is_left_and_one_without_logs_is_not() {
    let folder = folder();
    let (code, stdout, stderr) = said(folder.path(), "replay --output json");
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    let all = json(&stdout);
    assert_eq!((all["schema"].as_str(), all["ok"].as_bool()), (Some("failover/v1"), Some(true)), "{all}");
    let (gone, quiet) = (&all["incidents"][0]["by"], &all["incidents"][1]["by"]);
    let minutes = |side: &serde_json::Value| side["median"]["error_minutes"]["A"].as_f64().expect("a number");
    assert!(minutes(&gone["none"]) > 5.0, "doing nothing hurts: {gone}");
    assert!(minutes(&gone["failover"]) < minutes(&gone["none"]) / 2.0, "leaving helps: {gone}");
    assert!(gone["failover"]["median"]["seconds_to_vote"].as_f64().is_some_and(|seconds| seconds < 120.0), "{gone}");
    assert!(minutes(&quiet["failover"]) < 0.01 && quiet["failover"]["median"]["seconds_to_vote"].is_null(), "{quiet}");
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_one_thread_and_on_four() {
    let folder = folder();
    for words in ["replay --runs 4 --output json --seed 7", "replay --timeline --wide --seed 7"] {
        let once = said(folder.path(), &format!("{words} --jobs 1"));
        assert_eq!(once, said(folder.path(), &format!("{words} --jobs 4")), "{words}");
        assert_eq!(once.0, 0, "{}", once.1);
    }
    let seeds = [7, 8].map(|seed| said(folder.path(), &format!("replay --runs 4 --output json --seed {seed}")).1);
    assert_ne!(seeds[0], seeds[1], "the seed changes nothing");
}

#[test]
fn one_of_many_runs_can_be_looked_at_alone() {
    let folder = folder();
    let words = "replay incidents/T01.toml --alone --output json";
    let all = json(&said(folder.path(), &format!("{words} --runs 4")).1);
    let worst = &all["incidents"][0]["by"]["failover"]["worst"]["error_minutes"]["A"];
    let run = all["incidents"][0]["by"]["failover"]["worst_run"]["run"].as_u64().expect("a run");
    let one = json(&said(folder.path(), &format!("{words} --run {run}")).1);
    assert_eq!(&one["incidents"][0]["by"]["failover"]["median"]["error_minutes"]["A"], worst, "{one}");
}

#[test]
fn what_an_incident_forbids_is_named_and_exit_code_1() {
    let folder = folder();
    let forbidding = format!("{GONE}\n[[forbid]]\nact = \"eject\"\nregion = \"A\"\n");
    std::fs::write(folder.path().join("incidents/T01.toml"), forbidding).expect("written");
    let (code, stdout, stderr) = said(folder.path(), "replay");
    assert_eq!((code, stderr.as_str()), (1, ""), "{stdout}");
    assert!(stdout.lines().any(|line| line.starts_with("✗ T01 ")), "{stdout}");
    assert!(stdout.lines().any(|line| line.starts_with("✗ T01: forbidden: ")), "{stdout}");
    let (code, stdout, _) = said(folder.path(), "replay --output json");
    assert_eq!((code, json(&stdout)["ok"].as_bool()), (1, Some(false)));
}

#[test]
fn every_flaw_of_every_file_is_told_with_its_line_and_nothing_is_replayed() {
    let folder = folder();
    let flawed = GONE.replace("2 lambda A err=1 EE", "2 lamda A err=1 EE").replace("12 lambda A err=0 EE", "1 lambda A err=1.5 EE");
    std::fs::write(folder.path().join("incidents/T01.toml"), flawed).expect("written");
    std::fs::write(folder.path().join("incidents/T02.toml"), QUIET.replace("horizon", "horizn")).expect("written");
    let (code, stdout, stderr) = said(folder.path(), "replay");
    assert_eq!((code, stdout.as_str()), (2, ""));
    for told in ["T01.toml:12: ", "did you mean \"lambda\"?", "T01.toml:13: ", "T02.toml:8: ", "did you mean \"horizon\"?"] {
        assert!(stderr.contains(told), "{told} is not in\n{stderr}");
    }
    let (code, _, stderr) = said(folder.path(), "replay --output json");
    let error = json(&stderr);
    assert_eq!((code, error["kind"].as_str()), (2, Some("incidents")));
    assert!(error["flaws"].as_array().is_some_and(|flaws| flaws.len() >= 3 && flaws.iter().all(|flaw| flaw["line"].is_u64())), "{error}");
}

#[test]
fn the_words_for_a_flaw_are_these() {
    let folder = folder();
    let flawed = GONE
        .replace("2 lambda A err=1 EE", "2 lamda A err=1.5 EE\n4 lambda A err=1.5 EE")
        .replace("12 lambda A err=0 EE", "1 lambda A err=0 EE");
    std::fs::write(folder.path().join("incidents/T01.toml"), flawed).expect("written");
    let (code, stdout, stderr) = said(folder.path(), "replay incidents/T01.toml");
    assert_eq!((code, stdout.as_str()), (2, ""));
    insta::assert_snapshot!(stderr, @r#"
    error: 4 flaws in the incidents. Nothing was replayed.
      incidents/T01.toml:12: "lamda" is not a component | did you mean "lambda"?
      incidents/T01.toml:12: err=1.5 is out of range: a share, from 0 to 1 | did you mean "err=1"?
      incidents/T01.toml:13: err=1.5 is out of range: a share, from 0 to 1 | did you mean "err=1"?
      incidents/T01.toml:14: time runs backwards: minute 1 stands after minute 4 of line 13 | did you mean "4"?
    hint: docs/incidents.md says what may stand in a file
    "#);
}

#[test]
fn random_incidents_hold_every_promise_and_the_same_seeds_give_the_same_numbers() {
    let folder = folder();
    let (code, stdout, stderr) = said(folder.path(), "replay --random 3 --seed 7 --jobs 1 --output json");
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    let all = json(&stdout);
    assert_eq!((all["incidents"].as_u64(), all["hours"].as_f64(), all["violations"].as_u64()), (Some(3), Some(150.0), Some(0)), "{all}");
    let again = json(&said(folder.path(), "replay --random 3 --seed 7 --jobs 3 --output json").1);
    for key in ["ejections", "wrong_ejects", "minutes_nothing_served", "findings"] {
        assert_eq!(all[key], again[key], "{key} hangs on the number of threads");
    }
}

#[test]
fn an_incident_in_which_a_promise_is_broken_is_kept_and_breaks_it_again() {
    let folder = folder();
    // Leaves at the first failed round: whoever happens to fail a moment before the others is left while all fail alike.
    let twitchy = "[thresholds]\ngone_after = 1\ndown_after = 1\ndown_window = 1\nfast_burn = 1.0\nslow_burn = 1.0\n";
    std::fs::write(folder.path().join("twitchy.toml"), twitchy).expect("written");
    let (code, stdout, stderr) = said(folder.path(), "replay --random 10 --seed 20 --policy twitchy.toml --output json");
    assert_eq!((code, stderr.as_str()), (1, ""), "{stdout}");
    let all = json(&stdout);
    let finding = &all["findings"][0];
    let what = finding["what"][0].as_str().and_then(|what| what.split_once(": ")).map(|(_, what)| what).expect("a sentence");
    assert!(folder.path().join(finding["file"].as_str().expect("a file")).is_file(), "{finding}");
    let command = finding["replay"].as_str().and_then(|command| command.strip_prefix("failover ")).expect("a command");
    let (code, stdout, _) = said(folder.path(), command);
    assert_eq!(code, 1, "{command}\n{stdout}");
    assert!(stdout.contains(&format!("broken promise: {what} at ")), "{what} is not in\n{stdout}");
}

#[test]
fn random_incidents_go_where_they_are_asked_for() {
    let folder = folder();
    let (code, _, stderr) = said(folder.path(), "replay --random 1 --keep nowhere");
    assert!(code == 2 && stderr.contains("--keep nowhere is no folder"), "{stderr}");
    let (code, _, stderr) = said(folder.path(), "replay incidents --random 1");
    assert!(code == 2 && stderr.contains("cannot be used with"), "{stderr}");
}

#[test]
fn without_incidents_it_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (code, stdout, stderr) = said(folder.path(), "replay");
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(stderr.contains("no folder incidents here") && stderr.contains("hint: name files or folders"), "{stderr}");
}

#[test]
fn another_policy_can_be_tried_and_its_flaws_are_those_of_a_configuration() {
    let folder = folder();
    std::fs::write(folder.path().join("slow.toml"), "[thresholds]\nround_seconds = 60\n").expect("written");
    let after = |words: &str| {
        let all = json(&said(folder.path(), &format!("replay incidents/T01.toml --alone --output json {words}")).1);
        all["incidents"][0]["by"]["failover"]["median"]["seconds_to_vote"].as_f64()
    };
    let (quick, slow) = (after(""), after("--policy slow.toml"));
    assert!(quick.is_some() && slow.is_none_or(|slow| quick.is_some_and(|quick| slow > quick)), "{quick:?} and {slow:?}");
    std::fs::write(folder.path().join("flawed.toml"), "[thresholds]\nround_secnds = 60\n").expect("written");
    let (code, _, stderr) = said(folder.path(), "replay --policy flawed.toml");
    assert_eq!(code, 2);
    assert!(stderr.contains("flawed.toml:2: unknown field `round_secnds`") && stderr.contains("did you mean round_seconds?"), "{stderr}");
}

#[test]
fn pictures_go_where_they_are_asked_for() {
    let folder = folder();
    let drawn = |name: &str| std::fs::read_to_string(folder.path().join(name)).is_ok_and(|text| text.starts_with("<svg "));
    assert_eq!(said(folder.path(), "replay incidents/T01.toml --alone --svg gone.svg").0, 0);
    assert!(drawn("gone.svg"));
    assert_eq!(said(folder.path(), "replay --alone --svg .").0, 0);
    assert!(drawn("T01.svg") && drawn("T02.svg"));
    let (code, _, stderr) = said(folder.path(), "replay --alone --svg both.svg");
    assert_eq!(code, 2);
    assert!(stderr.contains("these are 2 incidents"), "{stderr}");
}

#[test]
fn a_moment_of_a_replay_is_explained_from_the_documents_it_left() {
    let folder = folder();
    let (code, before, stderr) = said(folder.path(), "explain A --replay incidents/T01.toml --at 1");
    assert_eq!((code, stderr.as_str()), (0, ""), "{before}");
    assert!(before.contains("eu-west-1 is serving") && before.contains("incidents/T01.toml"), "{before}");
    let (code, during, _) = said(folder.path(), "explain eu-west-1 --replay incidents/T01.toml --at 8");
    assert_eq!(code, 0);
    assert!(during.contains("eu-west-1 is ejected"), "{during}");
    let (code, _, stderr) = said(folder.path(), "explain A --replay incidents/T01.toml --at 31");
    assert!(code == 2 && stderr.contains("minute 31 is after the end of T01"), "{stderr}");
    let (code, _, stderr) = said(folder.path(), "explain eu-west-3 --replay incidents/T01.toml --at 3");
    assert!(code == 2 && stderr.contains("its A, B and C are eu-west-1, eu-west-2, us-east-1"), "{stderr}");
}
