//! A client that can send anything: requests as bytes over a socket. No rule of HTTP is kept for the sake of it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Nothing here may take longer: a test that hangs has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A request that is being made up.
#[derive(Clone)]
pub(crate) struct Ask {
    line: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Ask {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        Self { line: format!("{method} {target} HTTP/1.1"), headers: Vec::new(), body: String::new() }
    }

    pub(crate) fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// A form as our own page would send it, but for the token and the cookie.
    pub(crate) fn post(target: &str, form: &str) -> Self {
        Self::new("POST", target).with("Content-Type", "application/x-www-form-urlencoded").body(form)
    }

    /// One more header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: &str) -> Self {
        self.body = body.to_owned();
        self.with("Content-Length", &body.len().to_string())
    }

    fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    /// The bytes, with `Host` and `Connection: close` where nothing was said of them.
    pub(crate) fn bytes(&self, host: &str) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.line);
        for (name, value) in [("Host", host), ("Connection", "close")] {
            if !self.has(name) {
                text += &format!("{name}: {value}\r\n");
            }
        }
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        (text + "\r\n" + &self.body).into_bytes()
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// An empty answer, for a connection that was closed without one, has status 0.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut pairs = self.head.lines().filter_map(|line| line.split_once(": "));
        pairs.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Sends `bytes` and reads until the other side closes.
pub(crate) async fn send(to: SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(to).await.unwrap();
    // The server may answer, and close, before it has taken all.
    let _ = stream.write_all(bytes).await;
    rest(&mut stream).await
}

/// What is still to come.
pub(crate) async fn rest(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("the server holds on to a connection");
    Answer::parse(&bytes)
}

/// Reads until `mark` has come.
pub(crate) async fn until(stream: &mut TcpStream, mark: &str) -> String {
    let mut text = String::new();
    let mut buf = [0; 4096];
    while !text.contains(mark) {
        let read = timeout(PATIENCE, stream.read(&mut buf)).await.expect("nothing comes").unwrap();
        assert!(read > 0, "closed before {mark:?}, after {text:?}");
        text += &String::from_utf8_lossy(&buf[..read]);
    }
    text
}
