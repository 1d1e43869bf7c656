//! One DNS question and what a reply to it says: the message, never the socket.
//!
//! Pure. Replies come from outside: what does not answer this very question is not read further.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsCode, EdnsOption};
use hickory_proto::rr::{DNSClass, Name, RData, RecordType};

use super::host::HostName;
use super::place::Subnet;

/// The UDP payload we can take (the DNS flag day 2020 value: fits any path without fragments).
pub const UDP_PAYLOAD_MAX: u16 = 1232;
/// The most addresses kept of one answer.
const ADDRESSES_MAX: usize = 16;
/// The longest alias chain followed inside one answer.
const CHAIN_MAX: usize = 8;
/// How long an absence is kept when the reply carries no SOA to say so (RFC 2308, 5 asks not to; a moment spares the server).
const ABSENCE_WITHOUT_SOA: Duration = Duration::from_secs(1);
/// The longest an absence is kept (RFC 2308, 5 suggests up to three hours; a client of a failover wants to know sooner).
const ABSENCE_MAX: Duration = Duration::from_secs(300);

/// Why a name has no address for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// NXDOMAIN.
    #[error("no such name")]
    NoSuchName,
    /// The name exists and has no IPv4 address.
    #[error("the name has no address")]
    NoAddress,
    /// The server answered with an error.
    #[error("the name server answered {0}")]
    Refused(ResponseCode),
    /// No usable reply came in time.
    #[error("the name server did not answer in time")]
    Silent,
    /// The server could not be reached at all.
    #[error("the name server cannot be reached: {0}")]
    Unreachable(std::io::ErrorKind),
}

/// A question that is being asked.
#[derive(Debug, Clone)]
pub struct Question {
    id: u16,
    name: Name,
    subnet: Subnet,
}

/// What a reply to the question says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Here they are, for so long.
    Addresses(Vec<Ipv4Addr>, Duration),
    /// There are none, for so long.
    Absent(Failure, Duration),
    /// Ask again over TCP.
    Truncated,
    /// The server cannot or will not say.
    Refused(ResponseCode),
}

impl Question {
    /// Asks for the IPv4 addresses of `name` on behalf of `subnet`.
    #[must_use]
    pub fn new(id: u16, name: &HostName, subnet: Subnet) -> Option<Self> {
        let name = Name::from_ascii(format!("{name}.")).ok()?;
        Some(Self { id, name, subnet })
    }

    /// The message to send. `None` when it cannot be encoded, which no host name makes happen.
    #[must_use]
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut message = Message::new(self.id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.add_query(Query::query(self.name.clone(), RecordType::A));
        let mut edns = Edns::new();
        edns.set_max_payload(UDP_PAYLOAD_MAX);
        edns.options_mut().insert(EdnsOption::Subnet(self.client_subnet()));
        message.set_edns(edns);
        message.to_vec().ok()
    }

    /// Reads a datagram. `None` when it is not a reply to this question: garbage, late, or forged.
    #[must_use]
    pub fn read(&self, bytes: &[u8]) -> Option<Reply> {
        let message = Message::from_vec(bytes).ok()?;
        let meta = &message.metadata;
        let [query] = message.queries.as_slice() else { return None };
        let ours = meta.id == self.id
            && meta.message_type == MessageType::Response
            && meta.op_code == OpCode::Query
            && query.query_type() == RecordType::A
            && query.query_class() == DNSClass::IN
            && *query.name() == self.name
            && self.subnet_echoed(&message);
        if !ours {
            return None;
        }
        if meta.truncation {
            return Some(Reply::Truncated);
        }
        Some(match meta.response_code {
            ResponseCode::NoError => self.addresses(&message),
            ResponseCode::NXDomain => Reply::Absent(Failure::NoSuchName, absence(&message)),
            other => Reply::Refused(other),
        })
    }

    fn client_subnet(&self) -> ClientSubnet {
        ClientSubnet::new(IpAddr::V4(self.subnet.address()), self.subnet.prefix(), 0)
    }

