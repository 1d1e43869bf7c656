//! From a DNS query to its reply: what is ours, who asks (EDNS client subnet, RFC 7871), and how the model's answer is worded.

use std::net::IpAddr;

use hickory_proto::op::{Edns, LowerQuery, OpCode, ResponseCode};
use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsCode, EdnsOption};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, HINFO, NS, SOA, TXT};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use hickory_server::server::Request;
use route53::{Answered, DomainName, Soa, Value};

use super::geography::Town;
use super::model::Model;

/// The largest UDP reply: what passes everywhere without fragments. A larger one is cut, and the client asks by TCP.
const UDP_MAX: u16 = 1232;
/// What every client must be able to take.
const UDP_MIN: u16 = 512;
/// An answer that depends on where the client is holds for networks of this size.
const SCOPE_V4: u8 = 24;
const SCOPE_V6: u8 = 48;
/// How long the reply to ANY may be kept, in seconds (RFC 8482).
const ANY_TTL_S: u32 = 3600;

/// What is sent back.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) code: ResponseCode,
    pub(super) authoritative: bool,
    pub(super) answers: Vec<Record>,
    pub(super) authorities: Vec<Record>,
    pub(super) edns: Option<Edns>,
}

impl Reply {
    fn refusal(code: ResponseCode) -> Self {
        Self { code, authoritative: false, answers: Vec::new(), authorities: Vec::new(), edns: None }
    }
}

/// Replies to a query.
pub(super) fn reply(model: &Model, request: &Request) -> Reply {
    let mut edns = request.edns.as_ref().map(|asked| {
        let mut edns = Edns::new();
        edns.set_max_payload(asked.max_payload().clamp(UDP_MIN, UDP_MAX));
        edns
    });
    let reply = match (question(request), client_subnet(request)) {
        (Err(code), _) | (_, Err(code)) => Reply::refusal(code),
        (Ok(query), Ok(subnet)) => {
            let (reply, placed) = answer(model, query, Town::of(whereabouts(request, subnet)));
            if let (Some(edns), Some(subnet)) = (edns.as_mut(), subnet) {
                edns.options_mut().insert(EdnsOption::Subnet(scoped(subnet, placed)));
            }
            reply
        }
    };
    Reply { edns, ..reply }
}

/// The one question, if it is one that a name server of ours takes.
fn question(request: &Request) -> Result<&LowerQuery, ResponseCode> {
    if request.metadata.op_code != OpCode::Query {
        return Err(ResponseCode::NotImp);
    }
    if request.edns.as_ref().is_some_and(|edns| edns.version() > 0) {
        return Err(ResponseCode::BADVERS);
    }
    let [query] = request.queries.queries() else { return Err(ResponseCode::FormErr) };
    match (query.query_class(), query.query_type()) {
        (DNSClass::IN, RecordType::AXFR | RecordType::IXFR) => Err(ResponseCode::Refused),
        (DNSClass::IN, _) => Ok(query),
        (_, _) => Err(ResponseCode::Refused),
    }
}

/// The client subnet, if the query tells one; malformed ones are refused as RFC 7871 asks.
fn client_subnet(request: &Request) -> Result<Option<ClientSubnet>, ResponseCode> {
    let Some(EdnsOption::Subnet(subnet)) = request.edns.as_ref().and_then(|edns| edns.option(EdnsCode::Subnet)) else {
        return Ok(None);
    };
    let beyond = match subnet.addr() {
        IpAddr::V4(ip) => u128::from(u32::from(ip).checked_shl(subnet.source_prefix().into()).unwrap_or(0)),
        IpAddr::V6(ip) => u128::from(ip).checked_shl(subnet.source_prefix().into()).unwrap_or(0),
    };
    if beyond != 0 || subnet.scope_prefix() != 0 { Err(ResponseCode::FormErr) } else { Ok(Some(*subnet)) }
}

/// Where the client is: in the subnet that the resolver tells, else where the resolver is. A prefix of 0 tells nothing. `[R-EDNS]`
fn whereabouts(request: &Request, subnet: Option<ClientSubnet>) -> IpAddr {
    subnet.filter(|subnet| subnet.source_prefix() > 0).map_or(request.src().ip(), |subnet| subnet.addr())
}

/// The subnet as it is sent back: with the size of the networks that the answer holds for, 0 when it holds for everyone.
fn scoped(subnet: ClientSubnet, placed: bool) -> ClientSubnet {
    let scope = match subnet.addr() {
        _ if !placed || subnet.source_prefix() == 0 => 0,
        IpAddr::V4(_) => SCOPE_V4,
        IpAddr::V6(_) => SCOPE_V6,
    };
    ClientSubnet::new(subnet.addr(), subnet.source_prefix(), scope)
}

