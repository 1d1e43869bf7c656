//! How the API says things: JSON, also where something is wrong.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use serde_json::json;

/// A document, with the schema's name in it.
pub(super) fn document(status: StatusCode, body: &impl Serialize) -> Response {
    let told = serde_json::to_value(body).map(|mut value| {
        if let Some(object) = value.as_object_mut() {
            object.insert("schema".to_owned(), json!(decision::Schema::V1));
        }
        value
    });
    match told {
        Ok(value) => (status, Json(value)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a document cannot be written as JSON");
            problem(
                StatusCode::INTERNAL_SERVER_ERROR,
                "this cannot be told as JSON",
                "it is a flaw of the dashboard; the pages say the same",
            )
        }
    }
}

/// What is wrong, and what would help.
pub(super) fn problem(status: StatusCode, error: &str, hint: &str) -> Response {
    (status, Json(json!({ "schema": decision::Schema::V1, "error": error, "hint": hint }))).into_response()
}

/// There is no such region.
pub(super) fn no_region() -> Response {
    problem(StatusCode::NOT_FOUND, "there is no such region", "/api/v1/status names the regions")
}

/// There is no such path.
pub(super) async fn nowhere() -> Response {
    problem(StatusCode::NOT_FOUND, "there is nothing under that path", "/api/v1/openapi.json says what there is")
}

/// There is such a path, and it is not asked like that.
pub(super) async fn not_so() -> Response {
    problem(StatusCode::METHOD_NOT_ALLOWED, "that path is not asked with this method", "/api/v1/openapi.json says how")
}
