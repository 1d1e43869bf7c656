//! rpc-v2-cbor beside awsJson: the same documents, so that each operation is written once, over JSON.
//!
//! Timestamps are the difference: tag 1 in CBOR, plain numbers in JSON.

use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value as Json};

/// How deep a document may nest.
const DEPTH_MAX: usize = 32;
/// CBOR's tag for seconds since the epoch.
const TAG_EPOCH: u64 = 1;

/// Reads a CBOR document as the JSON it would have been. `None` if it is not one.
pub(super) fn decode(body: &[u8]) -> Option<Json> {
    let document: Cbor = ciborium::de::from_reader_with_recursion_limit(body, DEPTH_MAX).ok()?;
    to_json(document)
}

/// Writes JSON as CBOR; members called `Timestamp` or `Timestamps` become times.
pub(super) fn encode(document: &Json) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail; an empty body would be refused by any client.
    let _ = ciborium::into_writer(&to_cbor(document, false), &mut bytes);
    bytes
}

fn to_json(document: Cbor) -> Option<Json> {
    Some(match document {
        Cbor::Null => Json::Null,
        Cbor::Bool(value) => Json::Bool(value),
        Cbor::Integer(value) => Json::Number(i64::try_from(value).ok()?.into()),
        // JSON has no infinities; they are refused as a missing value is.
        Cbor::Float(value) => Number::from_f64(value).map_or(Json::Null, Json::Number),
        Cbor::Text(value) => Json::String(value),
        Cbor::Tag(TAG_EPOCH, value) => to_json(*value)?,
        Cbor::Array(values) => Json::Array(values.into_iter().map(to_json).collect::<Option<_>>()?),
        Cbor::Map(members) => {
            let mut map = Map::new();
            for (key, value) in members {
                map.insert(key.into_text().ok()?, to_json(value)?);
            }
            Json::Object(map)
        }
        // Bytes, other tags and whatever CBOR grows next: no member of these operations.
        _ => return None,
    })
}

fn to_cbor(document: &Json, is_time: bool) -> Cbor {
    match document {
        Json::Null => Cbor::Null,
        Json::Bool(value) => Cbor::Bool(*value),
        Json::Number(value) => {
            let number = match value.as_i64() {
                Some(value) if !is_time => Cbor::Integer(value.into()),
                Some(_) | None => Cbor::Float(value.as_f64().unwrap_or_default()),
            };
            if is_time { Cbor::Tag(TAG_EPOCH, Box::new(number)) } else { number }
        }
        Json::String(value) => Cbor::Text(value.clone()),
        Json::Array(values) => Cbor::Array(values.iter().map(|value| to_cbor(value, is_time)).collect()),
        Json::Object(members) => Cbor::Map(
            members
                .iter()
                .map(|(key, value)| (Cbor::Text(key.clone()), to_cbor(value, key == "Timestamp" || key == "Timestamps")))
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_survives_both_ways() {
        let document =
            json!({ "Label": "x", "Values": [1.5, 2.0], "Count": 3, "Timestamps": [1_700_000_000.0], "Nested": { "Timestamp": 1.0 } });
        assert_eq!(decode(&encode(&document)), Some(document));
    }

    #[test]
    fn a_time_is_tagged_and_a_count_is_not() {
        let bytes = encode(&json!({ "Timestamp": 1 }));
        let Cbor::Map(members) = ciborium::from_reader::<Cbor, _>(bytes.as_slice()).unwrap() else { panic!("not a map") };
        assert_eq!(members[0].1, Cbor::Tag(1, Box::new(Cbor::Float(1.0))));
    }

    #[test]
    fn what_is_not_a_document_is_refused() {
        for bytes in [&b""[..], b"\xff", b"{}", &[0x9f; 4096]] {
            assert_eq!(decode(bytes), None);
        }
    }
}
