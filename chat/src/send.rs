//! What a client's frame asks for. Pure: bytes in, a request or a reason out.

use serde_json::Value;

use crate::body::{self, BadBody};
use crate::message::{BadMessage, MessageId, Text};

/// The longest unknown action that is repeated in the error frame.
const ACTION_BYTES_MAX: usize = 32;

/// A frame that asks to send a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Send {
    /// What the client resends under, when it gave one.
    pub(crate) id: Option<MessageId>,
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

/// A refused frame, with the action and the message it named when those can be repeated.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) why: BadFrame,
    pub(crate) action: Option<String>,
    pub(crate) id: Option<MessageId>,
}

impl Send {
    pub(crate) fn parse(body: Option<&str>, is_base64: bool) -> Result<Self, Refused> {
        let frame = body::object(body, is_base64).map_err(|why| Refused { why: why.into(), action: None, id: None })?;
        let Some(Value::String(action)) = frame.get("action") else {
            return Err(Refused { why: BadFrame::NoAction, action: None, id: None });
        };
        if action != "send" {
            let action = (action.len() <= ACTION_BYTES_MAX).then(|| action.clone());
            return Err(Refused { why: BadFrame::UnknownAction, action, id: None });
        }
        let id = match frame.get("id") {
            None => Ok(None),
            Some(Value::String(id)) => MessageId::parse(id).map(Some),
            Some(_) => Err(BadMessage::Id),
        };
        // A bad text is told before a bad id, and under the id when that one is good.
        let text = match frame.get("message") {
            Some(Value::String(text)) => Text::parse(text).map_err(BadFrame::from),
            Some(_) | None => Err(BadFrame::NoMessage),
        };
        let refused = |why, id| Refused { why, action: Some("send".to_owned()), id };
        match (text, id) {
            (Ok(text), Ok(id)) => Ok(Self { id, text }),
            (Err(why), id) => Err(refused(why, id.unwrap_or_default())),
            (Ok(_), Err(why)) => Err(refused(why.into(), None)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_send_is_read() {
        let send = Send::parse(Some(r#"{"action":"send","message":"hi","id":"a-1","more":[1]}"#), false).unwrap();
        assert_eq!((send.id, send.text.into_string()), (MessageId::parse("a-1").ok(), "hi".to_owned()));
        assert_eq!(Send::parse(Some(r#"{"action":"send","message":"hi"}"#), false).unwrap().id, None);
    }

    #[test]
    fn a_refusal_names_the_message_when_its_id_is_good() {
        for message in [r#""""#, r#""\u0007""#, "7", "null"] {
            let refused =
                |id: &str| Send::parse(Some(&format!(r#"{{"action":"send","message":{message},"id":{id}}}"#)), false).unwrap_err();
            assert_eq!(refused(r#""a-1""#).id, MessageId::parse("a-1").ok(), "{message}");
            assert_eq!((refused(r#""a b""#).id, refused("7").id), (None, None), "{message}");
        }
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
                prop_assert_eq!(send.id.map(MessageId::into_string), id);
            }
        }
    }
}
