//! The chat API over real HTTP: the unmodified SDK, an in-process DynamoDB, and an `@connections` endpoint that records.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is all its helpers can do")]

mod bad_input;
mod endpoint;
mod failing_table;
mod functions;
mod heartbeat;
mod history;
mod probes;
mod pushing;
mod region;
mod replication;
mod sending;
mod sockets;
mod table;
