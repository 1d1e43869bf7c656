//! The event source mapping: new records of a table's stream, in batches, to the Lambda handler that reads it.
//!
//! As Lambda does it: in order, one batch at a time, a failed batch again and again until it is too old [LAMBDA].

use std::time::Duration;

use aws_lambda_events::event::dynamodb::Event;
use chat::Chat;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::ACCOUNT;
use super::region::AwsRegion;
use super::tables::{Change, Position};
use crate::fault::Component;

/// The records of a batch, at most.
const BATCH_MAX: usize = 100;
/// How long a batch that is not full waits for more.
const WINDOW: Duration = Duration::from_millis(50);
/// How long the handler may take.
const INVOCATION_DEADLINE: Duration = Duration::from_secs(30);
/// How long a failing batch is tried: as long as DynamoDB keeps stream records, which is Lambda's default [LAMBDA].
const AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// The wait before the first retry; it doubles.
const BACKOFF: Duration = Duration::from_millis(100);
/// The longest wait before a retry.
const BACKOFF_MAX: Duration = Duration::from_secs(5);
/// What the stream knows this reader by.
const READER: &str = "event source mapping";

/// Reads until the region stops.
pub(super) async fn run(region: AwsRegion, table: String, chat: Chat) {
    let stop = region.stop.clone();
    tokio::select! {
        () = stop.cancelled() => {}
        () = read(region, table, chat) => {}
    }
}

async fn read(region: AwsRegion, table: String, chat: Chat) {
    let tables = &region.services.tables;
    let mut wrote = tables.wrote();
    let mut position = Position::default();
    tables.read_to(&table, READER, position);
    loop {
        until_healed(&region).await;
        wrote.borrow_and_update();
        let mut batch = tables.changes(&table, position, BATCH_MAX);
        if batch.is_empty() {
            if wrote.changed().await.is_err() {
                return;
            }
            continue;
        }
        if batch.len() < BATCH_MAX {
            tokio::time::sleep(region.speed.scale(WINDOW)).await;
            batch = tables.changes(&table, position, BATCH_MAX);
        }
        let Some(last) = batch.last().map(|change| change.position) else { continue };
        invoke(&region, &table, &chat, batch).await;
        position = last;
        tables.read_to(&table, READER, position);
    }
}

/// Waits while the stream is stopped, or the region is gone.
async fn until_healed(region: &AwsRegion) {
    let mut faults = region.services.faults.watch();
    let stopped = [Component::Stream, Component::Region];
    while region.services.faults.any(region.region(), &stopped) {
        if faults.changed().await.is_err() {
            return;
        }
    }
}

/// Hands a batch to the handler until it takes it, or the batch is too old.
async fn invoke(region: &AwsRegion, table: &str, chat: &Chat, batch: Vec<Change>) {
    let Some(event) = event(region, table, batch) else { return };
    let since = Instant::now();
    let mut wait = region.speed.scale(BACKOFF);
    loop {
        let failed = match tokio::time::timeout(INVOCATION_DEADLINE, chat.stream(event.clone())).await {
            Ok(report) => report.incomplete,
            Err(_) => Some("it did not come to its end in time".to_owned()),
        };
        let Some(reason) = failed else { return };
        if since.elapsed() > region.speed.scale(AGE_MAX) {
            tracing::error!(region = %region.region(), records = event.records.len(), reason, "a batch of the stream is given up");
            return;
        }
        tracing::debug!(region = %region.region(), reason, "a batch of the stream is tried again");
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(region.speed.scale(BACKOFF_MAX));
        until_healed(region).await;
    }
}

/// The event as Lambda sends it.
fn event(region: &AwsRegion, table: &str, batch: Vec<Change>) -> Option<Event> {
    let name = region.region();
    let arn = format!("arn:aws:dynamodb:{name}:{ACCOUNT}:table/{table}/stream/2026-01-01T00:00:00.000");
    let records: Vec<Value> = batch
        .into_iter()
        .filter_map(|change| {
            let mut record = serde_json::to_value(change.record).ok()?;
            record["awsRegion"] = json!(name);
            record["eventSourceARN"] = json!(arn);
            Some(record)
        })
        .collect();
    match serde_json::from_value(json!({ "Records": records })) {
        Ok(event) => Some(event),
        Err(error) => {
            tracing::error!(region = %name, %error, "a batch of the stream has no shape that Lambda knows");
            None
        }
    }
}
