//! What was read of a deployment, typed, and for each thing that could not be read: why.
//!
//! Facts only. What they should have been is `expected`, what that means is `judge`. A map without an entry was not asked.

use std::collections::{BTreeMap, BTreeSet};

use decision::{Intent, RegionName, Votes};
use jiff::Timestamp;

/// Something that was asked for: what it is, or why that is not known.
pub(crate) type Fact<T> = Result<T, Unread>;

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unread {
    /// What kind of obstacle.
    pub(crate) why: Why,
    /// What was said, in one line.
    pub(crate) what: String,
}

/// Kinds of obstacles, by what helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// The credentials are missing, expired or not enough.
    Denied,
    /// No answer in time, or none that is one.
    NoAnswer,
    /// There is an answer, and it is no.
    Refused,
}

impl Unread {
    /// No answer before the deadline.
    pub(crate) fn late() -> Self {
        Self { why: Why::NoAnswer, what: "no answer in time".to_owned() }
    }

    /// An answer that is no.
    pub(crate) fn refused(what: impl Into<String>) -> Self {
        Self { why: Why::Refused, what: what.into() }
    }

    /// No usable answer.
    pub(crate) fn no_answer(what: impl Into<String>) -> Self {
        Self { why: Why::NoAnswer, what: what.into() }
    }
}

/// Everything that was read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// Whose credentials these are.
    pub(crate) account: Option<Fact<Account>>,
    /// SSM of every observer.
    pub(crate) state: BTreeMap<RegionName, State>,
    /// The gate of every observer.
    pub(crate) gates: BTreeMap<RegionName, Gate>,
    /// What hosts present by TLS, by host and port.
    pub(crate) served: BTreeMap<String, Fact<Certificate>>,
    /// What ACM has for the service, by region.
    pub(crate) stored: BTreeMap<RegionName, Fact<Vec<StoredCertificate>>>,
    /// The hosted zone.
    pub(crate) zone: Option<Fact<Zone>>,
    /// Every health check of the account, by id.
    pub(crate) checks: Option<Fact<BTreeMap<String, Check>>>,
    /// How many health checks the account may have.
    pub(crate) checks_max: Option<Fact<u64>>,
    /// The alarms that checks were copied from, as they are now. `None`: there is no such alarm.
    pub(crate) alarms: BTreeMap<(String, String), Fact<Option<AlarmSettings>>>,
    /// The table of messages in every region.
    pub(crate) tables: BTreeMap<RegionName, Fact<Table>>,
    /// Quotas and usage, by region.
    pub(crate) loads: BTreeMap<RegionName, Load>,
    /// The stack of every observer. `None`: there is no such stack.
    pub(crate) stacks: BTreeMap<RegionName, Fact<Option<Stack>>>,
}

/// Whose credentials these are, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// The caller, as STS names it.
    pub(crate) arn: String,
    /// When the credentials end; `None` for such that do not.
    pub(crate) expires: Option<Timestamp>,
}

/// What one observer's SSM said.
#[derive(Debug, Clone)]
pub(crate) struct State {
    /// The votes.
    pub(crate) votes: Fact<Option<Votes>>,
    /// The intents, and the names of parameters among them that are none.
    pub(crate) intents: Fact<(Vec<Intent>, Vec<String>)>,
    /// Whether the history of a document can be read: the log.
    pub(crate) history: Fact<()>,
    /// Whether an intent could be written.
    pub(crate) write: Fact<store::Rehearsal>,
    /// How far this machine's clock is ahead of SSM's, in milliseconds, and how much of that may be the way there.
    pub(crate) ahead: Option<Ahead>,
}

/// The difference of two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ahead {
    /// Milliseconds that this machine's clock is ahead; negative: behind.
    pub(crate) millis: i64,
    /// It may be that much more or less, in milliseconds.
    pub(crate) give: i64,
}

/// What one gate said.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    /// Where it was asked.
    pub(crate) url: String,
    /// `/alive`.
    pub(crate) alive: Fact<Answer>,
    /// `/vote/{region}`.
    pub(crate) lines: BTreeMap<RegionName, Fact<Answer>>,
    /// `/v1/votes`.
    pub(crate) votes: Fact<Votes>,
}

