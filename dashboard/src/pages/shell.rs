//! What stands around every page, and how a page becomes an answer: whole, or as the part that the script puts into an open page.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde::Serialize;

use super::assets::{SCRIPT_PATH, STYLE_PATH};
use crate::guard::Person;
use crate::model::{Header, LiveState, Mark};

/// What stands around a page.
pub(super) struct Shell<'a> {
    /// The title of the tab: the news first, for there is little room.
    pub(super) title: String,
    /// The icon of the tab.
    pub(super) mark: Mark,
    /// The entry of the menu that this page is under.
    pub(super) at: &'static str,
    /// The head.
    pub(super) header: &'a Header,
    /// What forms carry.
    pub(super) csrf: &'a str,
    /// Where the part that changes is to be had again; none for pages that stand still, as forms do.
    pub(super) fragment: Option<String>,
}

impl<'a> Shell<'a> {
    /// Around a page that stands still.
    pub(super) fn new(header: &'a Header, person: &'a Person, mark: Mark, news: &str) -> Self {
        Self { title: format!("{} {news} · {}", mark.sign(), header.service), mark, at: "", header, csrf: &person.csrf, fragment: None }
    }

    /// The same page, kept up to date from `fragment`.
    pub(super) fn kept_by(self, fragment: String) -> Self {
        Self { fragment: Some(fragment), ..self }
    }

    /// Whether the page does not go on by itself: then it says when it was made, and not that it is live.
    pub(super) fn is_still(&self) -> bool {
        self.fragment.is_none() && self.header.live.state == LiveState::Live
    }

    pub(super) fn icon(&self) -> String {
        format!("/static/{}.svg", self.mark.as_str())
    }

    pub(super) fn style(&self) -> &'static str {
        &STYLE_PATH
    }

    pub(super) fn script(&self) -> &'static str {
        &SCRIPT_PATH
    }
}

/// A page as an answer. A template that cannot be written is our own mistake, and says so.
pub(super) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// What the script is told.
#[derive(Serialize)]
struct Fragment<'a> {
    /// The time by the dashboard's clock, so that ages go on by it.
    at: Timestamp,
    title: &'a str,
    icon: String,
    /// How old it is, as the head says it.
    live: LiveState,
    text: &'a str,
    html: String,
}

/// The part of a page that changes.
pub(super) fn fragment(shell: &Shell<'_>, template: &impl Template) -> Response {
    let Ok(html) = template.render() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let live = &shell.header.live;
    let fragment = Fragment { at: shell.header.at, title: &shell.title, icon: shell.icon(), live: live.state, text: &live.text, html };
    let mut response = axum::Json(fragment).into_response();
    // Each watcher holds a connection for its events already: a second one that idles would take the place of somebody who wants to write.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
