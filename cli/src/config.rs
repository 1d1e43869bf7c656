//! The configuration of the command: which service, who watches it, and where everything is.
//!
//! `file` is the shape as written, `locate` finds the file, `flaw` says what is wrong with one, `trial` takes only its numbers. A [`Config`] that
//! exists is valid.

mod file;
mod flaw;
mod locate;
mod trial;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use dashboard::dns::{Asking, Place, default_places};
use decision::{Policy, RegionName};
use hickory_proto::rr::Name;

pub(crate) use self::file::{Client, DashboardEntry, Dns, File, Names, ObserverEntry, ProbeEntry, RegionEntry, World};
pub(crate) use self::flaw::ConfigError;
pub(crate) use self::locate::locate;
pub(crate) use self::trial::Trial;

/// A valid configuration.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// Where it was read from.
    pub(crate) path: PathBuf,
    /// The service, its regions, observers and thresholds.
    pub(crate) policy: Policy,
    /// The public names.
    pub(crate) api: Name,
    /// The public name of the WebSocket API.
    pub(crate) websocket: Name,
    /// The clients as whom DNS is asked.
    pub(crate) clients: Vec<Place>,
    /// The DNS server to ask. Without one: the zone's own, found through the system's resolver.
    pub(crate) dns: Option<SocketAddr>,
    /// The rest, as written.
    pub(crate) file: File,
}

/// The most clients that are asked for.
const CLIENTS_MAX: usize = 32;

