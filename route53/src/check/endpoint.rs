//! Checks of an endpoint: address, request, pace. No certificate is looked at, so none is configured.

use std::net::IpAddr;
use std::time::Duration;

use super::InvalidCheck;
use crate::name::DomainName;
use crate::region::{CheckerId, CheckerRegion};

/// The longest search string, in characters. `[R-API]`
pub const SEARCH_MAX: usize = 255;
const PATH_MAX: usize = 255;

/// Where the checkers connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// An address, with the name for the `Host` header if there is one.
    Ip {
        /// What is connected to.
        ip: IpAddr,
        /// What is asked for.
        host: Option<DomainName>,
    },
    /// A name, resolved at every poll, to IPv4 only. `[R-API]`
    Name(DomainName),
}

impl Address {
    /// A public address.
    ///
    /// # Errors
    /// [`InvalidCheck::PrivateAddress`] for the ranges that AWS refuses.
    pub fn public(ip: IpAddr, host: Option<DomainName>) -> Result<Self, InvalidCheck> {
        let refused = match ip {
            IpAddr::V4(v4) => {
                v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast() || v4.is_unspecified() || v4.is_broadcast()
            }
            IpAddr::V6(v6) => {
                v6.is_loopback() || v6.is_multicast() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local()
            }
        };
        if refused { Err(InvalidCheck::PrivateAddress(ip)) } else { Ok(Self::Ip { ip, host }) }
    }

    /// An address of this machine: what AWS refuses and a world on loopback needs. Nothing else gets past [`Address::public`].
    ///
    /// # Errors
    /// [`InvalidCheck::NotLoopback`] for any other address.
    pub fn loopback(ip: IpAddr, host: Option<DomainName>) -> Result<Self, InvalidCheck> {
        if ip.is_loopback() { Ok(Self::Ip { ip, host }) } else { Err(InvalidCheck::NotLoopback(ip)) }
    }

    fn host(&self) -> Option<&DomainName> {
        match self {
            Self::Ip { host, .. } => host.as_ref(),
            Self::Name(name) => Some(name),
        }
    }
}

/// What a checker says to the endpoint, and listens for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Speaks {
    /// Nothing: a TCP connection is enough.
    Tcp,
    /// One request. No method, header or time-out can be chosen (they are absent from the API).
    Http {
        /// Over TLS. The certificate is not validated. `[R-HOW]`
        secure: bool,
        /// Path and query.
        path: String,
        /// Must be found in the body, case-sensitively, for the `_STR_MATCH` types.
        search: Option<String>,
    },
}

/// What [`Endpoint::new`] checks. The fields are those of `HealthCheckConfig`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointSpec {
    /// Where.
    pub address: Address,
    /// Which port.
    pub port: u16,
    /// What is said.
    pub speaks: Speaks,
    /// 10 or 30.
    pub interval_s: u32,
    /// 1 to 10.
    pub failure_threshold: u8,
    /// At least three, or none for all.
    pub regions: Vec<CheckerRegion>,
    /// Whether latency metrics are measured.
    pub measure_latency: bool,
    /// Whether the name is sent in the TLS handshake.
    pub enable_sni: bool,
}

impl EndpointSpec {
    /// AWS's defaults: every 30 s, threshold 3, from everywhere. `[R-API]`
    #[must_use]
    pub fn new(address: Address, port: u16, speaks: Speaks) -> Self {
        Self { address, port, speaks, interval_s: 30, failure_threshold: 3, regions: Vec::new(), measure_latency: false, enable_sni: true }
    }
}

/// A check of an endpoint that AWS would take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(EndpointSpec);

impl Endpoint {
    /// Checks the settings, gives the path its leading slash and fills in the checker regions.
    ///
    /// # Errors
    /// [`InvalidCheck`] names the first setting that AWS refuses.
    pub fn new(mut spec: EndpointSpec) -> Result<Self, InvalidCheck> {
        if !matches!(spec.interval_s, 10 | 30) {
            return Err(InvalidCheck::Interval(spec.interval_s));
        }
        if !(1..=10).contains(&spec.failure_threshold) {
            return Err(InvalidCheck::FailureThreshold(spec.failure_threshold));
        }
        if spec.port == 0 {
            return Err(InvalidCheck::Port);
        }
        if let Speaks::Http { path, search, .. } = &mut spec.speaks {
            if !path.starts_with('/') {
                path.insert(0, '/');
            }
            if path.chars().count() > PATH_MAX {
                return Err(InvalidCheck::PathTooLong(path.chars().count()));
            }
            if path.chars().any(|c| c.is_whitespace() || c.is_control()) {
                return Err(InvalidCheck::PathBroken);
            }
            match search.as_ref().map(|text| text.chars().count()) {
                Some(0) => return Err(InvalidCheck::SearchEmpty),
                Some(length) if length > SEARCH_MAX => return Err(InvalidCheck::SearchTooLong(length)),
                Some(_) | None => {}
            }
        }
        if spec.regions.is_empty() {
            spec.regions = CheckerRegion::ALL.to_vec();
        }
        spec.regions.sort_unstable();
        if let Some(twice) = spec.regions.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(InvalidCheck::RegionTwice(twice[0]));
        }
        if spec.regions.len() < CheckerRegion::CHOSEN_MIN {
            return Err(InvalidCheck::TooFewRegions(spec.regions.len()));
        }
        Ok(Self(spec))
    }

    /// The settings as checked.
    #[must_use]
    pub fn spec(&self) -> &EndpointSpec {
        &self.0
    }

    /// From the response of one poll to the next one of the same checker.
    #[must_use]
    pub fn interval(&self) -> Duration {
        Duration::from_secs(u64::from(self.0.interval_s))
    }

    /// The checkers at work, two in each chosen region.
    pub fn checkers(&self) -> impl Iterator<Item = CheckerId> {
        CheckerId::of(&self.0.regions)
    }

    /// The `Host` header: the name alone on the default port, with the port elsewhere, the address if there is no name; none for
    /// TCP. `[R-API]`
    #[must_use]
    pub fn host_header(&self) -> Option<String> {
        let Speaks::Http { secure, .. } = self.0.speaks else { return None };
        let default_port = if secure { 443 } else { 80 };
        Some(match (self.0.address.host(), &self.0.address) {
            (Some(name), _) if self.0.port == default_port => name.to_string(),
            (Some(name), _) => format!("{name}:{}", self.0.port),
            (None, Address::Ip { ip: IpAddr::V6(ip), .. }) => format!("[{ip}]"),
            (None, Address::Ip { ip, .. }) => ip.to_string(),
            (None, Address::Name(name)) => name.to_string(),
        })
    }
}
