//! DNS as a client asks it: one question, as from one client subnet, by UDP and by TCP when the answer is cut.
//!
//! Who is asked what, and what the answers mean for a drain, is `survey`.

mod authority;
mod survey;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Edns, Message, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsOption};
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use self::authority::servers_of;
pub use self::survey::{Asking, Lookup, Place, Said, Survey, Surveyor, default_places};

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_millis(1000);
/// Attempts by UDP, the first included: datagrams get lost.
const ATTEMPTS: usize = 2;
/// The largest UDP answer that is asked for: what passes everywhere without fragments.
const UDP_PAYLOAD: u16 = 1232;

/// One question.
#[derive(Debug, Clone)]
pub struct Question {
    /// The name, absolute.
    pub name: Name,
    /// The type.
    pub kind: RecordType,
    /// As whom.
    pub subnet: Option<ClientSubnet>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// Nothing in time.
    #[error("no answer in time")]
    Silent,
    /// The network said no.
    #[error("{0}")]
    Network(String),
    /// An answer with an error.
    #[error("answered {0}")]
    Code(String),
    /// An answer that is none.
    #[error("an answer that cannot be read")]
    Garbled,
}

impl From<std::io::Error> for AskError {
    fn from(error: std::io::Error) -> Self {
        AskError::Network(error.to_string())
    }
}

/// Asks one server one question.
pub async fn ask(server: SocketAddr, question: &Question) -> Result<Message, AskError> {
    let mut outcome = Err(AskError::Silent);
    for _ in 0..ATTEMPTS {
        let query = query(question);
        outcome = match timeout(ATTEMPT, by_udp(server, &query)).await {
            Ok(Ok(answer)) if answer.metadata.truncation => timeout(ATTEMPT, by_tcp(server, &query)).await.unwrap_or(Err(AskError::Silent)),
            Ok(outcome) => outcome,
            Err(_) => Err(AskError::Silent),
        };
        if outcome.is_ok() {
            break;
        }
    }
    let answer = outcome?;
    match answer.metadata.response_code {
        ResponseCode::NoError => Ok(answer),
        code => Err(AskError::Code(code.to_string())),
    }
}

/// The IPv4 addresses in an answer.
pub fn addresses(answer: &Message) -> Vec<IpAddr> {
    answer.answers.iter().filter_map(|record| if let RData::A(a) = &record.data { Some(IpAddr::V4(a.0)) } else { None }).collect()
}

fn query(question: &Question) -> Message {
    let mut query = Message::query();
    // A zone's own server ignores it; a resolver that was configured needs it.
    query.metadata.recursion_desired = true;
    query.add_query(Query::query(question.name.clone(), question.kind));
    let mut edns = Edns::new();
    edns.set_max_payload(UDP_PAYLOAD);
    if let Some(subnet) = question.subnet {
        edns.options_mut().insert(EdnsOption::Subnet(subnet));
    }
    query.set_edns(edns);
    query
}

async fn by_udp(server: SocketAddr, query: &Message) -> Result<Message, AskError> {
    let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    socket.send(&query.to_vec().map_err(|_| AskError::Garbled)?).await?;
    let mut buffer = [0_u8; 4096];
    loop {
        let length = socket.recv(&mut buffer).await?;
        // Anything else that arrives at this port is noise; the deadline is around all of it.
        if let Some(answer) = matching(&buffer[..length], query) {
            return Ok(answer);
        }
    }
}

async fn by_tcp(server: SocketAddr, query: &Message) -> Result<Message, AskError> {
    let mut stream = TcpStream::connect(server).await?;
    let bytes = query.to_vec().map_err(|_| AskError::Garbled)?;
    let length = u16::try_from(bytes.len()).map_err(|_| AskError::Garbled)?;
    stream.write_all(&[&length.to_be_bytes()[..], &bytes].concat()).await?;
    let mut answer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut answer).await?;
    matching(&answer, query).ok_or(AskError::Garbled)
}

