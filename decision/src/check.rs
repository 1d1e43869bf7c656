//! The checks, and what one of them came to: outcome, cause, milliseconds, attempts.
//!
//! No judgement lives here: hysteresis decides what a run of outcomes means.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::name::RegionName;

/// One thing tested in a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// A REST read that touches the table.
    Rest,
    /// A fresh WebSocket: upgrade and `$connect`.
    Websocket,
    /// A message sent into the region arrives at the region's own sockets and at the others.
    Delivery,
    /// Messages pass between this region and each other one. Advisory.
    Replication,
    /// A conditional write and a strong read through the API.
    Table,
}

impl Check {
    /// Every check, in the order in which they are shown.
    pub const ALL: [Check; 5] = [Check::Rest, Check::Websocket, Check::Delivery, Check::Table, Check::Replication];

    /// Whether a failure of this check may eject a region. The others only degrade it.
    #[must_use]
    pub fn is_critical(self) -> bool {
        match self {
            Check::Rest | Check::Websocket | Check::Delivery | Check::Table => true,
            Check::Replication => false,
        }
    }

    /// The word used in JSON, tables and sentences.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Check::Rest => "rest",
            Check::Websocket => "websocket",
            Check::Delivery => "delivery",
            Check::Replication => "replication",
            Check::Table => "table",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a check came to. Silence is [`Outcome::Unknown`]: never a pass, never a fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// As a user would want it.
    Pass,
    /// It works, but not as it should (late, lagging).
    Degraded(Cause),
    /// It does not work.
    Fail(Cause),
    /// Nothing can be said.
    Unknown(Cause),
}

/// Why a check did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The name did not resolve.
    Dns,
    /// The connection was refused, reset or unreachable.
    Connect,
    /// The TLS handshake or the certificate failed.
    Tls,
    /// A step's deadline passed.
    Timeout,
    /// An HTTP answer with this status, where another was needed. For `websocket`: the answer to the upgrade.
    Status(u16),
    /// An answer that is not what the API promises (body, frame, close).
    Protocol,
    /// Nothing sent into this region arrives anywhere: its write path.
    Row,
    /// Nothing arrives at this region's sockets: its stream reader or broadcast.
    Column,
    /// What is sent into this region arrives elsewhere but not at itself.
    Own,
    /// Messages from that region do not arrive here: that replication pair.
    From(RegionName),
    /// Messages from here do not arrive in that region: that replication pair.
    To(RegionName),
    /// It arrived after the time at which it counts as in time.
    Late,
    /// The observer itself is unfit (loop lag, no network at all).
    Observer,
    /// A step before this one failed, so this one could not be tried.
    NotTried,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Dns => f.write_str("dns"),
            Cause::Connect => f.write_str("connect"),
            Cause::Tls => f.write_str("tls"),
            Cause::Timeout => f.write_str("timeout"),
            Cause::Status(code) => write!(f, "status-{code}"),
            Cause::Protocol => f.write_str("protocol"),
            Cause::Row => f.write_str("row"),
            Cause::Column => f.write_str("column"),
            Cause::Own => f.write_str("own"),
            Cause::From(region) => write!(f, "from-{region}"),
            Cause::To(region) => write!(f, "to-{region}"),
            Cause::Late => f.write_str("late"),
            Cause::Observer => f.write_str("observer"),
            Cause::NotTried => f.write_str("not-tried"),
        }
    }
}

impl Cause {
    /// A bound on the bytes of its text.
    pub(crate) fn bytes_at_most(&self) -> usize {
        match self {
            // The longest word is `not-tried`, the longest status `status-65535`.
            Cause::From(region) | Cause::To(region) => 5 + region.as_str().len(),
            Cause::Status(_) => 12,
            Cause::Dns | Cause::Tls | Cause::Row | Cause::Own => 3,
            Cause::Connect | Cause::Timeout | Cause::Protocol | Cause::Column | Cause::Late | Cause::Observer | Cause::NotTried => 9,
        }
    }
}

