//! Names, parsed once at the edge: services and regions.
//!
//! A value of these types is well formed; nothing behind the edge checks again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An AWS region that serves the service, or in which an observer runs: `eu-west-2`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RegionName(String);

/// One protected API with its public names, regions and policy: `chat`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceName(String);

/// A name that is not well formed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Not shaped like an AWS region.
    #[error("{0:?} is not a region name; one looks like eu-west-2")]
    Region(String),
    /// Not usable as a service name, which becomes part of parameter names and gate paths.
    #[error("{0:?} is not a service name; use 1 to 32 of a-z, 0-9 and -, starting with a letter")]
    Service(String),
}

/// The longest region name that is accepted, in bytes.
pub const REGION_NAME_MAX: usize = 20;

impl RegionName {
    /// Parses a region name: lower-case words and a number joined by `-`, at most [`REGION_NAME_MAX`] bytes.
    ///
    /// # Errors
    /// [`InvalidName::Region`] with the text as it came (shortened).
    pub fn new(raw: &str) -> Result<Self, InvalidName> {
        let parts: Vec<&str> = raw.split('-').collect();
        let words = &parts[..parts.len() - 1];
        let number = parts[parts.len() - 1];
        let well_formed = raw.len() <= REGION_NAME_MAX
            && parts.len() >= 3
            && words.iter().all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase()))
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit());
        if well_formed { Ok(Self(raw.to_owned())) } else { Err(InvalidName::Region(shorten(raw))) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ServiceName {
    /// Parses a service name: 1 to 32 of `a-z`, `0-9` and `-`, starting with a letter.
    ///
    /// # Errors
    /// [`InvalidName::Service`] with the text as it came (shortened).
    pub fn new(raw: &str) -> Result<Self, InvalidName> {
        let well_formed = (1..=32).contains(&raw.len())
            && raw.starts_with(|c: char| c.is_ascii_lowercase())
            && raw.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if well_formed { Ok(Self(raw.to_owned())) } else { Err(InvalidName::Service(shorten(raw))) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Keeps a bad name short enough to be printed whole in an error.
fn shorten(raw: &str) -> String {
    raw.chars().take(40).collect()
}

macro_rules! text_name {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl FromStr for $name {
            type Err = InvalidName;
            fn from_str(raw: &str) -> Result<Self, InvalidName> {
                Self::new(raw)
            }
        }
        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(raw: String) -> Result<Self, InvalidName> {
                Self::new(&raw)
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
    };
}

text_name!(RegionName);
text_name!(ServiceName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_of_every_partition_parse() {
        for name in ["eu-west-2", "ap-southeast-4", "us-gov-east-1", "us-iso-east-1", "cn-northwest-1"] {
            assert_eq!(RegionName::new(name).map(|r| r.to_string()).as_deref(), Ok(name));
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_text_it_came_as() {
        for name in [
            "",
            "-",
            "eu",
            "eu-west",
            "EU-west-2",
            "eu-west-2a",
            "eu--2",
            "eu-west-",
            "eu_west_2",
            "../eu-west-2",
            "aaaaaaaaaa-bbbbbbbbbb-1",
        ] {
            assert!(RegionName::new(name).is_err(), "{name:?} passed");
        }
        for name in ["", "Chat", "9chat", "chat/../x", &"c".repeat(33)] {
            assert!(ServiceName::new(name).is_err(), "{name:?} passed");
        }
    }
}
