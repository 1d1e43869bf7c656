//! The AWS endpoints and the gateway of the world, over real sockets with the unmodified SDK and real WebSocket clients.
//!
//! What one module does alone is tested in the module.

#![expect(clippy::unwrap_used, reason = "a test whose setting cannot be made has failed")]

mod cloudwatch;
mod connections;
mod dynamodb;
mod gateway;
mod gateway_faults;
mod harness;
mod replication;
mod ssm;
mod ssm_durable;
