//! Which operations of the AWS SDK stand in the sources of a crate: found by the names that the SDK's own crates give to them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The operations of every AWS SDK crate that we build with, by IAM's name for the service.
pub(super) struct Operations(BTreeMap<String, BTreeSet<String>>);

impl Operations {
    /// Reads the names of the files of each SDK's client: one per operation.
    pub(super) fn of_the_sdk() -> Self {
        let out = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--offline", "--locked"])
            .current_dir(root())
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let metadata: Value = serde_json::from_slice(&out.stdout).unwrap();
        let mut services = BTreeMap::new();
        for package in metadata["packages"].as_array().unwrap() {
            let Some(service) = package["name"].as_str().unwrap().strip_prefix("aws-sdk-") else { continue };
            let folder = Path::new(package["manifest_path"].as_str().unwrap()).with_file_name("src").join("client");
            let names = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
            let operations = names.filter(|file| file.extension().is_some_and(|extension| extension == "rs"));
            let mut operations: BTreeSet<String> = operations.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
            // Changes how a call is made, and is none.
            operations.remove("customize");
            services.insert(service.to_owned(), operations);
        }
        assert!(services["ssm"].contains("get_parameter") && services["dynamodb"].contains("put_item"), "the SDK is laid out otherwise");
        Self(services)
    }

    /// The IAM actions of all operations that stand in a crate's sources, tests aside, and in which files.
    pub(super) fn in_sources_of(&self, krate: &str) -> BTreeMap<String, BTreeSet<String>> {
        let manifest = std::fs::read_to_string(root().join(krate).join("Cargo.toml")).unwrap();
        let used: Vec<&String> = self.0.keys().filter(|service| manifest.contains(&format!("aws-sdk-{service}."))).collect();
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for file in sources(&root().join(krate).join("src")) {
            let text = std::fs::read_to_string(&file).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            for call in calls(text) {
                // A query is also a part of every address.
                let meant = |service: &str| call != "query" || text.contains(service);
                for service in used.iter().filter(|service| self.0[**service].contains(call) && meant(service)) {
                    let file = file.strip_prefix(root()).unwrap().display().to_string();
                    found.entry(action(service, call)).or_default().insert(file);
                }
            }
        }
        found
    }
}

/// The names of all methods that are called with nothing: how every operation of the SDK begins.
fn calls(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("()").filter_map(|(end, _)| {
        let name = text[..end].rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next()?;
        text[..end - name.len()].ends_with('.').then_some(name)
    })
}

/// IAM's name of an operation: `get_parameter` of `ssm` is `ssm:GetParameter`.
fn action(service: &str, operation: &str) -> String {
    match (service, operation) {
        ("apigatewaymanagement", "post_to_connection" | "delete_connection" | "get_connection") => {
            "execute-api:ManageConnections".to_owned()
        }
        ("servicequotas", "get_aws_default_service_quota") => "servicequotas:GetAWSDefaultServiceQuota".to_owned(),
        _ => {
            let word = |word: &str| word[..1].to_uppercase() + &word[1..];
            format!("{service}:{}", operation.split('_').map(word).collect::<String>())
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The Rust files below a folder, without those that are tests by name.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if name == "tests" || name.ends_with("_tests") {
            continue;
        }
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

#[test]
fn calls_are_found_wherever_a_line_breaks() {
    let text = "let a = self.client\n    .put_item()\n    .item(\"a\", b);\nclient.query().send(); put_item(); x.scan(1)";
    assert_eq!(calls(text).collect::<Vec<_>>(), ["put_item", "query", "send"]);
    assert_eq!(action("ssm", "get_parameters_by_path"), "ssm:GetParametersByPath");
}
