//! DynamoDB of one region: a Dynoxide of its own, reached over HTTP by everybody outside, in process by replication and stream reader.
//!
//! Who reads the streams, and what the tables mean, is decided elsewhere.

mod upstream;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dynoxide::actions::get_records::{GetRecordsRequest, Record};
use dynoxide::actions::get_shard_iterator::encode_shard_iterator;
use dynoxide::storage::Storage;
use dynoxide::{Database, DynoxideError};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::error::AwsError;
use super::wire::Response;
pub(crate) use upstream::Upstream;

const CONTENT_TYPE: &str = "application/x-amz-json-1.0";
/// The largest request [DDB].
pub(crate) const REQUEST_BYTES_MAX: usize = 16 * 1024 * 1024;
/// What Dynoxide adds to its own sequence numbers to give them DynamoDB's 21 digits.
const SEQUENCE_OFFSET: u128 = 100_000_000_000_000_000_000;
/// Operations that change nothing, and therefore wake nobody.
const READS: [&str; 16] = [
    "BatchGetItem",
    "DescribeEndpoints",
    "DescribeLimits",
    "DescribeStream",
    "DescribeTable",
    "DescribeTimeToLive",
    "GetItem",
    "GetRecords",
    "GetShardIterator",
    "ListStreams",
    "ListTables",
    "ListTagsOfResource",
    "Query",
    "Scan",
    "SearchVectors",
    "TransactGetItems",
];

/// Why the region's tables could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TablesError {
    /// The database did not open.
    #[error("the database of DynamoDB did not open")]
    Open(#[source] DynoxideError),
    /// Its inner listener could not be bound.
    #[error("DynamoDB has no port")]
    Bind(#[source] std::io::Error),
}

/// A place in a table's stream: everything up to and including it was seen. Zero is before the first record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position(i64);

/// A change of a table, as its stream tells it.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) position: Position,
    pub(crate) record: Record,
}

/// The tables of one region.
pub(crate) struct Tables {
    database: Database,
    /// A second connection to the same memory, for what Dynoxide has no call for: an index on its stream, and trimming it.
    keeper: Mutex<Storage>,
    inner: SocketAddr,
    wrote: watch::Sender<u64>,
    readers: Mutex<Readers>,
}

/// Who has read how far, and which records are not local.
#[derive(Default)]
struct Readers {
    /// By table and reader.
    positions: BTreeMap<(String, String), Position>,
    /// By table: records that replication wrote, which it must not carry on.
    replicated: BTreeMap<String, BTreeSet<Position>>,
}

