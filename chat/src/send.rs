//! What a client's frame asks for. Pure: bytes in, a request or a reason out.

use serde_json::Value;

use crate::body::{self, BadBody};
use crate::message::{BadMessage, MessageId, Text};

/// The longest unknown action that is repeated in the error frame.
const ACTION_BYTES_MAX: usize = 32;

/// A frame that asks to send a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Send {
    /// What the client resends under; made here when it gave none.
    pub(crate) id: MessageId,
    pub(crate) text: Text,
}

/// Why a frame is refused.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub(crate) enum BadFrame {
    #[error(transparent)]
    Body(#[from] BadBody),
    #[error("`action` is missing or not a text")]
    NoAction,
    #[error("the only action is `send`")]
    UnknownAction,
    #[error("`message` is missing or not a text")]
    NoMessage,
    #[error(transparent)]
    Message(#[from] BadMessage),
}

/// A refused frame, with the action it named when that can be repeated.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) why: BadFrame,
    pub(crate) action: Option<String>,
}

impl Send {
    pub(crate) fn parse(body: Option<&str>, is_base64: bool) -> Result<Self, Refused> {
        let frame = body::object(body, is_base64).map_err(|why| Refused { why: why.into(), action: None })?;
        let Some(Value::String(action)) = frame.get("action") else {
            return Err(Refused { why: BadFrame::NoAction, action: None });
        };
        if action != "send" {
            let action = (action.len() <= ACTION_BYTES_MAX).then(|| action.clone());
            return Err(Refused { why: BadFrame::UnknownAction, action });
        }
        let refused = |why| Refused { why, action: Some("send".to_owned()) };
        let Some(Value::String(text)) = frame.get("message") else {
            return Err(refused(BadFrame::NoMessage));
        };
        let text = Text::parse(text).map_err(|why| refused(why.into()))?;
        let id = match frame.get("id") {
            None => MessageId::random(),
            Some(Value::String(id)) => MessageId::parse(id).map_err(|why| refused(why.into()))?,
            Some(_) => return Err(refused(BadMessage::Id.into())),
        };
        Ok(Self { id, text })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_send_is_read() {
        let send = Send::parse(Some(r#"{"action":"send","message":"hi","id":"a-1","more":[1]}"#), false).unwrap();
        assert_eq!((send.id.into_string(), send.text.into_string()), ("a-1".to_owned(), "hi".to_owned()));
    }

    #[test]
    fn without_an_id_each_send_gets_its_own() {
        let [one, two] = [(); 2].map(|()| Send::parse(Some(r#"{"action":"send","message":"hi"}"#), false).unwrap());
        assert_ne!(one.id, two.id);
    }

    #[test]
    fn every_refusal_says_why() {
        let long = format!(r#"{{"action":"send","message":"{}"}}"#, "x".repeat(1025));
        let action = format!(r#"{{"action":"{}"}}"#, "x".repeat(33));
        let bodies = [
            "hello",
            "[]",
            "{}",
            r#"{"action":7}"#,
            r#"{"action":"ping"}"#,
            r#"{"action":"Send","message":"hi"}"#,
            &action,
            r#"{"action":"send"}"#,
            r#"{"action":"send","message":null}"#,
            r#"{"action":"send","message":{"text":"hi"}}"#,
            r#"{"action":"send","message":" "}"#,
            r#"{"action":"send","message":"\u0000"}"#,
            &long,
            r#"{"action":"send","message":"hi","id":""}"#,
            r#"{"action":"send","message":"hi","id":null}"#,
            r#"{"action":"send","message":"hi","id":"heartbeat#a#b"}"#,
        ];
        let reasons: Vec<String> = bodies
            .iter()
            .map(|body| {
                let refused = Send::parse(Some(body), false).unwrap_err();
                format!("{} [{}]", refused.why, refused.action.as_deref().unwrap_or_default())
            })
            .collect();
        insta::assert_snapshot!(reasons.join("\n"), @r"
        the body is not JSON []
        the body is not a JSON object []
        `action` is missing or not a text []
        `action` is missing or not a text []
        the only action is `send` [ping]
        the only action is `send` [Send]
        the only action is `send` []
        `message` is missing or not a text [send]
        `message` is missing or not a text [send]
        `message` is missing or not a text [send]
        `message` is empty [send]
        `message` holds a control character other than a line feed or a tab [send]
        `message` has 1025 bytes, at most 1024 are allowed [send]
        `id` is not 1 to 64 letters, digits and hyphens [send]
        `id` is not 1 to 64 letters, digits and hyphens [send]
        `id` is not 1 to 64 letters, digits and hyphens [send]
        ");
    }

    proptest! {
        #[test]
        fn no_frame_panics_and_an_accepted_one_says_what_it_said(
            action in "send|\\PC{0,40}",
            message in "\\PC{0,40}|[\\x00-\\x7f]{0,40}",
            id in prop::option::of("[A-Za-z0-9-]{0,70}|\\PC{0,10}"),
        ) {
            let mut frame = serde_json::json!({"action": action, "message": message});
            if let Some(id) = &id {
                frame["id"] = id.as_str().into();
            }
            if let Ok(send) = Send::parse(Some(&frame.to_string()), false) {
                prop_assert_eq!(action, "send");
                prop_assert_eq!(send.text.into_string(), message);
                let made = send.id.into_string();
                prop_assert_eq!(id.unwrap_or_else(|| made.clone()), made);
            }
        }
    }
}
