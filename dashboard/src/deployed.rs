//! The settings of a deployed dashboard, from the names that the deployment puts into the environment.
//!
//! Read once at the start through a lookup that is passed in, and refused whole if anything in them is wrong. A dashboard on an operator's machine gets
//! its settings from the command line instead.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use decision::{Policy, PolicyError, PolicySpec, RegionName};
use hickory_proto::rr::Name;
use store::{Observers, Store, aws_config, ssm_client};

use crate::dns::{Asking, default_places};
use crate::guard::{Auth, AuthError, ProxySettings};
use crate::settings::{Clock, Names, Pace, Settings};

/// The policy, as JSON.
pub const POLICY: &str = "FAILOVER_POLICY";
/// The service, which must be the policy's.
pub const SERVICE: &str = "FAILOVER_SERVICE";
/// SSM endpoints in place of AWS's: `eu-west-2=http://127.0.0.1:4566,us-west-2=…`.
pub const ENDPOINTS: &str = "FAILOVER_ENDPOINTS";
/// The public REST name.
pub const API: &str = "FAILOVER_API_NAME";
/// The public WebSocket name.
pub const WEBSOCKET: &str = "FAILOVER_WEBSOCKET_NAME";
/// The names under which the page is reached, with commas.
pub const HOSTS: &str = "FAILOVER_DASHBOARD_HOSTS";
/// The proxy that signs people in, as JSON: [`ProxySettings`].
pub const PROXY: &str = "FAILOVER_DASHBOARD_PROXY";
/// The DNS server to ask, `off` for none; the zone's own where it is not set.
pub const DNS: &str = "FAILOVER_DASHBOARD_DNS";
/// Where it runs.
pub const AWS_REGION: &str = "AWS_REGION";

/// What it does not start without.
pub const REQUIRED: [&str; 7] = [POLICY, SERVICE, API, WEBSOCKET, HOSTS, PROXY, AWS_REGION];
/// What it reads besides.
pub const OPTIONAL: [&str; 2] = [ENDPOINTS, DNS];

/// The most names under which it answers.
const HOSTS_MAX: usize = 16;

/// What a deployed dashboard needs to know, checked.
#[derive(Debug)]
pub struct Deployed {
    policy: Policy,
    names: Names,
    endpoints: BTreeMap<RegionName, String>,
    hosts: Vec<String>,
    auth: Auth,
    dns: Option<Asking>,
    here: String,
}

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub enum DeployedError {
    /// A name that has to be set is not.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// Not JSON, or with a field that nobody knows. What is in it is not said: it may be a secret.
    #[error("{name} cannot be parsed (line {line}, column {column})")]
    Json {
        /// Which setting.
        name: &'static str,
        /// Where in it.
        line: usize,
        /// Where in the line.
        column: usize,
    },
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
    /// Not `observer=http(s)://host`, separated by commas, once per observer of the policy.
    #[error("{ENDPOINTS}: {0:?} is not observer=http(s)://host, or not an observer of the policy, or there twice")]
    Endpoint(String),
    /// Not a DNS name.
    #[error("{name}: {raw:?} is not a DNS name")]
    Name {
        /// Which setting.
        name: &'static str,
        /// What it says.
        raw: String,
    },
    /// Not an address.
    #[error("{DNS}: {0:?} is neither off nor an address with a port")]
    Server(String),
    /// Too many names to be reached under.
    #[error("{HOSTS} names more than {HOSTS_MAX} names, or one with other signs than a name and a port have")]
    Hosts,
    /// How people sign in cannot be meant.
    #[error("{PROXY} is refused")]
    Auth(#[source] AuthError),
    /// Several processes answer, and would not know one another's forms.
    #[error("{PROXY} has no form_secret: several processes answer, and would refuse one another's forms")]
    FormSecret,
}

impl Deployed {
    /// Reads the settings through `lookup`, which is the environment when deployed.
    ///
    /// # Errors
    /// The first setting that is missing or wrong.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, DeployedError> {
        let wanted = |name| lookup(name).filter(|value| !value.trim().is_empty());
        let required = |name| wanted(name).ok_or(DeployedError::Missing(name));
        let spec: PolicySpec = serde_json::from_str(&required(POLICY)?).map_err(|error| json(POLICY, &error))?;
        let policy = Policy::new(spec).map_err(DeployedError::Policy)?;
        let named = required(SERVICE)?;
        if named != policy.service().as_str() {
            return Err(DeployedError::OtherService { named, policy: policy.service().to_string() });
        }
        let names = Names { api: required(API)?, websocket: required(WEBSOCKET)? };
        let hosts: Vec<String> = required(HOSTS)?.split(',').map(|host| host.trim().to_owned()).filter(|host| !host.is_empty()).collect();
        let of_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
        if hosts.is_empty() || hosts.len() > HOSTS_MAX || !hosts.iter().all(|host| host.chars().all(of_host)) {
            return Err(DeployedError::Hosts);
        }
        let proxy: ProxySettings = serde_json::from_str(&required(PROXY)?).map_err(|error| json(PROXY, &error))?;
        if proxy.form_secret.is_none() {
            return Err(DeployedError::FormSecret);
        }
        let auth = Auth::proxy(proxy).map_err(DeployedError::Auth)?;
        let dns = asking(&policy, &names, wanted(DNS).as_deref())?;
        let endpoints = endpoints(&wanted(ENDPOINTS).unwrap_or_default(), &policy)?;
        Ok(Self { policy, names, endpoints, hosts, auth, dns, here: required(AWS_REGION)? })
    }

    /// The settings of the dashboard, with a client per observer on one set of credentials.
    pub async fn settings(self) -> Settings {
        let shared = aws_config().await;
        let stores = self.policy.observers().iter().map(|observer| {
            let endpoint = self.endpoints.get(observer).map(String::as_str);
            Store::new(self.policy.service().clone(), observer.clone(), ssm_client(&shared, observer, endpoint))
        });
        Settings {
            observers: Observers::new(stores.collect()),
            policy: self.policy,
            names: self.names,
            dns: self.dns,
            here: self.here,
            auth: self.auth,
            hosts: self.hosts,
            clock: Clock::system(),
            pace: Pace::default(),
        }
    }
}

