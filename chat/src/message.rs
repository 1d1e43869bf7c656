//! A message: its parts parsed at the edge, its JSON on the wire, its row in the table.
//!
//! The only place that knows the attribute names of the messages table.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The longest text of a message, in bytes of UTF-8.
pub const TEXT_BYTES_MAX: usize = 1024;

/// The longest id of a message, in bytes (which are its characters).
pub const ID_BYTES_MAX: usize = 64;

/// How long a row written by a probe lives.
const PROBE_TTL: Duration = Duration::from_secs(600);

/// One message as clients see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Made by the client that sent it, or here. What clients de-duplicate by.
    pub id: String,
    /// When it was written: milliseconds since the epoch, by the clock of the region that wrote it.
    pub ts: i64,
    /// The text.
    pub message: String,
    /// The connection it came from; for a probe's message the observer.
    pub source: String,
    /// The region where it was written.
    pub region: String,
}

/// Whose message a row is. It decides the index partition, the recipients and the life of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A user's: in the history, for users' sockets.
    User,
    /// A probe's: never in the history, for ticketed sockets, gone after ten minutes.
    Probe,
}

impl Kind {
    /// The value of the attribute `type`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::User => "message",
            Self::Probe => "probe",
        }
    }
}

/// Why an id or a text is refused.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub(crate) enum BadMessage {
    #[error("`id` is not 1 to {ID_BYTES_MAX} letters, digits and hyphens")]
    Id,
    #[error("`message` is empty")]
    Empty,
    #[error("`message` has {bytes} bytes, at most {TEXT_BYTES_MAX} are allowed")]
    TooLong { bytes: usize },
    #[error("`message` holds a control character other than a line feed or a tab")]
    Control,
}

/// The id of a message that a client may write: letters, digits and hyphens, so it can never be the key of a heartbeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MessageId(String);

impl MessageId {
    pub(crate) fn parse(raw: &str) -> Result<Self, BadMessage> {
        let well_formed = (1..=ID_BYTES_MAX).contains(&raw.len()) && raw.bytes().all(|byte| byte == b'-' || byte.is_ascii_alphanumeric());
        if well_formed { Ok(Self(raw.to_owned())) } else { Err(BadMessage::Id) }
    }

    pub(crate) fn random() -> Self {
        Self(uuid::Uuid::new_v4().to_string())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

/// The text of a message: something to read, of bounded length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text(String);

impl Text {
    pub(crate) fn parse(raw: &str) -> Result<Self, BadMessage> {
        if raw.trim().is_empty() {
            return Err(BadMessage::Empty);
        }
        if raw.len() > TEXT_BYTES_MAX {
            return Err(BadMessage::TooLong { bytes: raw.len() });
        }
        if raw.chars().any(|char| char.is_control() && char != '\n' && char != '\t') {
            return Err(BadMessage::Control);
        }
        Ok(Self(raw.to_owned()))
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

/// A row of the messages table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) kind: Kind,
    pub(crate) message: Message,
    /// Unix seconds; the TTL attribute.
    pub(crate) expires: Option<i64>,
}

/// An attribute of a row, wherever it was read: DynamoDB answers and stream events have types of their own.
pub(crate) enum Attribute<'a> {
    Text(&'a str),
    Number(&'a str),
}

impl Row {
    pub(crate) fn new(kind: Kind, message: Message, now: Timestamp) -> Self {
        let expires = match kind {
            Kind::User => None,
            Kind::Probe => Some(now.as_second().saturating_add_unsigned(PROBE_TTL.as_secs())),
        };
        Self { kind, message, expires }
    }

    /// Whether DynamoDB may delete the row at any moment (it takes up to days to do so).
    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now.as_second())
    }

    pub(crate) fn into_item(self) -> HashMap<String, AttributeValue> {
        let Message { id, ts, message, source, region } = self.message;
        let mut item = HashMap::from([
            ("id".to_owned(), AttributeValue::S(id)),
            ("ts".to_owned(), AttributeValue::N(ts.to_string())),
            ("type".to_owned(), AttributeValue::S(self.kind.as_str().to_owned())),
            ("message".to_owned(), AttributeValue::S(message)),
            ("source".to_owned(), AttributeValue::S(source)),
            ("region".to_owned(), AttributeValue::S(region)),
        ]);
        if let Some(expires) = self.expires {
            item.insert("expires".to_owned(), AttributeValue::N(expires.to_string()));
        }
        item
    }

    pub(crate) fn from_item(item: &HashMap<String, AttributeValue>) -> Option<Self> {
        Self::read(|name| match item.get(name)? {
            AttributeValue::S(text) => Some(Attribute::Text(text)),
            AttributeValue::N(number) => Some(Attribute::Number(number)),
            _ => None,
        })
    }

    /// A row from its attributes, or nothing when it is not one of ours: other tools can write to the table too, and a
    /// text beyond the limit would not fit a frame.
    pub(crate) fn read<'a>(attribute: impl Fn(&str) -> Option<Attribute<'a>>) -> Option<Self> {
        let text = |name| match attribute(name)? {
            Attribute::Text(text) => Some(text.to_owned()),
            Attribute::Number(_) => None,
        };
        let number = |name| match attribute(name)? {
            Attribute::Number(number) => number.parse::<i64>().ok(),
            Attribute::Text(_) => None,
        };
        let kind = [Kind::User, Kind::Probe].into_iter().find(|kind| text("type").as_deref() == Some(kind.as_str()))?;
        let message =
            Message { id: text("id")?, ts: number("ts")?, message: text("message")?, source: text("source")?, region: text("region")? };
        let fits = message.message.len() <= TEXT_BYTES_MAX
            && [&message.id, &message.source, &message.region].iter().all(|part| part.len() <= NAME_BYTES_MAX);
        fits.then_some(Self { kind, message, expires: number("expires") })
    }
}

/// The longest id, source or region of a row that is passed on. Connection ids are far shorter.
const NAME_BYTES_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_are_letters_digits_and_hyphens() {
        for good in ["a", "A-9", &"x".repeat(64), "00000000-0000-4000-8000-000000000000"] {
            assert_eq!(MessageId::parse(good).unwrap().into_string(), good);
        }
        for bad in ["", "a b", "a#b", "heartbeat#eu-west-2#eu-west-2", "é", "a\n", &"x".repeat(65)] {
            assert_eq!(MessageId::parse(bad), Err(BadMessage::Id), "{bad:?}");
        }
        assert!(MessageId::parse(&MessageId::random().into_string()).is_ok());
    }

