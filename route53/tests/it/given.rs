//! What the tests start from: plain checks, checkers at AWS's pace, clients at known distances.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use route53::{
    Address, AwsRegion, Calculated, Check, CheckId, CheckSet, Checkers, Client, ClockSpeed, Deadlines, DomainName, Endpoint, EndpointSpec,
    Failure, Kind, Outcome, Record, RecordType, Routing, Soa, Speaks, Target, Value, Zone, ZoneError,
};

pub(crate) const FAILED: Outcome = Outcome::Failed(Failure::Refused);

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn id(name: &str) -> CheckId {
    CheckId::new(name)
}

pub(crate) fn public() -> Address {
    Address::public(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7)), None).unwrap()
}

pub(crate) fn http(path: &str) -> Speaks {
    Speaks::Http { secure: false, path: path.to_owned(), search: None }
}

pub(crate) fn spec(interval_s: u32, failure_threshold: u8) -> EndpointSpec {
    EndpointSpec { interval_s, failure_threshold, ..EndpointSpec::new(public(), 80, http("/health")) }
}

pub(crate) fn endpoint(name: &str, interval_s: u32, failure_threshold: u8) -> Check {
    Check::new(id(name), Kind::Endpoint(Endpoint::new(spec(interval_s, failure_threshold)).unwrap()))
}

pub(crate) fn calculated(name: &str, children: &[&str], threshold: u16) -> Check {
    let children = children.iter().map(|child| id(child)).collect();
    Check::new(id(name), Kind::Calculated(Calculated::new(children, threshold).unwrap()))
}

pub(crate) fn checkers(checks: Vec<Check>, seed: u64) -> Checkers {
    Checkers::new(CheckSet::new(checks).unwrap(), seed, ClockSpeed::REAL, Deadlines::AWS)
}

/// Lets every checker poll for `during`, from `from` on; an endpoint answers at once, as `outcome` says for the check at that time.
/// Returns when the given check first counted as `healthy`.
pub(crate) fn run(
    checkers: &mut Checkers,
    (from, during): (Duration, Duration),
    outcome: impl Fn(&str, usize, Duration) -> Outcome,
    (watched, healthy): (&str, bool),
) -> Option<Duration> {
    let mut at = None;
    while let Some(now) = checkers.next_due().filter(|&due| due <= from + during) {
        for poll in checkers.due(now) {
            let name = checkers.check_of(&poll).id().clone();
            let number = route53::CheckerId::all().position(|checker| checker == poll.checker()).unwrap();
            let outcome = outcome(name.as_str(), number, now);
            checkers.record(poll, outcome, now);
        }
        if at.is_none() && now >= from && checkers.is_healthy(&id(watched), now) == healthy {
            at = Some(now);
        }
    }
    at
}

pub(crate) fn name(name: &str) -> DomainName {
    DomainName::new(name).unwrap()
}

pub(crate) fn region(name: &str) -> AwsRegion {
    AwsRegion::new(name).unwrap()
}

/// A client with the given milliseconds to regions.
pub(crate) fn client(latencies: &[(&str, u32)]) -> Client {
    Client { latency_ms: latencies.iter().map(|&(name, ms)| (region(name), ms)).collect(), ..Client::default() }
}

/// An A record whose only value tells which one it is: 192.0.2.`last`.
pub(crate) fn a(of: &str, set_id: &str, routing: Routing, last: u8, check: Option<&str>) -> Record {
    Record {
        name: name(of),
        record_type: RecordType::A,
        set_id: set_id.to_owned(),
        routing,
        target: Target::Values { ttl_s: 60, values: vec![Value::A(Ipv4Addr::new(192, 0, 2, last))] },
        check: check.map(id),
    }
}

/// An alias to records of the zone.
pub(crate) fn alias(of: &str, set_id: &str, routing: Routing, to: &str, eth: bool, check: Option<&str>) -> Record {
    Record {
        target: Target::Alias { to: route53::Alias::Records(name(to)), evaluate_target_health: eth },
        ..a(of, set_id, routing, 0, check)
    }
}

/// The zone `example.test` whose records may use checks `a` to `h`.
pub(crate) fn try_zone(records: Vec<Record>) -> Result<Zone, ZoneError> {
    let checks = ["a", "b", "c", "d", "e", "f", "g", "h"].map(|name| endpoint(name, 30, 3)).to_vec();
    let soa = Soa::new(name("ns.example.test"), name("hostmaster.example.test"));
    Zone::new(name("example.test"), soa, records, &CheckSet::new(checks).unwrap())
}

pub(crate) fn zone(records: Vec<Record>) -> Zone {
    try_zone(records).unwrap()
}

/// The last bytes of the addresses that are answered, while the named checks are sick.
pub(crate) fn ask(zone: &Zone, of: &str, client: &Client, sick: &str, draw: u64) -> Vec<u8> {
    let answer = zone.answer(&name(of), RecordType::A, client, |check| !sick.contains(check.as_str()), draw);
    match answer.answered {
        route53::Answered::Records { values, .. } => values.iter().map(last).collect(),
        route53::Answered::Soa(_) | route53::Answered::NoData | route53::Answered::NoName | route53::Answered::NotOurs => Vec::new(),
    }
}

fn last(value: &Value) -> u8 {
    match value {
        Value::A(ip) => ip.octets()[3],
        Value::Aaaa(_) | Value::Cname(_) | Value::Txt(_) | Value::Ns(_) => panic!("not an A record: {value:?}"),
    }
}
