//! Names, parsed once at the edge: services and regions.
//!
//! A value of these types is well formed; nothing behind the edge checks again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An AWS region that serves the service, or in which an observer runs: `eu-west-2`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RegionName(Short<REGION_NAME_MAX>);

/// One protected API with its public names, regions and policy: `chat`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceName(Short<SERVICE_NAME_MAX>);

/// Text of at most `MAX` bytes, none of them zero, and zeros up to there: names are copied and compared in every decision, and ordered as their text is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Short<const MAX: usize>([u8; MAX]);

impl<const MAX: usize> Short<MAX> {
    /// The text, if it fits.
    fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; MAX];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Self(bytes))
    }

    fn as_str(&self) -> &str {
        let len = self.0.iter().position(|byte| *byte == 0).unwrap_or(MAX);
        std::str::from_utf8(&self.0[..len]).unwrap_or_default()
    }
}

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
/// The longest service name that is accepted, in bytes.
const SERVICE_NAME_MAX: usize = 32;

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
        Short::new(raw).filter(|_| well_formed).map(Self).ok_or_else(|| InvalidName::Region(shorten(raw)))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl ServiceName {
    /// Parses a service name: 1 to 32 of `a-z`, `0-9` and `-`, starting with a letter.
    ///
    /// # Errors
    /// [`InvalidName::Service`] with the text as it came (shortened).
    pub fn new(raw: &str) -> Result<Self, InvalidName> {
        let well_formed = raw.len() <= SERVICE_NAME_MAX
            && raw.starts_with(|c: char| c.is_ascii_lowercase())
            && raw.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        Short::new(raw).filter(|_| well_formed).map(Self).ok_or_else(|| InvalidName::Service(shorten(raw)))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
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
                f.pad(self.as_str())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.as_str()).finish()
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
                name.as_str().to_owned()
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
    fn names_are_ordered_and_shown_as_their_text() {
        let texts = ["ap-southeast-4", "eu-west-1", "eu-west-12", "eu-west-2", "us-gov-east-1"];
        let names = texts.map(|name| RegionName::new(name).unwrap());
        assert!(names.is_sorted());
        assert_eq!(format!("{:?}", names[1]), r#"RegionName("eu-west-1")"#);
        assert_eq!(names.map(|name| name.to_string()), texts);
        let longest = "c".repeat(SERVICE_NAME_MAX);
        assert_eq!(ServiceName::new(&longest).unwrap().as_str(), longest);
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
