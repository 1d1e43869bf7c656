//! The body of a request or frame as API Gateway hands it over: text or base64, of bounded length, holding one JSON object.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// The largest body. A text of 1024 bytes written with JSON's longest escapes has 6144, and room is left for the rest.
pub(crate) const BODY_BYTES_MAX: usize = 8 * 1024;

/// Why a body is not a JSON object.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub(crate) enum BadBody {
    #[error("the body has more than {BODY_BYTES_MAX} bytes")]
    TooLong,
    #[error("the body is not valid base64")]
    NotBase64,
    #[error("the body is not JSON")]
    NotJson,
    #[error("the body is not a JSON object")]
    NotAnObject,
}

/// Parses a body. None at all is an empty one, which is not JSON.
pub(crate) fn object(body: Option<&str>, is_base64: bool) -> Result<Map<String, Value>, BadBody> {
    let body = body.unwrap_or_default();
    // Four characters of base64 for three bytes.
    let limit = if is_base64 { BODY_BYTES_MAX.div_ceil(3) * 4 } else { BODY_BYTES_MAX };
    if body.len() > limit {
        return Err(BadBody::TooLong);
    }
    let value = if is_base64 {
        let bytes = STANDARD.decode(body).map_err(|_| BadBody::NotBase64)?;
        if bytes.len() > BODY_BYTES_MAX {
            return Err(BadBody::TooLong);
        }
        serde_json::from_slice(&bytes)
    } else {
        serde_json::from_str(body)
    };
    match value.map_err(|_| BadBody::NotJson)? {
        Value::Object(object) => Ok(object),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Err(BadBody::NotAnObject),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_object_is_read_from_text_and_from_base64() {
        let json = r#"{"a":"é"}"#;
        assert_eq!(object(Some(json), false).unwrap()["a"], "é");
        assert_eq!(object(Some(&STANDARD.encode(json)), true).unwrap()["a"], "é");
    }

    #[test]
    fn anything_else_is_refused_with_its_reason() {
        let deep = "[".repeat(5_000);
        let long = format!("\"{}\"", "x".repeat(BODY_BYTES_MAX));
        let cases: [(Option<&str>, bool, BadBody); 12] = [
            (None, false, BadBody::NotJson),
            (Some(""), false, BadBody::NotJson),
            (Some("{"), false, BadBody::NotJson),
            (Some("{} {}"), false, BadBody::NotJson),
            (Some(r#"{"a":"\ud800"}"#), false, BadBody::NotJson),
            (Some(&deep), false, BadBody::NotJson),
            (Some("[]"), false, BadBody::NotAnObject),
            (Some("null"), false, BadBody::NotAnObject),
            (Some(&long), false, BadBody::TooLong),
            (Some(&STANDARD.encode(&long)), true, BadBody::TooLong),
            (Some("{}"), true, BadBody::NotBase64),
            (Some(&STANDARD.encode([0x22, 0xff, 0x22])), true, BadBody::NotJson),
        ];
        for (body, is_base64, expected) in cases {
            assert_eq!(object(body, is_base64), Err(expected), "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..10_000), is_base64: bool) {
            let text = if is_base64 { STANDARD.encode(&bytes) } else { String::from_utf8_lossy(&bytes).into_owned() };
            let _ = object(Some(&text), is_base64);
        }
    }
}
