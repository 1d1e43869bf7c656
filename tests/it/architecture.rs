//! Holds the arrows between our crates, and what no file may lack or carry.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

const OURS: [&str; 13] =
    ["chat", "cli", "controller", "dashboard", "decision", "lambda", "probe", "replay", "route53", "store", "template", "tests", "world"];

/// Who may depend on whom. A new arrow is the rare, argued kind of change.
fn allowed(from: &str) -> &'static [&'static str] {
    match from {
        "decision" | "lambda" | "route53" => &[],
        // How a function runs is no knowledge of failover: `lambda` itself depends on nothing of ours.
        "chat" => &["lambda"],
        "store" => &["decision"],
        "template" => &["route53"],
        "probe" | "controller" | "dashboard" => &["decision", "lambda", "store"],
        "replay" => &["decision", "probe", "route53"],
        "world" => &["chat", "controller", "decision", "probe", "route53", "store", "template"],
        "cli" => &["dashboard", "decision", "probe", "replay", "store", "template", "world"],
        "tests" => {
            &["chat", "cli", "controller", "dashboard", "decision", "lambda", "probe", "replay", "route53", "store", "template", "world"]
        }
        other => panic!("{other} is not a crate of this workspace; give it its arrows here and in ARCHITECTURE.md"),
    }
}

/// Who may besides in its tests: the command's write a night by real controllers, and pages are looked at in a real browser.
fn allowed_in_tests(from: &str) -> &'static [&'static str] {
    match from {
        "cli" => &["controller", "tests"],
        "world" => &["tests"],
        _ => &[],
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

#[test]
fn every_arrow_between_our_crates_is_one_of_the_design() {
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--locked"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let mut seen = BTreeSet::new();
    let mut wrong = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let from = package["name"].as_str().unwrap();
        seen.insert(from.to_owned());
        for dependency in package["dependencies"].as_array().unwrap() {
            let to = dependency["name"].as_str().unwrap();
            let in_tests = dependency["kind"] == "dev" && allowed_in_tests(from).contains(&to);
            if OURS.contains(&to) && !allowed(from).contains(&to) && !in_tests {
                wrong.entry(from.to_owned()).or_insert_with(Vec::new).push(to.to_owned());
            }
        }
    }
    assert_eq!(wrong, BTreeMap::new());
    assert_eq!(seen, OURS.iter().map(ToString::to_string).collect());
}

#[test]
fn the_pure_crates_bring_no_runtime_and_no_sdk_along() {
    for pure in ["decision", "route53", "template"] {
        let out = Command::new(env!("CARGO"))
            .args(["tree", "--package", pure, "--edges", "normal", "--prefix", "none", "--offline", "--locked"])
            .current_dir(root())
            .output()
            .unwrap();
        let tree = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(tree.contains(pure), "{}", String::from_utf8_lossy(&out.stderr));
        for impure in ["tokio ", "hyper ", "aws-", "rand ", "getrandom ", "fastrand ", "tracing "] {
            assert!(!tree.lines().any(|line| line.starts_with(impure)), "{pure} drags in {impure}:\n{tree}");
        }
    }
}

#[test]
fn every_source_file_opens_with_its_head() {
    let without: Vec<PathBuf> = rust_files(&root()).into_iter().filter(|file| !read(file).starts_with("//!")).collect();
    assert_eq!(without, Vec::<PathBuf>::new(), "these files do not say what lives in them");
}

#[test]
fn nothing_in_the_tree_carries_a_path_of_somebodys_machine() {
    let tracked = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().unwrap();
    let tracked = String::from_utf8(tracked.stdout).unwrap();
    let files: Vec<&str> = tracked.split('\0').filter(|name| !name.is_empty()).collect();
    assert!(files.len() > 100, "git knows only {} files here", files.len());
    let paths = [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/")];
    let carrying = |name: &&&str| {
        let text = std::fs::read(root().join(name)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        paths.iter().any(|path| text.contains(path))
    };
    let carrying: Vec<&&str> = files.iter().filter(carrying).collect();
    assert!(carrying.is_empty(), "{carrying:?}");
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap()
}

/// The Rust files of our crates, below their folders only.
fn rust_files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = OURS.iter().map(|name| root.join(name)).collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                files.push(path);
            }
        }
    }
    assert!(files.len() > 20, "found only {} files", files.len());
    files
}
