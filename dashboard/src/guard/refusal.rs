//! What somebody is told who is refused: a status, a sentence, and what would help. No refusal repeats a byte of the request.

use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};

/// Why a request was refused before any handler saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// `Host` is missing, there twice, or not one of ours.
    #[error("this dashboard does not answer under that name")]
    Host,
    /// Another site made the browser ask.
    #[error("another site may not ask here")]
    CrossSite,
    /// Not GET, HEAD or POST.
    #[error("only GET, HEAD and POST")]
    Method,
    /// The target is too long.
    #[error("that address is too long")]
    Target,
    /// The body is neither a form nor JSON.
    #[error("a write is a form or JSON")]
    MediaType,
    /// The body is too long.
    #[error("that is more than a drain needs")]
    TooMuch,
    /// The body did not come in time, or broke off.
    #[error("the rest of the request did not come")]
    Unfinished,
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    NotSignedIn,
    /// The sign-in link is unknown, was used, or is too old.
    #[error("this sign-in link was used already, or is too old")]
    Link,
    /// A browser fetched a sign-in link in advance, or as a part of another page.
    #[error("a sign-in link is for opening, not for loading in advance")]
    LinkInAdvance,
    /// The proxy's token does not prove who this is.
    #[error("the sign-in proxy's token is not accepted: {0}")]
    Token(super::token::TokenFault),
    /// Somebody who may not even look.
    #[error("none of your groups may look here")]
    NotViewer,
    /// A viewer tried to write.
    #[error("only operators may do that")]
    NotOperator,
    /// The form's token is missing, or of another session.
    #[error("this form is of another session, or too old")]
    Form,
    /// Too many streams are open.
    #[error("too many pages are watching; ask again for news now and then")]
    Streams,
    /// The answer took too long.
    #[error("no answer in time")]
    Late,
}

impl Refusal {
    /// What would help.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Refusal::Host => "use the address that `failover dashboard` prints, or name this one in its list of hosts",
            Refusal::CrossSite => "open the dashboard itself, and do it there",
            Refusal::Method => "open the dashboard and use its forms",
            Refusal::Target => "open the dashboard and go on from there",
            Refusal::MediaType => "send application/x-www-form-urlencoded, or application/json with the header x-csrf-token",
            Refusal::TooMuch => "shorten the reason",
            Refusal::Unfinished => "nothing was written; send it again",
            Refusal::NotSignedIn => {
                "open the link that `failover dashboard` printed, or come through your sign-in proxy; if you are signed in, try again"
            }
            Refusal::Link => "press Enter where `failover dashboard` runs: it prints a new one",
            Refusal::LinkInAdvance => "open the link",
            Refusal::Token(_) => "sign in again; if it stays, compare the dashboard's settings with those of the proxy",
            Refusal::NotViewer => "ask for one of the groups that the dashboard names as viewers or operators",
            Refusal::NotOperator => "ask an operator, or use the CLI with AWS credentials that may write intents",
            Refusal::Form => "nothing was written; go back, load the page again and repeat it",
            Refusal::Streams => "the page goes on by itself, every few seconds",
            Refusal::Late => "if it was a drain or the like, look at the overview before you repeat it: it may have been made",
        }
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Refusal::Host => StatusCode::MISDIRECTED_REQUEST,
            Refusal::CrossSite | Refusal::NotViewer | Refusal::NotOperator | Refusal::Form | Refusal::LinkInAdvance => {
                StatusCode::FORBIDDEN
            }
            Refusal::Method => StatusCode::METHOD_NOT_ALLOWED,
            Refusal::Target => StatusCode::URI_TOO_LONG,
            Refusal::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Refusal::TooMuch => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::Unfinished => StatusCode::REQUEST_TIMEOUT,
            Refusal::NotSignedIn | Refusal::Link | Refusal::Token(_) => StatusCode::UNAUTHORIZED,
            Refusal::Streams => StatusCode::SERVICE_UNAVAILABLE,
            Refusal::Late => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// The answer, in the form that the client asks for.
    pub(crate) fn answer(self, form: Form) -> Response {
        let (kind, body) = match form {
            Form::Json => ("application/json", serde_json::json!({ "error": self.to_string(), "hint": self.hint() }).to_string()),
            Form::Page => ("text/html; charset=utf-8", self.page()),
            Form::Line => ("text/plain; charset=utf-8", format!("{self}\nhint: {}\n", self.hint())),
        };
        let mut response = (self.status(), [(header::CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response();
        let also = match self {
            Refusal::Streams => Some((header::RETRY_AFTER, "30")),
            Refusal::Method => Some((header::ALLOW, "GET, HEAD, POST")),
            // What was not read of a body would be taken for the next request.
            Refusal::TooMuch | Refusal::Unfinished => Some((header::CONNECTION, "close")),
            _ => None,
        };
        if let Some((name, value)) = also {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }

    /// Made of our own sentences alone, so there is nothing in it to escape.
    fn page(self) -> String {
        let (status, hint) = (self.status().as_u16(), self.hint());
        format!(
            "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\"><title>Refused: {self}</title>\
             <link rel=stylesheet href=/static/style.css><main><h1>Refused: {self}</h1><p>{hint}.</p><p><a href=\"\">Try again</a> or go to the \
             <a href=/>overview</a>.</p><p>Status {status}</p></main></html>\n"
        )
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.answer(Form::Line)
    }
}

/// How a refusal is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// To programs: below `/api/`.
    Json,
    /// To people.
    Page,
    /// To everybody else.
    Line,
}

impl Form {
    /// The form in which `parts` asks.
    pub(crate) fn asked(parts: &Parts) -> Self {
        let is_page = |accept: &HeaderValue| accept.as_bytes().windows(9).any(|part| part == b"text/html");
        if parts.uri.path().starts_with("/api/") {
            Form::Json
        } else if parts.headers.get(header::ACCEPT).is_some_and(is_page) {
            Form::Page
        } else {
            Form::Line
        }
    }
}
