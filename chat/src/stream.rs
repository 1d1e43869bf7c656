//! The stream reader: what was written to the messages table, here or in another region, pushed to this region's sockets.

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_sdk_apigatewaymanagement::primitives::Blob;
use futures_util::StreamExt as _;
use futures_util::stream;
use jiff::Timestamp;
use serde_dynamo::AttributeValue;

use crate::Chat;
use crate::connections::{Connection, CutShort, Party};
use crate::envelope::{self, FRAME_BYTES_MAX};
use crate::heartbeat::HEARTBEAT;
use crate::message::{Attribute, Kind, Message, Row};
use crate::push::Delivery;

/// Sockets posted to at the same time.
const CONCURRENCY: usize = 64;

/// What became of one batch of the stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamReport {
    /// Records in the batch.
    pub records: usize,
    /// Of them, messages of users.
    pub messages: usize,
    /// Of them, messages of probes.
    pub probes: usize,
    /// Sockets with something to receive.
    pub sockets: usize,
    /// Sockets that took everything.
    pub pushed: usize,
    /// Sockets that no longer exist; their rows are removed.
    pub gone: usize,
    /// Sockets that did not take everything in time.
    pub failed: usize,
    /// Why sockets were left out that another try may reach. The only failure worth reading the batch again for; clients
    /// de-duplicate by id.
    pub incomplete: Option<String>,
    /// There are more sockets than one batch is pushed to. Another try would reach no more, so it is no reason for one.
    pub crowded: bool,
}

/// The messages of a batch, by who may see them, in the order of the stream.
#[derive(Debug, Default, PartialEq, Eq)]
struct Batch {
    users: Vec<Message>,
    probes: Vec<Message>,
}

impl Chat {
    /// Pushes a batch to every socket of this region. Never fails because of a socket; what happened is in the report,
    /// which is logged here.
    pub async fn stream(&self, event: Event) -> StreamReport {
        let now = (self.clock)();
        let records = event.records.len();
        let batch = sort(event.records, now);
        let mut report = StreamReport { records, messages: batch.users.len(), probes: batch.probes.len(), ..StreamReport::default() };
        if !batch.users.is_empty() || !batch.probes.is_empty() {
            self.push_batch(batch, now, &mut report).await;
        }
        let StreamReport { records, messages, probes, sockets, pushed, gone, failed, incomplete, crowded } = &report;
        tracing::info!(
            records,
            messages,
            probes,
            sockets,
            pushed,
            gone,
            failed,
            incomplete,
            crowded,
            "batch pushed to {pushed} of {sockets} sockets"
        );
        report
    }

    async fn push_batch(&self, batch: Batch, now: Timestamp, report: &mut StreamReport) {
        let until = self.push.batch_deadline();
        let open = self.connections.open(now, until).await;
        if let Some(why) = open.cut_short {
            tracing::error!(error = &why as &dyn std::error::Error, "batch not pushed to every socket: {why}");
            match why {
                CutShort::Table(_) | CutShort::Late => report.incomplete = Some(why.to_string()),
                CutShort::TooMany => report.crowded = true,
            }
        }
        let blobs =
            |messages| -> Vec<Blob> { envelope::frames(messages, &self.region, FRAME_BYTES_MAX).into_iter().map(Blob::new).collect() };
        let (users, probes) = (blobs(batch.users), blobs(batch.probes));
        let frames_for = |connection: &Connection| match connection.party {
            Party::User => &users,
            Party::Probe(_) => &probes,
        };
        // Collected before the stream begins: a combinator that borrows here would make this future unfit for `spawn`.
        let deliveries: Vec<_> = open
            .connections
            .iter()
            .map(|connection| (connection, frames_for(connection)))
            .filter(|(_, frames)| !frames.is_empty())
            .map(|(connection, frames)| async move { (connection, self.push.deliver(&connection.id, frames, until).await) })
            .collect();
        let deliveries: Vec<(&Connection, Delivery)> = stream::iter(deliveries).buffer_unordered(CONCURRENCY).collect().await;

        report.sockets = deliveries.len();
        let count = |wanted| deliveries.iter().filter(|(_, delivery)| *delivery == wanted).count();
        (report.pushed, report.gone, report.failed) = (count(Delivery::Pushed), count(Delivery::Gone), count(Delivery::Failed));

        let gone = deliveries.iter().filter(|(_, delivery)| *delivery == Delivery::Gone);
        let forgotten: Vec<_> = gone.map(|(connection, _)| self.forget(&connection.id)).collect();
        let forgotten = stream::iter(forgotten).buffer_unordered(CONCURRENCY).collect::<Vec<()>>();
        if tokio::time::timeout_at(until, forgotten).await.is_err() {
            // They are found gone again by the next batch.
            tracing::warn!("not every connection that is gone left the table before the end of the batch");
        }
    }

