//! A deterministic model of Route 53's data plane: checks, records, answers. No sockets, no clock: time comes in as an argument.
//!
#![doc = include_str!("../FACTS.md")]

mod calculated;
mod check;
mod checker;
mod checkers;
mod judge;
mod name;
mod region;
mod share;
mod speed;
mod tree;
mod zone;

pub use calculated::{CHILDREN_MAX, Calculated};
pub use check::{
    Address, Alarm, AlarmSpec, CHECKS_MAX, Check, CheckId, CheckSet, CheckSetError, Comparison, Control, Datapoint, Endpoint, EndpointSpec,
    InsufficientData, InvalidCheck, Kind, SEARCH_MAX, Speaks, Statistic, Update, UpdateError,
};
pub use checkers::{Change, Checkers, Poll, Status, Steady, UpdateRefused, WrongKind};
pub use judge::{BODY_BYTES, Deadlines, Encoding, Facts, Failure, HEADER_BYTES_MAX, NoConnection, Outcome, Response, judge};
pub use name::{DomainName, InvalidDomainName};
pub use region::{AwsRegion, CheckerId, CheckerRegion, InvalidAwsRegion};
pub use share::{HEALTHY_SHARE_PERCENT, View, enough_healthy};
pub use speed::{ClockSpeed, InvalidClockSpeed};
pub use tree::{Observer, Purpose, Serving, TALK_PREFIX, Tree, TreeError, TreeSpec, tree};
pub use zone::{
    ALIAS_DEPTH_MAX, Alias, Answer, Answered, Area, Client, Failover, Fate, RECORDS_MAX, Record, RecordType, Routing, Service, Sickness,
    Soa, Step, Target, Value, Zone, ZoneError,
};
