//! The pages: server-rendered, usable without scripts. What they say is made in `model`, what they do in `App`; here it is laid out and sent.

mod assets;
mod picture;
#[cfg(test)]
mod sample;
mod shell;
#[cfg(any())]
mod show;
#[cfg(test)]
mod tests;
mod view;
#[cfg(any())]
mod write;

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;

use crate::app::App;

/// Their routes. Only the path of an act takes a POST.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/static/{name}", get(assets::get))
        .fallback(lost)
}

/// There is no such page.
async fn lost() -> Response {
    shell::page(StatusCode::NOT_FOUND, &view::LostView { style: &assets::STYLE_PATH })
}