impl std::fmt::Debug for Tables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tables").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl Tables {
    /// Starts an empty DynamoDB.
    pub(crate) async fn start(stop: CancellationToken) -> Result<Arc<Self>, TablesError> {
        // A named in-memory database, so that the keeper sees the same one. The name is never seen outside the process.
        let name = format!("file:/world-{}?vfs=memdb", uuid::Uuid::new_v4().simple());
        let keeper = Storage::new(&name).map_err(TablesError::Open)?;
        // Without it, each write scans all stream records for the next sequence number.
        keeper
            .conn()
            .execute_batch(
                "CREATE INDEX IF NOT EXISTS stream_by_sequence ON _stream_records (table_name, CAST(sequence_number AS INTEGER))",
            )
            .map_err(|error| TablesError::Open(error.into()))?;
        let database = Database::new(&name).map_err(TablesError::Open)?;
        let listener = tokio::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await.map_err(TablesError::Bind)?;
        let inner = listener.local_addr().map_err(TablesError::Bind)?;
        tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database.clone(), stop.cancelled_owned()));
        let (wrote, readers) = (watch::Sender::new(0), Mutex::default());
        Ok(Arc::new(Self { database, keeper: Mutex::new(keeper), inner, wrote, readers }))
    }

    /// Follows writes: any change of any table.
    pub(crate) fn wrote(&self) -> watch::Receiver<u64> {
        self.wrote.subscribe()
    }

    fn wake(&self) {
        self.wrote.send_modify(|count| *count = count.wrapping_add(1));
    }

    fn readers(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The changes of a table after a position, oldest first. None while there is no such table.
    pub(crate) fn changes(&self, table: &str, after: Position, limit: usize) -> Vec<Change> {
        let shard_iterator = encode_shard_iterator(table, &dynoxide::streams::shard_id(table), after.0);
        let page = match self.database.get_records(GetRecordsRequest { shard_iterator, limit: Some(limit) }) {
            Ok(page) => page,
            Err(DynoxideError::ResourceNotFoundException(_)) => return Vec::new(),
            Err(error) => {
                tracing::error!(table, %error, "the stream could not be read");
                return Vec::new();
            }
        };
        page.records
            .into_iter()
            .filter_map(|record| Some(Change { position: position(&record.dynamodb.sequence_number)?, record }))
            .collect()
    }

    /// As [`Tables::changes`], without what replication wrote. Also returns where the next reading begins.
    pub(crate) fn local_changes(&self, table: &str, after: Position, limit: usize) -> (Vec<Change>, Position) {
        let readers = self.readers();
        let mut changes = self.changes(table, after, limit);
        let end = changes.last().map_or(after, |change| change.position);
        if let Some(replicated) = readers.replicated.get(table) {
            changes.retain(|change| !replicated.contains(&change.position));
        }
        (changes, end)
    }

    /// Notes how far a reader is, so that what all have read can be trimmed.
    pub(crate) fn read_to(&self, table: &str, reader: &str, position: Position) {
        self.readers().positions.insert((table.to_owned(), reader.to_owned()), position);
    }

    /// Carries a change of another region into this one: the later write wins, by `ts` and then by region.
    ///
    /// # Errors
    /// What DynamoDB says, other than that the write lost.
    pub(crate) fn apply(&self, table: &str, record: &Record) -> Result<(), DynoxideError> {
        let mut readers = self.readers();
        let before = self.last_position(table)?;
        let result = match &record.dynamodb.new_image {
            Some(image) => self.database.put_item(request(put_request(table, &record.dynamodb.keys, image)?)?).map(drop),
            None => self.database.delete_item(request(json!({ "TableName": table, "Key": value(&record.dynamodb.keys)? }))?).map(drop),
        };
        match result {
            Ok(()) => {
                let written = self.changes(table, before, 1000).into_iter().find(|change| {
                    change.record.dynamodb.keys == record.dynamodb.keys && change.record.dynamodb.new_image == record.dynamodb.new_image
                });
                readers.replicated.entry(table.to_owned()).or_default().extend(written.map(|change| change.position));
                drop(readers);
                self.wake();
                Ok(())
            }
            Err(DynoxideError::ConditionalCheckFailedException(..)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn last_position(&self, table: &str) -> Result<Position, DynoxideError> {
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        let last: i64 = keeper.conn().query_row(
            "SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) FROM _stream_records WHERE table_name = ?1",
            [table],
            |row| row.get(0),
        )?;
        Ok(Position(last))
    }

    /// Removes items whose time is over.
    pub(crate) fn expire(&self) {
        match self.database.sweep_ttl() {
            Ok(0) => {}
            Ok(_) => self.wake(),
            Err(error) => tracing::warn!(%error, "expired items were not removed"),
        }
    }

    /// Removes stream records that every reader has read, but for the last: Dynoxide counts on from it, and must not fall behind
    /// the readers when the machine's clock is set back. A table that nobody reads keeps all.
    pub(crate) fn trim(&self) {
        let mut oldest: BTreeMap<String, Position> = BTreeMap::new();
        for ((table, _), position) in &self.readers().positions {
            oldest.entry(table.clone()).and_modify(|oldest| *oldest = (*oldest).min(*position)).or_insert(*position);
        }
        for (table, position) in oldest {
            let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
            let trimmed = keeper.conn().execute(
                "DELETE FROM _stream_records WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) < CAST(?2 AS INTEGER)",
                [&table, &position.0.to_string()],
            );
            drop(keeper);
            match trimmed {
                Ok(_) => {
                    if let Some(replicated) = self.readers().replicated.get_mut(&table) {
                        *replicated = replicated.split_off(&position);
                    }
                }
                Err(error) => tracing::warn!(table, %error, "the stream was not trimmed"),
            }
        }
    }

    /// The answer to every call while the tables fail.
    pub(crate) fn failed() -> Response {
        AwsError::new("InternalServerError", "Internal server error")
            .with_status(StatusCode::INTERNAL_SERVER_ERROR)
            .to_json(CONTENT_TYPE, "com.amazonaws.dynamodb.v20120810#")
    }
}

/// The stored number of a public sequence number.
fn position(sequence: &str) -> Option<Position> {
    let stored = sequence.parse::<u128>().ok()?.checked_sub(SEQUENCE_OFFSET)?;
    i64::try_from(stored).ok().map(Position)
}

fn value(value: &impl serde::Serialize) -> Result<Value, DynoxideError> {
    serde_json::to_value(value).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

fn request<T: serde::de::DeserializeOwned>(document: Value) -> Result<T, DynoxideError> {
    serde_json::from_value(document).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// A put that yields to a later write of the same item. An item without a time always wins, as the last to arrive.
fn put_request(table: &str, keys: &dynoxide::Item, image: &dynoxide::Item) -> Result<Value, DynoxideError> {
    let mut request = json!({ "TableName": table, "Item": value(image)? });
    let (Some(at), Some(key)) = (image.get("ts"), keys.keys().next()) else { return Ok(request) };
    let mut values = json!({ ":ts": value(at)? });
    let mut names = json!({ "#key": key, "#ts": "ts" });
    let mut condition = "attribute_not_exists(#key) OR attribute_not_exists(#ts) OR #ts < :ts".to_owned();
    if let Some(region) = image.get("region") {
        values[":region"] = value(region)?;
        names["#region"] = json!("region");
        condition.push_str(" OR (#ts = :ts AND #region < :region)");
    }
    request["ConditionExpression"] = json!(condition);
    request["ExpressionAttributeNames"] = names;
    request["ExpressionAttributeValues"] = values;
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "messages";

    async fn tables() -> (Arc<Tables>, tokio_util::sync::DropGuard) {
        let stop = CancellationToken::new();
        let tables = Tables::start(stop.clone()).await.unwrap();
        let create = json!({
            "TableName": TABLE,
            "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" },
        });
        tables.database.create_table(request(create).unwrap()).unwrap();
        (tables, stop.drop_guard())
    }

    fn put(tables: &Tables, region: &str, id: &str, ts: u8) {
        let item =
            json!({ "id": { "S": id }, "ts": { "N": ts.to_string() }, "region": { "S": region }, "at": { "S": format!("{region} {ts}") } });
        tables.database.put_item(request(json!({ "TableName": TABLE, "Item": item })).unwrap()).unwrap();
    }

    fn rows(tables: &Tables) -> Value {
        let page = tables.database.scan(request(json!({ "TableName": TABLE })).unwrap()).unwrap();
        let mut rows = value(&page).unwrap()["Items"].as_array().unwrap().clone();
        rows.sort_by_key(|row| row["id"]["S"].as_str().unwrap().to_owned());
        json!(rows)
    }

    #[tokio::test]
    async fn what_all_have_read_is_trimmed_and_reading_goes_on() {
        let (tables, _stop) = tables().await;
        tables.read_to(TABLE, "slow", Position::default());
        for number in 0..10 {
            put(&tables, "eu-west-2", &format!("m{number}"), number);
        }
        let all = tables.changes(TABLE, Position::default(), 100);
        tables.read_to(TABLE, "fast", all[9].position);
        tables.trim();
        assert_eq!(tables.changes(TABLE, Position::default(), 100).len(), 10, "one has read nothing");
        tables.read_to(TABLE, "slow", all[4].position);
        tables.trim();
        assert_eq!(tables.changes(TABLE, all[4].position, 100).len(), 5, "nothing unread is trimmed");
        tables.read_to(TABLE, "slow", all[9].position);
        tables.trim();
        assert_eq!(tables.changes(TABLE, Position::default(), 100).len(), 1);
        put(&tables, "eu-west-2", "after", 1);
        let new = tables.changes(TABLE, all[9].position, 100);
        assert_eq!(new.len(), 1);
        assert!(new[0].position > all[9].position);
    }

    #[tokio::test]
    async fn a_replicated_change_is_in_the_stream_and_not_carried_on() {
        let ((from, _stop), (to, _stop_too)) = (tables().await, tables().await);
        put(&from, "eu-west-2", "m", 1);
        put(&to, "us-east-1", "own", 1);
        for change in from.changes(TABLE, Position::default(), 100) {
            to.apply(TABLE, &change.record).unwrap();
            to.apply(TABLE, &change.record).unwrap();
        }
        let keys = |changes: &[Change]| {
            changes.iter().map(|change| value(&change.record.dynamodb.keys).unwrap()["id"]["S"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(keys(&to.changes(TABLE, Position::default(), 100)), ["own", "m"], "twice applied, once written");
        let (local, end) = to.local_changes(TABLE, Position::default(), 100);
        assert_eq!(keys(&local), ["own"]);
        let (more, same) = to.local_changes(TABLE, end, 100);
        assert!(more.is_empty() && same == end);
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { cases: 24, ..Default::default() })]

        /// Whatever is written where, and in whatever order it is carried, all regions end with the same rows.
        #[test]
        fn regions_converge(mut writes in proptest::collection::vec((0..3_usize, 0..2_usize, 0..4_u8), 1..12), order in proptest::collection::vec(0..6_usize, 0..40)) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                const REGIONS: [&str; 3] = ["eu-west-1", "eu-west-2", "us-west-2"];
                let all = [tables().await, tables().await, tables().await].map(|(tables, _)| tables);
                // Nobody writes a row with a time before its own last write.
                writes.sort_by_key(|(_, _, ts)| *ts);
                for (at, id, ts) in writes {
                    put(&all[at], REGIONS[at], ["a", "b"][id], ts);
                }
                let pairs = [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)];
                let mut read = [Position::default(); 6];
                for pair in order.into_iter().chain(0..6) {
                    let (from, to) = pairs[pair];
                    // One at a time in the drawn order; at the end everything that is left.
                    let (changes, end) = all[from].local_changes(TABLE, read[pair], 100);
                    for change in changes {
                        all[to].apply(TABLE, &change.record).unwrap();
                    }
                    read[pair] = end;
                }
                assert_eq!(rows(&all[0]), rows(&all[1]));
                assert_eq!(rows(&all[1]), rows(&all[2]));
            });
        }
    }
}