/// The reply, and whether it depends on where the client is.
fn answer(model: &Model, query: &LowerQuery, town: &Town) -> (Reply, bool) {
    let owner = query.original().name();
    let zone = model.zone();
    let Ok(name) = DomainName::new(&owner.to_ascii()) else {
        // A name with labels that no record can have: ours if it lies in the zone, and then it does not exist.
        let ours = Name::from_ascii(zone.origin().as_str()).is_ok_and(|origin| origin.zone_of(owner));
        let answered = if ours { Answered::NoName } else { Answered::NotOurs };
        return (worded(model, owner, answered), false);
    };
    let modelled = match query.query_type() {
        RecordType::A => route53::RecordType::A,
        RecordType::AAAA => route53::RecordType::Aaaa,
        RecordType::CNAME => route53::RecordType::Cname,
        RecordType::TXT => route53::RecordType::Txt,
        RecordType::NS => route53::RecordType::Ns,
        RecordType::SOA => return (worded(model, owner, zone.answer_soa(&name)), false),
        RecordType::ANY if zone.absence(&name) == Answered::NoData => return (any(owner), false),
        _ => return (worded(model, owner, zone.absence(&name)), false),
    };
    let answer = model.ask(&name, modelled, town, fastrand::u64(..));
    let placed = !answer.trail.is_empty();
    (worded(model, owner, answer.answered), placed)
}

fn worded(model: &Model, owner: &Name, answered: Answered) -> Reply {
    let ours = |code, answers, authorities| Reply { code, authoritative: true, answers, authorities, edns: None };
    match answered {
        Answered::NotOurs => Reply::refusal(ResponseCode::Refused),
        Answered::NoName => ours(ResponseCode::NXDomain, Vec::new(), authority(model)),
        Answered::NoData => ours(ResponseCode::NoError, Vec::new(), authority(model)),
        Answered::Soa(soa) => {
            ours(ResponseCode::NoError, soa_record(model, owner.clone(), &soa, soa.ttl_s).into_iter().collect(), Vec::new())
        }
        Answered::Records { values, ttl_s } => {
            let ttl = model.ttl_s(ttl_s);
            let records = values.iter().filter_map(|value| Some(Record::from_rdata(owner.clone(), ttl, data(value)?)));
            ours(ResponseCode::NoError, records.collect(), Vec::new())
        }
    }
}

/// The start of authority that comes with "there is no such thing" and says how long that holds.
fn authority(model: &Model) -> Vec<Record> {
    let zone = model.zone();
    let owner = absolute(zone.origin());
    owner.and_then(|owner| soa_record(model, owner, zone.soa(), zone.soa().negative_ttl_s())).into_iter().collect()
}

fn soa_record(model: &Model, owner: Name, soa: &Soa, ttl_s: u32) -> Option<Record> {
    let seconds = |seconds: u32| i32::try_from(seconds).unwrap_or(i32::MAX);
    let minimum = model.ttl_s(soa.minimum_s);
    let (primary, mailbox) = (absolute(&soa.primary)?, absolute(&soa.mailbox)?);
    let data = SOA::new(primary, mailbox, soa.serial, seconds(soa.refresh_s), seconds(soa.retry_s), seconds(soa.expire_s), minimum);
    Some(Record::from_rdata(owner, model.ttl_s(ttl_s), RData::SOA(data)))
}

/// The minimal reply to ANY (RFC 8482).
fn any(owner: &Name) -> Reply {
    let record = Record::from_rdata(owner.clone(), ANY_TTL_S, RData::HINFO(HINFO::new("RFC8482".to_owned(), String::new())));
    Reply { code: ResponseCode::NoError, authoritative: true, answers: vec![record], authorities: Vec::new(), edns: None }
}

/// `None` for names that cannot be put on the wire, which no zone holds.
fn data(value: &Value) -> Option<RData> {
    Some(match value {
        Value::A(ip) => RData::A(A(*ip)),
        Value::Aaaa(ip) => RData::AAAA(AAAA(*ip)),
        Value::Cname(name) => RData::CNAME(CNAME(absolute(name)?)),
        Value::Ns(name) => RData::NS(NS(absolute(name)?)),
        Value::Txt(text) => {
            RData::TXT(TXT::new(text.as_bytes().chunks(255).map(|part| String::from_utf8_lossy(part).into_owned()).collect()))
        }
    })
}

fn absolute(name: &DomainName) -> Option<Name> {
    let mut name = Name::from_ascii(name.as_str()).ok()?;
    name.set_fqdn(true);
    Some(name)
}
