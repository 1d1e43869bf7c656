//! The pages: server-rendered, usable without scripts.

use axum::Router;

use crate::app::App;

/// Their routes.
pub(crate) fn routes() -> Router<App> {
    Router::new()
}
