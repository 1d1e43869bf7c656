//! A policy to be tried in a replay: a whole `failover.toml`, or one with nothing but `[thresholds]` and `[failback]`.
//!
//! The same keys and the same flaws as in a configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use decision::{Failback, Policy, PolicySpec, RegionName, ServiceName, Thresholds};
use serde::Deserialize;

use super::{Config, ConfigError, locate};

/// The name of the service where nothing names it.
const SERVICE: &str = "chat";

/// What is tried: numbers, without the regions that they are for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trial {
    /// Where it was read; nowhere, for the defaults.
    pub(crate) path: Option<PathBuf>,
    thresholds: Thresholds,
    failback: BTreeMap<RegionName, Failback>,
}

/// A file with nothing but numbers.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Numbers {
    thresholds: Thresholds,
    failback: BTreeMap<RegionName, Failback>,
}

impl Trial {
    /// The defaults.
    pub(crate) fn defaults() -> Self {
        Self { path: None, thresholds: Thresholds::default(), failback: BTreeMap::new() }
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    /// The first thing in it that cannot be.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        Self::parse(path, &locate::text(path)?)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let table: toml::Table = toml::from_str(text).map_err(|error| ConfigError::syntax(path, text, &error))?;
        let is_whole = ["service", "regions", "names"].iter().any(|key| table.contains_key(*key));
        if is_whole {
            let spec = Config::parse(path, text)?.policy.spec().clone();
            return Ok(Self { path: Some(path.to_owned()), thresholds: spec.thresholds, failback: spec.failback });
        }
        let numbers: Numbers = toml::from_str(text).map_err(|error| ConfigError::syntax(path, text, &error))?;
        Ok(Self { path: Some(path.to_owned()), thresholds: numbers.thresholds, failback: numbers.failback })
    }

    /// The policy for a service in these regions, each an observer. Failback of other regions is left out.
    ///
    /// # Errors
    /// What cannot hold.
    pub(crate) fn policy(&self, regions: &[RegionName]) -> Result<Policy, ConfigError> {
        let path = self.path.clone().unwrap_or_else(|| PathBuf::from("defaults"));
        let service = ServiceName::new(SERVICE).map_err(|error| ConfigError::Value {
            path: path.clone(),
            key: "service".to_owned(),
            rule: error.to_string(),
        })?;
        let regions: BTreeSet<RegionName> = regions.iter().cloned().collect();
        let failback = self.failback.iter().filter(|(region, _)| regions.contains(*region)).map(|(region, how)| (region.clone(), *how));
        let spec = PolicySpec {
            service,
            observers: regions.clone(),
            thresholds: self.thresholds.clone(),
            failback: failback.collect(),
            capacity: BTreeMap::new(),
            regions,
        };
        Policy::new(spec).map_err(|source| ConfigError::Policy { path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regions() -> [RegionName; 3] {
        ["us-east-1", "us-west-2", "eu-west-1"].map(|name| RegionName::new(name).unwrap())
    }

    fn parse(text: &str) -> Result<Policy, ConfigError> {
        Trial::parse(Path::new("try.toml"), text)?.policy(&regions())
    }

    fn refused(text: &str) -> String {
        let error = parse(text).unwrap_err();
        format!("{}{}", store::in_one_line(&error), error.hint().map(|hint| format!(" | {hint}")).unwrap_or_default())
    }

    #[test]
    fn a_few_numbers_are_enough_and_the_rest_are_defaults() {
        let policy = parse("[thresholds]\nround_seconds = 5\n[failback]\nus-west-2 = \"manual\"\neu-north-1 = \"manual\"\n").unwrap();
        assert_eq!(policy.thresholds(), &Thresholds { round_seconds: 5.0, ..Thresholds::default() });
        assert_eq!(policy.failback(&regions()[1]), Failback::Manual);
        assert_eq!(parse("").unwrap(), Trial::defaults().policy(&regions()).unwrap());
    }

    #[test]
    fn a_whole_configuration_lends_its_numbers_to_other_regions() {
        let text = "service = \"mail\"\nregions = [\"eu-west-2\", \"eu-west-3\", \"eu-west-1\"]\n[names]\napi = \"a.example.com\"\nwebsocket = \"w.example.com\"\n[thresholds]\nup_after = 9\n";
        let policy = parse(text).unwrap();
        assert_eq!(policy.thresholds().up_after, 9);
        assert_eq!(policy.regions().iter().collect::<Vec<_>>().len(), 3);
        assert!(policy.regions().contains(&regions()[0]));
    }

    #[test]
    fn flaws_are_those_of_a_configuration() {
        let near = refused("[thresholds]\nround_secnds = 5\n");
        assert!(near.starts_with("try.toml:2: unknown field `round_secnds`") && near.ends_with("did you mean round_seconds?"), "{near}");
        insta::assert_snapshot!(refused("[threshold]\n"), @"try.toml:1: unknown field `threshold`, expected `thresholds` or `failback` | did you mean thresholds?");
        insta::assert_snapshot!(refused("[thresholds]\nround_seconds = -5\n"), @"try.toml: round_seconds = -5: seconds, more than 0 and at most a week");
        insta::assert_snapshot!(refused("[thresholds\n"), @"");
        insta::assert_snapshot!(refused("service = \"mail\"\n"), @"");
    }
}
