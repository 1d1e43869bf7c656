//! The name server's sockets: UDP and TCP on one port. What is replied is `reply`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::{Header, HeaderCounts, Metadata, ResponseCode};
use hickory_server::Server;
use hickory_server::net::runtime::Time;
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;
use tokio::net::{TcpListener, UdpSocket};
use tokio_util::sync::CancellationToken;

use super::StartError;
use super::model::Model;
use super::reply::{Reply, reply};

/// How many ports are tried until one is free for UDP and TCP.
const PORTS_TRIED: usize = 20;
/// A TCP connection that asks nothing for this long is closed.
const TCP_IDLE: Duration = Duration::from_secs(5);
/// How many replies may wait on one TCP connection.
const TCP_BACKLOG: usize = 32;
/// How long the server may take to end.
const ENDING: Duration = Duration::from_secs(2);

/// Starts to listen; when this returns, queries are answered.
pub(super) async fn start(model: Arc<Model>, addr: SocketAddr, stop: CancellationToken) -> Result<SocketAddr, StartError> {
    let (udp, tcp, addr) = bind(addr).await.map_err(|source| StartError::Listen { addr, source })?;
    let mut server = Server::new(NameServer(model));
    server.register_socket(udp);
    server.register_listener(tcp, TCP_IDLE, TCP_BACKLOG);
    tokio::spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {
                let _ = tokio::time::timeout(ENDING, server.shutdown_gracefully()).await;
            }
            ended = server.block_until_done() => tracing::error!(?ended, "the name server ended by itself"),
        }
    });
    Ok(addr)
}

/// Binds UDP and TCP to the same port.
async fn bind(addr: SocketAddr) -> std::io::Result<(UdpSocket, TcpListener, SocketAddr)> {
    let mut tried = 1;
    loop {
        let udp = UdpSocket::bind(addr).await?;
        let bound = udp.local_addr()?;
        match crate::net::bind(bound) {
            Ok(tcp) => return Ok((udp, tcp, bound)),
            // Somebody else listens there on TCP; with any port allowed, another one will do.
            Err(error) if addr.port() != 0 || tried >= PORTS_TRIED => return Err(error),
            Err(_) => tried += 1,
        }
    }
}

struct NameServer(Arc<Model>);

#[async_trait::async_trait]
impl RequestHandler for NameServer {
    async fn handle_request<R: ResponseHandler, T: Time>(&self, request: &Request, mut out: R) -> ResponseInfo {
        let Reply { code, authoritative, answers, authorities, edns } = reply(&self.0, request);
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.response_code = code;
        metadata.authoritative = authoritative;
        let mut builder = MessageResponseBuilder::from_message_request(request);
        if let Some(edns) = &edns {
            builder.edns(edns);
        }
        let response = builder.build(metadata, answers.iter(), authorities.iter(), [], []);
        match out.send_response(response).await {
            Ok(info) => info,
            Err(error) => {
                tracing::debug!(%error, "a reply could not be sent");
                metadata.response_code = ResponseCode::ServFail;
                Header { metadata, counts: HeaderCounts::default() }.into()
            }
        }
    }
}
