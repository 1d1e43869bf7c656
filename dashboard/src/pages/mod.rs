//! The pages: server-rendered, usable without scripts. What they say is made in `model`, what they do in `App`; here it is laid out and sent.

mod assets;
mod picture;
mod shell;
mod show;
#[cfg(test)]
mod tests;
mod view;
mod write;

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;

use crate::app::App;

/// Their routes. Only the path of an act takes a POST.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(show::overview))
        .route("/fragment", get(show::overview_part))
        .route("/regions/{region}", get(show::region))
        .route("/fragment/regions/{region}", get(show::region_part))
        .route("/regions/{region}/progress", get(show::progress))
        .route("/fragment/regions/{region}/progress", get(show::progress_part))
        .route("/regions/{region}/{act}", get(write::preview).post(write::act))
        .route("/log", get(show::log))
        .route("/static/{name}", get(assets::get))
        .fallback(lost)
}

/// There is no such page.
async fn lost() -> Response {
    shell::page(StatusCode::NOT_FOUND, &view::LostView { style: &assets::STYLE_PATH })
}
