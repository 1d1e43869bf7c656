//! The web client's files, compiled in.
//!
//! What is in them is the chat's; nothing is rendered here.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;

use super::Reply;

const PAGE: &str = include_str!("../../../../chat/web/index.html");
const STYLE: &str = include_str!("../../../../chat/web/chat.css");
const SCRIPT: &str = include_str!("../../../../chat/web/chat.js");
const ICON: &str = include_str!("../../../../chat/web/icon.svg");

/// The file at this path, if it is one.
pub(super) fn asset(path: &str) -> Option<Reply> {
    let (content_type, text) = match path {
        "/" => ("text/html; charset=utf-8", PAGE),
        "/chat.css" => ("text/css; charset=utf-8", STYLE),
        "/chat.js" => ("text/javascript; charset=utf-8", SCRIPT),
        "/icon.svg" => ("image/svg+xml", ICON),
        _ => return None,
    };
    Some(reply(StatusCode::OK, content_type, Bytes::from_static(text.as_bytes())))
}

/// A reply with a body.
pub(super) fn reply(status: StatusCode, content_type: &'static str, body: Bytes) -> Reply {
    let mut reply = Response::new(Full::new(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}
