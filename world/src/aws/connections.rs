//! `@connections`: API Gateway's management API, by which a Lambda pushes to, asks about and closes a WebSocket. restJson1.

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::json;

use super::error::{AwsError, respond};
use super::sockets::{Outgoing, Posted, Sockets};
use super::wire::{Call, Response};

/// Where a connection id begins in a path; a stage may come before.
const MARK: &str = "/@connections/";
/// The largest push, in bytes [APIGW].
pub(crate) const PAYLOAD_BYTES_MAX: usize = 128 * 1024;

/// Whether a path is one of ours. The SDK writes the `@` either way.
pub(crate) fn is_path(path: &str) -> bool {
    path.contains(MARK) || path.contains("/%40connections/")
}

/// Answers one call.
pub(crate) fn answer(sockets: &Sockets, call: &Call) -> Response {
    match dispatch(sockets, call) {
        Ok(response) => response,
        Err(error) => error.to_rest(),
    }
}

fn dispatch(sockets: &Sockets, call: &Call) -> Result<Response, AwsError> {
    let id = connection_id(call.uri.path()).ok_or_else(|| AwsError::new("BadRequestException", "Invalid connectionId"))?;
    let gone = || AwsError::new("GoneException", "").with_status(StatusCode::GONE);
    if call.method == Method::POST {
        if call.body.len() > PAYLOAD_BYTES_MAX {
            return Err(AwsError::new("PayloadTooLargeException", "Message too long").with_status(StatusCode::PAYLOAD_TOO_LARGE));
        }
        match sockets.post(&id, Outgoing::Message(call.body.clone())) {
            Posted::Queued => Ok(respond(StatusCode::OK, "application/json", Bytes::new())),
            Posted::Gone => Err(gone()),
            Posted::Full => Err(AwsError::new("LimitExceededException", "").with_status(StatusCode::TOO_MANY_REQUESTS)),
        }
    } else if call.method == Method::DELETE {
        match sockets.post(&id, Outgoing::Close) {
            Posted::Queued => Ok(respond(StatusCode::NO_CONTENT, "application/json", Bytes::new())),
            Posted::Gone => Err(gone()),
            Posted::Full => Err(AwsError::new("LimitExceededException", "").with_status(StatusCode::TOO_MANY_REQUESTS)),
        }
    } else if call.method == Method::GET {
        let info = sockets.info(&id).ok_or_else(gone)?;
        let body = json!({
            "connectedAt": info.connected_at.to_string(),
            "lastActiveAt": info.last_active_at.to_string(),
            "identity": { "sourceIp": info.source_ip, "userAgent": info.user_agent },
        });
        Ok(respond(StatusCode::OK, "application/json", body.to_string()))
    } else {
        Err(AwsError::new("MissingAuthenticationTokenException", "Missing Authentication Token").with_status(StatusCode::FORBIDDEN))
    }
}

/// The id at the end of a path, with percent signs read.
fn connection_id(path: &str) -> Option<String> {
    let raw = path.split_once(MARK).or_else(|| path.split_once("/%40connections/"))?.1;
    let mut id = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let hex = [bytes.next()?, bytes.next()?];
            id.push(u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?);
        } else {
            id.push(byte);
        }
    }
    let id = String::from_utf8(id).ok()?;
    (!id.is_empty() && id.len() <= 64 && !id.contains('/')).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_from_any_way_of_writing_it() {
        for path in ["/@connections/AbC=", "/@connections/AbC%3D", "/prod/@connections/AbC%3d", "/%40connections/AbC="] {
            assert!(is_path(path), "{path}");
            assert_eq!(connection_id(path).as_deref(), Some("AbC="), "{path}");
        }
        for path in ["/@connections/", "/@connections/a/b", "/@connections/%", "/@connections/%zz", "/@connections/%ff"] {
            assert_eq!(connection_id(path), None, "{path}");
        }
    }
}
