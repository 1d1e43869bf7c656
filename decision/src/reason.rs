//! Why a vote is what it is: reasons as data, and the sentence that people read.

use serde::{Deserialize, Serialize};

/// Why a vote is what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum Reason {
    /// Every critical check passes.
    Healthy,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Reason::Healthy => f.write_str("every critical check passes"),
        }
    }
}
