//! A name server on loopback, UDP and TCP on one port, that answers as it is told to and notes what it was asked.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsCode, EdnsOption};
use hickory_proto::rr::rdata::{A, SOA};
use hickory_proto::rr::{Name, RData, Record};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio_util::task::AbortOnDropHandle;

/// How a name is answered.
#[derive(Debug, Clone)]
pub(crate) enum Says {
    Addresses(Vec<Ipv4Addr>, u32),
    /// Over UDP: truncated. Over TCP: these.
    OnlyOverTcp(Vec<Ipv4Addr>, u32),
    /// Exists, without an address; the SOA's minimum.
    NoAddress(u32),
    Code(ResponseCode),
    Silence,
    /// First replies that answer other questions, then these.
    Noise(Vec<Ipv4Addr>, u32),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) name: String,
    pub(crate) subnet: Option<String>,
    pub(crate) tcp: bool,
}

#[derive(Default)]
struct State {
    zone: BTreeMap<String, Says>,
    asked: Vec<Asked>,
}

pub(crate) struct NameServer {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
    _tasks: [AbortOnDropHandle<()>; 2],
}

impl NameServer {
    pub(crate) async fn start() -> Self {
        let (udp, tcp) = loop {
            let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            // The same number may be taken on TCP: then another one.
            if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
                break (udp, tcp);
            }
        };
        let address = udp.local_addr().unwrap();
        let state = Arc::<Mutex<State>>::default();
        let tasks = [tokio::spawn(serve_udp(udp, Arc::clone(&state))), tokio::spawn(serve_tcp(tcp, Arc::clone(&state)))];
        Self { address, state, _tasks: tasks.map(AbortOnDropHandle::new) }
    }

    pub(crate) fn say(&self, name: &str, says: Says) {
        self.state.lock().unwrap().zone.insert(name.to_owned(), says);
    }

    /// Sends everyone to one address, for every name of the chat.
    pub(crate) fn lead_to(&self, address: Ipv4Addr, ttl: u32) {
        for name in [super::chat_region::REST, super::chat_region::WEBSOCKET] {
            self.say(name, Says::Addresses(vec![address], ttl));
        }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.lock().unwrap().asked.clone()
    }
}

async fn serve_udp(socket: UdpSocket, state: Arc<Mutex<State>>) {
    let mut buffer = [0; 1500];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        for reply in replies(&buffer[..length], &state, false) {
            let _ = socket.send_to(&reply, from).await;
        }
    }
}

async fn serve_tcp(listener: TcpListener, state: Arc<Mutex<State>>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let Ok(length) = stream.read_u16().await else { continue };
        let mut query = vec![0; length.into()];
        if stream.read_exact(&mut query).await.is_err() {
            continue;
        }
        for reply in replies(&query, &state, true) {
            let _ = stream.write_u16(u16::try_from(reply.len()).unwrap()).await;
            let _ = stream.write_all(&reply).await;
        }
    }
}

fn replies(query: &[u8], state: &Mutex<State>, tcp: bool) -> Vec<Vec<u8>> {
    let query = Message::from_vec(query).unwrap();
    let name = query.queries[0].name().to_string().trim_end_matches('.').to_ascii_lowercase();
    let subnet = match query.edns.as_ref().and_then(|edns| edns.option(EdnsCode::Subnet)) {
        Some(EdnsOption::Subnet(subnet)) => Some(format!("{}/{}", subnet.addr(), subnet.source_prefix())),
        _ => None,
    };
    let mut state = state.lock().unwrap();
    state.asked.push(Asked { name: name.clone(), subnet, tcp });
    let says = state.zone.get(&name).cloned().unwrap_or(Says::Code(ResponseCode::NXDomain));
    let reply = answer_with(&query, &[], 0);
    let replies = match says {
        Says::Silence => Vec::new(),
        Says::Addresses(addresses, ttl) => vec![answer_with(&query, &addresses, ttl)],
        Says::OnlyOverTcp(addresses, ttl) if tcp => vec![answer_with(&query, &addresses, ttl)],
        Says::OnlyOverTcp(..) => vec![reply.truncate()],
        Says::NoAddress(minimum) => vec![with_soa(reply, minimum)],
        Says::Code(code) => {
            let mut reply = with_soa(reply, 60);
            reply.metadata.response_code = code;
            vec![reply]
        }
        Says::Noise(addresses, ttl) => {
            let truth = answer_with(&query, &addresses, ttl);
            let forged = answer_with(&query, &[Ipv4Addr::new(127, 6, 6, 6)], 9999);
            let mut other_id = forged.clone();
            other_id.metadata.id = other_id.metadata.id.wrapping_add(1);
            let mut other_subnet = forged.clone();
            if let Some(edns) = other_subnet.edns.as_mut() {
                edns.options_mut().remove(EdnsCode::Subnet);
                edns.options_mut().insert(EdnsOption::Subnet(ClientSubnet::new(IpAddr::V4(Ipv4Addr::new(9, 9, 9, 0)), 24, 0)));
            }
            vec![other_id, other_subnet, truth]
        }
    };
    replies.iter().map(|reply| reply.to_vec().unwrap()).collect()
}

/// The query turned into a reply: same id, question and EDNS, subnet included.
fn answer_with(query: &Message, addresses: &[Ipv4Addr], ttl: u32) -> Message {
    let mut reply = query.clone();
    reply.metadata.message_type = MessageType::Response;
    let name = query.queries[0].name().clone();
    reply.add_answers(addresses.iter().map(|address| Record::from_rdata(name.clone(), ttl, RData::A(A(*address)))));
    reply
}

fn with_soa(mut reply: Message, minimum: u32) -> Message {
    let name = |raw: &str| Name::from_ascii(raw).unwrap();
    let soa = SOA::new(name("ns.chat.test."), name("admin.chat.test."), 1, 1, 1, 1, minimum);
    reply.add_authority(Record::from_rdata(name("chat.test."), 900, RData::SOA(soa)));
    reply
}
