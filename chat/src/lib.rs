//! The reference chat API of John Chapin's talk, as Lambda handlers: REST history and health, a WebSocket, and the
//! stream reader that pushes what was written to every socket of its region.
//!
//! Everything takes the real Lambda event types and speaks to DynamoDB and `@connections` through the AWS SDK, so the
//! same code runs deployed and on one machine. What never lives here: failover. This crate knows nothing of observers'
//! verdicts, votes or Route 53; it only lets a probe walk a user's path without a user seeing it.
//!
//! # Delivery, and what a client owes
//!
//! A message is stored once per id, and pushed once to every socket of every region in the ordinary case. Three things
//! repeat an id, so **clients de-duplicate by id**:
//!
//! * Lambda reads a stream at least once: a batch that failed is read again.
//! * A client that lost its socket right after sending sends the same id through another region. While replication lags,
//!   both regions store it; last-writer-wins then leaves one row, and each region has pushed its own insert.
//! * A resend of a stored id is answered, on the sender's socket only, with the stored message.
//!
//! A client resends until it sees its message back, or until an error frame with its `id` says `"again":false`: that
//! message will never be taken. `"again":true` (a table failed, the connection is unknown) ends nothing.
//!
//! A push is best effort: a socket that hangs or fails is skipped. What was missed is in the history.

mod body;
mod connections;
mod deadlines;
mod envelope;
mod heartbeat;
pub mod lambda;
mod message;
mod messages;
mod push;
mod reply;
mod rest;
mod send;
mod settings;
mod stream;
mod table_error;
mod tables;
mod ticket;
mod websocket;

pub use deadlines::Deadlines;
pub use envelope::{Envelope, FRAME_BYTES_MAX};
pub use message::{ID_BYTES_MAX, Message, TEXT_BYTES_MAX};
pub use settings::{CONNECTIONS_TABLE, MESSAGES_TABLE, PROBE_SECRETS, REGION, Settings, SettingsError};
pub use stream::StreamReport;
pub use tables::{CreateTablesError, create_tables};
pub use ticket::{TICKET_AHEAD_MAX, TICKET_HEADER, TicketError, sign};

use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::connections::Connections;
use crate::deadlines::Until;
use crate::messages::Messages;
use crate::push::Push;
use crate::ticket::Secrets;

/// The chat API of one region. Cheap to clone: clones share clients and settings.
///
/// The three handlers are [`Chat::rest`], [`Chat::websocket`] and [`Chat::stream`]. None of them can fail: bad input is
/// a 4xx or an error frame with a reason, a failing table is a 503 with a reason.
#[derive(Debug, Clone)]
pub struct Chat {
    region: Arc<str>,
    messages: Messages,
    connections: Connections,
    secrets: Arc<Secrets>,
    push: Push,
    clock: fn() -> Timestamp,
}

impl Chat {
    /// The chat API of `settings.region`. The clients keep their endpoint, credentials and HTTP client; their time-outs
    /// and retries are replaced by [`Deadlines::default`].
    #[must_use]
    pub fn new(settings: Settings, dynamodb: aws_sdk_dynamodb::Client, connections: aws_sdk_apigatewaymanagement::Client) -> Self {
        let deadlines = Deadlines::default();
        Self {
            region: settings.region.into(),
            messages: Messages::new(&dynamodb, settings.messages_table, deadlines),
            connections: Connections::new(&dynamodb, settings.connections_table, deadlines),
            secrets: Arc::new(Secrets::new(&settings.probe_secrets)),
            push: Push::new(&connections, deadlines),
            clock: Timestamp::now,
        }
    }

    /// The same API with other deadlines.
    #[must_use]
    pub fn with_deadlines(self, deadlines: Deadlines) -> Self {
        Self {
            messages: self.messages.with_deadlines(deadlines),
            connections: self.connections.with_deadlines(deadlines),
            push: self.push.with_deadlines(deadlines),
            ..self
        }
    }

    /// The same API for as long as somebody waits for it: no call to a table or a socket outlives `end`, whatever its own deadline. What was not done by then
    /// is answered like a table that did not answer.
    #[must_use]
    pub fn until(self, end: Instant) -> Self {
        let until = Until::at(end);
        Self { messages: self.messages.until(until), connections: self.connections.until(until), push: self.push.until(until), ..self }
    }

    /// The same API with another clock. It stamps messages, ends connections and judges tickets; deadlines are kept by
    /// the runtime's own clock.
    #[must_use]
    pub fn with_clock(self, clock: fn() -> Timestamp) -> Self {
        Self { clock, ..self }
    }
}
