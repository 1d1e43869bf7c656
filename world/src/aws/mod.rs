//! AWS of one region on loopback: SSM, CloudWatch, STS, DynamoDB with its stream and replication, and `@connections`, each in its real
//! wire protocol, for the unmodified SDK and the ordinary CLI by `endpoint_url` alone.
//!
//! Two listeners serve the same services: they differ only in which faults take them down. No IAM, no signatures checked.
//!
//! Facts of AWS carry the tag of the documentation they come from: `[SSM]` Systems Manager API reference and quotas, `[CW]` CloudWatch
//! API reference, `[DDB]` DynamoDB developer guide, `[LAMBDA]` Lambda developer guide (event source mappings), `[APIGW]` API Gateway
//! developer guide (WebSocket and HTTP API quotas, `@connections`).

mod cloudwatch;
mod connections;
mod dispatch;
mod error;
mod region;
mod replication;
mod sockets;
mod ssm;
mod stream;
mod sts;
mod tables;
pub(crate) mod wire;

pub use error::AwsError;
pub use region::{AwsRegion, Settings, StartError};
pub use replication::replicate;
pub(crate) use sockets::{Outgoing, Place};
pub use sockets::{SOCKETS_MAX, Sockets};
pub use ssm::{Operation, ParameterChange};
pub use tables::TablesError;

/// The account that everything here belongs to.
pub const ACCOUNT: &str = "000000000000";
