//! `failover log`: who did what, when and why, from the histories that SSM keeps.

mod entries;
mod text;

use std::collections::BTreeMap;

use decision::{Intent, RegionName, Votes};
use futures_util::future::join_all;
use jiff::Timestamp;
use serde::Serialize;
use store::{Store, StoreError};

use self::entries::{Entry, entries};
use crate::args::{Global, LogArgs};
use crate::failure::Failure;
use crate::out::Out;
use crate::service::{Read, Service, failures, majority};

/// What is printed as JSON.
#[derive(Serialize)]
struct Log<'a> {
    command: &'static str,
    since: Timestamp,
    /// Newest first.
    entries: &'a [Entry],
    /// Observers whose histories could not be read.
    missing: &'a BTreeMap<RegionName, String>,
}

/// Shows the log.
pub(crate) async fn run(args: &LogArgs, global: &Global, out: &Out) -> Result<u8, Failure> {
    let service = Service::connect(global, out).await?;
    if let Some(region) = &args.region {
        service.config.check_region(region)?;
    }
    let regions: Vec<RegionName> =
        service.policy().regions().iter().filter(|region| args.region.as_ref().is_none_or(|named| named == *region)).cloned().collect();
    let histories: Read<History> =
        join_all(service.observers.iter().map(|store| async { (store.observer().clone(), history(store, &regions).await) }))
            .await
            .into_iter()
            .collect();
    // What one observer remembers is worth showing; only silence everywhere is a failure.
    if histories.values().all(Result::is_err) {
        majority(service.policy(), &histories)?;
    }
    let missing = failures(&histories);
    let now = Timestamp::now();
    let since = now - args.since;
    let known: Vec<History> = histories.into_values().flatten().collect();
    let entries = entries(&known, &regions, since, now);
    if out.is_json() {
        out.json(&Log { command: "log", since, entries: &entries, missing: &missing })?;
    } else {
        out.data(&text::text(&entries, now, out.look))?;
        for (observer, why) in &missing {
            out.note(&format!("the history of {observer} is missing: {why}"));
        }
    }
    Ok(0)
}

/// What one observer's SSM remembers, oldest first.
#[derive(Debug, Default)]
struct History {
    intents: Vec<Intent>,
    votes: Vec<Votes>,
}

/// One observer's histories: one call per region and one for the votes, one after the other to stay below SSM's rate.
async fn history(store: &Store, regions: &[RegionName]) -> Result<History, StoreError> {
    let mut history = History { intents: Vec::new(), votes: store.votes_history().await? };
    for region in regions {
        history.intents.extend(store.intent_history(region).await?);
    }
    Ok(history)
}
