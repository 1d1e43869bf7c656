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
/// A JSON list of `{"region", "rest", "websocket"}`, for regions that have other names than those which follow from the three variables below; optional.
pub const TARGETS: &str = "FAILOVER_TARGETS";
/// The regions that serve, separated by commas. An observer that is none of them is a witness. Needed without [`TARGETS`].
pub const REGIONS: &str = "FAILOVER_REGIONS";
/// The public REST name, `api.chat.example.com`; region R answers at `https://R.api.chat.example.com`. Needed without [`TARGETS`].
pub const API: &str = "FAILOVER_API_NAME";
/// The public WebSocket name, `api-ws.chat.example.com`; region R answers at `wss://R.api-ws.chat.example.com`. Needed without [`TARGETS`].
pub const WEBSOCKET: &str = "FAILOVER_WEBSOCKET_NAME";
/// The secrets of probe tickets, separated by commas. The first signs: the others are those that a chat API still takes, or will.
pub const SECRET: &str = "FAILOVER_PROBE_SECRET";
/// Seconds between two rounds; optional.
pub const ROUND_SECONDS: &str = "FAILOVER_ROUND_SECONDS";
/// The public names that users ask for, separated by commas; without it [`API`] and [`WEBSOCKET`], where they are set. They are resolved for evidence, never
/// for a verdict.
pub const PUBLIC_NAMES: &str = "FAILOVER_PUBLIC_NAMES";
/// Set by Lambda.
pub const AWS_REGION: &str = "AWS_REGION";

/// What a probe does not start without.
pub const REQUIRED: [&str; 3] = [SERVICE, SECRET, AWS_REGION];
/// Without [`TARGETS`], these too.
pub const REQUIRED_WITHOUT_TARGETS: [&str; 3] = [REGIONS, API, WEBSOCKET];
/// What it reads besides.
pub const OPTIONAL: [&str; 5] = [OBSERVER, OBSERVERS, TARGETS, ROUND_SECONDS, PUBLIC_NAMES];

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
        let targets = match needed(TARGETS) {
            Ok(targets) => serde_json::from_str(&targets).map_err(EnvironmentError::Targets)?,
            Err(_) => targets(&needed(REGIONS)?, &needed(API)?, &needed(WEBSOCKET)?)?,
        };
        let place = match lookup(OBSERVERS) {
            None => None,
            Some(list) => {
                let all = regions(OBSERVERS, &list)?;
                let index = all.iter().position(|one| *one == observer).ok_or_else(|| EnvironmentError::NotObserver(observer.clone()))?;
                Some(Place { index, of: all.len() })
            }
        };
        let secrets = needed(SECRET)?;
        let secret = secrets.split(',').map(str::trim).find(|secret| !secret.is_empty()).ok_or(EnvironmentError::Missing(SECRET))?;
        let mut settings = Settings::new(service, observer, targets, secret);
        settings.place = place;
        settings.public_names = match lookup(PUBLIC_NAMES) {
            Some(list) => list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            None => [API, WEBSOCKET].into_iter().filter_map(|name| needed(name).ok()).collect(),
        };
        if let Some(text) = lookup(ROUND_SECONDS) {
            let seconds = text.parse::<f64>().ok().filter(|seconds| (1.0..=3600.0).contains(seconds));
            let seconds = seconds.ok_or(EnvironmentError::Seconds(text))?;
            settings.pace = Pace::default().every(Duration::from_secs_f64(seconds));
        }
        Ok(settings)
    }
}

/// The names of regions in `list`.
fn regions(variable: &'static str, list: &str) -> Result<Vec<RegionName>, EnvironmentError> {
    let all: Result<Vec<RegionName>, _> = list.split(',').map(|one| RegionName::new(one.trim())).collect();
    all.map_err(|source| EnvironmentError::Name { variable, source })
}

