//! `GET /api/…`: forwarded to where the REST name leads for this user.
//!
//! Only path and query go along, and only status, type and body come back: no cookie, no credential, no header of another site.

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::Full;

use super::{Reply, Shared, json, refuse};
use crate::user::reach::ReachError;

/// The longest path and query that is forwarded, in bytes.
const PATH_BYTES_MAX: usize = 2048;
const SERVED_BY: HeaderName = HeaderName::from_static("x-served-by-address");

pub(super) async fn answer<B>(request: &Request<B>, shared: &Shared) -> Reply {
    let path = request.uri().path_and_query().map_or("", |path| path.as_str());
    let path = path.strip_prefix("/api").unwrap_or(path);
    if path.len() > PATH_BYTES_MAX {
        return refuse(StatusCode::URI_TOO_LONG, "the path is too long");
    }
    let Ok(_permit) = shared.requests.try_acquire() else {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "too many requests at a time");
    };
    match shared.rest.get(path, shared.pace.request).await {
        Ok(fetched) => {
            let mut reply = Response::new(Full::new(fetched.body));
            *reply.status_mut() = fetched.status;
            let content_type = fetched.content_type.unwrap_or(HeaderValue::from_static("application/octet-stream"));
            reply.headers_mut().insert(CONTENT_TYPE, content_type);
            served_by(reply, Some(fetched.address))
        }
        Err(error) => gone(&error),
    }
}

/// 504 when it took too long, 502 for every other reason; with the reason.
pub(super) fn gone(error: &ReachError) -> Reply {
    let status = match error {
        ReachError::Deadline { .. } => StatusCode::GATEWAY_TIMEOUT,
        ReachError::Resolve(_) | ReachError::Connect { .. } | ReachError::Answer { .. } => StatusCode::BAD_GATEWAY,
    };
    served_by(json(status, &serde_json::json!({ "error": error.in_full() })), error.address())
}

pub(super) fn served_by(mut reply: Reply, address: Option<std::net::SocketAddr>) -> Reply {
    if let Some(value) = address.and_then(|address| HeaderValue::from_str(&address.ip().to_string()).ok()) {
        reply.headers_mut().insert(SERVED_BY, value);
    }
    reply
}
