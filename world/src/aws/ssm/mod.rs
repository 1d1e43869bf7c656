//! SSM Parameter Store of one region: the calls the system makes, with AWS's shapes, limits and errors, durable when given a folder.
//!
//! Not offered, and refused rather than ignored: SecureString, advanced tier, policies, patterns, labels.

mod disk;
mod name;
mod page;
mod parameters;
mod read;
mod write;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use decision::RegionName;
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::{Mutex, broadcast};

use self::disk::Disk;
use self::parameters::{Parameters, Version};
use super::ACCOUNT;
use super::error::{AwsError, respond};
use super::wire::Response;

const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
/// Changes that a slow listener may fall behind by before it misses some.
const CHANGES_MAX: usize = 256;

/// What happened to a parameter, as EventBridge's `Parameter Store Change` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Operation {
    /// Its first version was written.
    Create,
    /// A further version was written.
    Update,
    /// It is gone, with its history.
    Delete,
}

/// One change of a parameter, sent after it is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterChange {
    /// The parameter's name.
    pub name: String,
    /// What happened.
    pub operation: Operation,
}

/// The Parameter Store of a region.
#[derive(Debug)]
pub(crate) struct Ssm {
    region: RegionName,
    parameters: RwLock<Parameters>,
    /// Held from the check of a write to its durability, so that versions are given once and in order.
    writes: Mutex<()>,
    disk: Option<Disk>,
    changes: broadcast::Sender<ParameterChange>,
}

impl Ssm {
    /// Opens the store. With a folder, everything stored there is read back.
    pub(crate) fn open(region: RegionName, folder: Option<PathBuf>) -> std::io::Result<Arc<Self>> {
        let (disk, parameters) = match folder {
            Some(folder) => {
                let (disk, parameters) = Disk::open(folder)?;
                (Some(disk), parameters)
            }
            None => (None, Parameters::default()),
        };
        let changes = broadcast::Sender::new(CHANGES_MAX);
        Ok(Arc::new(Self { region, parameters: RwLock::new(parameters), writes: Mutex::new(()), disk, changes }))
    }

    /// Follows changes from now on.
    pub(crate) fn changes(&self) -> broadcast::Receiver<ParameterChange> {
        self.changes.subscribe()
    }

    /// Answers one call. `target` is the operation's name without its service.
    pub(crate) async fn answer(self: &Arc<Self>, target: &str, body: &Bytes) -> Response {
        let answer = match target {
            "PutParameter" => self.put_parameter(body).await,
            "DeleteParameter" => self.delete_parameter(body).await,
            "DeleteParameters" => self.delete_parameters(body).await,
            "GetParameter" => self.get_parameter(body),
            "GetParameters" => self.get_parameters(body),
            "GetParametersByPath" => self.get_parameters_by_path(body),
            "GetParameterHistory" => self.get_parameter_history(body),
            "DescribeParameters" => self.describe_parameters(body),
            _ => Err(AwsError::unknown_operation()),
        };
        match answer {
            Ok(answer) => respond(StatusCode::OK, CONTENT_TYPE, answer.to_string()),
            Err(error) => refuse(&error),
        }
    }

    /// The answer to every call while the service throttles.
    pub(crate) fn throttled() -> Response {
        refuse(&AwsError::new("ThrottlingException", "Rate exceeded"))
    }

    fn read(&self) -> RwLockReadGuard<'_, Parameters> {
        self.parameters.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Parameters> {
        self.parameters.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn arn(&self, name: &str) -> String {
        let slash = if name.starts_with('/') { "" } else { "/" };
        format!("arn:aws:ssm:{}:{ACCOUNT}:parameter{slash}{name}", self.region)
    }

    /// A `Parameter`, with the selector it was asked by.
    fn parameter(&self, version: &Version, selector: Option<u64>) -> Value {
        let mut parameter = json!({
            "Name": version.name,
            "Type": version.kind.as_str(),
            "Value": version.value,
            "Version": version.version,
            "LastModifiedDate": epoch_seconds(version.modified_at),
            "ARN": self.arn(&version.name),
            "DataType": "text",
        });
        if let Some(selector) = selector {
            parameter["Selector"] = json!(format!(":{selector}"));
        }
        parameter
    }

    /// A `ParameterMetadata`; a `ParameterHistory` is the same with value and labels.
    fn metadata(&self, version: &Version) -> Value {
        let mut metadata = json!({
            "Name": version.name,
            "Type": version.kind.as_str(),
            "Version": version.version,
            "LastModifiedDate": epoch_seconds(version.modified_at),
            "LastModifiedUser": format!("arn:aws:iam::{ACCOUNT}:user/world"),
            "Tier": "Standard",
            "Policies": [],
            "DataType": "text",
        });
        if let Some(description) = &version.description {
            metadata["Description"] = json!(description);
        }
        metadata
    }
}

fn refuse(error: &AwsError) -> Response {
    error.to_json(CONTENT_TYPE, "")
}

/// Reads a request. An empty body is an empty request.
fn request<T: DeserializeOwned>(body: &Bytes) -> Result<T, AwsError> {
    let body = if body.is_empty() { b"{}" } else { body.as_ref() };
    serde_json::from_slice(body).map_err(|error| AwsError::serialization(error.to_string()))
}

/// A time as awsJson writes it: seconds since the epoch, to the millisecond.
fn epoch_seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}
