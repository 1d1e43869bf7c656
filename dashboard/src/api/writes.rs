//! Writing: the same acts with the same fields as the forms of the pages.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::response::Response;

use super::reads::named;
use super::said::{document, no_region, problem};
use crate::app::App;
use crate::guard::Operator;
use crate::model::{Act, Fields};

pub(super) async fn act(
    State(app): State<App>,
    operator: Operator,
    Path((region, act)): Path<(String, String)>,
    fields: Result<Json<Fields>, JsonRejection>,
) -> Response {
    let (Some(region), Some(act)) = (named(&region), Act::parse(&act)) else { return no_region() };
    let fields = match fields {
        Ok(Json(fields)) => fields,
        Err(rejection) => {
            return problem(rejection.status(), &rejection.body_text(), "nothing was changed; /api/v1/openapi.json says what is needed");
        }
    };
    match app.act(&operator, act, &region, fields).await {
        Some(outcome) => document(outcome.status(), &outcome),
        None => no_region(),
    }
}
