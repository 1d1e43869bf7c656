//! The table in FACTS.md cannot rot: it lists every fact once, and every test that it names exists.

use std::collections::BTreeSet;
use std::path::Path;

const TABLE: &str = include_str!("../../FACTS.md");
const FACTS: u32 = 30;

fn rows() -> Vec<(u32, Vec<String>, String)> {
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let rows = TABLE.lines().filter(|line| line.starts_with('|')).map(cells);
    rows.filter_map(|cells| {
        let number = cells[1].parse().ok()?;
        let tests = cells[3].split('`').skip(1).step_by(2).map(str::to_owned).collect();
        Some((number, tests, cells[3..].join("|")))
    })
    .collect()
}

/// Names of functions that follow a `#[test]`, in every source file of the crate.
fn tests_that_exist() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(path).unwrap();
                let after = text.split("#[test]").skip(1);
                names.extend(after.filter_map(|after| Some(after.split_once("fn ")?.1.split('(').next()?.to_owned())));
            }
        }
    }
    names
}

#[test]
fn every_fact_is_listed_once_with_its_source() {
    let numbers: Vec<u32> = rows().iter().map(|(number, ..)| *number).collect();
    assert_eq!(numbers, (1..=FACTS).collect::<Vec<_>>());
    for (number, tests, rest) in rows() {
        assert!(rest.contains("[R-") || rest.contains("[I-"), "fact {number} names no source");
        assert!(!tests.is_empty() || rest.contains("not modelled"), "fact {number} has no test and does not say why");
    }
}

#[test]
fn every_test_that_the_table_names_exists() {
    let exist = tests_that_exist();
    for (number, tests, _) in rows() {
        for test in tests {
            assert!(exist.contains(&test), "fact {number} names {test}, which does not exist");
        }
    }
}