/// Text that is no outcome.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an outcome; one looks like pass, degraded:late, fail:timeout or unknown:observer")]
pub struct InvalidOutcome(String);

impl FromStr for Cause {
    type Err = InvalidOutcome;

    fn from_str(raw: &str) -> Result<Self, InvalidOutcome> {
        let bad = || InvalidOutcome(raw.chars().take(40).collect());
        Ok(match raw {
            "dns" => Cause::Dns,
            "connect" => Cause::Connect,
            "tls" => Cause::Tls,
            "timeout" => Cause::Timeout,
            "protocol" => Cause::Protocol,
            "row" => Cause::Row,
            "column" => Cause::Column,
            "own" => Cause::Own,
            "late" => Cause::Late,
            "observer" => Cause::Observer,
            "not-tried" => Cause::NotTried,
            other => {
                if let Some(code) = other.strip_prefix("status-") {
                    Cause::Status(code.parse().map_err(|_| bad())?)
                } else if let Some(region) = other.strip_prefix("from-") {
                    Cause::From(RegionName::new(region).map_err(|_| bad())?)
                } else if let Some(region) = other.strip_prefix("to-") {
                    Cause::To(RegionName::new(region).map_err(|_| bad())?)
                } else {
                    return Err(bad());
                }
            }
        })
    }
}

impl Outcome {
    /// Whether this is a failure.
    #[must_use]
    pub fn is_fail(&self) -> bool {
        matches!(self, Outcome::Fail(_))
    }

    /// The word for the outcome, without its cause.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Degraded(_) => "degraded",
            Outcome::Fail(_) => "fail",
            Outcome::Unknown(_) => "unknown",
        }
    }

    /// Why it is not a pass.
    #[must_use]
    pub fn cause(&self) -> Option<&Cause> {
        match self {
            Outcome::Pass => None,
            Outcome::Degraded(cause) | Outcome::Fail(cause) | Outcome::Unknown(cause) => Some(cause),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause() {
            None => f.write_str(self.word()),
            Some(cause) => write!(f, "{}:{cause}", self.word()),
        }
    }
}

impl FromStr for Outcome {
    type Err = InvalidOutcome;

    fn from_str(raw: &str) -> Result<Self, InvalidOutcome> {
        match raw.split_once(':') {
            None if raw == "pass" => Ok(Outcome::Pass),
            Some(("degraded", cause)) => Ok(Outcome::Degraded(cause.parse()?)),
            Some(("fail", cause)) => Ok(Outcome::Fail(cause.parse()?)),
            Some(("unknown", cause)) => Ok(Outcome::Unknown(cause.parse()?)),
            _ => Err(InvalidOutcome(raw.chars().take(40).collect())),
        }
    }
}

macro_rules! as_text {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(D::Error::custom)
            }
        }
    };
}

as_text!(Outcome);
as_text!(Cause);

/// One check of one region in one round. In JSON: `["pass", 42, 1]`, that is outcome, milliseconds, attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(Outcome, u32, u8)", into = "(Outcome, u32, u8)")]
pub struct CheckResult {
    /// What it came to, after the retry if there was one.
    pub outcome: Outcome,
    /// How long it took, in milliseconds; for a failure, until it was known.
    pub millis: u32,
    /// How many connections were tried. More than one means that the first attempt failed.
    pub attempts: u8,
}

impl CheckResult {
    /// Whether the *first* attempt did what a user's would have to do. Retries never hide a failure.
    #[must_use]
    pub fn first_attempt_passed(&self) -> bool {
        self.attempts <= 1 && matches!(self.outcome, Outcome::Pass | Outcome::Degraded(_))
    }
}

impl From<(Outcome, u32, u8)> for CheckResult {
    fn from((outcome, millis, attempts): (Outcome, u32, u8)) -> Self {
        Self { outcome, millis, attempts }
    }
}

impl From<CheckResult> for (Outcome, u32, u8) {
    fn from(result: CheckResult) -> Self {
        (result.outcome, result.millis, result.attempts)
    }
}