/// An answer by HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The first line of the body, shortened.
    pub(crate) line: String,
}

/// A certificate as presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Certificate {
    /// Whole days until it ends, rounded down.
    pub(crate) days_left: i64,
    /// Why a client would not take it.
    pub(crate) distrust: Option<String>,
}

/// A certificate as ACM has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredCertificate {
    pub(crate) arn: String,
    /// ACM's word: `ISSUED`, `PENDING_VALIDATION`, …
    pub(crate) status: String,
    /// Every name in it.
    pub(crate) names: BTreeSet<String>,
    /// Whole days until it ends, rounded down. `None` before it is issued.
    pub(crate) days_left: Option<i64>,
    /// Whether the deployed stack names it.
    pub(crate) deployed: bool,
}

/// The hosted zone, and its records at or below the names of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Zone {
    pub(crate) id: String,
    /// Its name, without the final dot.
    pub(crate) name: String,
    pub(crate) records: Vec<Record>,
}

/// One record set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// Without the final dot.
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) set_id: String,
    pub(crate) routing: Routing,
    pub(crate) alias: Option<Alias>,
    /// Seconds; an alias has none of its own.
    pub(crate) ttl: Option<i64>,
    /// The id of its health check.
    pub(crate) check: Option<String>,
}

/// How Route 53 chooses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Routing {
    Latency(String),
    Weighted(i64),
    Simple,
    /// Failover, geolocation and the like: none of ours.
    Other,
}

/// Where an alias leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alias {
    /// Without the final dot.
    pub(crate) target: String,
    pub(crate) evaluates_health: bool,
}

/// A health check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Check {
    pub(crate) kind: Kind,
    pub(crate) inverted: bool,
    pub(crate) disabled: bool,
}

/// What it looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Endpoint(Endpoint),
    Calculated { children: BTreeSet<String>, threshold: i64 },
    Alarm { region: String, name: String, copy: AlarmSettings },
    Other(String),
}

/// What an endpoint check asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// Route 53's word: `HTTPS`, `HTTPS_STR_MATCH`, …
    pub(crate) protocol: String,
    pub(crate) host: String,
    pub(crate) port: i64,
    pub(crate) path: String,
    pub(crate) search: Option<String>,
    /// Seconds.
    pub(crate) interval: i64,
    pub(crate) threshold: i64,
    pub(crate) sni: bool,
}

/// What Route 53 copies of an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AlarmSettings {
    pub(crate) namespace: String,
    pub(crate) metric: String,
    pub(crate) statistic: String,
    pub(crate) comparison: String,
    /// As text: `1`, `0.5`.
    pub(crate) threshold: String,
    /// Seconds.
    pub(crate) period: i64,
    pub(crate) evaluation_periods: i64,
    pub(crate) dimensions: BTreeMap<String, String>,
}

/// The table of messages in one region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// DynamoDB's word: `ACTIVE`, …
    pub(crate) status: String,
    /// Region and DynamoDB's word for each replica, this region included where DynamoDB lists it.
    pub(crate) replicas: BTreeMap<String, String>,
    /// What the stream carries; `None` when there is no stream.
    pub(crate) stream: Option<String>,
    /// The stream there is now: a new one has another name.
    pub(crate) stream_arn: Option<String>,
}

/// What one region may do and what it did at its busiest in a week.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) lambda: Room,
    pub(crate) requests: Room,
    pub(crate) connections: Room,
}

/// A quota, and the peak against it.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    /// Per second, or at once.
    pub(crate) quota: Fact<f64>,
    /// The same unit. `None` when nothing was measured.
    pub(crate) peak: Fact<Option<f64>>,
}

/// A stack as deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stack {
    pub(crate) name: String,
    /// CloudFormation's word: `CREATE_COMPLETE`, …
    pub(crate) status: String,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) outputs: BTreeMap<String, String>,
    /// Its template, as it was handed in.
    pub(crate) template: Fact<String>,
}
