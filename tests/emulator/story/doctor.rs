//! `failover doctor` on the deployment: green, and then one thing at a time is wrong.

use serde_json::{Value, json};

use super::deployment::{DOMAIN, Deployment};
use crate::programs::{Ran, Seat};

/// All is well: not even a warning.
pub(super) async fn is_green(seat: &Seat) -> Ran {
    seat.failover(&["doctor", "--strict"]).await.passed()
}

/// Six faults, each made, named by doctor with its fix, and undone. What it said of each.
pub(super) async fn names_each_fault(deployment: &Deployment, operator: &Seat) -> Vec<(&'static str, String)> {
    let owner = &deployment.owner;
    let mut said = Vec::new();
    let public = record(deployment, &format!("api.{DOMAIN}."), "eu-west-2").await;
    let checks = deployment.outputs("eu-west-2", "chat").await;
    let not_ejected = checks["NotEjectedCheckId"].clone();
    let children: Vec<_> = checks["EjectCheckIds"].split(',').collect();
    let eject = children[0];

    let mut unchecked = public.clone();
    unchecked.as_object_mut().unwrap().remove("HealthCheckId");
    put(deployment, &unchecked).await;
    said.push(("a record without a check", errors(operator, "record-without-check").await));
    put(deployment, &public).await;

    let threshold = async |threshold: &str| {
        let arguments = ["route53", "update-health-check", "--health-check-id", &not_ejected, "--health-threshold", threshold];
        // moto forgets the children of a check that is updated without them; Route 53 keeps them.
        owner.aws("us-east-1", &[&arguments[..], &["--child-health-checks"], &children].concat()).await
    };
    threshold("3").await;
    said.push(("a wrong threshold", errors(operator, "not-ejected-threshold").await));
    threshold("2").await;

    let disabled = async |flag: &str| owner.aws("us-east-1", &["route53", "update-health-check", "--health-check-id", eject, flag]).await;
    disabled("--disabled").await;
    said.push(("a disabled check", errors(operator, "check-disabled").await));
    disabled("--no-disabled").await;

    let certificate = deployment.certificates["eu-west-2"].as_str();
    deployment.import("eu-west-2", Some(certificate), 2021).await;
    said.push(("an expired certificate", errors(operator, "certificate-expired").await));
    deployment.import("eu-west-2", Some(certificate), 2126).await;

    let mut slow = public.clone();
    let fields = slow.as_object_mut().unwrap();
    fields.remove("AliasTarget");
    fields.insert("TTL".to_owned(), json!(300));
    fields.insert("ResourceRecords".to_owned(), json!([{ "Value": "192.0.2.1" }]));
    put(deployment, &slow).await;
    said.push(("a TTL of 300 s", errors(operator, "record-ttl").await));
    put(deployment, &public).await;

    let deny = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny", "Action": "ssm:PutParameter",
        "Resource": "arn:aws:ssm:eu-west-2:*:*" }] });
    let (deny, user) = (deny.to_string(), super::operator::NAME);
    owner.aws("us-east-1", &["iam", "put-user-policy", "--user-name", user, "--policy-name", "deny", "--policy-document", &deny]).await;
    said.push(("an SSM that cannot be written", errors(operator, "state-not-writable").await));
    owner.aws("us-east-1", &["iam", "delete-user-policy", "--user-name", user, "--policy-name", "deny"]).await;
    said
}

/// What doctor says of one anchor, as an error with its fix. Its exit code is 1.
async fn errors(operator: &Seat, anchor: &str) -> String {
    let ran = operator.failover(&["doctor", "--output", "json"]).await;
    assert_eq!(ran.exit, Some(1), "{anchor}: {ran}");
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let named =
        findings.iter().filter(|finding| finding["severity"] == "error" && finding["doc"].as_str().unwrap_or_default().ends_with(anchor));
    let named: Vec<_> = named.map(|finding| format!("{} -> {}", text(&finding["sentence"]), text(&finding["fix"]))).collect();
    assert!(!named.is_empty(), "{anchor} is not named: {ran}");
    masked(&named.join("\n"))
}

/// Without what is another one in every run: ids, and how long ago a year was.
fn masked(text: &str) -> String {
    let words = text.split(' ').collect::<Vec<_>>();
    let is_id = |word: &str| word.len() == 36 && word.chars().all(|letter| letter.is_ascii_hexdigit() || letter == '-');
    let mask = |(place, word): (usize, &&str)| {
        let bare = word.trim_matches(|letter| "();".contains(letter));
        if is_id(bare) {
            word.replace(bare, "ID")
        } else if words.get(place + 1) == Some(&"days") {
            "N".to_owned()
        } else {
            (*word).to_owned()
        }
    };
    words.iter().enumerate().map(mask).collect::<Vec<_>>().join(" ")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A record set by name and set identifier, as Route 53 lists it.
async fn record(deployment: &Deployment, name: &str, identifier: &str) -> Value {
    let listed = deployment.owner.aws("us-east-1", &["route53", "list-resource-record-sets", "--hosted-zone-id", &deployment.zone]).await;
    let sets = listed["ResourceRecordSets"].as_array().unwrap();
    let found = sets.iter().find(|set| set["Name"] == name && set["SetIdentifier"] == identifier);
    let mut found = found.unwrap_or_else(|| panic!("no {name} of {identifier} in {listed:#}")).clone();
    // moto lists a TTL of its own for aliases.
    found.as_object_mut().unwrap().remove("TTL");
    found
}

async fn put(deployment: &Deployment, set: &Value) {
    let batch = json!({ "Changes": [{ "Action": "UPSERT", "ResourceRecordSet": set }] }).to_string();
    let arguments = ["route53", "change-resource-record-sets", "--hosted-zone-id", &deployment.zone, "--change-batch", &batch];
    deployment.owner.aws("us-east-1", &arguments).await;
}
