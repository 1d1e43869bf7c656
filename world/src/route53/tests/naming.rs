//! The name server against queries, well-formed, odd and broken.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use decision::ServiceName;
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsCode, EdnsOption};
use hickory_proto::rr::{DNSClass, Name, RData, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::super::{Route53, Settings};
use super::{REGIONS, SOON, Set, region, set};
use crate::event::Events;
use crate::fault::Faults;
use crate::names::address;
use crate::speed::Speed;

fn query(name: &str, record_type: RecordType) -> Message {
    let mut message = Message::new(fastrand::u16(..), MessageType::Query, OpCode::Query);
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), record_type));
    message
}

fn from(mut message: Message, address: &str, prefix: u8) -> Message {
    let mut edns = Edns::new();
    edns.set_max_payload(4096);
    edns.options_mut().insert(EdnsOption::Subnet(ClientSubnet::new(address.parse().unwrap(), prefix, 0)));
    message.set_edns(edns);
    message
}

async fn over_udp(dns: SocketAddr, bytes: &[u8]) -> Option<Vec<u8>> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(bytes, dns).await.unwrap();
    let mut buffer = vec![0; 4096];
    let length = timeout(Duration::from_millis(500), socket.recv(&mut buffer)).await.ok()?.ok()?;
    buffer.truncate(length);
    Some(buffer)
}

async fn over_tcp(dns: SocketAddr, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(dns).await.ok()?;
    stream.write_u16(u16::try_from(bytes.len()).unwrap()).await.ok()?;
    stream.write_all(bytes).await.ok()?;
    let read = async {
        let length = stream.read_u16().await?;
        let mut buffer = vec![0; length.into()];
        stream.read_exact(&mut buffer).await?;
        Ok::<_, std::io::Error>(buffer)
    };
    timeout(Duration::from_millis(500), read).await.ok()?.ok()
}

async fn ask(set: &Set, message: &Message) -> Message {
    let bytes = message.to_vec().unwrap();
    let began = Instant::now();
    loop {
        // A datagram may be lost on a machine under load.
        if let Some(reply) = over_udp(set.route53.dns(), &bytes).await {
            let reply = Message::from_vec(&reply).unwrap();
            assert_eq!(reply.metadata.id, message.metadata.id);
            return reply;
        }
        assert!(began.elapsed() < SOON, "no reply");
    }
}

fn addresses(reply: &Message) -> Vec<IpAddr> {
    let address = |data: &RData| match data {
        RData::A(ip) => Some(IpAddr::V4(ip.0)),
        _ => None,
    };
    reply.answers.iter().filter_map(|record| address(&record.data)).collect()
}

fn subnet(reply: &Message) -> Option<ClientSubnet> {
    match reply.edns.as_ref()?.option(EdnsCode::Subnet)? {
        EdnsOption::Subnet(subnet) => Some(*subnet),
        _ => None,
    }
}

#[tokio::test]
async fn udp_and_tcp_answer_alike_with_authority_and_the_scaled_ttl() {
    let set = set(10.0).await;
    for name in ["api.chat.test.", "api-ws.chat.test.", "talk-api.chat.test.", "talk-api-ws.chat.test."] {
        let message = from(query(name, RecordType::A), "81.2.69.0", 24);
        let udp = ask(&set, &message).await;
        let tcp = Message::from_vec(&over_tcp(set.route53.dns(), &message.to_vec().unwrap()).await.unwrap()).unwrap();
        for reply in [udp, tcp] {
            assert_eq!(addresses(&reply), [address(1)], "{name}");
            assert_eq!(reply.answers[0].ttl, 6, "60 s at the speed of 10");
            assert!(reply.metadata.authoritative && !reply.metadata.recursion_available);
            assert_eq!(reply.queries, message.queries);
        }
    }
}

#[tokio::test]
async fn the_client_subnet_decides_and_comes_back_with_its_scope() {
    let set = set(1.0).await;
    let ask_from = async |of: &str, prefix: u8| ask(&set, &from(query("api.chat.test.", RecordType::A), of, prefix)).await;
    for (of, prefix, index, scope) in [
        ("81.2.69.0", 24, 1, 24),
        ("81.2.69.142", 32, 1, 24),
        ("86.40.0.0", 24, 0, 24),
        ("131.252.1.0", 24, 2, 24),
        ("81.2.0.0", 16, 2, 24),
        ("203.0.113.0", 24, 2, 24),
        ("0.0.0.0", 0, 2, 0),
        ("2001:db8::", 56, 2, 48),
    ] {
        let reply = ask_from(of, prefix).await;
        assert_eq!(addresses(&reply), [address(index)], "{of}/{prefix}");
        assert_eq!(reply.answers[0].ttl, 60);
        assert_eq!(subnet(&reply), Some(ClientSubnet::new(of.parse().unwrap(), prefix, scope)), "{of}/{prefix}");
    }
    let plain = ask(&set, &query("api.chat.test.", RecordType::A)).await;
    assert_eq!(addresses(&plain), [address(2)], "who tells nothing is where the resolver is");
    assert!(plain.edns.is_none(), "no EDNS to those who speak none");
    let nowhere = ask(&set, &from(query("nobody.chat.test.", RecordType::A), "81.2.69.0", 24)).await;
    assert_eq!(subnet(&nowhere).map(|subnet| subnet.scope_prefix()), Some(0), "that holds for everyone");
}

