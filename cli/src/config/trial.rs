//! A policy to be tried in a replay: a whole `failover.toml`, or one with nothing but `[thresholds]` and `[failback]`.
//!
//! The same keys and the same flaws as in a configuration.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use decision::{Failback, Policy, RegionName, Thresholds};
use replay::engine::{Setup, policy_with};
use serde::Deserialize;

use super::{Config, ConfigError, locate};

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

    /// The policy for a run: these numbers, and what is measured of its regions. Failback of other regions is left out, and so is what a
    /// configuration says of capacity: that is of another service.
    ///
    /// # Errors
    /// What cannot hold.
    pub(crate) fn policy(&self, setup: &Setup) -> Result<Policy, ConfigError> {
        let bad = |source| ConfigError::Policy { path: self.path.clone().unwrap_or_else(|| PathBuf::from("defaults")), source };
        let mut spec = policy_with(setup, self.thresholds.clone()).map_err(bad)?.spec().clone();
        let here = self.failback.iter().filter(|(region, _)| setup.regions.contains(region));
        spec.failback = here.map(|(region, how)| (region.clone(), *how)).collect();
        Policy::new(spec).map_err(bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INCIDENT: &str = r#"
id = "T01"
title = "Nothing breaks"
source = "made up"
chat = "Nothing is felt."
right = "stay"
trap = "none"
call = "stay"
horizon = 60
regions = { A = "us-east-1", B = "us-west-2", C = "eu-west-1" }
faults = """
0 ddb A err=0 EE
"""
"#;

    fn regions() -> [RegionName; 3] {
        ["us-east-1", "us-west-2", "eu-west-1"].map(|name| RegionName::new(name).unwrap())
    }

    fn setup() -> Setup {
        let incident = replay::incident::Incident::parse("T01.toml", INCIDENT).unwrap();
        Setup { incident, regions: regions(), shares: [0.2, 0.4, 0.4], headroom: 1.5, seed: 1 }
    }

    fn parse(text: &str) -> Result<Policy, ConfigError> {
        Trial::parse(Path::new("try.toml"), text)?.policy(&setup())
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
        assert_eq!(parse("").unwrap(), Trial::defaults().policy(&setup()).unwrap());
    }

    #[test]
    fn a_whole_configuration_lends_its_numbers_to_other_regions() {
        let text = "service = \"mail\"\nregions = [\"eu-west-2\", \"eu-west-3\", \"eu-west-1\"]\n[names]\napi = \"a.example.com\"\nwebsocket = \"w.example.com\"\n[thresholds]\nup_after = 9\n";
        let policy = parse(text).unwrap();
        assert_eq!(policy.thresholds().up_after, 9);
        assert_eq!(policy.regions(), &regions().into());
    }

    #[test]
    fn flaws_are_those_of_a_configuration() {
        let near = refused("[thresholds]\nround_secnds = 5\n");
        assert!(near.starts_with("try.toml:2: unknown field `round_secnds`") && near.ends_with("did you mean round_seconds?"), "{near}");
        insta::assert_snapshot!(refused("[threshold]\n"), @"try.toml:1: unknown field `threshold`, expected `thresholds` or `failback` | did you mean thresholds?");
        insta::assert_snapshot!(refused("[thresholds]\nround_seconds = -5\n"), @"try.toml: round_seconds = -5: seconds, more than 0 and at most a week");
        insta::assert_snapshot!(refused("[thresholds\n"), @"try.toml:1: unclosed table, expected `]`");
        insta::assert_snapshot!(refused("service = \"mail\"\n"), @"try.toml:1: missing field `regions`");
    }
}
