//! One poll over the wire: a fresh connection, one request, and what came of it when.
//!
//! Judging is the model's.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use route53::{
    Address, BODY_BYTES, Deadlines, Encoding, Endpoint, Facts, HEADER_BYTES_MAX, NoConnection, Outcome, Response, Speaks, judge,
};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// What Route 53's checkers call themselves.
const USER_AGENT: &str = "Amazon-Route53-Health-Check-Service";
/// Enough for the headers that are allowed and the body that is searched.
const BUFFER_MAX: usize = HEADER_BYTES_MAX + 2 * BODY_BYTES;

/// A check's endpoint, ready to be polled over and over.
#[derive(Debug)]
pub(super) struct Wire {
    addr: SocketAddr,
    speaks: Speaks,
    request: Request<Empty<Bytes>>,
}

impl Wire {
    /// Prepares the request. `None` for what cannot be polled from here: names and TLS.
    pub(super) fn new(endpoint: &Endpoint) -> Option<Self> {
        let spec = endpoint.spec();
        let Address::Ip { ip, .. } = spec.address else { return None };
        let path = match &spec.speaks {
            Speaks::Tcp => "/",
            Speaks::Http { secure: true, .. } => return None,
            Speaks::Http { path, .. } => path,
        };
        let request = Request::get(path)
            .header(header::HOST, endpoint.host_header().unwrap_or_default())
            .header(header::USER_AGENT, USER_AGENT)
            .header(header::CONNECTION, "close")
            .body(Empty::new())
            .ok()?;
        Some(Self { addr: SocketAddr::new(ip, spec.port), speaks: spec.speaks.clone(), request })
    }

    /// Polls once and judges what was met. Every wait has the model's deadline.
    pub(super) async fn poll(&self, deadlines: &Deadlines) -> Outcome {
        let judged = |facts: &Facts<'_>| judge(&self.speaks, deadlines, facts);
        let search = match &self.speaks {
            Speaks::Tcp => None,
            Speaks::Http { search, .. } => Some(search.is_some()),
        };
        let connect = if search.is_some() { deadlines.connect } else { deadlines.tcp_connect };
        let began = Instant::now();
        let stream = match timeout(connect, TcpStream::connect(self.addr)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(_)) => return judged(&Facts::NotConnected(NoConnection::Refused)),
            Err(_) => return judged(&Facts::NotConnected(NoConnection::TimedOut)),
        };
        let connected_after = began.elapsed();
        let Some(search) = search else { return judged(&Facts::Connected { connected_after }) };
        match self.exchange(stream, search, deadlines).await {
            Exchange::Silent => judged(&Facts::Silent { connected_after }),
            Exchange::NotHttp => judged(&Facts::NotHttp { connected_after }),
            Exchange::Answered { status, status_after, headers, body, body_after } => judged(&Facts::Answered {
                connected_after,
                response: Response {
                    status,
                    status_after,
                    header_bytes: headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum(),
                    // hyper refuses malformed headers by itself.
                    header_valid: true,
                    encoding: encoding(&headers),
                    body: &body,
                    body_after,
                },
            }),
        }
    }

    async fn exchange(&self, stream: TcpStream, search: bool, deadlines: &Deadlines) -> Exchange {
        let connected = Instant::now();
        let Ok((mut sender, connection)) =
            http1::Builder::new().max_buf_size(BUFFER_MAX).handshake::<_, Empty<Bytes>>(TokioIo::new(stream)).await
        else {
            return Exchange::NotHttp;
        };
        let talk = async {
            let response = match timeout(deadlines.status, sender.send_request(self.request.clone())).await {
                Ok(Ok(response)) => response,
                // A connection that ends without a word has shown no status, and neither has a silent one.
                Ok(Err(error)) if error.is_parse() => return Exchange::NotHttp,
                Ok(Err(_)) | Err(_) => return Exchange::Silent,
            };
            let status_after = connected.elapsed();
            let (parts, mut incoming) = response.into_parts();
            let (body, body_after) = if search { beginning(&mut incoming, deadlines.body).await } else { (Vec::new(), None) };
            Exchange::Answered { status: parts.status.as_u16(), status_after, headers: parts.headers, body, body_after }
        };
        // The connection moves the bytes; what it ends with, the talk has met already.
        let moving = async {
            let _ = connection.await;
            std::future::pending().await
        };
        tokio::select! {
            exchange = talk => exchange,
            exchange = pin!(moving) => exchange,
        }
    }
}

enum Exchange {
    Silent,
    NotHttp,
    Answered { status: u16, status_after: Duration, headers: HeaderMap, body: Vec<u8>, body_after: Option<Duration> },
}

/// Reads what is searched of a body; `None` when it did not come in time, or broke off.
async fn beginning(incoming: &mut Incoming, deadline: Duration) -> (Vec<u8>, Option<Duration>) {
    let began = Instant::now();
    let mut body = Vec::new();
    let read = async {
        while body.len() < BODY_BYTES {
            match incoming.frame().await {
                Some(Ok(frame)) => body.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data)),
                Some(Err(_)) => return false,
                None => break,
            }
        }
        true
    };
    let whole = timeout(deadline, read).await.unwrap_or(false);
    (body, whole.then(|| began.elapsed()))
}

/// Nothing in the world compresses what checkers read, so anything but plain is one that cannot be read.
fn encoding(headers: &HeaderMap) -> Encoding {
    match headers.get(header::CONTENT_ENCODING) {
        None => Encoding::Identity,
        Some(value) if value == "identity" => Encoding::Identity,
        Some(_) => Encoding::Other,
    }
}

