//! The pages that are looked at: overview, region, progress, log; and the parts of them that the script asks for again.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use decision::RegionName;
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;

use super::lost;
use super::shell::{Shell, fragment, page};
use super::view::{LogView, OverviewPart, OverviewView, ProgressPart, ProgressView, RegionPart, RegionView};
use crate::app::App;
use crate::guard::Person;
use crate::model::{LogFilter, LogPage, Mark, Overview, Progress, RegionPage, path};

/// The moment that is asked for, as people write it; empty for now.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct At {
    at: String,
}

impl At {
    /// The slider counts seconds; people type all sorts of moments.
    fn moment(&self) -> String {
        let second = self.at.parse().ok().and_then(|second| Timestamp::from_second(second).ok());
        second.map_or_else(|| self.at.clone(), |at| at.strftime("%FT%TZ").to_string())
    }
}

fn around_overview<'a>(model: &'a Overview, person: &'a Person) -> Shell<'a> {
    let shell = Shell::new(&model.header, person, model.banner.mark, &model.banner.word);
    Shell { at: path::OVERVIEW, ..shell }.kept_by("/fragment".to_owned())
}

pub(super) async fn overview(State(app): State<App>, person: Person) -> Response {
    let model = app.overview(&person).await;
    page(StatusCode::OK, &OverviewView { shell: &around_overview(&model, &person), page: &model })
}

pub(super) async fn overview_part(State(app): State<App>, person: Person) -> Response {
    let model = app.overview(&person).await;
    fragment(&around_overview(&model, &person), &OverviewPart { page: &model })
}

fn around_region<'a>(model: &'a RegionPage, person: &'a Person) -> Shell<'a> {
    let row = &model.row;
    if model.explained.past {
        // The past does not move.
        let at = model.explained.at.strftime("%F %T");
        return Shell::new(&model.header, person, model.explained.mark, &format!("{} at {at}", row.region));
    }
    let shell = Shell::new(&model.header, person, row.mark, &format!("{} {}", row.region, row.answers));
    shell.kept_by(format!("/fragment{}", path::region(&row.region)))
}

pub(super) async fn region(State(app): State<App>, person: Person, Path(name): Path<String>, Query(asked): Query<At>) -> Response {
    let Some(model) = region_model(&app, &person, &name, &asked).await else { return lost().await };
    page(StatusCode::OK, &RegionView { shell: &around_region(&model, &person), page: &model })
}

pub(super) async fn region_part(State(app): State<App>, person: Person, Path(name): Path<String>) -> Response {
    let Some(model) = region_model(&app, &person, &name, &At::default()).await else { return lost().await };
    fragment(&around_region(&model, &person), &RegionPart { page: &model })
}

async fn region_model(app: &App, person: &Person, name: &str, asked: &At) -> Option<RegionPage> {
    app.region(person, &RegionName::new(name).ok()?, &asked.moment()).await
}

fn around_progress<'a>(model: &'a Progress, person: &'a Person) -> Shell<'a> {
    let shell = Shell::new(&model.header, person, model.mark, &model.title);
    shell.kept_by(format!("/fragment{}", path::progress(&model.region)))
}

pub(super) async fn progress(State(app): State<App>, person: Person, Path(name): Path<String>) -> Response {
    let Some(model) = progress_model(&app, &person, &name).await else { return lost().await };
    page(StatusCode::OK, &ProgressView { shell: &around_progress(&model, &person), page: &model })
}

pub(super) async fn progress_part(State(app): State<App>, person: Person, Path(name): Path<String>) -> Response {
    let Some(model) = progress_model(&app, &person, &name).await else { return lost().await };
    fragment(&around_progress(&model, &person), &ProgressPart { page: &model })
}

async fn progress_model(app: &App, person: &Person, name: &str) -> Option<Progress> {
    app.progress(person, &RegionName::new(name).ok()?).await
}

pub(super) async fn log(State(app): State<App>, person: Person, Query(filter): Query<LogFilter>) -> Response {
    let model: LogPage = app.log(&person, filter).await;
    let shell = Shell { at: path::LOG, ..Shell::new(&model.header, &person, Mark::Unknown, "Log") };
    page(StatusCode::OK, &LogView { shell: &shell, page: &model })
}