/// The regional names of every region, as the template makes them: the region before the public name.
fn targets(list: &str, api: &str, websocket: &str) -> Result<Vec<Target>, EnvironmentError> {
    let target = |region: RegionName| Target {
        rest: format!("https://{region}.{}", api.trim()),
        websocket: format!("wss://{region}.{}", websocket.trim()),
        region,
    };
    Ok(regions(REGIONS, list)?.into_iter().map(target).collect())
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
            (SECRET, Some("sesame, old sesame")),
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
        assert_eq!(settings.secret, "sesame", "the first signs");
    }

    #[test]
    fn regions_and_public_names_say_where_each_region_answers() {
        let derived = [
            (TARGETS, None),
            (REGIONS, Some("eu-west-2, us-east-1")),
            (API, Some("api.chat.example.com")),
            (WEBSOCKET, Some("api-ws.chat.example.com")),
        ];
        let witness = settings(&[&derived[..], &[(AWS_REGION, Some("us-west-2"))]].concat()).unwrap();
        insta::assert_snapshot!(serde_json::to_string_pretty(&witness.targets).unwrap(), @r#"
        [
          {
            "region": "eu-west-2",
            "rest": "https://eu-west-2.api.chat.example.com",
            "websocket": "wss://eu-west-2.api-ws.chat.example.com"
          },
          {
            "region": "us-east-1",
            "rest": "https://us-east-1.api.chat.example.com",
            "websocket": "wss://us-east-1.api-ws.chat.example.com"
          }
        ]
        "#);
        assert_eq!((witness.observer.as_str(), witness.place), ("us-west-2", Some(Place { index: 2, of: 3 })), "a witness serves nothing");
        assert_eq!(witness.public_names, ["api.chat.example.com", "api-ws.chat.example.com"]);
        crate::Probe::new(witness).unwrap();
        let silent = settings(&[&derived[..], &[(PUBLIC_NAMES, Some(""))]].concat()).unwrap();
        assert!(silent.public_names.is_empty(), "an empty list asks for no name");
        for missing in REQUIRED_WITHOUT_TARGETS {
            let error = settings(&[&[(missing, None)], &derived[..]].concat()).unwrap_err();
            assert!(matches!(error, EnvironmentError::Missing(name) if name == missing), "{error}");
        }
    }

    #[test]
    fn what_is_needed_is_listed() {
        for missing in REQUIRED {
            let error = settings(&[(missing, None), (OBSERVER, None)]).unwrap_err();
            assert!(matches!(error, EnvironmentError::Missing(name) if name == missing), "{error}");
        }
        let all = [&REQUIRED[..], &REQUIRED_WITHOUT_TARGETS, &OPTIONAL].concat();
        let asked = std::cell::RefCell::new(std::collections::BTreeSet::new());
        for with_targets in [true, false] {
            let read = Settings::from_environment(|wanted| {
                asked.borrow_mut().insert(wanted);
                match wanted {
                    SERVICE => Some("chat".to_owned()),
                    AWS_REGION | REGIONS | OBSERVERS => Some("eu-west-2".to_owned()),
                    TARGETS => with_targets.then(|| "[]".to_owned()),
                    API | WEBSOCKET | SECRET => Some("a.test".to_owned()),
                    _ => None,
                }
            });
            assert!(read.is_ok(), "{:?}", read.map(|_| ()));
        }
        assert_eq!(asked.into_inner(), all.into_iter().collect(), "what is read and what is said to be read");
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let error = |variable, value| settings(&[(variable, value)]).unwrap_err().to_string();
        insta::assert_snapshot!(error(SERVICE, None), @"FAILOVER_SERVICE is not set");
        insta::assert_snapshot!(error(SERVICE, Some("Chat!")), @"FAILOVER_SERVICE does not hold a name");
        insta::assert_snapshot!(error(SECRET, Some("")), @"FAILOVER_PROBE_SECRET is not set");
        insta::assert_snapshot!(error(SECRET, Some(" ,")), @"FAILOVER_PROBE_SECRET is not set");
        insta::assert_snapshot!(error(TARGETS, Some("{}")), @"FAILOVER_TARGETS is not a list of targets");
        insta::assert_snapshot!(error(TARGETS, None), @"FAILOVER_REGIONS is not set");
        insta::assert_snapshot!(error(OBSERVERS, Some("us-east-1")), @"eu-west-2 is not among the observers of FAILOVER_OBSERVERS");
        insta::assert_snapshot!(error(ROUND_SECONDS, Some("0")), @r#"FAILOVER_ROUND_SECONDS = "0" is not a number of seconds from 1 to 3600"#);
    }
}