#[tokio::test]
async fn a_malformed_subnet_is_a_format_error() {
    let set = set(1.0).await;
    let reply = ask(&set, &from(query("api.chat.test.", RecordType::A), "81.2.69.0", 20)).await;
    assert_eq!(reply.metadata.response_code, ResponseCode::FormErr, "bits beyond the prefix");
    let mut scoped = query("api.chat.test.", RecordType::A);
    let mut edns = Edns::new();
    edns.options_mut().insert(EdnsOption::Subnet(ClientSubnet::new(IpAddr::V4(Ipv4Addr::new(81, 2, 69, 0)), 24, 24)));
    scoped.set_edns(edns);
    assert_eq!(ask(&set, &scoped).await.metadata.response_code, ResponseCode::FormErr, "a scope in a query");
}

#[tokio::test]
async fn regional_names_lead_to_their_regions_from_everywhere() {
    let set = set(1.0).await;
    for (index, of) in REGIONS.into_iter().enumerate() {
        for name in ["api", "api-ws"] {
            let reply = ask(&set, &from(query(&format!("{of}.{name}.chat.test."), RecordType::A), "126.0.0.0", 24)).await;
            assert_eq!(addresses(&reply), [address(index)]);
        }
    }
}

#[tokio::test]
async fn names_are_the_same_in_any_case_and_come_back_as_asked() {
    let set = set(1.0).await;
    let message = query("aPi.ChAt.TEST.", RecordType::A);
    let reply = ask(&set, &message).await;
    assert_eq!(addresses(&reply), [address(2)]);
    assert_eq!(reply.queries[0].name().to_ascii(), "aPi.ChAt.TEST.");
    assert_eq!(reply.answers[0].name.to_ascii(), "aPi.ChAt.TEST.");
}

#[tokio::test]
async fn what_is_not_there_comes_with_the_start_of_authority() {
    let set = set(10.0).await;
    for (name, record_type, code) in [
        ("nobody.chat.test.", RecordType::A, ResponseCode::NXDomain),
        ("a.b.c.chat.test.", RecordType::TXT, ResponseCode::NXDomain),
        ("*.chat.test.", RecordType::A, ResponseCode::NXDomain),
        ("nobody.chat.test.", RecordType::ANY, ResponseCode::NXDomain),
        ("api.chat.test.", RecordType::AAAA, ResponseCode::NoError),
        ("api.chat.test.", RecordType::MX, ResponseCode::NoError),
        ("api.chat.test.", RecordType::SOA, ResponseCode::NoError),
        ("chat.test.", RecordType::A, ResponseCode::NoError),
    ] {
        let reply = ask(&set, &query(name, record_type)).await;
        assert_eq!(reply.metadata.response_code, code, "{name} {record_type}");
        assert!(reply.answers.is_empty() && reply.metadata.authoritative);
        let [soa] = reply.authorities.as_slice() else { panic!("{name}: {:?}", reply.authorities) };
        assert!(matches!(soa.data, RData::SOA(_)));
        assert_eq!(soa.ttl, 90, "900 s at the speed of 10");
        assert_eq!(soa.name.to_ascii(), "chat.test.");
    }
}

#[tokio::test]
async fn the_zone_knows_itself_and_nothing_else() {
    let set = set(1.0).await;
    let soa = ask(&set, &query("chat.test.", RecordType::SOA)).await;
    assert!(matches!(soa.answers[0].data, RData::SOA(_)));
    let ns = ask(&set, &query("chat.test.", RecordType::NS)).await;
    assert!(matches!(ns.answers[0].data, RData::NS(_)));
    let any = ask(&set, &query("api.chat.test.", RecordType::ANY)).await;
    assert!(matches!(any.answers.as_slice(), [record] if matches!(record.data, RData::HINFO(_))), "minimal, as RFC 8482 says");
    for outside in ["example.org.", "wechat.test.", "test.", "."] {
        let reply = ask(&set, &query(outside, RecordType::A)).await;
        assert_eq!(reply.metadata.response_code, ResponseCode::Refused, "{outside}");
        assert!(!reply.metadata.authoritative && reply.authorities.is_empty());
    }
    let transfer = ask(&set, &query("chat.test.", RecordType::AXFR)).await;
    assert_eq!(transfer.metadata.response_code, ResponseCode::Refused);
}

