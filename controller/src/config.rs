//! The settings of a deployed controller or gate, from the names that the deployment puts into the environment.
//!
//! Read once at the start through a lookup that is passed in, and refused whole if anything in them is wrong.

use std::collections::BTreeMap;

use decision::{InvalidName, Policy, PolicyError, PolicySpec, RegionName};
use store::{Observers, Store, aws_config, ssm_client};

/// The policy, as JSON.
pub const POLICY: &str = "FAILOVER_POLICY";
/// The service, which must be the policy's. Keeps a stack from running with another stack's policy.
pub const SERVICE: &str = "FAILOVER_SERVICE";
/// The observer that this is. Without it, the region the Lambda runs in.
pub const OBSERVER: &str = "FAILOVER_OBSERVER";
/// The region the Lambda runs in.
pub const AWS_REGION: &str = "AWS_REGION";
/// SSM endpoints in place of AWS's: `eu-west-2=http://127.0.0.1:4566,us-west-2=…`.
pub const ENDPOINTS: &str = "FAILOVER_ENDPOINTS";

/// What neither starts without.
pub const REQUIRED: [&str; 3] = [POLICY, SERVICE, AWS_REGION];
/// What both read besides.
pub const OPTIONAL: [&str; 2] = [OBSERVER, ENDPOINTS];

/// What a controller or a gate needs to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The policy.
    pub policy: Policy,
    /// The observer that this is.
    pub observer: RegionName,
    /// SSM endpoints in place of AWS's, by observer.
    pub endpoints: BTreeMap<RegionName, String>,
}

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A name that has to be set is not.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// The value is not a region or service name.
    #[error("{name} is not a valid name")]
    Name {
        /// Which setting.
        name: &'static str,
        /// Why not.
        #[source]
        source: InvalidName,
    },
    /// The policy is not JSON, or has a field that nobody knows.
    #[error("{POLICY} cannot be parsed")]
    PolicyJson(#[source] serde_json::Error),
    /// The policy cannot hold.
    #[error("{POLICY} is refused")]
    Policy(#[source] PolicyError),
    /// The policy is another service's.
    #[error("{SERVICE} is {named}, and the policy is that of {policy}")]
    OtherService {
        /// What [`SERVICE`] says.
        named: String,
        /// What the policy says.
        policy: String,
    },
    /// The observer is none of the policy's.
    #[error("{0} is not an observer of the policy")]
    NotAnObserver(RegionName),
    /// Not `region=http(s)://host`, separated by commas, once per observer of the policy.
    #[error("{ENDPOINTS}: {0:?} is not observer=http(s)://host, or not an observer of the policy, or there twice")]
    Endpoint(String),
}

impl Settings {
    /// Reads the settings through `lookup`, which is the environment when deployed.
    ///
    /// # Errors
    /// The first setting that is missing or wrong.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let wanted = |name| lookup(name).filter(|value| !value.trim().is_empty());
        let required = |name| wanted(name).ok_or(SettingsError::Missing(name));
        let spec: PolicySpec = serde_json::from_str(&required(POLICY)?).map_err(SettingsError::PolicyJson)?;
        let policy = Policy::new(spec).map_err(SettingsError::Policy)?;
        let named = required(SERVICE)?;
        if named != policy.service().as_str() {
            return Err(SettingsError::OtherService { named, policy: policy.service().to_string() });
        }
        let (name, raw) = match wanted(OBSERVER) {
            Some(raw) => (OBSERVER, raw),
            None => (AWS_REGION, wanted(AWS_REGION).ok_or(SettingsError::Missing(OBSERVER))?),
        };
        let observer = RegionName::new(&raw).map_err(|source| SettingsError::Name { name, source })?;
        if !policy.observers().contains(&observer) {
            return Err(SettingsError::NotAnObserver(observer));
        }
        let endpoints = endpoints(&wanted(ENDPOINTS).unwrap_or_default(), &policy)?;
        Ok(Self { policy, observer, endpoints })
    }

    /// The stores of every observer, on one set of credentials.
    pub async fn observers(&self) -> Observers {
        let shared = aws_config().await;
        Observers::new(self.policy.observers().iter().map(|observer| self.store(&shared, observer)).collect())
    }

    /// The store of this observer alone.
    pub async fn own_store(&self) -> Store {
        self.store(&aws_config().await, &self.observer)
    }

    fn store(&self, shared: &aws_config::SdkConfig, observer: &RegionName) -> Store {
        let endpoint = self.endpoints.get(observer).map(String::as_str);
        Store::new(self.policy.service().clone(), observer.clone(), ssm_client(shared, observer, endpoint))
    }
}

fn endpoints(raw: &str, policy: &Policy) -> Result<BTreeMap<RegionName, String>, SettingsError> {
    let mut endpoints = BTreeMap::new();
    for entry in raw.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let bad = || SettingsError::Endpoint(entry.chars().take(80).collect());
        let (observer, url) = entry.split_once('=').ok_or_else(bad)?;
        let observer = RegionName::new(observer.trim()).map_err(|_| bad())?;
        let url = url.trim();
        let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).unwrap_or_default();
        if host.is_empty() || !policy.observers().contains(&observer) || endpoints.insert(observer, url.to_owned()).is_some() {
            return Err(bad());
        }
    }
    Ok(endpoints)
}
