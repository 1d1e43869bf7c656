//! Preview and confirmation. A GET shows what would happen and is safe to share; a POST does it and leads on to its stages.
//!
//! Whatever stands in the way is told on the same form, with everything that was typed still in it.

use axum::extract::{Form, Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use decision::RegionName;
use http::StatusCode;
use serde::Deserialize;

use super::lost;
use super::shell::{Shell, page};
use super::view::{ActView, Failed};
use crate::app::App;
use crate::guard::{Operator, Person};
use crate::model::{Act, Fields, Mark, Outcome, Preview};

/// What the form sends: the fields, and a length of one's own where none of the choices is taken.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    own: String,
    #[serde(flatten)]
    fields: Fields,
}

impl Sent {
    fn fields(self) -> Fields {
        if self.fields.length == "own" { Fields { length: self.own, ..self.fields } } else { self.fields }
    }
}

/// The region and the act that an address names.
fn named(name: &str, act: &str) -> Option<(RegionName, Act)> {
    Some((RegionName::new(name).ok()?, Act::parse(act)?))
}

pub(super) async fn preview(
    State(app): State<App>,
    person: Person,
    Path((name, act)): Path<(String, String)>,
    Query(sent): Query<Sent>,
) -> Response {
    let Some((region, act)) = named(&name, &act) else { return lost().await };
    match app.preview(&person, act, &region, sent.fields()).await {
        Some(preview) => show(StatusCode::OK, &person, &preview, None),
        None => lost().await,
    }
}

pub(super) async fn act(
    State(app): State<App>,
    operator: Operator,
    Path((name, act)): Path<(String, String)>,
    Form(sent): Form<Sent>,
) -> Response {
    let Some((region, act)) = named(&name, &act) else { return lost().await };
    let fields = sent.fields();
    let Some(outcome) = app.act(&operator, act, &region, fields.clone()).await else { return lost().await };
    let (status, person) = (outcome.status(), &operator.0);
    match outcome {
        Outcome::Done { progress, .. } => Redirect::to(&progress).into_response(),
        Outcome::Invalid { preview, .. } | Outcome::Moved { preview, .. } | Outcome::Refused { preview, .. } => {
            show(status, person, &preview, None)
        }
        Outcome::Failed { kind, text, missing, hints } => {
            let title = match kind {
                "credentials" => "Not done: the credentials do not let it",
                "unknown" => "It is not known whether it was done",
                _ => "Not done",
            };
            let failed = Failed { title, text, missing, hints };
            match app.preview(person, act, &region, fields).await {
                Some(preview) => show(status, person, &preview, Some(failed)),
                None => lost().await,
            }
        }
    }
}

/// The form, with whatever there is to say about it.
fn show(status: StatusCode, person: &Person, preview: &Preview, failed: Option<Failed>) -> Response {
    let is_wrong = failed.is_some() || preview.refused.is_some() || !preview.problems.is_empty() || !preview.moved.is_empty();
    let mark = if is_wrong { Mark::Bad } else { Mark::Warn };
    let shell = Shell::new(&preview.header, person, mark, &format!("Preview: {} {}", preview.act.as_str(), preview.region));
    page(status, &ActView { shell: &shell, page: preview, failed })
}