    async fn forget(&self, id: &str) {
        if let Err(error) = self.connections.remove(id).await {
            tracing::warn!(error = &error as &dyn std::error::Error, connection.id = id, "connection {id} stays in the table: {error}");
        }
    }
}

/// Takes the new messages out of a batch.
///
/// A row is inserted into a region's replica once, wherever it was written, so only inserts are pushed. A modification is
/// either a heartbeat, or the other region's copy of an id that was sent in both: its insert was pushed here already.
/// Rows of probes whose time is over are left: after a long stop they would only be noise.
fn sort(records: Vec<EventRecord>, now: Timestamp) -> Batch {
    let mut batch = Batch::default();
    for record in records.into_iter().filter(|record| record.event_name == "INSERT") {
        let image = record.change.new_image;
        let row = Row::read(|name| match image.inner().get(name)? {
            AttributeValue::S(text) => Some(Attribute::Text(text)),
            AttributeValue::N(number) => Some(Attribute::Number(number)),
            AttributeValue::Bool(_)
            | AttributeValue::B(_)
            | AttributeValue::Null(_)
            | AttributeValue::M(_)
            | AttributeValue::L(_)
            | AttributeValue::Ss(_)
            | AttributeValue::Ns(_)
            | AttributeValue::Bs(_) => None,
        });
        let Some(row) = row else {
            tracing::warn!(event.id = record.event_id, "a row that is not a message was written to the table");
            continue;
        };
        if row.message.id.starts_with(HEARTBEAT) || row.is_expired(now) {
            continue;
        }
        match row.kind {
            Kind::User => batch.users.push(row.message),
            Kind::Probe => batch.probes.push(row.message),
        }
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(records: serde_json::Value) -> Vec<EventRecord> {
        serde_json::from_value(records).unwrap()
    }

    fn record(name: &str, id: &str, kind: &str, expires: Option<i64>) -> serde_json::Value {
        let mut image = serde_json::json!({
            "id": {"S": id}, "ts": {"N": "1760000000123"}, "type": {"S": kind},
            "message": {"S": "hi"}, "source": {"S": "c"}, "region": {"S": "us-east-1"},
        });
        if let Some(expires) = expires {
            image["expires"] = serde_json::json!({"N": expires.to_string()});
        }
        serde_json::json!({
            "awsRegion": "eu-west-2", "eventID": id, "eventName": name,
            "dynamodb": {"Keys": {"id": {"S": id}}, "NewImage": image, "SizeBytes": 100},
        })
    }

    #[test]
    fn only_new_messages_are_taken_in_their_order_and_apart() {
        let now = Timestamp::from_second(1_760_000_000).unwrap();
        let later = Some(now.as_second() + 60);
        let batch = sort(
            event(serde_json::json!([
                record("INSERT", "a", "message", None),
                record("INSERT", "p", "probe", later),
                record("MODIFY", "a", "message", None),
                record("INSERT", "heartbeat#eu-west-2#us-east-1", "probe", later),
                record("MODIFY", "heartbeat#eu-west-2#us-east-1", "probe", later),
                record("INSERT", "old", "probe", Some(now.as_second())),
                record("INSERT", "b", "message", None),
                record("INSERT", "other", "receipt", None),
                record("REMOVE", "a", "message", None),
                {"awsRegion": "eu-west-2", "eventID": "e", "eventName": "INSERT", "dynamodb": {"SizeBytes": 1}},
            ])),
            now,
        );
        let ids = |messages: &[Message]| messages.iter().map(|message| message.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&batch.users), ["a", "b"]);
        assert_eq!(ids(&batch.probes), ["p"]);
        assert_eq!(batch.users[0].region, "us-east-1");
    }
}
