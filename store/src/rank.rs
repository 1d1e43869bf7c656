//! Which of two documents in one parameter stands: generation first, never the time of the write.

use decision::GENERATION_MAX;
use jiff::Timestamp;
use serde::Deserialize;

/// What orders the documents of one parameter: generation, then (intents only) time recorded, then id.
///
/// Read from the text and leniently: a document of a newer version, whose other fields nobody here knows, still outranks
/// an older one. Text without a generation, or with one that nobody could go beyond, ranks below every document: so that a
/// writer can repair it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct Rank {
    pub(crate) generation: u64,
    #[serde(default)]
    recorded_at: Option<Timestamp>,
    #[serde(default)]
    id: Option<String>,
}

impl Rank {
    pub(crate) fn of(text: &str) -> Self {
        serde_json::from_str(text).ok().filter(|rank: &Self| rank.generation <= GENERATION_MAX).unwrap_or_default()
    }
}

/// Whether two texts are one document, whoever printed them.
pub(crate) fn same(one: &str, other: &str) -> bool {
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    one == other || matches!((value(one), value(other)), (Some(a), Some(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generation_comes_first_then_the_time_recorded_then_the_id() {
        let ordered = [
            r#"{"generation":18446744073709551615}"#,
            r#"{"generation":1,"recorded_at":"2026-01-01T00:00:09Z","id":"z"}"#,
            r#"{"generation":2,"recorded_at":"2026-01-01T00:00:01Z","id":"a"}"#,
            r#"{"generation":2,"recorded_at":"2026-01-01T00:00:02Z","id":"a"}"#,
            r#"{"generation":2,"recorded_at":"2026-01-01T00:00:02Z","id":"b"}"#,
            r#"{"generation":3,"schema":"failover/v9","brand_new":true}"#,
        ];
        for pair in ordered.windows(2) {
            assert!(Rank::of(pair[0]) < Rank::of(pair[1]), "{} should rank below {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn text_that_is_no_document_ranks_lowest() {
        for text in ["", "not json", "[]", "{}", r#"{"generation":-1}"#, r#"{"generation":9007199254740992}"#] {
            assert_eq!(Rank::of(text), Rank::default(), "{text}");
        }
    }

    #[test]
    fn spacing_and_order_of_fields_make_no_other_document() {
        assert!(same(r#"{"a":1,"b":2}"#, r#"{ "b": 2, "a": 1 }"#));
        assert!(!same(r#"{"a":1}"#, r#"{"a":2}"#));
        assert!(!same("x", "y"));
    }
}
