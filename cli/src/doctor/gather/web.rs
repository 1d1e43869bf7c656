//! What gates say by HTTP, and what hosts present by TLS, as seen from here.
//!
//! A gate is believed as Route 53 believes it: whatever its certificate. Whether clients would take that is looked at apart.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use decision::{RegionName, Votes};
use futures_util::future::join_all;
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout_at;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Asking, CONNECT, shortened};
use crate::doctor::facts::{Answer, Certificate, Fact, Gate, Unread};

/// The longest body: a votes document is at most 4 KB.
const BODY_MAX: usize = 16 * 1024;
/// The longest wait for one answer. Route 53 waits for four seconds and two.
const ANSWER: Duration = Duration::from_secs(6);
/// What a line is cut to: the lines that are right are far shorter.
const LINE_MAX: usize = 120;

/// Everything that a gate says. `None` where nobody knows its address.
pub(super) async fn gate(asking: &Asking<'_>, observer: &RegionName) -> Option<Gate> {
    let url = asking.config.gate(observer)?;
    let lines = asking.config.policy.regions().iter().map(|region| {
        let url = &url;
        async move { (region.clone(), get(asking, url, &format!("/vote/{region}")).await.map(|(answer, _)| answer)) }
    });
    let (alive, votes, lines) = tokio::join!(get(asking, &url, "/alive"), get(asking, &url, "/v1/votes"), join_all(lines));
    let votes = votes.and_then(|(answer, body)| {
        if answer.status != 200 {
            return Err(Unread::refused(format!("{} ({})", answer.status, answer.line)));
        }
        serde_json::from_slice::<Votes>(&body).map_err(|error| Unread::refused(shortened(&error.to_string())))
    });
    let lines: BTreeMap<_, _> = lines.into_iter().collect();
    Some(Gate { url, alive: alive.map(|(answer, _)| answer), lines, votes })
}

/// What is presented by every host that is reached by TLS, by host and port.
pub(super) async fn served(asking: &Asking<'_>) -> BTreeMap<String, Fact<Certificate>> {
    let config = asking.config;
    let gates = config.policy.observers().iter().filter_map(|observer| config.gate(observer));
    let names = config.policy.regions().iter().flat_map(|region| [config.rest(region), config.socket(region)]);
    let sites: BTreeMap<String, Site> = gates.chain(names).filter_map(|url| Site::of(&url)).map(|site| (site.to_string(), site)).collect();
    let presented = sites.into_iter().filter(|(_, site)| site.secure).map(|(name, site)| async move {
        let certificate = certificate(asking, &site).await;
        (name, certificate)
    });
    let presented = join_all(presented).await.into_iter().collect();
    asking.progress.step();
    presented
}

/// Where a URL leads.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Site {
    host: String,
    port: u16,
    secure: bool,
}

impl std::fmt::Display for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.port == 443 { f.write_str(&self.host) } else { write!(f, "{}:{}", self.host, self.port) }
    }
}

impl Site {
    fn of(url: &str) -> Option<Self> {
        let url: http::Uri = url.parse().ok()?;
        let secure = matches!(url.scheme_str(), Some("https" | "wss"));
        Some(Self { host: url.host()?.to_owned(), port: url.port_u16().unwrap_or(if secure { 443 } else { 80 }), secure })
    }

    async fn connect(&self) -> Fact<TcpStream> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let connected = tokio::time::timeout(CONNECT, TcpStream::connect((host, self.port))).await;
        let failed = |why: &dyn std::fmt::Display| Unread::no_answer(format!("no connection to {self}: {}", shortened(&why.to_string())));
        connected.map_err(|_| failed(&"none in time"))?.map_err(|error| failed(&error))
    }

    /// A TLS connection, whatever certificate there is; and why clients would not take it.
    async fn secured(&self, stream: TcpStream) -> Fact<(TlsStream<TcpStream>, Option<String>)> {
        let broken = |why: &dyn std::fmt::Display| Unread::no_answer(format!("no TLS with {self}: {}", shortened(&why.to_string())));
        let lenient = Lenient::new().map_err(|error| broken(&error))?;
        let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| broken(&error))?
            .dangerous()
            .with_custom_certificate_verifier(lenient.clone())
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let name = ServerName::try_from(self.host.clone()).map_err(|error| broken(&error))?;
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| broken(&error))?;
        let distrust = lenient.distrust.lock().ok().and_then(|mut said| said.take());
        Ok((stream, distrust))
    }
}

/// One GET. The answer, and its body.
async fn get(asking: &Asking<'_>, base: &str, path: &str) -> Fact<(Answer, Vec<u8>)> {
    let until = asking.caller.until.min(tokio::time::Instant::now() + ANSWER);
    let site = Site::of(base).ok_or_else(|| Unread::refused(format!("{base} is no URL")))?;
    let prefix = base.parse::<http::Uri>().map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default();
    let path = format!("{prefix}{path}");
    let asked = async {
        let stream = site.connect().await?;
        if site.secure {
            let (stream, _) = site.secured(stream).await?;
            exchange(stream, &site, &path).await
        } else {
            exchange(stream, &site, &path).await
        }
    };
    timeout_at(until, asked).await.unwrap_or_else(|_| Err(Unread::late()))
}

async fn exchange(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, site: &Site, path: &str) -> Fact<(Answer, Vec<u8>)> {
    let failed = |error: &dyn std::fmt::Display| Unread::no_answer(shortened(&error.to_string()));
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
    let driver = tokio::spawn(connection);
    let request = http::Request::get(path)
        .header(http::header::HOST, site.to_string())
        .header(http::header::USER_AGENT, concat!("failover/", env!("CARGO_PKG_VERSION")))
        .body(Empty::<bytes::Bytes>::new())
        .map_err(|error| failed(&error))?;
    let result = async {
        let response = sender.send_request(request).await.map_err(|error| failed(&error))?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), BODY_MAX).collect().await.map_err(|error| failed(&error))?.to_bytes().to_vec();
        let text = String::from_utf8_lossy(&body);
        let line = text.lines().next().unwrap_or_default().chars().filter(|letter| !letter.is_control()).take(LINE_MAX).collect();
        Ok((Answer { status, line }, body))
    }
    .await;
    driver.abort();
    result
}

async fn certificate(asking: &Asking<'_>, site: &Site) -> Fact<Certificate> {
    let until = asking.caller.until.min(tokio::time::Instant::now() + ANSWER);
    let asked = async {
        let (stream, distrust) = site.secured(site.connect().await?).await?;
        let (_, session) = stream.get_ref();
        let leaf = session.peer_certificates().and_then(<[_]>::first);
        let days_left = leaf.and_then(|leaf| probe::days_left(leaf, Timestamp::now()));
        let days_left = days_left.ok_or_else(|| Unread::no_answer("a certificate that cannot be read"))?;
        Ok(Certificate { days_left, distrust })
    };
    timeout_at(until, asked).await.unwrap_or_else(|_| Err(Unread::late()))
}

/// Takes every certificate, and notes why others would not.
#[derive(Debug)]
struct Lenient {
    strict: Arc<WebPkiServerVerifier>,
    distrust: Mutex<Option<String>>,
}

impl Lenient {
    fn new() -> Result<Arc<Self>, rustls::client::VerifierBuilderError> {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let strict = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
        Ok(Arc::new(Self { strict, distrust: Mutex::new(None) }))
    }
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Err(error) = self.strict.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            && let Ok(mut distrust) = self.distrust.lock()
        {
            *distrust = Some(shortened(&error.to_string()));
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.strict.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.strict.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.strict.supported_verify_schemes()
    }
}