impl Config {
    /// Reads and checks text.
    ///
    /// # Errors
    /// The first thing in it that cannot be, with its line.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let file: File = toml::from_str(text).map_err(|error| ConfigError::syntax(path, text, &error))?;
        Self::new(path, file)
    }

    /// Checks a configuration as written.
    ///
    /// # Errors
    /// The first thing in it that cannot be.
    pub(crate) fn new(path: &Path, file: File) -> Result<Self, ConfigError> {
        let bad = |key: String, rule: String| ConfigError::Value { path: path.to_owned(), key, rule };
        let policy = Policy::new(file.policy_spec()).map_err(|error| ConfigError::Policy { path: path.to_owned(), source: error })?;
        let name = |key: &str, raw: &str| {
            let mut name = Name::from_ascii(raw).map_err(|_| bad(key.to_owned(), format!("{raw:?} is not a DNS name")))?;
            name.set_fqdn(true);
            if name.num_labels() < 2 { Err(bad(key.to_owned(), format!("{raw:?} has too few labels"))) } else { Ok(name) }
        };
        let api = name("names.api", &file.names.api)?;
        let websocket = name("names.websocket", &file.names.websocket)?;
        for (observer, entry) in &file.observer {
            if !policy.observers().contains(observer) {
                return Err(bad(format!("observer.{observer}"), "is not one of the observers".to_owned()));
            }
            for (key, url) in [("ssm", &entry.ssm), ("gate", &entry.gate)] {
                check_url(url.as_deref(), &["http", "https"]).map_err(|rule| bad(format!("observer.{observer}.{key}"), rule))?;
            }
        }
        for (region, entry) in &file.region {
            if !policy.regions().contains(region) {
                return Err(bad(format!("region.{region}"), "is not one of the regions".to_owned()));
            }
            check_url(entry.rest.as_deref(), &["http", "https"]).map_err(|rule| bad(format!("region.{region}.rest"), rule))?;
            check_url(entry.websocket.as_deref(), &["ws", "wss"]).map_err(|rule| bad(format!("region.{region}.websocket"), rule))?;
        }
        if let Some(world) = &file.world {
            check_url(Some(&world.admin), &["http"]).map_err(|rule| bad("world.admin".to_owned(), rule))?;
            if !(world.speed > 0.0 && world.speed.is_finite()) {
                return Err(bad("world.speed".to_owned(), "must be a number above 0".to_owned()));
            }
        }
        let dns = file.dns.server.as_deref().map(server).transpose().map_err(|rule| bad("dns.server".to_owned(), rule))?;
        let clients = places(&file.dns.clients).map_err(|(index, rule)| bad(format!("dns.clients[{index}]"), rule))?;
        Ok(Self { path: path.to_owned(), policy, api, websocket, clients, dns, file })
    }

    /// The regional name of a public name: `eu-west-2.api.example.com`, by convention of the template.
    pub(crate) fn regional(public: &str, region: &RegionName) -> String {
        format!("{region}.{}", public.trim_end_matches('.'))
    }

    /// Whom to ask for DNS answers, what, and as whom.
    ///
    /// # Errors
    /// A sentence when a regional name is none that DNS knows.
    pub(crate) fn asking(&self) -> Result<Asking, String> {
        let mut regional = Vec::new();
        for region in self.policy.regions() {
            for public in [&self.file.names.api, &self.file.names.websocket] {
                let mut name = Name::from_ascii(Self::regional(public, region)).map_err(|error| error.to_string())?;
                name.set_fqdn(true);
                regional.push((region.clone(), name));
            }
        }
        Ok(Asking { server: self.dns, names: [self.api.clone(), self.websocket.clone()], regional, places: self.clients.clone() })
    }

    /// Where a region's REST API is reached directly.
    pub(crate) fn rest(&self, region: &RegionName) -> String {
        let given = self.file.region.get(region).and_then(|entry| entry.rest.clone());
        given.unwrap_or_else(|| format!("https://{}", Self::regional(&self.file.names.api, region)))
    }

    /// Where a region's WebSocket API is reached directly.
    pub(crate) fn socket(&self, region: &RegionName) -> String {
        let given = self.file.region.get(region).and_then(|entry| entry.websocket.clone());
        given.unwrap_or_else(|| format!("wss://{}", Self::regional(&self.file.names.websocket, region)))
    }

    /// The pinned SSM endpoint of an observer, if there is one.
    pub(crate) fn ssm(&self, observer: &RegionName) -> Option<&str> {
        self.file.observer.get(observer)?.ssm.as_deref()
    }

    /// The domain below which the names stand, by convention of the template: `chat.example.com` of `api.` and `api-ws.` before it.
    pub(crate) fn domain(&self) -> Option<&str> {
        let Names { api, websocket } = &self.file.names;
        let domain = api.strip_prefix("api.")?.trim_end_matches('.');
        (websocket.strip_prefix("api-ws.")?.trim_end_matches('.') == domain).then_some(domain)
    }

    /// Where an observer's gate is reached: pinned, or by convention of the template.
    pub(crate) fn gate(&self, observer: &RegionName) -> Option<String> {
        let pinned = self.file.observer.get(observer).and_then(|entry| entry.gate.clone());
        pinned.or_else(|| Some(format!("https://gate-{observer}.{}", self.domain()?)))
    }

    /// The host of an observer's gate as Route 53 names it: by convention of the template, or as pinned where the names do not follow it.
    pub(crate) fn gate_host(&self, observer: &RegionName) -> Option<String> {
        match self.domain() {
            Some(domain) => Some(format!("gate-{observer}.{domain}")),
            None => self.gate(observer)?.parse::<http::Uri>().ok()?.host().map(str::to_owned),
        }
    }

    /// The table of messages.
    pub(crate) fn messages_table(&self) -> String {
        let named = self.file.deployed.as_ref().and_then(|deployed| deployed.messages_table.clone());
        named.unwrap_or_else(|| format!("{}-messages", self.policy.service()))
    }

    /// The demo that this configuration belongs to, if any.
    pub(crate) fn world(&self) -> Option<&World> {
        self.file.world.as_ref()
    }

    /// How fast the world's clock runs; 1 outside a demo.
    pub(crate) fn speed(&self) -> f64 {
        self.world().map_or(1.0, |world| world.speed)
    }

    /// The region by that name, or what was meant instead.
    ///
    /// # Errors
    /// A sentence with the regions there are.
    pub(crate) fn check_region(&self, region: &RegionName) -> Result<(), crate::failure::Failure> {
        if self.policy.regions().contains(region) {
            return Ok(());
        }
        let names: BTreeMap<&str, ()> = self.policy.regions().iter().map(|name| (name.as_str(), ())).collect();
        let message = format!(
            "{region} is not a region of {}; its regions are {}",
            self.policy.service(),
            crate::failure::list(self.policy.regions())
        );
        let hint = flaw::nearest(region.as_str(), names.keys().copied()).map(|near| format!("did you mean {near}?"));
        Err(crate::failure::Failure::Usage { message, hint })
    }
}

