//! The command line as a person meets it without any service: help, usage errors, configuration errors, completions, man pages.
//!
//! The real binary, one process per case. What it does to a service is in `demo.rs`.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The binary in a folder of its own, with nothing of this machine's environment that it reads.
fn failover(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_failover"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("FAILOVER_") || name.starts_with("LC_")) {
        command.env_remove(name);
    }
    command
        .args(args)
        .current_dir(folder)
        .env("HOME", folder)
        .env("LANG", "C.UTF-8")
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Exit code, stdout, stderr.
fn said(args: &[&str]) -> (i32, String, String) {
    let folder = folder();
    said_in(folder.path(), args)
}

fn said_in(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let output = failover(folder, args);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().expect("it ends by itself"), text(&output.stdout), text(&output.stderr))
}

const COMMANDS: [&str; 17] = [
    "status",
    "drain",
    "resume",
    "hold",
    "extend",
    "explain",
    "log",
    "probe",
    "replay",
    "doctor",
    "init",
    "demo",
    "fault",
    "heal",
    "completions",
    "man",
    "version",
];

#[test]
fn help_names_every_command_and_every_exit_code() {
    let (code, help, errors) = said(&["--help"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    for command in COMMANDS {
        assert!(help.lines().any(|line| line.trim_start().starts_with(command)), "{command} is not in the help:\n{help}");
    }
    for exit in ["0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "6 ", "7 ", "130 "] {
        assert!(help.lines().any(|line| line.trim_start().starts_with(exit)), "exit code {exit} is not in the help:\n{help}");
    }
    assert!(!help.contains("sockets moved"), "the stage `sockets` is not claimed");
}

#[test]
fn every_command_has_help_of_its_own() {
    for command in COMMANDS {
        let (code, help, errors) = said(&[command, "--help"]);
        assert_eq!((code, errors.as_str()), (0, ""), "{command}");
        assert!(help.contains("Usage: failover"), "{command}:\n{help}");
    }
    for command in [
        "status",
        "drain",
        "resume",
        "hold",
        "extend",
        "explain",
        "log",
        "probe",
        "replay",
        "doctor",
        "init",
        "demo",
        "fault",
        "completions",
    ] {
        assert!(said(&[command, "--help"]).1.contains(&format!("failover {command}")), "{command} has no examples");
    }
}

#[test]
fn bad_usage_is_exit_code_2_and_nothing_on_stdout() {
    let cases: [&[&str]; 26] = [
        &[],
        &["drane"],
        &["drain"],
        &["drain", "London", "--reason", "x"],
        &["drain", "eu-west-2"],
        &["drain", "eu-west-2", "--reason", "x", "--for", "73h"],
        &["drain", "eu-west-2", "--reason", "x", "--wait", "sockets"],
        &["drain", "eu-west-2", "--reason", "x", "--override", "last-region", "--for", "2h"],
        &["fault", "eu-west-2", "toaster", "on"],
        &["demo", "--speed", "21"],
        &["demo", "--regions", "eu-west-1,eu-west-2,eu-west-1"],
        &["demo", "--story", "--regions", "eu-west-1,eu-west-2,us-east-1"],
        &["demo", "--story", "--regions", "eu-west-1,eu-west-2"],
        &["doctor", "--pre", "--offline"],
        &["doctor", "--timeout", "soon"],
        &["init"],
        &["init", "--from-stack", "chat", "--regions", "London"],
        &["init", "--from-stack", "chat", "--to", "."],
        &["replay"],
        &["replay", "nowhere.toml"],
        &["replay", "--runs", "0"],
        &["replay", "--against", "nobody"],
        &["explain", "A"],
        &["explain", "A", "--replay", "D05.toml"],
        &["explain", "eu-west-2", "--seed", "2"],
        &["explain", "eu-west-2", "--replay", "nowhere.toml", "--at", "12"],
    ];
    for args in cases {
        let (code, stdout, stderr) = said(args);
        assert_eq!((code, stdout.as_str()), (2, ""), "{args:?}");
        assert!(!stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn bad_usage_is_an_object_where_json_is_asked_for() {
    for args in [&["drain", "London", "--reason", "x", "--output", "json"][..], &["status", "--output=json"]] {
        let (code, stdout, stderr) = said(args);
        assert_eq!((code, stdout.as_str()), (2, ""), "{args:?}");
        let error: serde_json::Value = serde_json::from_str(&stderr).expect("one JSON object");
        assert_eq!((error["schema"].as_str(), error["exit"].as_u64()), (Some("failover/v1"), Some(2)), "{stderr}");
    }
}

#[test]
fn without_a_configuration_it_says_where_it_looked_and_what_to_do() {
    let (code, _, stderr) = said(&["status"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("failover.toml") && stderr.contains("hint: run failover demo"), "{stderr}");
}

#[test]
fn a_typing_error_in_the_configuration_is_named_with_its_line_and_what_was_meant() {
    let folder = folder();
    let text = "service = \"chat\"\nregoins = [\"eu-west-1\", \"eu-west-2\"]\n";
    std::fs::write(folder.path().join("failover.toml"), text).expect("written");
    let (code, _, stderr) = said_in(folder.path(), &["status"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("failover.toml:2: unknown field `regoins`") && stderr.contains("hint: did you mean regions?"), "{stderr}");
}

#[test]
fn a_region_that_the_service_does_not_have_is_refused_before_anything_is_asked() {
    let folder = folder();
    let text = "service = \"chat\"\nregions = [\"eu-west-1\", \"eu-west-2\", \"us-east-1\"]\n[names]\napi = \"a.example.com\"\nwebsocket = \"w.example.com\"\n";
    std::fs::write(folder.path().join("failover.toml"), text).expect("written");
    let (code, _, stderr) = said_in(folder.path(), &["drain", "eu-west-3", "--reason", "x", "--confirm", "eu-west-3"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("its regions are eu-west-1, eu-west-2, us-east-1") && stderr.contains("did you mean"), "{stderr}");
}

#[test]
fn the_example_configuration_is_valid_and_complete() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").join("failover.example.toml");
    let text = std::fs::read_to_string(&example).expect("the example");
    let folder = folder();
    // No probe secret in it: this gets past the configuration and no further, without a network.
    let (code, _, stderr) = said_in(folder.path(), &["probe", "--config", example.to_str().expect("a path")]);
    assert_eq!(code, 2);
    assert!(stderr.contains("there is no probe secret"), "{stderr}");
    for key in [
        "service",
        "regions",
        "observers",
        "[names]",
        "[thresholds]",
        "[failback]",
        "ssm",
        "gate",
        "rest",
        "server",
        "clients",
        "secret",
        "[deployed]",
        "[world]",
    ] {
        assert!(text.contains(key), "{key} is not in the example");
    }
}

#[test]
fn the_example_is_judged_without_asking_anybody() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").join("failover.example.toml");
    let folder = folder();
    let args = ["doctor", "--offline", "--config", example.to_str().expect("a path")];
    let (code, stdout, stderr) = said_in(folder.path(), &args);
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    assert!(stdout.contains("make the record tree that 3 regions and 3 observers demand"), "{stdout}");
    assert!(stdout.contains("docs/doctor.md#pinned-endpoints") && stdout.ends_with("exit 0\n"), "{stdout}");
    let strict = said_in(folder.path(), &[&args[..], &["--strict"]].concat());
    assert_eq!(strict.0, 1, "the example pins one observer of three: {}", strict.1);
    let (code, stdout, _) = said_in(folder.path(), &[&args[..], &["--output", "json"]].concat());
    let json: serde_json::Value = serde_json::from_str(&stdout).expect("one JSON object");
    assert_eq!((code, json["tally"]["errors"].as_u64(), json["schema"].as_str()), (0, Some(0), Some("failover/v1")), "{stdout}");
}

#[test]
fn a_configuration_that_is_there_is_left_alone() {
    let folder = folder();
    std::fs::write(folder.path().join("failover.toml"), "mine").expect("written");
    let (code, stdout, stderr) = said_in(folder.path(), &["init", "--from-stack", "chat", "--regions", "eu-west-1"]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(stderr.contains("is there already") && stderr.contains("--force"), "{stderr}");
    assert_eq!(std::fs::read_to_string(folder.path().join("failover.toml")).expect("still there"), "mine");
}

#[test]
fn faults_exist_only_in_a_demo() {
    let folder = folder();
    let text = "service = \"chat\"\nregions = [\"eu-west-1\", \"eu-west-2\", \"us-east-1\"]\n[names]\napi = \"a.example.com\"\nwebsocket = \"w.example.com\"\n";
    std::fs::write(folder.path().join("failover.toml"), text).expect("written");
    let (code, _, stderr) = said_in(folder.path(), &["heal"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("not the configuration of a demo"), "{stderr}");
}

#[test]
fn completions_and_man_pages_come_from_the_same_tree() {
    for shell in ["bash", "zsh", "fish"] {
        let (code, script, _) = said(&["completions", shell]);
        assert_eq!(code, 0);
        assert!(COMMANDS.iter().all(|command| script.contains(command)), "{shell} lacks a command");
    }
    let (code, page, _) = said(&["man"]);
    assert_eq!(code, 0);
    assert!(page.contains(".TH failover") && page.contains("Exit codes"), "{page}");
    let folder = folder();
    assert_eq!(said_in(folder.path(), &["man", "--dir", "."]).0, 0);
    for command in COMMANDS {
        assert!(folder.path().join(format!("failover-{command}.1")).exists(), "{command} has no page");
    }
}

#[test]
fn the_version_is_told_in_both_forms() {
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(said(&["version"]).1, format!("failover {version}\n"));
    let json: serde_json::Value = serde_json::from_str(&said(&["version", "--output", "json"]).1).expect("one JSON object");
    assert_eq!(json["version"].as_str(), Some(version));
}

#[test]
fn no_colour_reaches_a_pipe_unless_it_is_asked_for() {
    let folder = folder();
    assert!(!said_in(folder.path(), &["--help"]).1.contains('\u{1b}'));
    assert!(!said_in(folder.path(), &["status"]).2.contains('\u{1b}'));
}
