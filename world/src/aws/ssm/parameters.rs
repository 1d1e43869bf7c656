//! The parameters of one region with their last versions. Values only: no wire, no disk, no clock.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The versions of a parameter that are kept; the oldest goes when one more is written [SSM].
pub(super) const VERSIONS_MAX: usize = 100;
/// The parameters of a region. AWS allows 10 000; this bounds the world's memory.
pub(super) const PARAMETERS_MAX: usize = 1000;

/// A parameter's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    String,
    StringList,
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::StringList => "StringList",
        }
    }
}

/// One version of one parameter, which is also the document on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Version {
    pub(super) name: String,
    pub(super) version: u64,
    pub(super) kind: Kind,
    pub(super) value: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) description: Option<String>,
    pub(super) modified_at: Timestamp,
}

/// A parameter: at least one version, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Parameter {
    versions: VecDeque<Version>,
    /// The highest version ever given, whether or not it could be read back.
    highest: u64,
}

impl Parameter {
    pub(super) fn latest(&self) -> Option<&Version> {
        self.versions.back()
    }

    pub(super) fn version(&self, version: u64) -> Option<&Version> {
        self.versions.iter().find(|kept| kept.version == version)
    }

    pub(super) fn versions(&self) -> impl Iterator<Item = &Version> {
        self.versions.iter()
    }
}

/// All parameters of a region, by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Parameters(BTreeMap<String, Parameter>);

impl Parameters {
    /// A parameter that has at least one version.
    pub(super) fn get(&self, name: &str) -> Option<&Parameter> {
        self.0.get(name).filter(|parameter| parameter.latest().is_some())
    }

    /// The version the next write of this name gets.
    pub(super) fn next_version(&self, name: &str) -> u64 {
        self.0.get(name).map_or(0, |parameter| parameter.highest).saturating_add(1)
    }

    /// Adds a version, newer than all before it. Returns the version that fell out, if any.
    pub(super) fn push(&mut self, version: Version) -> Option<u64> {
        let parameter = self.0.entry(version.name.clone()).or_default();
        parameter.highest = parameter.highest.max(version.version);
        parameter.versions.push_back(version);
        if parameter.versions.len() > VERSIONS_MAX { parameter.versions.pop_front().map(|old| old.version) } else { None }
    }

    /// Remembers that a version was given although it cannot be read any more.
    pub(super) fn remember(&mut self, name: &str, version: u64) {
        let parameter = self.0.entry(name.to_owned()).or_default();
        parameter.highest = parameter.highest.max(version);
    }

    /// Removes a parameter with its history. Returns whether it was there.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some_and(|parameter| parameter.latest().is_some())
    }

    /// The latest versions in order of name, from after `after` on.
    pub(super) fn after<'a>(&'a self, after: Option<&'a str>) -> impl Iterator<Item = &'a Version> {
        self.0.iter().filter(move |(name, _)| after.is_none_or(|after| name.as_str() > after)).filter_map(|(_, p)| p.latest())
    }

    /// How many names are taken.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