/// The message, if it answers this query.
fn matching(bytes: &[u8], query: &Message) -> Option<Message> {
    let answer = Message::from_vec(bytes).ok()?;
    let mine = answer.metadata.id == query.metadata.id && answer.queries == query.queries;
    mine.then_some(answer)
}

#[cfg(test)]
mod tests {
    use hickory_proto::op::{MessageType, Metadata};
    use hickory_proto::rr::Record;
    use hickory_proto::rr::rdata::A;
    use tokio::net::TcpListener;

    use super::*;

    fn question() -> Question {
        let name = Name::from_ascii("api.chat.test.").unwrap();
        Question { name, kind: RecordType::A, subnet: Some("81.2.69.0/24".parse().unwrap()) }
    }

    fn answer_to(query: &[u8], truncated: bool, address: Option<Ipv4Addr>) -> Message {
        let query = Message::from_vec(query).unwrap();
        let mut answer = Message::new(query.metadata.id, MessageType::Response, query.metadata.op_code);
        answer.metadata = Metadata::response_from_request(&query.metadata);
        answer.metadata.truncation = truncated;
        let name = query.queries[0].name().clone();
        answer.add_queries(query.queries.clone());
        answer.add_answers(address.map(|address| Record::from_rdata(name, 60, RData::A(A(address)))));
        answer
    }

    #[tokio::test]
    async fn a_cut_answer_is_asked_for_again_by_tcp_and_a_strange_one_is_passed_over() {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let server = udp.local_addr().unwrap();
        let tcp = TcpListener::bind(server).await.unwrap();
        let serving = tokio::spawn(async move {
            let mut buffer = [0; 1500];
            let (length, client) = udp.recv_from(&mut buffer).await.unwrap();
            let asked = Message::from_vec(&buffer[..length]).unwrap();
            let mut stranger = answer_to(&buffer[..length], false, Some(Ipv4Addr::BROADCAST));
            stranger.metadata.id = stranger.metadata.id.wrapping_add(1);
            udp.send_to(&stranger.to_vec().unwrap(), client).await.unwrap();
            udp.send_to(&answer_to(&buffer[..length], true, None).to_vec().unwrap(), client).await.unwrap();
            let (mut stream, _) = tcp.accept().await.unwrap();
            let length = usize::from(stream.read_u16().await.unwrap());
            stream.read_exact(&mut buffer[..length]).await.unwrap();
            let answer = answer_to(&buffer[..length], false, Some(Ipv4Addr::new(127, 0, 10, 1))).to_vec().unwrap();
            stream.write_u16(u16::try_from(answer.len()).unwrap()).await.unwrap();
            stream.write_all(&answer).await.unwrap();
            asked
        });
        let answer = ask(server, &question()).await.unwrap();
        assert_eq!(addresses(&answer), ["127.0.10.1".parse::<IpAddr>().unwrap()]);
        let asked = serving.await.unwrap();
        let subnet = asked.edns.unwrap().option(hickory_proto::rr::rdata::opt::EdnsCode::Subnet).cloned();
        assert_eq!(subnet, Some(EdnsOption::Subnet("81.2.69.0/24".parse().unwrap())));
    }

    #[tokio::test]
    async fn nobody_there_is_an_error_within_its_deadline() {
        let nobody = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let started = std::time::Instant::now();
        assert_eq!(ask(nobody.local_addr().unwrap(), &question()).await, Err(AskError::Silent));
        assert!(started.elapsed() < ATTEMPT * 3);
    }

    #[tokio::test]
    async fn an_error_code_is_an_error() {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let server = udp.local_addr().unwrap();
        tokio::spawn(async move {
            let mut buffer = [0; 1500];
            loop {
                let (length, client) = udp.recv_from(&mut buffer).await.unwrap();
                let mut answer = answer_to(&buffer[..length], false, None);
                answer.metadata.response_code = ResponseCode::Refused;
                udp.send_to(&answer.to_vec().unwrap(), client).await.unwrap();
            }
        });
        assert!(matches!(ask(server, &question()).await, Err(AskError::Code(_))));
    }
}
