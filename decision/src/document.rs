//! What all stored documents share: their schema word and their largest size.

use serde::{Deserialize, Serialize};

/// The largest document, in bytes: the value limit of a standard SSM parameter (4 KB).
pub const DOCUMENT_BYTES_MAX: usize = 4096;

/// The version word of every document. Anything else is refused when read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schema {
    /// `failover/v1`
    #[default]
    #[serde(rename = "failover/v1")]
    V1,
}
