//! Reading: the models of the pages as they are, and the status as the command line prints it.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use decision::{Answers, RegionName, ServiceView};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::said::{document, no_region, problem};
use crate::app::App;
use crate::guard::Person;
use crate::model::{self, Act, Fields, Live, LogFilter};

/// Who is signed in.
#[derive(Serialize)]
struct Session<'a> {
    actor: &'a str,
    role: &'static str,
    /// What writes carry in the header `x-csrf-token`.
    csrf: &'a str,
}

/// What `failover status --output json` prints, and how old it is.
#[derive(Serialize)]
struct Status<'a> {
    command: &'static str,
    api: &'a str,
    websocket: &'a str,
    all_serving: bool,
    live: Live,
    #[serde(flatten)]
    view: &'a ServiceView,
}

/// The moment that is asked for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct At {
    at: String,
}

pub(super) async fn session(person: Person) -> Response {
    document(StatusCode::OK, &Session { actor: &person.actor, role: person.role.as_str(), csrf: &person.csrf })
}

pub(super) async fn status(State(app): State<App>, _: Person) -> Response {
    let snapshot = app.watch().current().await;
    let names = &app.settings.names;
    let status = Status {
        command: "status",
        api: &names.api,
        websocket: &names.websocket,
        all_serving: snapshot.view.regions.iter().all(|region| region.answers == Answers::Serving),
        live: model::live(&snapshot, app.settings.clock.now().max(snapshot.at)),
        view: &snapshot.view,
    };
    document(StatusCode::OK, &status)
}

pub(super) async fn overview(State(app): State<App>, person: Person) -> Response {
    document(StatusCode::OK, &app.overview(&person).await)
}

pub(super) async fn log(State(app): State<App>, person: Person, filter: Result<Query<LogFilter>, QueryRejection>) -> Response {
    match filter {
        Ok(Query(filter)) => document(StatusCode::OK, &app.log(&person, filter).await),
        Err(rejection) => unclear(&rejection),
    }
}

pub(super) async fn region(
    State(app): State<App>,
    person: Person,
    Path(region): Path<String>,
    at: Result<Query<At>, QueryRejection>,
) -> Response {
    let at = match at {
        Ok(Query(At { at })) => at,
        Err(rejection) => return unclear(&rejection),
    };
    let Some(region) = named(&region) else { return no_region() };
    app.region(&person, &region, &at).await.map_or_else(no_region, |page| document(StatusCode::OK, &page))
}

pub(super) async fn progress(State(app): State<App>, person: Person, Path(region): Path<String>) -> Response {
    let Some(region) = named(&region) else { return no_region() };
    match app.progress(&person, &region).await {
        Some(progress) => document(StatusCode::OK, &progress),
        None => problem(
            StatusCode::NOT_FOUND,
            "nothing was ever asked for of that region, or there is no such region",
            "/api/v1/log tells what was asked for",
        ),
    }
}

pub(super) async fn preview(
    State(app): State<App>,
    person: Person,
    Path((region, act)): Path<(String, String)>,
    fields: Result<Query<Fields>, QueryRejection>,
) -> Response {
    let (Some(region), Some(act)) = (named(&region), Act::parse(&act)) else { return no_region() };
    match fields {
        Ok(Query(fields)) => {
            app.preview(&person, act, &region, fields).await.map_or_else(no_region, |preview| document(StatusCode::OK, &preview))
        }
        Err(rejection) => unclear(&rejection),
    }
}

/// A name that could be a region's.
pub(super) fn named(name: &str) -> Option<RegionName> {
    RegionName::new(name).ok()
}

fn unclear(rejection: &QueryRejection) -> Response {
    problem(StatusCode::BAD_REQUEST, &rejection.body_text(), "each parameter may be there once")
}