/// A URL of one of these schemes with a host, and nothing that we do not use.
fn check_url(url: Option<&str>, schemes: &[&str]) -> Result<(), String> {
    let Some(url) = url else { return Ok(()) };
    let form = || format!("{url:?} is not a URL of the form {}://host", schemes.join(" or "));
    let parsed: http::Uri = url.parse().map_err(|_| form())?;
    let scheme = parsed.scheme_str().unwrap_or_default();
    let host = parsed.host().unwrap_or_default();
    if schemes.contains(&scheme) && !host.is_empty() && parsed.query().is_none() { Ok(()) } else { Err(form()) }
}

/// A DNS server: an address, with or without a port.
fn server(raw: &str) -> Result<SocketAddr, String> {
    raw.parse::<SocketAddr>()
        .or_else(|_| raw.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53)))
        .map_err(|_| format!("{raw:?} is not an address; one looks like 127.0.0.1:5300"))
}

fn places(clients: &[Client]) -> Result<Vec<Place>, (usize, String)> {
    if clients.is_empty() {
        return Ok(default_places());
    }
    if clients.len() > CLIENTS_MAX {
        return Err((CLIENTS_MAX, format!("at most {CLIENTS_MAX}")));
    }
    clients
        .iter()
        .enumerate()
        .map(|(index, client)| {
            let subnet = &client.subnet;
            let parsed = subnet.parse().map_err(|_| (index, format!("{subnet:?} is not a subnet; one looks like 81.2.69.0/24")))?;
            let label: String = client.label.chars().filter(|c| !c.is_control()).take(30).collect();
            Ok(Place { label, subnet: parsed })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) const EXAMPLE: &str = r#"
service = "chat"
regions = ["eu-west-1", "eu-west-2", "us-west-2"]
observers = ["eu-west-1", "eu-west-2", "us-west-2"]

[names]
api = "api.chat.example.com"
websocket = "api-ws.chat.example.com"

[thresholds]
round_seconds = 5
down_after = 2

[failback]
eu-west-2 = "manual"

[observer.eu-west-1]
ssm = "https://ssm.eu-west-1.amazonaws.com"

[region.eu-west-2]
rest = "https://direct.example.com"

[dns]
server = "192.0.2.53"
clients = [{ label = "London", subnet = "81.2.69.0/24" }]

[probe]
secret = "not this one"
"#;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(Path::new("failover.toml"), text)
    }

    fn refused(from: &str, to: &str) -> String {
        let text = EXAMPLE.replace(from, to);
        assert_ne!(text, EXAMPLE, "{from:?} is not in the example");
        let error = parse(&text).unwrap_err();
        format!("{}{}", store::in_one_line(&error), error.hint().map(|hint| format!(" | {hint}")).unwrap_or_default())
    }

    #[test]
    fn the_example_is_understood() {
        let config = parse(EXAMPLE).unwrap();
        let region = |name: &str| RegionName::new(name).unwrap();
        assert_eq!(config.policy.regions().len(), 3);
        assert!((config.policy.thresholds().round_seconds - 5.0).abs() < f64::EPSILON);
        assert_eq!(config.policy.failback(&region("eu-west-2")), decision::Failback::Manual);
        assert_eq!(config.dns, Some("192.0.2.53:53".parse().unwrap()));
        assert_eq!(config.rest(&region("eu-west-2")), "https://direct.example.com");
        assert_eq!(config.rest(&region("us-west-2")), "https://us-west-2.api.chat.example.com");
        assert_eq!(config.socket(&region("us-west-2")), "wss://us-west-2.api-ws.chat.example.com");
        assert_eq!(config.ssm(&region("eu-west-1")), Some("https://ssm.eu-west-1.amazonaws.com"));
        assert_eq!(config.clients.len(), 1);
    }

    #[test]
    fn what_is_written_can_be_read_again() {
        let mut file = parse(EXAMPLE).unwrap().file;
        file.world = Some(World { admin: "http://127.0.0.1:4000".to_owned(), speed: 10.0 });
        let text = toml::to_string(&file).unwrap();
        assert_eq!(parse(&text).unwrap().file, file, "{text}");
    }

    #[test]
    fn the_built_in_places_are_subnets() {
        let text = EXAMPLE.replace(r#"clients = [{ label = "London", subnet = "81.2.69.0/24" }]"#, "");
        assert_eq!(parse(&text).unwrap().clients.len(), default_places().len());
    }

    #[test]
    fn observers_are_the_regions_unless_said_otherwise() {
        let text = EXAMPLE.replace("observers = [\"eu-west-1\", \"eu-west-2\", \"us-west-2\"]\n", "");
        assert_eq!(parse(&text).unwrap().policy.observers().len(), 3);
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_known_one_and_its_line() {
        insta::assert_snapshot!(refused("regions =", "regoins ="), @"failover.toml:3: unknown field `regoins`, expected one of `service`, `regions`, `observers`, `names`, `thresholds`, `failback`, `capacity`, `observer`, `region`, `deployed`, `dns`, `probe`, `dashboard`, `world` | did you mean regions?");
        insta::assert_snapshot!(refused("down_after", "down_afer"), @"failover.toml:12: unknown field `down_afer`, expected one of `round_seconds`, `gone_after`, `down_after`, `down_window`, `error_budget`, `fast_burn`, `fast_window_seconds`, `slow_burn`, `slow_window_seconds`, `up_after`, `hold_down_seconds`, `hold_down_share`, `hold_down_max_seconds`, `hold_down_decay_seconds`, `ejection_window_seconds`, `silent_after_rounds`, `min_serving`, `votes_fresh_seconds`, `settle_seconds`, `votes_refresh_seconds` | did you mean down_after?");
        insta::assert_snapshot!(refused("ssm =", "smm ="), @"failover.toml:18: unknown field `smm`, expected `ssm` or `gate` | did you mean ssm?");
        insta::assert_snapshot!(refused("[probe]", "[prob]"), @"failover.toml:27: unknown field `prob`, expected one of `service`, `regions`, `observers`, `names`, `thresholds`, `failback`, `capacity`, `observer`, `region`, `deployed`, `dns`, `probe`, `dashboard`, `world` | did you mean probe?");
        insta::assert_snapshot!(refused("label =", "colour ="), @"failover.toml:25: unknown field `colour`, expected `label` or `subnet`");
    }

    #[test]
    fn a_wrong_value_is_refused_where_it_stands() {
        insta::assert_snapshot!(refused(r#""eu-west-2", "us-west-2"]
observers"#, r#""London", "us-west-2"]
observers"#), @r#"failover.toml:3: "London" is not a region name; one looks like eu-west-2"#);
        insta::assert_snapshot!(refused("round_seconds = 5", "round_seconds = -5"), @"failover.toml: round_seconds = -5: seconds, more than 0 and at most a week");
        insta::assert_snapshot!(refused("https://ssm.", "ftp://ssm."), @r#"failover.toml: observer.eu-west-1.ssm: "ftp://ssm.eu-west-1.amazonaws.com" is not a URL of the form http or https://host"#);
        insta::assert_snapshot!(refused("[region.eu-west-2]", "[region.eu-west-9]"), @"failover.toml: region.eu-west-9: is not one of the regions");
        insta::assert_snapshot!(refused("192.0.2.53", "dns.example.com"), @r#"failover.toml: dns.server: "dns.example.com" is not an address; one looks like 127.0.0.1:5300"#);
        insta::assert_snapshot!(refused("81.2.69.0/24", "London"), @r#"failover.toml: dns.clients[0]: "London" is not a subnet; one looks like 81.2.69.0/24"#);
        insta::assert_snapshot!(refused("service = \"chat\"", "service = \"chat"), @r#"failover.toml:2: invalid basic string, expected `"`"#);
        insta::assert_snapshot!(refused("[names]\napi = \"api.chat.example.com\"", "[names]"), @"failover.toml:6: missing field `api`");
        insta::assert_snapshot!(refused("manual", "never"), @"failover.toml:15: unknown variant `never`, expected one of `automatic`, `after-hold`, `manual`");
    }
}
