//! A hosted zone: records, and the answer that Route 53 gives to a client.

mod answer;
mod build;
mod record;
mod trail;

pub use answer::{Answer, Answered, Client};
pub use build::{ALIAS_DEPTH_MAX, RECORDS_MAX, Soa, Zone, ZoneError};
pub use record::{Alias, Area, Failover, Record, RecordType, Routing, Service, Target, Value};
pub use trail::{Fate, Sickness, Step};
