//! What a chat API sends down a socket, read just far enough to find nonces in it.
//!
//! Anything may arrive here: strangers' messages in any number, errors, nonsense. Nothing of it is kept.

use serde::Deserialize;

/// The longest frame that is read, in bytes. API Gateway's limit for a message is 128 KB.
pub(crate) const FRAME_MAX: usize = 256 * 1024;

/// One frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// A batch: the texts of its messages.
    Messages(Vec<String>),
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

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    message: String,
}

impl Frame {
    pub(crate) fn parse(text: &str) -> Self {
        let Ok(raw) = serde_json::from_str::<Raw>(text) else { return Frame::Other };
        match raw {
            Raw { messages: Some(messages), .. } => Frame::Messages(messages.into_iter().map(|message| message.message).collect()),
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
        let batch =
            r#"{"messages":[{"id":"1","ts":5,"message":"a","source":"x","region":"eu-west-2"},{"message":"b"}],"region":"us-west-2"}"#;
        assert_eq!(Frame::parse(batch), Frame::Messages(vec!["a".into(), "b".into()]));
        assert_eq!(Frame::parse(r#"{"error":"no table","action":"send"}"#), Frame::Refused("no table".into()));
        let gateway = r#"{"message":"Internal server error","connectionId":"abc=","requestId":"def="}"#;
        assert_eq!(Frame::parse(gateway), Frame::Refused("Internal server error".into()));
        for other in ["", "{", "[]", "null", r#"{"error":"x","action":"ping"}"#, r#"{"message":"hello"}"#, r#"{"messages":5}"#] {
            assert_eq!(Frame::parse(other), Frame::Other, "{other}");
        }
    }
}
