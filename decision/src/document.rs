//! What all stored documents share: their schema word, their largest size, and the limits on the texts in them.

use serde::{Deserialize, Serialize};

/// The largest document, in bytes: the value limit of a standard SSM parameter (4 KB).
pub const DOCUMENT_BYTES_MAX: usize = 4096;
/// The largest generation and round number: what every reader of JSON can hold without loss.
pub const GENERATION_MAX: u64 = (1 << 53) - 1;

/// The version word of every document. Anything else is refused when read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schema {
    /// `failover/v1`
    #[default]
    #[serde(rename = "failover/v1")]
    V1,
}

/// What is wrong with a text that somebody typed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    /// There is none.
    #[error("is empty")]
    Empty,
    /// It is longer than it may be.
    #[error("has {chars} characters; at most {max} are kept")]
    Long {
        /// How long it is.
        chars: usize,
        /// How long it may be.
        max: usize,
    },
    /// It holds something that a terminal would act on, or that changes how the rest of the line reads.
    #[error("holds the character U+{:04X}; it must be one line of plain text", u32::from(*.0))]
    Control(char),
}

/// Refuses a text that is not one plain line of `min` to `max` characters, blanks around it not counted towards `min`.
pub(crate) fn checked_text(text: &str, min: usize, max: usize) -> Result<(), TextFault> {
    // Line and paragraph separators, and the marks that reverse the direction of what follows them.
    let misleads = |c: &char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let chars = text.chars().count();
    match text.chars().find(misleads) {
        Some(found) => Err(TextFault::Control(found)),
        None if text.trim().chars().count() < min => Err(TextFault::Empty),
        None if chars > max => Err(TextFault::Long { chars, max }),
        None => Ok(()),
    }
}

/// Makes a document type that derives serde's traits with `remote = "Self"` parse only if its `check` passes.
macro_rules! checked_document {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, s)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let document = Self::deserialize(d)?;
                document.check().map_err(serde::de::Error::custom)?;
                Ok(document)
            }
        }
    };
}
pub(crate) use checked_document;
