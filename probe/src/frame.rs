//! What a chat API sends down a socket, read just far enough to find nonces in it.
//!
//! Anything may arrive here: strangers' messages in any number, errors, nonsense. Nothing of it is kept.

use serde::{Deserialize, Deserializer};

/// The longest frame that is read, in bytes. API Gateway's limit for a message is 128 KB.
pub(crate) const FRAME_MAX: usize = 256 * 1024;

/// One frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// A batch.
    Messages(Vec<Message>),
    /// What was sent on this socket was not taken: our error frame, or API Gateway's own when the integration fails.
    Refused(String),
    /// Neither.
    Other,
}

#[derive(Deserialize)]
struct Raw {
    messages: Option<Vec<Message>>,
    error: Option<String>,
    action: Option<String>,
    message: Option<String>,
    #[serde(rename = "requestId")]
    request_id: Option<String>,
}

/// One message of a batch.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Message {
    #[serde(default, rename = "message")]
    pub(crate) text: String,
    /// When the region that took it says that it did, in milliseconds since the epoch.
    #[serde(default, deserialize_with = "whole")]
    pub(crate) ts: Option<i64>,
}

/// A whole number, or nothing: a timestamp that is none must not hide the message.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    serde_json::Value::deserialize(deserializer).map(|value| value.as_i64())
}

impl Frame {
    pub(crate) fn parse(text: &str) -> Self {
        let Ok(raw) = serde_json::from_str::<Raw>(text) else { return Frame::Other };
        match raw {
            Raw { messages: Some(messages), .. } => Frame::Messages(messages),
            Raw { error: Some(error), action, .. } if action.as_deref().is_none_or(|action| action == "send") => Frame::Refused(error),
            Raw { message: Some(message), request_id: Some(_), .. } => Frame::Refused(message),
            Raw { .. } => Frame::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_apart() {
        let message = |text: &str, ts| Message { text: text.to_owned(), ts };
        let batch = r#"{"messages":[{"id":"1","ts":5,"message":"a","source":"x","region":"eu-west-2"},{"message":"b","ts":"soon"},{"message":"c"}],"region":"us-west-2"}"#;
        assert_eq!(Frame::parse(batch), Frame::Messages(vec![message("a", Some(5)), message("b", None), message("c", None)]));
        assert_eq!(Frame::parse(r#"{"error":"no table","action":"send"}"#), Frame::Refused("no table".into()));
        let gateway = r#"{"message":"Internal server error","connectionId":"abc=","requestId":"def="}"#;
        assert_eq!(Frame::parse(gateway), Frame::Refused("Internal server error".into()));
        for other in ["", "{", "[]", "null", r#"{"error":"x","action":"ping"}"#, r#"{"message":"hello"}"#, r#"{"messages":5}"#] {
            assert_eq!(Frame::parse(other), Frame::Other, "{other}");
        }
    }
}