#[cfg(test)]
mod tests {
    use route53::{Failure, Speaks};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const DEADLINES: Deadlines = Deadlines {
        connect: Duration::from_secs(4),
        status: Duration::from_millis(800),
        body: Duration::from_millis(800),
        tcp_connect: Duration::from_secs(4),
    };

    fn http(search: Option<&str>) -> Speaks {
        Speaks::Http { secure: false, path: "/alive".to_owned(), search: search.map(str::to_owned) }
    }

    fn wire(addr: SocketAddr, speaks: Speaks) -> Wire {
        let address = Address::loopback(addr.ip(), None).unwrap();
        Wire::new(&Endpoint::new(route53::EndpointSpec::new(address, addr.port(), speaks)).unwrap()).unwrap()
    }

    /// Polls a server that reads a request and then says these things, each after a pause.
    async fn poll(search: Option<&str>, says: &[(u64, &[u8])]) -> Outcome {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let says: Vec<(u64, Vec<u8>)> = says.iter().map(|(pause, bytes)| (*pause, bytes.to_vec())).collect();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let length = stream.read(&mut request).await.unwrap();
            for (pause, bytes) in says {
                tokio::time::sleep(Duration::from_millis(pause)).await;
                // The checker may have hung up already.
                let _ = stream.write_all(&bytes).await;
            }
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        let outcome = wire(addr, http(search)).poll(&DEADLINES).await;
        let request = server.await.unwrap().to_lowercase();
        assert!(request.starts_with("get /alive http/1.1\r\n"), "{request}");
        assert!(request.contains("\r\nhost: 127.0.0.1\r\n"), "the address alone, without the port: {request}");
        outcome
    }

    fn failed(failure: Failure) -> Outcome {
        Outcome::Failed(failure)
    }

    #[tokio::test]
    async fn a_status_is_enough_without_a_string() {
        assert_eq!(poll(None, &[(0, b"HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\n")]).await, Outcome::Passed);
        assert_eq!(
            poll(None, &[(0, b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n")]).await,
            Outcome::Passed
        );
        assert_eq!(poll(None, &[(0, b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n")]).await, failed(Failure::Status(503)));
    }

    #[tokio::test]
    async fn the_string_is_found_however_the_body_comes() {
        let whole: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\nalive chat\n";
        assert_eq!(poll(Some("alive chat"), &[(0, whole)]).await, Outcome::Passed);
        let until_close: &[u8] = b"HTTP/1.0 200 OK\r\n\r\nalive chat";
        assert_eq!(poll(Some("alive chat"), &[(0, until_close)]).await, Outcome::Passed);
        let chunked: [(u64, &[u8]); 3] =
            [(0, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"), (10, b"6\r\nalive \r\n"), (10, b"4\r\nchat\r\n0\r\n\r\n")];
        assert_eq!(poll(Some("alive chat"), &chunked).await, Outcome::Passed);
        assert_eq!(poll(Some("eject chat"), &[(0, whole)]).await, failed(Failure::StringMissing));
    }

    #[tokio::test]
    async fn what_lies_beyond_the_first_5120_bytes_is_not_found() {
        let body = |before: usize| {
            let body = [vec![b'.'; before], b"alive".to_vec()].concat();
            [format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes(), body].concat()
        };
        assert_eq!(poll(Some("alive"), &[(0, &body(5115))]).await, Outcome::Passed);
        assert_eq!(poll(Some("alive"), &[(0, &body(5116))]).await, failed(Failure::StringMissing));
    }

    #[tokio::test]
    async fn every_wait_ends_at_its_deadline() {
        let head: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";
        assert_eq!(poll(None, &[(2000, head)]).await, failed(Failure::StatusTimeout));
        assert_eq!(poll(Some("alive"), &[(0, head), (2000, b"alive")]).await, failed(Failure::BodyTimeout));
        assert_eq!(poll(Some("alive"), &[(0, head), (10, b"al")]).await, failed(Failure::BodyTimeout), "broken off");
    }

    #[tokio::test]
    async fn what_is_not_http_fails() {
        assert_eq!(poll(None, &[(0, b"SSH-2.0-OpenSSH_9.6\r\n")]).await, failed(Failure::NotHttp));
        assert_eq!(poll(None, &[(0, b"")]).await, failed(Failure::StatusTimeout), "hung up without a word");
        let huge = [b"HTTP/1.1 200 OK\r\nx-padding: ".to_vec(), vec![b'a'; 64 * 1024], b"\r\n\r\n".to_vec()].concat();
        assert_eq!(poll(None, &[(0, &huge)]).await, failed(Failure::NotHttp));
        let large = [b"HTTP/1.1 200 OK\r\nx-padding: ".to_vec(), vec![b'a'; 17_000], b"\r\n\r\n".to_vec()].concat();
        assert_eq!(poll(None, &[(0, &large)]).await, failed(Failure::Headers));
        let zipped: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: 5\r\n\r\nalive";
        assert_eq!(poll(Some("alive"), &[(0, zipped)]).await, failed(Failure::Encoding));
    }

    #[tokio::test]
    async fn nobody_there_is_refused_and_a_listener_is_enough_for_tcp() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        assert_eq!(wire(addr, Speaks::Tcp).poll(&DEADLINES).await, Outcome::Passed);
        drop(listener);
        assert_eq!(wire(addr, Speaks::Tcp).poll(&DEADLINES).await, failed(Failure::Refused));
        assert_eq!(wire(addr, http(None)).poll(&DEADLINES).await, failed(Failure::Refused));
    }
}