fn json(name: &'static str, error: &serde_json::Error) -> DeployedError {
    DeployedError::Json { name, line: error.line(), column: error.column() }
}

fn asking(policy: &Policy, names: &Names, server: Option<&str>) -> Result<Option<Asking>, DeployedError> {
    let name = |setting: &'static str, raw: String| {
        let mut name =
            Name::from_ascii(&raw).ok().filter(|name| name.num_labels() >= 2).ok_or(DeployedError::Name { name: setting, raw })?;
        name.set_fqdn(true);
        Ok(name)
    };
    let (api, websocket) = (name(API, names.api.clone())?, name(WEBSOCKET, names.websocket.clone())?);
    let server = match server.map(str::trim) {
        Some("off") => return Ok(None),
        Some(raw) => Some(raw.parse::<SocketAddr>().map_err(|_| DeployedError::Server(raw.chars().take(80).collect()))?),
        None => None,
    };
    let mut regional = Vec::new();
    for region in policy.regions() {
        for (setting, public) in [(API, &names.api), (WEBSOCKET, &names.websocket)] {
            regional.push((region.clone(), name(setting, format!("{region}.{}", public.trim_end_matches('.')))?));
        }
    }
    Ok(Some(Asking { server, names: [api, websocket], regional, places: default_places() }))
}

fn endpoints(raw: &str, policy: &Policy) -> Result<BTreeMap<RegionName, String>, DeployedError> {
    let mut endpoints = BTreeMap::new();
    for entry in raw.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let bad = || DeployedError::Endpoint(entry.chars().take(80).collect());
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

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 7] = [
        (POLICY, r#"{"service":"chat","regions":["eu-west-1","eu-west-2","us-east-1"],"observers":["eu-west-1","eu-west-2","us-east-1"]}"#),
        (SERVICE, "chat"),
        (API, "api.chat.example.com"),
        (WEBSOCKET, "api-ws.chat.example.com"),
        (HOSTS, "ops.example.com, ops.example.org"),
        (
            PROXY,
            r#"{"issuer":"https://idp.example","audience":"failover","keys":"https://idp.example/keys","operators":["sre"],"form_secret":"0123456789abcdef0123456789abcdef"}"#,
        ),
        (AWS_REGION, "eu-west-1"),
    ];

    fn read(changed: &str, value: Option<&str>) -> Result<Deployed, DeployedError> {
        Deployed::read(|name| {
            if name == changed {
                return value.map(str::to_owned);
            }
            GOOD.iter().find(|(good, _)| *good == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn fault(changed: &str, value: Option<&str>) -> String {
        read(changed, value).map_or_else(|error| error.to_string(), |_| "good".to_owned())
    }

    #[test]
    fn good_settings_are_taken() {
        let deployed = read("", None).unwrap();
        assert_eq!((deployed.here.as_str(), deployed.hosts.len()), ("eu-west-1", 2));
        assert!(deployed.dns.is_some_and(|dns| dns.regional.len() == 6 && dns.server.is_none()));
        assert!(read(DNS, Some("off")).unwrap().dns.is_none());
    }

    #[test]
    fn nothing_is_guessed_and_no_secret_is_said() {
        let faults = [
            fault(PROXY, None),
            fault(PROXY, Some("{\"form_secret\":\"hush\"")),
            fault(PROXY, Some(r#"{"issuer":"https://idp.example","audience":"failover","keys":"https://idp.example/keys"}"#)),
            fault(HOSTS, Some(",")),
            fault(HOSTS, Some("ops.example.com/x")),
            fault(SERVICE, Some("shop")),
            fault(API, Some("api")),
            fault(DNS, Some("somewhere")),
            fault(ENDPOINTS, Some("eu-central-1=http://127.0.0.1:1")),
        ];
        insta::assert_snapshot!(faults.join("\n"), @r#"
        FAILOVER_DASHBOARD_PROXY is not set
        FAILOVER_DASHBOARD_PROXY cannot be parsed (line 1, column 21)
        FAILOVER_DASHBOARD_PROXY has no form_secret: several processes answer, and would refuse one another's forms
        FAILOVER_DASHBOARD_HOSTS names more than 16 names, or one with other signs than a name and a port have
        FAILOVER_DASHBOARD_HOSTS names more than 16 names, or one with other signs than a name and a port have
        FAILOVER_SERVICE is shop, and the policy is that of chat
        FAILOVER_API_NAME: "api" is not a DNS name
        FAILOVER_DASHBOARD_DNS: "somewhere" is neither off nor an address with a port
        FAILOVER_ENDPOINTS: "eu-central-1=http://127.0.0.1:1" is not observer=http(s)://host, or not an observer of the policy, or there twice
        "#);
    }
}
