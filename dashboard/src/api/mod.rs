//! The same reads and writes as the pages, as JSON under `/api/v1`, and `/metrics`.

use axum::Router;

use crate::app::App;

/// Their routes.
pub(crate) fn routes() -> Router<App> {
    Router::new()
}
