//! How AWS says no: one error, written in the shape of whichever protocol asked.
//!
//! Which error a service gives when is the service's own business.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use http_body_util::Full;
use serde_json::json;

use super::wire::Response;

/// An error of an AWS service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct AwsError {
    /// HTTP status.
    pub status: StatusCode,
    /// The shape's name, without a namespace.
    pub code: &'static str,
    /// The sentence for people.
    pub message: String,
}

impl AwsError {
    /// A 400 with this code.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, message: message.into() }
    }

    /// `ValidationException`, 400.
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    /// `SerializationException`, 400: a body that is not the operation's request.
    pub(crate) fn serialization(message: impl Into<String>) -> Self {
        Self::new("SerializationException", message)
    }

    /// `UnknownOperationException`, 404.
    pub(crate) fn unknown_operation() -> Self {
        Self { status: StatusCode::NOT_FOUND, code: "UnknownOperationException", message: String::new() }
    }

    /// With another HTTP status.
    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// As awsJson 1.0 and 1.1 write it: `__type` and `message`. The prefix is the namespace some services put before the code.
    pub(crate) fn to_json(&self, content_type: &'static str, prefix: &str) -> Response {
        let mut body = json!({ "__type": format!("{prefix}{}", self.code) });
        if !self.message.is_empty() {
            body["message"] = json!(self.message);
        }
        respond(self.status, content_type, body.to_string())
    }

    /// As restJson1 writes it: the code in a header, the message in the body.
    pub(crate) fn to_rest(&self) -> Response {
        let body = if self.message.is_empty() { json!({}) } else { json!({ "message": self.message }) };
        let mut response = respond(self.status, "application/json", body.to_string());
        response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(self.code));
        response
    }
}

/// A response with the headers that every AWS service sends.
pub(crate) fn respond(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}