#[tokio::test]
async fn odd_queries_get_the_code_that_is_due() {
    let set = set(1.0).await;
    let mut update = query("chat.test.", RecordType::SOA);
    update.metadata.op_code = OpCode::Status;
    let mut chaos = Message::new(1, MessageType::Query, OpCode::Query);
    let mut question = Query::query(Name::from_ascii("version.bind.").unwrap(), RecordType::TXT);
    question.set_query_class(DNSClass::CH);
    chaos.add_query(question);
    let mut two = query("api.chat.test.", RecordType::A);
    two.add_query(Query::query(Name::from_ascii("api-ws.chat.test.").unwrap(), RecordType::A));
    let none = Message::new(2, MessageType::Query, OpCode::Query);
    let mut future = query("api.chat.test.", RecordType::A);
    let mut edns = Edns::new();
    edns.set_version(1);
    future.set_edns(edns);
    for (message, code) in [
        (update, ResponseCode::NotImp),
        (chaos, ResponseCode::Refused),
        (two, ResponseCode::FormErr),
        (none, ResponseCode::FormErr),
        (future, ResponseCode::BADVERS),
    ] {
        // 16 has two names.
        assert_eq!(u16::from(ask(&set, &message).await.metadata.response_code), u16::from(code), "{message}");
    }
}

#[tokio::test]
async fn broken_packets_get_a_format_error_or_silence_and_never_the_last_word() {
    let set = set(1.0).await;
    let dns = set.route53.dns();
    let mut random = fastrand::Rng::with_seed(0x5eed);
    let good = from(query("api.chat.test.", RecordType::A), "81.2.69.0", 24).to_vec().unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for round in 0..4000 {
        let mut bytes = match round % 4 {
            0 => (0..random.usize(0..600)).map(|_| random.u8(..)).collect::<Vec<u8>>(),
            1 => good[..random.usize(0..good.len())].to_vec(),
            2 => [good.clone(), (0..random.usize(0..64)).map(|_| random.u8(..)).collect()].concat(),
            _ => good.clone(),
        };
        for _ in 0..random.usize(0..6) {
            if !bytes.is_empty() {
                let at = random.usize(0..bytes.len());
                bytes[at] = random.u8(..);
            }
        }
        socket.send_to(&bytes, dns).await.unwrap();
        if round % 100 == 0 {
            // The answer may be anything, or none; over TCP the connection may be closed.
            let _ = over_tcp(dns, &bytes).await;
        }
        // Whatever comes back is a DNS message and no refusal to parse.
        let mut reply = [0; 4096];
        if let Ok(length) = socket.try_recv(&mut reply) {
            assert!(length >= 12 && reply[2] & 0x80 != 0);
        }
    }
    socket.send_to(&vec![0xff; 60_000], dns).await.unwrap();
    let mut half = TcpStream::connect(dns).await.unwrap();
    half.write_all(&[0xff, 0xff, 1, 2, 3]).await.unwrap();
    let reply = ask(&set, &from(query("api.chat.test.", RecordType::A), "81.2.69.0", 24)).await;
    assert_eq!(addresses(&reply), [address(1)]);
    assert!(over_tcp(dns, &good).await.is_some());
}

#[tokio::test]
async fn a_taken_port_is_named_and_stop_frees_it() {
    let taken = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let start = |dns_port, stop: CancellationToken| {
        let addrs: Vec<_> = REGIONS.iter().enumerate().map(|(index, of)| (region(of), SocketAddr::new(address(index), 9))).collect();
        Route53::start(Settings {
            service: ServiceName::new("chat").unwrap(),
            regions: addrs.clone(),
            gates: addrs,
            dns_port,
            seed: 1,
            faults: Faults::default(),
            events: Events::default(),
            speed: Speed::default(),
            stop,
        })
    };
    let error = start(taken.local_addr().unwrap().port(), CancellationToken::new()).await.unwrap_err();
    assert_eq!(error.to_string(), format!("the name server cannot listen on {}", taken.local_addr().unwrap()));
    let stop = CancellationToken::new();
    let dns = start(0, stop.clone()).await.unwrap().dns();
    stop.cancel();
    let began = Instant::now();
    while UdpSocket::bind(dns).await.is_err() || crate::net::bind(dns).is_err() {
        assert!(began.elapsed() < SOON, "still listening");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
