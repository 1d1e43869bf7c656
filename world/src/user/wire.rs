//! The chat's wire as a client reads and writes it: parsed once, within limits.
//!
//! No socket and no state here.

use std::fmt;

use decision::RegionName;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The most text one message may carry, in bytes (the chat refuses more).
pub const TEXT_BYTES_MAX: usize = 1024;
/// The longest message id.
pub const ID_BYTES_MAX: usize = 64;
/// The largest frame that is read: what API Gateway passes on at most (128 KB a message).
pub const FRAME_BYTES_MAX: usize = 128 * 1024;
/// The most messages the history answers with.
pub const HISTORY_MAX: usize = 100;
/// The largest history that is read: full, with every byte escaped, and room for the rest.
pub const HISTORY_BYTES_MAX: usize = 1024 * 1024;

/// What names a message everywhere, for ever: made by the client that says it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageId(String);

/// Text that is no message id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a message id; use 1 to 64 of a-z, A-Z, 0-9 and -")]
pub struct InvalidId(pub String);

impl MessageId {
    /// A fresh one.
    #[must_use]
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().to_string())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for MessageId {
    type Error = InvalidId;

    fn try_from(raw: String) -> Result<Self, InvalidId> {
        let well_formed = (1..=ID_BYTES_MAX).contains(&raw.len()) && raw.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if well_formed { Ok(Self(raw)) } else { Err(InvalidId(raw.chars().take(80).collect())) }
    }
}

impl From<MessageId> for String {
    fn from(id: MessageId) -> String {
        id.0
    }
}

/// Text that can be said: not empty, at most [`TEXT_BYTES_MAX`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(String);

/// Text that the chat would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Nothing in it.
    #[error("a message needs text")]
    Empty,
    /// Too much of it.
    #[error("a message holds at most {TEXT_BYTES_MAX} bytes of text, this has {0}")]
    TooLong(usize),
}

impl Text {
    /// Checks what someone wants to say.
    ///
    /// # Errors
    /// [`InvalidText`] with the limit.
    pub fn new(raw: &str) -> Result<Self, InvalidText> {
        match raw.len() {
            0 => Err(InvalidText::Empty),
            1..=TEXT_BYTES_MAX => Ok(Self(raw.to_owned())),
            length => Err(InvalidText::TooLong(length)),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A message as the chat tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// When it was written, in milliseconds since the epoch.
    pub ts: i64,
    /// The text.
    pub message: String,
    /// Who said it, as the chat knows.
    #[serde(default)]
    pub source: String,
    /// Where it was written.
    pub region: RegionName,
}

/// Messages and who serves them: a push, and the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The messages.
    pub messages: Vec<Message>,
    /// The region that serves them.
    pub region: RegionName,
}

/// What a frame says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// Messages.
    Envelope(Envelope),
    /// Something we sent was not done.
    Error {
        /// Why, in the chat's words, shortened.
        reason: String,
        /// The message it is about, when it says so.
        id: Option<MessageId>,
        /// Whether sending it again can help. Unless the chat clearly says no, it can.
        again: bool,
    },
}

/// A frame that says nothing we know.
#[derive(Debug, thiserror::Error)]
#[error("the chat sent something that is neither messages nor an error")]
pub struct Unreadable(#[source] serde_json::Error);

impl Frame {
    /// Reads a text frame.
    ///
    /// # Errors
    /// [`Unreadable`] with the place where it stops making sense.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Raw {
            Envelope(Envelope),
            Error { error: String, id: Option<Value>, again: Option<Value> },
        }
        Ok(match serde_json::from_str(text).map_err(Unreadable)? {
            Raw::Envelope(envelope) => Frame::Envelope(envelope),
            Raw::Error { error, id, again } => Frame::Error {
                reason: error.chars().take(200).collect(),
                id: id.and_then(|id| serde_json::from_value(id).ok()),
                again: again != Some(Value::Bool(false)),
            },
        })
    }
}

/// Reads the body of the history.
///
/// # Errors
/// [`Unreadable`] with the place where it stops making sense.
pub fn read_history(body: &[u8]) -> Result<Envelope, Unreadable> {
    let mut envelope: Envelope = serde_json::from_slice(body).map_err(Unreadable)?;
    envelope.messages.truncate(HISTORY_MAX);
    Ok(envelope)
}

/// The frame that says `text` under `id`.
#[must_use]
pub fn send_frame(id: &MessageId, text: &Text) -> String {
    serde_json::json!({ "action": "send", "id": id, "message": text.as_str() }).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pushes_and_errors_are_told_apart() {
        let push = r#"{"messages":[{"id":"a-1","ts":1700000000123,"message":"hi","source":"user","region":"eu-west-1","new":1}],"region":"eu-west-2"}"#;
        let Frame::Envelope(envelope) = Frame::read(push).unwrap() else { panic!("not an envelope") };
        assert_eq!((envelope.region.as_str(), envelope.messages[0].region.as_str()), ("eu-west-2", "eu-west-1"));
    }

    #[test]
    fn an_error_is_for_good_only_when_it_says_so() {
        let id = MessageId::try_from("a-1".to_owned()).ok();
        for (more, id, again) in [
            ("", None, true),
            (r#","id":"a-1","again":false"#, id.clone(), false),
            (r#","id":"a-1","again":true"#, id.clone(), true),
            (r#","id":"a-1""#, id.clone(), true),
            (r#","id":"a-1","again":"no""#, id, true),
            (r#","id":"a b","again":false"#, None, false),
            (r#","id":7,"again":null"#, None, true),
        ] {
            let error = Frame::read(&format!(r#"{{"error":"no","action":"send"{more}}}"#)).unwrap();
            assert_eq!(error, Frame::Error { reason: "no".to_owned(), id, again }, "{more}");
        }
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in [
            "",
            "{}",
            "[]",
            "null",
            r#"{"messages":{},"region":"eu-west-2"}"#,
            r#"{"messages":[],"region":"<b>"}"#,
            r#"{"messages":[{"id":"a/../b","ts":1,"message":"","region":"eu-west-2"}],"region":"eu-west-2"}"#,
            r#"{"messages":[{"id":"a","ts":1e99,"message":"","region":"eu-west-2"}],"region":"eu-west-2"}"#,
        ] {
            assert!(Frame::read(text).is_err(), "{text} passed");
        }
    }

    #[test]
    fn only_what_the_chat_takes_can_be_said() {
        assert_eq!(Text::new(""), Err(InvalidText::Empty));
        assert!(Text::new(&"x".repeat(TEXT_BYTES_MAX)).is_ok());
        assert_eq!(Text::new(&"é".repeat(513)), Err(InvalidText::TooLong(1026)));
        assert_eq!(MessageId::random().as_str().len(), 36);
        assert!(MessageId::try_from("x".repeat(65)).is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_said_survives_the_frame(raw in "\\PC{1,200}|[\"\\\\\n\t]{1,20}") {
            let text = Text::new(&raw).unwrap();
            let frame: serde_json::Value = serde_json::from_str(&send_frame(&MessageId::random(), &text)).unwrap();
            prop_assert_eq!(frame["message"].as_str(), Some(raw.as_str()));
            prop_assert_eq!(frame["action"].as_str(), Some("send"));
        }
    }
}
