//! Fetches public keys from the one address that the settings name: TLS, one deadline, no redirects, a bounded answer.
//!
//! The only request that the dashboard makes beside AWS and DNS. No address of it ever comes from a request.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use http::header::{ACCEPT, HOST, USER_AGENT};
use http::uri::Scheme;
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

/// For the whole fetch: name, connection, TLS, answer.
const WITHIN: Duration = Duration::from_secs(5);
/// The longest answer that is read. The sets of large providers have under 10 KiB.
const ANSWER_MAX: usize = 128 * 1024;

/// Where keys are published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    https: bool,
    host: String,
    port: u16,
    path: String,
}

impl Address {
    /// An `https` URL; `http` is taken for this machine alone.
    pub(crate) fn parse(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let https = *uri.scheme()? == Scheme::HTTPS;
        let host = uri.host().filter(|host| !host.is_empty())?;
        let plain = host.trim_matches(['[', ']']);
        let is_here = plain == "localhost" || plain.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        let taken = !has_user && (https || (is_here && *uri.scheme()? == Scheme::HTTP));
        taken.then(|| Self {
            https,
            host: plain.to_owned(),
            port: uri.port_u16().unwrap_or(if https { 443 } else { 80 }),
            path: uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned(),
        })
    }

    /// The same with one more segment, which is plain letters, digits and `-`.
    pub(crate) fn below(&self, segment: &str) -> Option<Self> {
        let plain = !segment.is_empty() && segment.len() <= 64 && segment.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
        plain.then(|| Self { path: format!("{}/{segment}", self.path.trim_end_matches('/')), ..self.clone() })
    }
}

/// Why nothing came.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("no answer within {} s", WITHIN.as_secs())]
    Late,
    #[error("no connection: {0}")]
    Connect(#[from] std::io::Error),
    #[error("no certificate for that name: {0}")]
    Name(#[from] rustls::pki_types::InvalidDnsNameError),
    #[error("not HTTP: {0}")]
    Http(#[from] hyper::Error),
    #[error("not a request: {0}")]
    Request(#[from] http::Error),
    #[error("answered {0}")]
    Status(StatusCode),
    #[error("the answer broke off, or is longer than {ANSWER_MAX} bytes")]
    Body,
}

/// Fetches, from servers whose certificates it trusts.
#[derive(Clone)]
pub(crate) struct Fetcher(TlsConnector);

impl Fetcher {
    /// One that trusts the public authorities and those of `extra_roots`, which is PEM.
    pub(crate) fn new(extra_roots: Option<&str>) -> Option<Self> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(pem) = extra_roots {
            let before = roots.len();
            for root in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                roots.add(root.ok()?).ok()?;
            }
            if roots.len() == before {
                return None;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
        Some(Self(Arc::new(config.with_root_certificates(roots).with_no_client_auth()).into()))
    }

    /// What is at `address`.
    pub(crate) async fn fetch(&self, address: &Address) -> Result<Bytes, FetchError> {
        tokio::time::timeout(WITHIN, self.fetch_slowly(address)).await.unwrap_or(Err(FetchError::Late))
    }

    async fn fetch_slowly(&self, address: &Address) -> Result<Bytes, FetchError> {
        let stream = TcpStream::connect((address.host.as_str(), address.port)).await?;
        if !address.https {
            return ask(stream, address).await;
        }
        let name = ServerName::try_from(address.host.clone())?;
        ask(self.0.connect(name, stream).await?, address).await
    }
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fetcher")
    }
}

async fn ask<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, address: &Address) -> Result<Bytes, FetchError> {
    let (mut send, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // Dropped, and so ended, with this function.
    let mut driving = JoinSet::new();
    driving.spawn(connection);
    let request = Request::get(&address.path).header(HOST, &address.host).header(USER_AGENT, "failover").header(ACCEPT, "*/*");
    let answer = send.send_request(request.body(Empty::<Bytes>::new())?).await?;
    if answer.status() != StatusCode::OK {
        return Err(FetchError::Status(answer.status()));
    }
    let body = Limited::new(answer.into_body(), ANSWER_MAX).collect().await.map_err(|_| FetchError::Body)?;
    Ok(body.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_by_tls_or_from_this_machine() {
        for url in [
            "https://idp.example/keys?v=2",
            "https://idp.example:8443/",
            "http://127.0.0.1:9/keys",
            "http://[::1]:9/keys",
            "http://localhost:9",
        ] {
            assert!(Address::parse(url).is_some(), "{url}");
        }
        for url in [
            "http://idp.example/keys",
            "file:///etc/passwd",
            "ftp://127.0.0.1/",
            "/keys",
            "",
            "https://",
            "https://user@idp.example/",
            "http://127.0.0.1.evil.example/",
        ] {
            assert!(Address::parse(url).is_none(), "{url}");
        }
    }

    #[test]
    fn a_key_id_cannot_lead_elsewhere() {
        let base = Address::parse("https://keys.example/").unwrap();
        assert_eq!(base.below("12ab-CD").unwrap().path, "/12ab-CD");
        for kid in ["../x", "a/b", "a?b", "a#b", "", "a b", "%2e", "é", "a\r\nHost: x", "@evil.example"] {
            assert_eq!(base.below(kid), None, "{kid}");
        }
    }
}