    #[test]
    fn texts_are_bounded_and_readable() {
        for good in ["hi", " padded ", "two\nlines\tand a tab", &"x".repeat(1024), "🙂", "مرحبا"] {
            assert_eq!(Text::parse(good).unwrap().into_string(), good);
        }
        let cases = [
            ("", BadMessage::Empty),
            (" \n\t\u{2003}", BadMessage::Empty),
            (&"x".repeat(1025), BadMessage::TooLong { bytes: 1025 }),
            (&"é".repeat(513), BadMessage::TooLong { bytes: 1026 }),
            ("bell\u{7}", BadMessage::Control),
            ("\u{1b}[2Jgone", BadMessage::Control),
            ("over\rwritten", BadMessage::Control),
            ("next\u{85}line", BadMessage::Control),
        ];
        for (bad, expected) in cases {
            assert_eq!(Text::parse(bad), Err(expected), "{bad:?}");
        }
    }

    fn row(kind: Kind) -> Row {
        let message =
            Message { id: "a-1".into(), ts: 1_760_000_000_123, message: "hi".into(), source: "c1".into(), region: "eu-west-2".into() };
        Row::new(kind, message, Timestamp::from_second(1_760_000_000).unwrap())
    }

    #[test]
    fn a_row_survives_the_table() {
        for kind in [Kind::User, Kind::Probe] {
            assert_eq!(Row::from_item(&row(kind).into_item()), Some(row(kind)));
        }
    }

    #[test]
    fn only_a_probes_row_expires() {
        assert_eq!(row(Kind::User).expires, None);
        let probe = row(Kind::Probe);
        assert!(!probe.is_expired(Timestamp::from_second(1_760_000_599).unwrap()));
        assert!(probe.is_expired(Timestamp::from_second(1_760_000_600).unwrap()));
    }

    #[test]
    fn a_row_of_another_shape_is_not_a_message() {
        for name in ["id", "ts", "type", "message", "source", "region"] {
            let mut item = row(Kind::User).into_item();
            item.remove(name);
            assert_eq!(Row::from_item(&item), None, "without {name}");
            item.insert(name.to_owned(), AttributeValue::Bool(true));
            assert_eq!(Row::from_item(&item), None, "{name} of another type");
        }
        let mut item = row(Kind::User).into_item();
        item.insert("message".to_owned(), AttributeValue::S("x".repeat(400_000)));
        assert_eq!(Row::from_item(&item), None);
        item.insert("message".to_owned(), AttributeValue::S("x".to_owned()));
        item.insert("type".to_owned(), AttributeValue::S("other".to_owned()));
        assert_eq!(Row::from_item(&item), None);
    }

    proptest! {
        #[test]
        fn an_accepted_text_is_kept_as_it_is(raw in "\\PC{0,300}|[\\x00-\\x20]{0,5}a") {
            if let Ok(text) = Text::parse(&raw) {
                prop_assert_eq!(text.into_string(), raw);
            }
        }
    }
}
