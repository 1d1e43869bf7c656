//! What goes down a socket: envelopes of messages, and error frames.

use serde::{Deserialize, Serialize};

use crate::message::Message;

/// The largest frame pushed to a socket, in bytes. API Gateway closes a socket with code 1009 when a frame is larger than
/// 32 KB (its WebSocket quotas; the whole payload may have 128 KB, in several frames).
pub const FRAME_BYTES_MAX: usize = 32 * 1024;

/// Messages for a client. Also what `GET /history` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Pushed: in the order they were written. History: newest first.
    pub messages: Vec<Message>,
    /// The region that serves the client; each message names the one where it was written.
    pub region: String,
}

impl Envelope {
    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).expect("strings and integers always serialise")
    }
}

/// The answer to a frame that could not be done.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorFrame<'a> {
    pub(crate) error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) action: Option<&'a str>,
    /// The message it is about, when the client named one by a well-formed id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<&'a str>,
    /// Whether the same frame may be taken when it is sent again. When not, a client that resends never ends.
    pub(crate) again: bool,
}

impl ErrorFrame<'_> {
    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).expect("strings always serialise")
    }
}

/// As few frames as hold `messages` in their order, each of at most `bytes_max`. A message that fits no frame is left out;
/// the limits on rows make that impossible for [`FRAME_BYTES_MAX`].
pub(crate) fn frames(messages: Vec<Message>, region: &str, bytes_max: usize) -> Vec<String> {
    let empty = Envelope { messages: Vec::new(), region: region.to_owned() };
    let overhead = empty.json().len();
    let mut frames = Vec::new();
    let mut open = empty.clone();
    let mut bytes = overhead;
    for message in messages {
        // One more for the comma.
        let more = serde_json::to_string(&message).expect("strings and integers always serialise").len() + 1;
        if overhead + more > bytes_max {
            tracing::error!(message.id, bytes = more, "message {} fits no frame", message.id);
            continue;
        }
        if bytes + more > bytes_max {
            frames.push(std::mem::replace(&mut open, empty.clone()).json());
            bytes = overhead;
        }
        bytes += more;
        open.messages.push(message);
    }
    if !open.messages.is_empty() {
        frames.push(open.json());
    }
    frames
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::TEXT_BYTES_MAX;

    fn message(id: usize, text: String) -> Message {
        Message { id: id.to_string(), ts: 1_760_000_000_000, message: text, source: "c".into(), region: "eu-west-2".into() }
    }

    #[test]
    fn the_wire_form_is_the_contract() {
        let frames = frames(vec![message(1, "hi \"you\"".into())], "us-east-1", FRAME_BYTES_MAX);
        insta::assert_snapshot!(frames.join("\n"), @r#"{"messages":[{"id":"1","ts":1760000000000,"message":"hi \"you\"","source":"c","region":"eu-west-2"}],"region":"us-east-1"}"#);
        let error = ErrorFrame { error: "`message` is empty".into(), action: Some("send"), id: Some("a"), again: false };
        insta::assert_snapshot!(error.json(), @r#"{"error":"`message` is empty","action":"send","id":"a","again":false}"#);
    }

    #[test]
    fn the_largest_message_fits_a_frame() {
        let largest = Message {
            id: "i".repeat(256),
            ts: i64::MIN,
            message: "\u{1}".repeat(TEXT_BYTES_MAX),
            source: "\u{1}".repeat(256),
            region: "\u{1}".repeat(256),
        };
        assert_eq!(frames(vec![largest], &"r".repeat(256), FRAME_BYTES_MAX).len(), 1);
    }

    proptest! {
        #[test]
        fn frames_are_bounded_full_and_in_order(texts in prop::collection::vec("[a-z\"\\\\\n]{1,200}", 0..120), bytes_max in 1_000_usize..8_000) {
            let messages: Vec<Message> = texts.into_iter().enumerate().map(|(id, text)| message(id, text)).collect();
            let frames = frames(messages.clone(), "eu-west-2", bytes_max);
            for pair in frames.windows(2) {
                // No two neighbours would fit one frame with room to spare for the largest message.
                prop_assert!(pair[0].len() + pair[1].len() > bytes_max);
            }
            let mut seen = Vec::new();
            for frame in frames {
                prop_assert!(frame.len() <= bytes_max);
                let envelope: Envelope = serde_json::from_str(&frame).unwrap();
                prop_assert!(!envelope.messages.is_empty());
                seen.extend(envelope.messages);
            }
            prop_assert_eq!(seen, messages);
        }
    }
}
