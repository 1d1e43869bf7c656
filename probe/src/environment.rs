//! Settings from the environment of a Lambda function, read through a lookup so that no test sets a variable.
//!
//! Whoever deploys the function sets them; those that are optional say so.

use std::time::Duration;

use decision::{InvalidName, RegionName, ServiceName};

use crate::pace::Pace;
use crate::settings::{Place, Settings, Target};

/// The service: `chat`.
pub const SERVICE: &str = "FAILOVER_SERVICE";
/// The observer; [`AWS_REGION`] when absent.
pub const OBSERVER: &str = "FAILOVER_OBSERVER";
/// All observers, separated by commas, in the same order everywhere; optional.
pub const OBSERVERS: &str = "FAILOVER_OBSERVERS";
/// A JSON list of `{"region", "rest", "websocket"}`.
pub const TARGETS: &str = "FAILOVER_TARGETS";
/// The secret of probe tickets.
pub const SECRET: &str = "FAILOVER_PROBE_SECRET";
/// Seconds between two rounds; optional.
pub const ROUND_SECONDS: &str = "FAILOVER_ROUND_SECONDS";
/// The public names that users ask for, separated by commas; optional. They are resolved for evidence, never for a verdict.
pub const PUBLIC_NAMES: &str = "FAILOVER_PUBLIC_NAMES";
/// Set by Lambda.
pub const AWS_REGION: &str = "AWS_REGION";

/// Why the environment gives no settings.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// A variable that has to be there.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// A variable that holds a bad name.
    #[error("{variable} does not hold a name")]
    Name {
        /// The variable.
        variable: &'static str,
        /// What is wrong with the name.
        #[source]
        source: InvalidName,
    },
    /// Targets that are no JSON list of targets.
    #[error("{TARGETS} is not a list of targets")]
    Targets(#[source] serde_json::Error),
    /// An observer that is not among the observers.
    #[error("{0} is not among the observers of {OBSERVERS}")]
    NotObserver(RegionName),
    /// A number of seconds that is none, or out of range.
    #[error("{ROUND_SECONDS} = {0:?} is not a number of seconds from 1 to 3600")]
    Seconds(String),
}

impl Settings {
    /// Settings as the environment describes them.
    ///
    /// # Errors
    /// The first variable that is missing or wrong.
    pub fn from_environment(lookup: impl Fn(&'static str) -> Option<String>) -> Result<Self, EnvironmentError> {
        let needed = |variable| lookup(variable).filter(|value| !value.is_empty()).ok_or(EnvironmentError::Missing(variable));
        let name = |variable| move |source| EnvironmentError::Name { variable, source };
        let service = ServiceName::new(&needed(SERVICE)?).map_err(name(SERVICE))?;
        let observer = match needed(OBSERVER) {
            Ok(observer) => RegionName::new(&observer).map_err(name(OBSERVER))?,
            Err(_) => RegionName::new(&needed(AWS_REGION)?).map_err(name(AWS_REGION))?,
        };
        let targets: Vec<Target> = serde_json::from_str(&needed(TARGETS)?).map_err(EnvironmentError::Targets)?;
        let place = match lookup(OBSERVERS) {
            None => None,
            Some(list) => {
                let all: Result<Vec<RegionName>, _> = list.split(',').map(|one| RegionName::new(one.trim())).collect();
                let all = all.map_err(name(OBSERVERS))?;
                let index = all.iter().position(|one| *one == observer).ok_or_else(|| EnvironmentError::NotObserver(observer.clone()))?;
                Some(Place { index, of: all.len() })
            }
        };
        let mut settings = Settings::new(service, observer, targets, needed(SECRET)?);
        settings.place = place;
        if let Some(list) = lookup(PUBLIC_NAMES) {
            settings.public_names = list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        }
        if let Some(text) = lookup(ROUND_SECONDS) {
            let seconds = text.parse::<f64>().ok().filter(|seconds| (1.0..=3600.0).contains(seconds));
            let seconds = seconds.ok_or(EnvironmentError::Seconds(text))?;
            settings.pace = Pace::default().every(Duration::from_secs_f64(seconds));
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(changes: &[(&'static str, Option<&str>)]) -> Result<Settings, EnvironmentError> {
        let targets = r#"[{"region":"eu-west-2","rest":"https://a.test","websocket":"wss://b.test"}]"#;
        let usual = [
            (SERVICE, Some("chat")),
            (AWS_REGION, Some("eu-west-2")),
            (OBSERVERS, Some("us-east-1, eu-west-2,us-west-2")),
            (TARGETS, Some(targets)),
            (SECRET, Some("sesame")),
        ];
        Settings::from_environment(|wanted| {
            let found = changes.iter().chain(&usual).find(|(variable, _)| *variable == wanted)?;
            found.1.map(str::to_owned)
        })
    }

    #[test]
    fn the_environment_of_the_template_is_enough() {
        let settings = settings(&[(ROUND_SECONDS, Some("20")), (PUBLIC_NAMES, Some("api.chat.test, api-ws.chat.test,"))]).unwrap();
        assert_eq!(settings.public_names, ["api.chat.test", "api-ws.chat.test"]);
        assert_eq!(settings.observer.as_str(), "eu-west-2");
        assert_eq!(settings.place, Some(Place { index: 1, of: 3 }));
        assert_eq!(settings.pace.round, Duration::from_secs(20));
        assert!(!format!("{settings:?}").contains("sesame"), "the secret is not for logs");
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let error = |variable, value| settings(&[(variable, value)]).unwrap_err().to_string();
        insta::assert_snapshot!(error(SERVICE, None), @"FAILOVER_SERVICE is not set");
        insta::assert_snapshot!(error(SERVICE, Some("Chat!")), @"FAILOVER_SERVICE does not hold a name");
        insta::assert_snapshot!(error(SECRET, Some("")), @"FAILOVER_PROBE_SECRET is not set");
        insta::assert_snapshot!(error(TARGETS, Some("{}")), @"FAILOVER_TARGETS is not a list of targets");
        insta::assert_snapshot!(error(OBSERVERS, Some("us-east-1")), @"eu-west-2 is not among the observers of FAILOVER_OBSERVERS");
        insta::assert_snapshot!(error(ROUND_SECONDS, Some("0")), @r#"FAILOVER_ROUND_SECONDS = "0" is not a number of seconds from 1 to 3600"#);
    }
}
