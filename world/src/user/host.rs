//! A DNS name of the service, parsed once.
//!
//! Nothing here resolves it.

use std::fmt;
use std::str::FromStr;

/// The longest name accepted, in bytes (RFC 1035, 2.3.4, as text without the final dot).
const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// A host name in lower case without a final dot: `api-ws.chat.test`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(String);

/// Text that is no host name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a host name; one looks like api.chat.test")]
pub struct InvalidHostName(pub String);

impl HostName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for HostName {
    type Err = InvalidHostName;

    fn from_str(raw: &str) -> Result<Self, InvalidHostName> {
        let name = raw.strip_suffix('.').unwrap_or(raw).to_ascii_lowercase();
        let label = |label: &str| {
            (1..=LABEL_BYTES_MAX).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        if name.len() <= NAME_BYTES_MAX && name.split('.').all(label) {
            Ok(Self(name))
        } else {
            Err(InvalidHostName(raw.chars().take(80).collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_and_final_dot() {
        assert_eq!("API.chat.TEST.".parse::<HostName>().unwrap().as_str(), "api.chat.test");
    }

    #[test]
    fn anything_that_could_mean_more_than_a_name_is_refused() {
        for raw in ["", ".", "a..b", "-a.test", "a-.test", "a b", "a/b", "a:80", "a@b", "ü.test", &"a".repeat(64), &"a.".repeat(128)] {
            assert!(raw.parse::<HostName>().is_err(), "{raw:?} passed");
        }
    }
}
