//! The messages table: a global table, one replica per region.
//!
//! Writes are conditional, so that a repeated one changes nothing. Between regions the table itself decides: the last
//! writer wins, by its own clock.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use crate::deadlines::{Deadlines, Until};
use crate::message::{Kind, Message, Row};
use crate::table_error::{Table, TableError};

/// The index by time: hash `type`, range `ts`.
pub(crate) const INDEX: &str = "messages_by_ts";

/// Calls on the messages table.
#[derive(Debug, Clone)]
pub(crate) struct Messages {
    client: Client,
    name: String,
    until: Until,
}

/// What became of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// It is in the table.
    New,
    /// It was in the table already, with the same text: a resend.
    Already(Message),
    /// Its id belongs to another message.
    Taken,
}

/// What became of a heartbeat.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Beat {
    /// The nonce that a strongly consistent read found after the write.
    Read(String),
    /// The write was done, and the read found nothing.
    Lost,
    /// A later heartbeat of the same observer is in the table.
    Behind,
}

impl Messages {
    pub(crate) fn new(client: &Client, name: String, deadlines: Deadlines) -> Self {
        Self { client: deadlines.dynamodb(client), name, until: Until::default() }
    }

    pub(crate) fn with_deadlines(self, deadlines: Deadlines) -> Self {
        Self { client: deadlines.dynamodb(&self.client), ..self }
    }

    pub(crate) fn until(self, until: Until) -> Self {
        Self { until, ..self }
    }

    /// The newest messages of users, newest first. Rows that are not messages are skipped.
    pub(crate) async fn newest(&self, limit: u8) -> Result<Vec<Message>, TableError> {
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(INDEX)
            .key_condition_expression("#type = :type")
            .expression_attribute_names("#type", "type")
            .expression_attribute_values(":type", AttributeValue::S(Kind::User.as_str().to_owned()))
            .scan_index_forward(false)
            .limit(limit.into());
        let answer = self.until.call(query.send()).await.map_err(|error| TableError::new(Table::Messages, error))?;
        let mut messages: Vec<Message> = answer.items().iter().filter_map(Row::from_item).map(|row| row.message).collect();
        // Within a millisecond the index has no order of its own.
        messages.sort_by(|a, b| b.ts.cmp(&a.ts).then_with(|| b.id.cmp(&a.id)));
        Ok(messages)
    }

    /// Stores a row unless its id is taken.
    ///
    /// A row with the same id, kind and text is the same message sent again: by a client that lost its socket before it
    /// saw its message, from another connection, or by this call's own retry after an answer that got lost.
    pub(crate) async fn put(&self, row: Row) -> Result<Stored, TableError> {
        let (kind, text) = (row.kind, row.message.message.clone());
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(row.into_item()))
            .condition_expression("attribute_not_exists(id)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = self.until.call(put.send()).await else { return Ok(Stored::New) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(taken)) => {
                let stored = taken.item().and_then(Row::from_item);
                Ok(match stored.filter(|stored| stored.kind == kind && stored.message.message == text) {
                    Some(same) => Stored::Already(same.message),
                    None => Stored::Taken,
                })
            }
            _ => Err(TableError::new(Table::Messages, error)),
        }
    }

    /// Overwrites the one heartbeat row of an observer in this region, unless a later one is there, and reads it back.
    pub(crate) async fn beat(&self, row: Row) -> Result<Beat, TableError> {
        let key = AttributeValue::S(row.message.id.clone());
        let ts = AttributeValue::N(row.message.ts.to_string());
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(row.into_item()))
            .condition_expression("attribute_not_exists(id) OR ts <= :ts")
            .expression_attribute_values(":ts", ts);
        if let Err(error) = self.until.call(put.send()).await {
            return match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(Beat::Behind),
                _ => Err(TableError::new(Table::Messages, error)),
            };
        }
        let get = self.client.get_item().table_name(&self.name).key("id", key).consistent_read(true);
        let found = self.until.call(get.send()).await.map_err(|error| TableError::new(Table::Messages, error))?;
        Ok(found.item().and_then(Row::from_item).map_or(Beat::Lost, |row| Beat::Read(row.message.message)))
    }
}
