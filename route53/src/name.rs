//! Domain names as Route 53 stores them: lower case, no trailing dot. Parsed once; wildcards are not modelled.

use std::fmt;
use std::str::FromStr;

/// A domain name: `api.chat.test`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainName(String);

/// Text that is not a domain name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a domain name: labels of 1 to 63 of a-z, 0-9, - and _, joined by dots, at most 253 bytes")]
pub struct InvalidDomainName(String);

const NAME_MAX: usize = 253;
const LABEL_MAX: usize = 63;

impl DomainName {
    /// Parses a name. Case and one trailing dot do not matter.
    ///
    /// # Errors
    /// [`InvalidDomainName`] with the text as it came (shortened).
    pub fn new(raw: &str) -> Result<Self, InvalidDomainName> {
        let name = raw.strip_suffix('.').unwrap_or(raw).to_ascii_lowercase();
        let label = |label: &str| {
            (1..=LABEL_MAX).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
        };
        if name.len() <= NAME_MAX && name.split('.').all(label) {
            Ok(Self(name))
        } else {
            Err(InvalidDomainName(raw.chars().take(40).collect()))
        }
    }

    /// A name one label below this one.
    ///
    /// # Errors
    /// [`InvalidDomainName`] when the label, or the whole, is not one.
    pub fn below(&self, label: &str) -> Result<Self, InvalidDomainName> {
        Self::new(&format!("{label}.{}", self.0))
    }

    /// The name as text, without a trailing dot.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name one label up, if there is one.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.split_once('.').map(|(_, parent)| Self(parent.to_owned()))
    }

    /// Whether this is `origin` or a name below it.
    #[must_use]
    pub fn is_within(&self, origin: &Self) -> bool {
        self.0.strip_suffix(&origin.0).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for DomainName {
    type Err = InvalidDomainName;

    fn from_str(raw: &str) -> Result<Self, InvalidDomainName> {
        Self::new(raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_the_trailing_dot_do_not_matter() {
        assert_eq!(DomainName::new("API.Chat.Test."), DomainName::new("api.chat.test"));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for raw in ["", ".", "a..b", "a b", "ä.test", &"a".repeat(64), &"a.".repeat(200), "*.chat.test"] {
            assert!(DomainName::new(raw).is_err(), "{raw:?} passed");
        }
    }

    #[test]
    fn within_goes_by_labels_and_not_by_letters() {
        let zone = DomainName::new("chat.test").unwrap();
        assert!(zone.is_within(&zone));
        assert!(DomainName::new("a.b.chat.test").unwrap().is_within(&zone));
        assert!(!DomainName::new("wechat.test").unwrap().is_within(&zone));
        assert!(!DomainName::new("test").unwrap().is_within(&zone));
    }
}