    /// A server that ignores the subnet sends none back; one that sends back another's answers somebody else (RFC 7871, 7.3).
    fn subnet_echoed(&self, message: &Message) -> bool {
        match message.edns.as_ref().and_then(|edns| edns.option(EdnsCode::Subnet)) {
            Some(EdnsOption::Subnet(echo)) => {
                echo.addr() == IpAddr::V4(self.subnet.address()) && echo.source_prefix() == self.subnet.prefix()
            }
            Some(_) | None => true,
        }
    }

    /// The addresses at the end of the alias chain; they hold as long as the shortest TTL on the way.
    fn addresses(&self, message: &Message) -> Reply {
        let mut owner = &self.name;
        let mut ttl = u32::MAX;
        for _ in 0..CHAIN_MAX {
            let mut addresses = Vec::new();
            let mut alias = None;
            for record in message.answers.iter().filter(|record| record.name == *owner && record.dns_class == DNSClass::IN) {
                match &record.data {
                    RData::A(a) => addresses.push((a.0, record.ttl)),
                    RData::CNAME(target) => alias = Some((&target.0, record.ttl)),
                    _ => {}
                }
            }
            if !addresses.is_empty() {
                let ttl = addresses.iter().map(|(_, ttl)| seconds(*ttl)).min().unwrap_or(0).min(seconds(ttl));
                let addresses = addresses.into_iter().map(|(address, _)| address).take(ADDRESSES_MAX).collect();
                return Reply::Addresses(addresses, Duration::from_secs(ttl.into()));
            }
            let Some((target, alias_ttl)) = alias else { break };
            ttl = ttl.min(seconds(alias_ttl));
            owner = target;
        }
        Reply::Absent(Failure::NoAddress, absence(message))
    }
}

/// A TTL with the top bit set counts as zero (RFC 2181, 8). `u32::MAX` is our own "none seen yet".
fn seconds(ttl: u32) -> u32 {
    if ttl == u32::MAX || ttl <= i32::MAX as u32 { ttl } else { 0 }
}

/// How long an absence holds: the lesser of the SOA's TTL and its minimum (RFC 2308, 5).
fn absence(message: &Message) -> Duration {
    message
        .authorities
        .iter()
        .find_map(|record| match &record.data {
            RData::SOA(soa) => Some(Duration::from_secs(seconds(record.ttl).min(soa.minimum).into()).min(ABSENCE_MAX)),
            _ => None,
        })
        .unwrap_or(ABSENCE_WITHOUT_SOA)
}

#[cfg(test)]
mod tests {
    use hickory_proto::rr::Record;
    use hickory_proto::rr::rdata::{A, CNAME, SOA};
    use proptest::prelude::*;

    use super::*;
    use crate::user::Place;

    fn question() -> Question {
        Question::new(7, &"api.chat.test".parse().unwrap(), Place::london().subnet).unwrap()
    }

    fn reply(change: impl FnOnce(&mut Message)) -> Option<Reply> {
        let question = question();
        let mut message = Message::from_vec(&question.to_bytes().unwrap()).unwrap();
        message.metadata.message_type = MessageType::Response;
        change(&mut message);
        question.read(&message.to_vec().unwrap())
    }

    fn name(raw: &str) -> Name {
        Name::from_ascii(raw).unwrap()
    }

    fn a(owner: &str, last: u8, ttl: u32) -> Record {
        Record::from_rdata(name(owner), ttl, RData::A(A::new(127, 0, 10, last)))
    }

    #[test]
    fn the_query_tells_the_subnet_and_what_fits() {
        let message = Message::from_vec(&question().to_bytes().unwrap()).unwrap();
        let edns = message.edns.unwrap();
        assert_eq!(edns.max_payload(), UDP_PAYLOAD_MAX);
        let told = EdnsOption::Subnet(ClientSubnet::new("81.2.69.0".parse().unwrap(), 24, 0));
        assert_eq!(edns.option(EdnsCode::Subnet), Some(&told));
    }

