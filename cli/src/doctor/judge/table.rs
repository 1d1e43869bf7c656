//! The global table of messages: a replica in every region, and a stream that carries what is delivered.

use std::collections::BTreeSet;

use super::{names, unread};
use crate::doctor::expected::Expected;
use crate::doctor::facts::{Facts, Stack, Table};
use crate::doctor::finding::{Anchor, Finding, Findings, Section};

/// What the stream must carry: the delivery function reads the new message. Old images besides do no harm.
const VIEWS: [&str; 2] = ["NEW_IMAGE", "NEW_AND_OLD_IMAGES"];

pub(super) fn judge(facts: &Facts, expected: &Expected) -> Vec<Finding> {
    let mut found = Findings::of(Section::Table);
    let (mut listed, mut absent) = (BTreeSet::new(), BTreeSet::new());
    let mut name = None;
    for (region, table) in &facts.tables {
        match table {
            Ok(table) => {
                name.get_or_insert(table.name.clone());
                one(&mut found, region.as_str(), table);
                let stack = facts.stacks.get(region).and_then(|stack| stack.as_ref().ok()?.as_ref());
                read_from(&mut found, region.as_str(), table, stack);
                listed.extend(table.replicas.keys().cloned());
                listed.insert(region.to_string());
                for (of, status) in table.replicas.iter().filter(|(_, status)| status.as_str() != "ACTIVE") {
                    absent.insert((of.clone(), status.clone()));
                }
            }
            Err(why) => unread(&mut found, &format!("the table of messages in {region}"), why),
        }
    }
    for (of, status) in &absent {
        found.error(
            Anchor::TableReplicas,
            format!("the replica of the table in {of} is {status}: what is sent elsewhere does not arrive there"),
            "wait until it is ACTIVE before you rely on that region; see DynamoDB's own page on what keeps it",
        );
    }
    let Some(name) = name else { return found.into_list() };
    // Only regions that could be read can be said to lack something.
    let missing: Vec<&str> = expected.regions.iter().map(decision::RegionName::as_str).filter(|region| !listed.contains(*region)).collect();
    if !missing.is_empty() {
        found.error(
            Anchor::TableReplicas,
            format!("{name} has no replica in {}", names(missing)),
            "add the region to the owner stack and deploy it, one replica at a time",
        );
    }
    if found.all_ok() {
        found.ok(Anchor::TableReplicas, format!("{name} is ACTIVE with its stream in {}", names(listed.iter().map(String::as_str))));
    }
    found.into_list()
}

fn one(found: &mut Findings, region: &str, table: &Table) {
    if table.status != "ACTIVE" && table.status != "UPDATING" {
        found.error(
            Anchor::TableReplicas,
            format!("{} in {region} is {}", table.name, table.status),
            "wait until it is ACTIVE before you rely on that region",
        );
    }
    match table.stream.as_deref() {
        Some(view) if VIEWS.contains(&view) => {}
        Some(view) => found.error(
            Anchor::TableStream,
            format!("the stream of {} in {region} carries {view}, and messages are delivered from NEW_IMAGE", table.name),
            "deploy the owner stack again",
        ),
        None => found.error(
            Anchor::TableStream,
            format!("{} in {region} has no stream: messages sent elsewhere reach nobody there", table.name),
            "deploy the owner stack again",
        ),
    }
}

/// The stream that messages are delivered from is the one there is.
fn read_from(found: &mut Findings, region: &str, table: &Table, stack: Option<&Stack>) {
    let read = stack.and_then(|stack| stack.parameters.get("MessagesStreamArn"));
    if let (Some(read), Some(there)) = (read, &table.stream_arn)
        && read != there
    {
        found.error(
            Anchor::TableStream,
            format!("the stack in {region} delivers from {read}, and the stream of {} there is {there}", table.name),
            "deploy that region's stack again (scripts/deploy gives it the stream there is)",
        );
    }
}
