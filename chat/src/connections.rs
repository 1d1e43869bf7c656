//! The connections table: the open sockets of this region, and who is on them. Not replicated.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::deadlines::{Deadlines, Until};
use crate::table_error::{Table, TableError};

/// How long a row lives: API Gateway ends a socket after two hours (its WebSocket quotas), and rows get some slack.
const TTL: Duration = Duration::from_secs(2 * 3600 + 600);

/// The most sockets a batch is pushed to. Beyond it a region needs another way to fan out than one scan.
pub(crate) const CONNECTIONS_MAX: usize = 20_000;

/// The most pages of the scan; a page has up to 1 MB, some five thousand rows, expired ones included.
const PAGES_MAX: usize = 64;

/// Who is on a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Party {
    User,
    /// A probe that joined with a ticket, by the name of its observer.
    Probe(String),
}

/// An open socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) id: String,
    pub(crate) party: Party,
}

/// The open sockets, as far as they could be read.
#[derive(Debug, Default)]
pub(crate) struct Open {
    pub(crate) connections: Vec<Connection>,
    /// Why there may be more.
    pub(crate) cut_short: Option<CutShort>,
}

/// Why a scan stopped before its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CutShort {
    #[error("the open sockets could not all be read")]
    Table(#[source] TableError),
    #[error("the open sockets could not all be read before the end of the batch")]
    Late,
    #[error("there are more than {CONNECTIONS_MAX} open sockets, or more than {PAGES_MAX} pages of them")]
    TooMany,
}

/// Calls on the connections table.
#[derive(Debug, Clone)]
pub(crate) struct Connections {
    client: Client,
    name: String,
    until: Until,
}

impl Connections {
    pub(crate) fn new(client: &Client, name: String, deadlines: Deadlines) -> Self {
        Self { client: deadlines.dynamodb(client), name, until: Until::default() }
    }

    pub(crate) fn with_deadlines(self, deadlines: Deadlines) -> Self {
        Self { client: deadlines.dynamodb(&self.client), ..self }
    }

    pub(crate) fn until(self, until: Until) -> Self {
        Self { until, ..self }
    }

    pub(crate) async fn put(&self, connection: Connection, now: Timestamp) -> Result<(), TableError> {
        let expires = now.as_second().saturating_add_unsigned(TTL.as_secs());
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .item("connection_id", AttributeValue::S(connection.id))
            .item("connected_at", AttributeValue::N(now.as_millisecond().to_string()))
            .item("expires", AttributeValue::N(expires.to_string()));
        let put = match connection.party {
            Party::User => put,
            Party::Probe(observer) => put.item("ticket", AttributeValue::S(observer)),
        };
        self.until.call(put.send()).await.map_err(|error| TableError::new(Table::Connections, error))?;
        Ok(())
    }

    /// Who is on a socket; nothing when it is not known or its time is over.
    pub(crate) async fn party(&self, id: &str, now: Timestamp) -> Result<Option<Party>, TableError> {
        let key = AttributeValue::S(id.to_owned());
        let get = self.client.get_item().table_name(&self.name).key("connection_id", key).consistent_read(true);
        let found = self.until.call(get.send()).await.map_err(|error| TableError::new(Table::Connections, error))?;
        Ok(found.item().filter(|item| !is_expired(item, now)).and_then(read).map(|connection| connection.party))
    }

    pub(crate) async fn remove(&self, id: &str) -> Result<(), TableError> {
        let key = AttributeValue::S(id.to_owned());
        let remove = self.client.delete_item().table_name(&self.name).key("connection_id", key);
        self.until.call(remove.send()).await.map(|_| ()).map_err(|error| TableError::new(Table::Connections, error))
    }

    /// The open sockets, by strongly consistent scan: a client that has just connected must not miss its own message.
    /// No page is asked for after `until`.
    pub(crate) async fn open(&self, now: Timestamp, until: Instant) -> Open {
        let mut open = Open::default();
        let mut from = None;
        for _ in 0..PAGES_MAX {
            if Instant::now() >= until {
                open.cut_short = Some(CutShort::Late);
                return open;
            }
            let scan = self
                .client
                .scan()
                .table_name(&self.name)
                .consistent_read(true)
                .filter_expression("expires > :now")
                .expression_attribute_values(":now", AttributeValue::N(now.as_second().to_string()))
                .projection_expression("connection_id, ticket")
                .set_exclusive_start_key(from);
            let page = match self.until.call(scan.send()).await {
                Ok(page) => page,
                Err(error) => {
                    open.cut_short = Some(CutShort::Table(TableError::new(Table::Connections, error)));
                    return open;
                }
            };
            open.connections.extend(page.items().iter().filter_map(read));
            if open.connections.len() > CONNECTIONS_MAX {
                open.connections.truncate(CONNECTIONS_MAX);
                break;
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return open;
            }
        }
        open.cut_short = Some(CutShort::TooMany);
        open
    }
}

fn read(item: &HashMap<String, AttributeValue>) -> Option<Connection> {
    let id = item.get("connection_id")?.as_s().ok()?.clone();
    let party = match item.get("ticket") {
        None => Party::User,
        Some(ticket) => Party::Probe(ticket.as_s().ok()?.clone()),
    };
    Some(Connection { id, party })
}

/// Whether a row's time is over. DynamoDB deletes expired rows within days, not seconds.
fn is_expired(item: &HashMap<String, AttributeValue>, now: Timestamp) -> bool {
    let expires = item.get("expires").and_then(|expires| expires.as_n().ok()).and_then(|expires| expires.parse::<i64>().ok());
    expires.is_none_or(|expires| expires <= now.as_second())
}