    #[test]
    fn addresses_hold_as_long_as_the_shortest_ttl_of_the_chain() {
        let read = reply(|message| {
            message.add_answer(Record::from_rdata(name("api.chat.test."), 20, RData::CNAME(CNAME(name("r.chat.test.")))));
            message.add_answer(a("R.chat.test.", 1, 60));
            message.add_answer(a("r.chat.test.", 2, 30));
            message.add_answer(a("other.chat.test.", 3, 1));
        });
        let addresses = vec![Ipv4Addr::new(127, 0, 10, 1), Ipv4Addr::new(127, 0, 10, 2)];
        assert_eq!(read, Some(Reply::Addresses(addresses, Duration::from_secs(20))));
    }

    #[test]
    fn a_ttl_with_its_top_bit_set_is_zero() {
        let read = reply(|message| {
            message.add_answer(a("api.chat.test.", 1, 0x8000_0001));
        });
        assert!(matches!(read, Some(Reply::Addresses(_, Duration::ZERO))), "{read:?}");
    }

    #[test]
    fn an_alias_loop_ends() {
        let read = reply(|message| {
            message.add_answer(Record::from_rdata(name("api.chat.test."), 20, RData::CNAME(CNAME(name("api.chat.test.")))));
        });
        assert_eq!(read, Some(Reply::Absent(Failure::NoAddress, ABSENCE_WITHOUT_SOA)));
    }

    #[test]
    fn an_absence_holds_as_the_soa_says_and_never_for_long() {
        for (ttl, minimum, held) in [(900, 5, 5), (3, 60, 3), (86_400, 86_400, 300)] {
            let read = reply(|message| {
                message.metadata.response_code = ResponseCode::NXDomain;
                let soa = SOA::new(name("ns.chat.test."), name("hm.chat.test."), 1, 1, 1, 1, minimum);
                message.add_authority(Record::from_rdata(name("chat.test."), ttl, RData::SOA(soa)));
            });
            assert_eq!(read, Some(Reply::Absent(Failure::NoSuchName, Duration::from_secs(held))));
        }
    }

    #[test]
    fn what_answers_another_question_is_not_read() {
        let address = |message: &mut Message| {
            message.add_answer(a("api.chat.test.", 66, 60));
        };
        assert!(reply(address).is_some());
        type Change = (&'static str, fn(&mut Message));
        let changes: [Change; 5] = [
            ("id", |message| message.metadata.id = 8),
            ("a query", |message| message.metadata.message_type = MessageType::Query),
            ("another name", |message| message.queries[0] = Query::query(Name::from_ascii("evil.test.").unwrap(), RecordType::A)),
            ("no question", |message| message.queries.clear()),
            ("another subnet", |message| {
                let edns = message.edns.as_mut().unwrap();
                edns.options_mut().remove(EdnsCode::Subnet);
                edns.options_mut().insert(EdnsOption::Subnet(ClientSubnet::new("10.0.0.0".parse().unwrap(), 24, 0)));
            }),
        ];
        for (what, change) in changes {
            let read = reply(|message| {
                address(message);
                change(message);
            });
            assert_eq!(read, None, "{what} was read");
        }
    }

    #[test]
    fn truncated_and_refused_say_so() {
        assert_eq!(reply(|message| message.metadata.truncation = true), Some(Reply::Truncated));
        assert_eq!(reply(|message| message.metadata.response_code = ResponseCode::ServFail), Some(Reply::Refused(ResponseCode::ServFail)));
    }

    proptest! {
        #[test]
        fn no_datagram_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let _ = question().read(&bytes);
        }

        #[test]
        fn no_damaged_reply_makes_it_panic(at in 0usize..80, to in any::<u8>()) {
            let question = question();
            let mut message = Message::from_vec(&question.to_bytes().unwrap()).unwrap();
            message.metadata.message_type = MessageType::Response;
            message.add_answer(a("api.chat.test.", 1, 60));
            let mut bytes = message.to_vec().unwrap();
            let at = at % bytes.len();
            bytes[at] = to;
            let _ = question.read(&bytes);
        }
    }
}
