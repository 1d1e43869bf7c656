//! The same reads and writes as the pages, as JSON under `/api/v1`; `/metrics` for machines, `/events` for pages that stay open.
//!
//! `openapi` describes all of it. Nothing here decides or words anything: that is `model` and `write`.

mod events;
mod metrics;
mod openapi;
mod reads;
mod said;
mod writes;

use axum::Router;
use axum::routing::get;

use crate::app::App;

/// Their routes.
pub(crate) fn routes() -> Router<App> {
    let api = Router::new()
        .route("/openapi.json", get(openapi::get))
        .route("/session", get(reads::session))
        .route("/status", get(reads::status))
        .route("/overview", get(reads::overview))
        .route("/log", get(reads::log))
        .route("/regions/{region}", get(reads::region))
        .route("/regions/{region}/progress", get(reads::progress))
        .route("/regions/{region}/{act}", get(reads::preview).post(writes::act))
        .fallback(said::nowhere)
        .method_not_allowed_fallback(said::not_so);
    Router::new().nest("/api/v1", api).route("/metrics", get(metrics::get)).route("/events", get(events::get))
}
