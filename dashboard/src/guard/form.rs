//! The body of a write, and the token in it that proves that the form is ours. Bounded in length and in time.

use std::time::Duration;

use axum::body::{Body, Bytes};
use http::request::Parts;
use http::{HeaderMap, HeaderName, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::origin::{Found, only};
use super::refusal::Refusal;

const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-csrf-token");
const TOKEN_FIELD: &str = "csrf";
/// The longest token that is compared.
const TOKEN_MAX: usize = 64;

/// Whether the body is of a kind that is read: what any page can send unasked (plain text, files) is not.
pub(crate) fn check_kind(headers: &HeaderMap) -> Result<(), Refusal> {
    if kind(headers).is_some_and(|kind| kind == "application/x-www-form-urlencoded" || kind == "application/json") {
        Ok(())
    } else {
        Err(Refusal::MediaType)
    }
}

fn kind(headers: &HeaderMap) -> Option<String> {
    match only(headers, &header::CONTENT_TYPE) {
        Found::One(value) => Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()),
        Found::None | Found::Unclear => None,
    }
}

/// The whole body.
pub(crate) async fn read(headers: &HeaderMap, body: Body, bytes_max: usize, within: Duration) -> Result<Bytes, Refusal> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|announced| announced > bytes_max as u64) {
        return Err(Refusal::TooMuch);
    }
    match tokio::time::timeout(within, Limited::new(body, bytes_max).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::TooMuch),
        Ok(Err(_)) | Err(_) => Err(Refusal::Unfinished),
    }
}

/// The token that came along: in the header, else in a form's one field of that name.
pub(crate) fn token(parts: &Parts, body: &[u8]) -> Option<String> {
    let token = match only(&parts.headers, &TOKEN_HEADER) {
        Found::One(value) => value.to_owned(),
        Found::Unclear => return None,
        Found::None if kind(&parts.headers)? == "application/x-www-form-urlencoded" => {
            let mut fields = form_urlencoded::parse(body).filter(|(name, _)| name == TOKEN_FIELD);
            let (_, value) = fields.next()?;
            if fields.next().is_some() {
                return None;
            }
            value.into_owned()
        }
        Found::None => return None,
    };
    (1..=TOKEN_MAX).contains(&token.len()).then_some(token)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn found(kind: &str, header: Option<&str>, body: &str) -> Option<String> {
        let mut request = Request::post("/").header("content-type", kind);
        if let Some(value) = header {
            request = request.header("x-csrf-token", value);
        }
        token(&request.body(()).unwrap().into_parts().0, body.as_bytes())
    }

    #[test]
    fn a_token_is_one_field_or_one_header() {
        let form = "application/x-www-form-urlencoded; charset=UTF-8";
        assert_eq!(found(form, None, "reason=a%26csrf%3Db&csrf=t"), Some("t".to_owned()));
        assert_eq!(found(form, Some("h"), "csrf=t"), Some("h".to_owned()));
        assert_eq!(found(form, None, "csrf=t&csrf=t"), None);
        assert_eq!(found(form, None, "csrf=&a=b"), None);
        assert_eq!(found("application/json", None, "csrf=t"), None);
        assert_eq!(found("application/json", Some("h"), "{}"), Some("h".to_owned()));
    }

    #[test]
    fn only_forms_and_json_are_read() {
        let check = |kind: &str| check_kind(Request::post("/").header("content-type", kind).body(()).unwrap().headers());
        assert_eq!((check("application/json"), check("Application/X-WWW-Form-urlencoded; charset=x")), (Ok(()), Ok(())));
        for other in ["text/plain", "multipart/form-data; boundary=x", "", "application/jsonp"] {
            assert_eq!(check(other), Err(Refusal::MediaType), "{other}");
        }
    }
}
