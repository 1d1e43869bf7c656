//! Which service a request is for: by path, by `x-amz-target`, by form. Also where a service's own fault is asked for.

use std::sync::Arc;

use decision::RegionName;
use http::StatusCode;
use hyper::body::Incoming;

use super::cloudwatch::{self, CloudWatch};
use super::error::AwsError;
use super::sockets::Sockets;
use super::ssm::Ssm;
use super::tables::{REQUEST_BYTES_MAX, Tables, Upstream};
use super::wire::{self, Call, ReadError, Response};
use super::{connections, sts};
use crate::fault::{Component, Faults};

const FORM: &str = "application/x-www-form-urlencoded";

/// The services of one region.
#[derive(Debug)]
pub(super) struct Services {
    pub(super) region: RegionName,
    pub(super) faults: Faults,
    pub(super) ssm: Arc<Ssm>,
    pub(super) cloudwatch: CloudWatch,
    pub(super) tables: Arc<Tables>,
    pub(super) sockets: Sockets,
}

impl Services {
    /// Answers one request that came over a connection with this way to DynamoDB.
    pub(super) async fn answer(&self, upstream: &Upstream, request: http::Request<Incoming>) -> Response {
        let call = match wire::read(request, REQUEST_BYTES_MAX).await {
            Ok(call) => call,
            Err(error @ ReadError::TooLarge(_)) => {
                return refuse("RequestEntityTooLarge", StatusCode::PAYLOAD_TOO_LARGE, error.to_string());
            }
            Err(error @ ReadError::Broken) => return refuse("RequestTimeout", StatusCode::REQUEST_TIMEOUT, error.to_string()),
        };
        let path = call.uri.path();
        if connections::is_path(path) {
            return connections::answer(&self.sockets, &call);
        }
        if let Some(operation) = path.strip_prefix(cloudwatch::CBOR_PATH) {
            return self.cloudwatch.answer(operation, &call);
        }
        let target = call.header("x-amz-target").to_owned();
        match target.split_once('.') {
            Some(("AmazonSSM", operation)) => self.ssm(operation, &call).await,
            Some(("GraniteServiceVersion20100801", operation)) => self.cloudwatch.answer(operation, &call),
            Some(("DynamoDB_20120810" | "DynamoDBStreams_20120810", operation)) => self.dynamodb(upstream, operation, call).await,
            None if call.header("content-type").starts_with(FORM) => sts::answer(&call.body),
            Some(_) | None => AwsError::unknown_operation().to_json("application/x-amz-json-1.1", ""),
        }
    }

    async fn ssm(&self, operation: &str, call: &Call) -> Response {
        if self.faults.is_on(&self.region, Component::Ssm) {
            return Ssm::throttled();
        }
        self.ssm.answer(operation, &call.body).await
    }

    async fn dynamodb(&self, upstream: &Upstream, operation: &str, call: Call) -> Response {
        if self.faults.is_on(&self.region, Component::Table) {
            return Tables::failed();
        }
        upstream.answer(operation, call).await
    }
}

fn refuse(code: &'static str, status: StatusCode, message: String) -> Response {
    AwsError::new(code, message).with_status(status).to_json("application/x-amz-json-1.1", "")
}
