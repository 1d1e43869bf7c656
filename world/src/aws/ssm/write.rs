//! The writing calls. Each is durable before it is answered, and goes on to its end when the caller leaves.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::parameters::{Kind, PARAMETERS_MAX, Version};
use super::{Operation, ParameterChange, Ssm, name, request};
use crate::aws::error::AwsError;

/// The longest value of the standard tier, in characters [SSM].
const VALUE_CHARS_MAX: usize = 4096;
/// The longest description, in characters.
const DESCRIPTION_CHARS_MAX: usize = 1024;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutParameter {
    name: String,
    value: String,
    #[serde(rename = "Type")]
    kind: Option<String>,
    description: Option<String>,
    #[serde(default)]
    overwrite: bool,
    tier: Option<String>,
    data_type: Option<String>,
    key_id: Option<String>,
    allowed_pattern: Option<String>,
    policies: Option<String>,
    tags: Option<Vec<Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteParameter {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteParameters {
    names: Vec<String>,
}

impl PutParameter {
    /// Refuses what is malformed and what is not offered.
    fn check(&self) -> Result<Option<Kind>, AwsError> {
        name::check(&self.name)?;
        let kind = match self.kind.as_deref() {
            None => None,
            Some("String") => Some(Kind::String),
            Some("StringList") => Some(Kind::StringList),
            Some(other) => {
                let other: String = other.chars().take(40).collect();
                return Err(AwsError::new("UnsupportedParameterType", format!("The parameter type {other} is not offered here.")));
            }
        };
        if self.value.is_empty() {
            return Err(AwsError::validation("Parameter value, cannot be empty."));
        }
        if self.value.chars().count() > VALUE_CHARS_MAX {
            return Err(AwsError::validation(format!(
                "Standard tier parameters support a maximum parameter value of {VALUE_CHARS_MAX} characters. To create a larger parameter \
                 value, upgrade the parameter to use the advanced-parameter tier."
            )));
        }
        if self.description.as_ref().is_some_and(|text| text.chars().count() > DESCRIPTION_CHARS_MAX) {
            return Err(AwsError::validation(format!("The description is longer than {DESCRIPTION_CHARS_MAX} characters.")));
        }
        let tier = self.tier.as_deref().is_some_and(|tier| tier != "Standard" && tier != "Intelligent-Tiering");
        let data_type = self.data_type.as_deref().is_some_and(|data_type| data_type != "text");
        let extras = self.key_id.is_some() || self.allowed_pattern.is_some() || self.policies.is_some();
        if tier || data_type || extras || self.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
            return Err(AwsError::validation(
                "Keys, patterns, policies, tags, data types and tiers other than Standard are not offered here.",
            ));
        }
        Ok(kind)
    }
}

impl Ssm {
    pub(super) async fn put_parameter(self: &Arc<Self>, body: &Bytes) -> Result<Value, AwsError> {
        let request: PutParameter = request(body)?;
        let kind = request.check()?;
        let this = Arc::clone(self);
        to_its_end(async move { this.put(request, kind).await }).await
    }

    async fn put(&self, request: PutParameter, kind: Option<Kind>) -> Result<Value, AwsError> {
        let _turn = self.writes.lock().await;
        let (version, operation) = self.next(request, kind)?;
        if let Some(disk) = self.disk.clone() {
            let version = version.clone();
            durable(move || disk.write(&version)).await?;
        }
        let change = ParameterChange { name: version.name.clone(), operation };
        let number = version.version;
        let forgotten = self.write().push(version);
        if let (Some(disk), Some(old)) = (self.disk.clone(), forgotten) {
            let name = change.name.clone();
            // The write stands whether or not the oldest version leaves the disk.
            let _ = tokio::task::spawn_blocking(move || disk.forget(&name, old)).await;
        }
        // Nobody listening is fine.
        let _ = self.changes.send(change);
        Ok(json!({ "Version": number, "Tier": "Standard" }))
    }

    /// The version this write makes, or why it makes none.
    fn next(&self, request: PutParameter, kind: Option<Kind>) -> Result<(Version, Operation), AwsError> {
        let parameters = self.read();
        let existing = parameters.get(&request.name).and_then(|parameter| parameter.latest());
        let (kind, description, operation) = match existing {
            Some(_) if !request.overwrite => {
                return Err(AwsError::new(
                    "ParameterAlreadyExists",
                    "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
                ));
            }
            Some(latest) if kind.is_some_and(|kind| kind != latest.kind) => {
                return Err(AwsError::new(
                    "HierarchyTypeMismatchException",
                    "Parameter Store does not support changing a parameter type in a hierarchy.",
                ));
            }
            Some(latest) => (latest.kind, request.description.or_else(|| latest.description.clone()), Operation::Update),
            None if parameters.len() >= PARAMETERS_MAX => {
                return Err(AwsError::new(
                    "ParameterLimitExceeded",
                    format!("This region holds at most {PARAMETERS_MAX} parameters here."),
                ));
            }
            None => {
                let kind = kind.ok_or_else(|| AwsError::validation("A parameter type is required when you create a parameter."))?;
                (kind, request.description, Operation::Create)
            }
        };
        let version = parameters.next_version(&request.name);
        let modified_at = Timestamp::now();
        Ok((Version { name: request.name, version, kind, value: request.value, description, modified_at }, operation))
    }

    pub(super) async fn delete_parameter(self: &Arc<Self>, body: &Bytes) -> Result<Value, AwsError> {
        let request: DeleteParameter = request(body)?;
        let this = Arc::clone(self);
        let removed = to_its_end(async move { this.delete(&request.name).await }).await?;
        if removed { Ok(json!({})) } else { Err(AwsError::new("ParameterNotFound", "")) }
    }

    pub(super) async fn delete_parameters(self: &Arc<Self>, body: &Bytes) -> Result<Value, AwsError> {
        let request: DeleteParameters = request(body)?;
        if request.names.is_empty() || request.names.len() > 10 {
            return Err(AwsError::validation("Names must hold 1 to 10 names."));
        }
        let this = Arc::clone(self);
        to_its_end(async move {
            let (mut deleted, mut invalid) = (Vec::new(), Vec::new());
            for name in request.names {
                if this.delete(&name).await? { deleted.push(name) } else { invalid.push(name) }
            }
            Ok(json!({ "DeletedParameters": deleted, "InvalidParameters": invalid }))
        })
        .await
    }

    /// Removes a parameter. Returns whether it was there.
    async fn delete(&self, name: &str) -> Result<bool, AwsError> {
        let _turn = self.writes.lock().await;
        if self.read().get(name).is_none() {
            return Ok(false);
        }
        if let Some(disk) = self.disk.clone() {
            let name = name.to_owned();
            durable(move || disk.delete(&name)).await?;
        }
        self.write().remove(name);
        let _ = self.changes.send(ParameterChange { name: name.to_owned(), operation: Operation::Delete });
        Ok(true)
    }
}

fn internal(message: &str) -> AwsError {
    AwsError::new("InternalServerError", message).with_status(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Runs a write that a vanished caller must not cut in half.
async fn to_its_end<T: Send + 'static>(write: impl Future<Output = Result<T, AwsError>> + Send + 'static) -> Result<T, AwsError> {
    tokio::spawn(write).await.unwrap_or_else(|_| Err(internal("The write did not come to its end.")))
}

/// Runs file work off the async threads.
async fn durable(work: impl FnOnce() -> std::io::Result<()> + Send + 'static) -> Result<(), AwsError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            tracing::error!(%error, "a parameter could not be stored");
            Err(internal("The parameter could not be stored."))
        }
        Err(_) => Err(internal("The parameter could not be stored.")),
    }
}
