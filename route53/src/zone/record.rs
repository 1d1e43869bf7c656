//! Records as they are configured.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::check::CheckId;
use crate::name::DomainName;
use crate::region::AwsRegion;

/// The record types that are modelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names of DNS")]
pub enum RecordType {
    A,
    Aaaa,
    Cname,
    Txt,
    Ns,
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
            Self::Txt => "TXT",
            Self::Ns => "NS",
        })
    }
}

/// One value of a record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names of DNS")]
pub enum Value {
    A(Ipv4Addr),
    Aaaa(Ipv6Addr),
    Cname(DomainName),
    Txt(String),
    Ns(DomainName),
}

impl Value {
    /// The type of record that can hold it.
    #[must_use]
    pub fn record_type(&self) -> RecordType {
        match self {
            Self::A(_) => RecordType::A,
            Self::Aaaa(_) => RecordType::Aaaa,
            Self::Cname(_) => RecordType::Cname,
            Self::Txt(_) => RecordType::Txt,
            Self::Ns(_) => RecordType::Ns,
        }
    }

    /// The address, if it is one.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::A(ip) => Some(IpAddr::V4(*ip)),
            Self::Aaaa(ip) => Some(IpAddr::V6(*ip)),
            Self::Cname(_) | Self::Txt(_) | Self::Ns(_) => None,
        }
    }
}

impl From<IpAddr> for Value {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => Self::A(ip),
            IpAddr::V6(ip) => Self::Aaaa(ip),
        }
    }
}

/// Which half of a failover pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names of Route 53")]
pub enum Failover {
    Primary,
    Secondary,
}

/// An area of a geolocation record, by AWS's codes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// A state of the US: `OR`.
    Subdivision(String),
    /// A country: `GB`.
    Country(String),
    /// A continent: `EU`.
    Continent(String),
    /// Everywhere else: `*`.
    Default,
}

/// How a record is chosen among those of its name and type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Routing {
    /// The only record.
    Simple,
    /// By share.
    Weighted(u8),
    /// By the client's latency to the region.
    Latency(AwsRegion),
    /// Primary while healthy.
    Failover(Failover),
    /// By where the client is.
    Geolocation(Area),
    /// Up to eight at once.
    Multivalue,
}

impl Routing {
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Weighted(_) => "weighted",
            Self::Latency(_) => "latency",
            Self::Failover(_) => "failover",
            Self::Geolocation(_) => "geolocation",
            Self::Multivalue => "multivalue",
        }
    }
}

/// An AWS service that an alias can point at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Service {
    /// A regional domain of API Gateway. Always available by design, so that `EvaluateTargetHealth` says nothing. `[R-API AliasTarget]`
    ApiGateway {
        /// Its own name.
        name: DomainName,
        /// What the name resolves to.
        addresses: Vec<IpAddr>,
        /// The TTL of that, which the alias takes over.
        ttl_s: u32,
    },
    /// A CloudFront distribution, for which `EvaluateTargetHealth` is refused. `[R-API AliasTarget]`
    CloudFront {
        /// Its own name.
        name: DomainName,
        /// What the name resolves to.
        addresses: Vec<IpAddr>,
    },
}

/// CloudFront's TTL for its own names.
const CLOUDFRONT_TTL_S: u32 = 60;

impl Service {
    pub(crate) fn name(&self) -> &DomainName {
        match self {
            Self::ApiGateway { name, .. } | Self::CloudFront { name, .. } => name,
        }
    }

    pub(crate) fn addresses(&self) -> &[IpAddr] {
        match self {
            Self::ApiGateway { addresses, .. } | Self::CloudFront { addresses, .. } => addresses,
        }
    }

    pub(crate) fn ttl_s(&self) -> u32 {
        match self {
            Self::ApiGateway { ttl_s, .. } => *ttl_s,
            Self::CloudFront { .. } => CLOUDFRONT_TTL_S,
        }
    }
}

/// What an alias points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alias {
    /// Records of this zone, of the alias's own type.
    Records(DomainName),
    /// An AWS service.
    Service(Service),
}

/// What a record gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Values, with their TTL in seconds.
    Values {
        /// How long they may be kept.
        ttl_s: u32,
        /// The values.
        values: Vec<Value>,
    },
    /// Whatever the target gives, with the target's TTL.
    Alias {
        /// The target.
        to: Alias,
        /// Whether this record is sick while its target is.
        evaluate_target_health: bool,
    },
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its name.
    pub name: DomainName,
    /// Its type.
    pub record_type: RecordType,
    /// Tells records of one name and type apart; every policy but simple needs it.
    pub set_id: String,
    /// How it is chosen.
    pub routing: Routing,
    /// What it gives.
    pub target: Target,
    /// The check without which it is always healthy.
    pub check: Option<CheckId>,
}
