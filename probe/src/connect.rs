//! A fresh connection: name, TCP, TLS, each with its own deadline and its own time.
//!
//! No pool, no cache, no resumption: a probe pays what a new user pays. No application byte is sent here.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use decision::Cause;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use jiff::Timestamp;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

use crate::certificate;
use crate::endpoint::{Endpoint, Host};
use crate::seen::{Failure, Phase, PublicName, Step};
use crate::settings::{Network, Settings, SettingsError};

/// How many addresses of a name are taken note of.
const ADDRESSES_MAX: usize = 16;
/// Longest text kept of what the system said.
const DETAIL_MAX: usize = 120;

/// A connection, with or without TLS.
pub(crate) type Wire = Either<TcpStream, Box<TlsStream<TcpStream>>>;

/// Makes connections.
pub(crate) struct Connector {
    resolver: TokioResolver,
    tls: TlsConnector,
    network: Network,
    deadlines: Deadlines,
}

struct Deadlines {
    dns: Duration,
    connect: Duration,
    tls: Duration,
}

impl Connector {
    pub(crate) fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let pace = &settings.pace;
        Ok(Self {
            resolver: resolver(settings.dns, pace.dns).map_err(SettingsError::Resolver)?,
            tls: tls(settings)?,
            network: settings.network.clone(),
            deadlines: Deadlines { dns: pace.dns, connect: pace.connect, tls: pace.tls },
        })
    }

    /// One connection to `endpoint`; the phases go into `step`. The second attempt takes another address, if there is one.
    pub(crate) async fn connect(&self, endpoint: &Endpoint, outer: Instant, step: &mut Step) -> Result<Wire, Failure> {
        if !self.network.is_up() {
            return Err(Failure::of_io(Phase::Connect, &io::Error::from(io::ErrorKind::NetworkUnreachable)));
        }
        let started = Instant::now();
        let address = self.resolve(endpoint, outer, step.attempts).await?;
        if matches!(endpoint.host, Host::Name(_)) {
            step.phases.dns = Some(started.elapsed());
        }
        let started = Instant::now();
        let stream = match within(self.deadlines.connect, outer, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(Failure::of_io(Phase::Connect, &error)),
            Err(Elapsed) => return Err(Failure::deadline(Phase::Connect, Cause::Timeout)),
        };
        // A nonce is one small write: it must not wait for an acknowledgement. Failing to say so costs time, not truth.
        let _ = stream.set_nodelay(true);
        step.phases.connect = Some(started.elapsed());
        let Some(name) = &endpoint.tls else { return Ok(Either::Left(stream)) };
        let started = Instant::now();
        let stream = self.handshake(name.clone(), stream, outer).await?;
        step.phases.tls = Some(started.elapsed());
        let (_, session) = stream.get_ref();
        step.certificate_days =
            session.peer_certificates().and_then(<[_]>::first).and_then(|leaf| certificate::days_left(leaf, Timestamp::now()));
        Ok(Either::Right(Box::new(stream)))
    }

    async fn resolve(&self, endpoint: &Endpoint, outer: Instant, attempt: u8) -> Result<SocketAddr, Failure> {
        let name = match &endpoint.host {
            Host::Ip(ip) => return Ok(SocketAddr::new(*ip, endpoint.port)),
            Host::Name(name) => name,
        };
        let addresses = self.lookup(name, outer).await?;
        let nth = usize::from(attempt.saturating_sub(1));
        match addresses.get(nth % addresses.len().max(1)) {
            Some(ip) => Ok(SocketAddr::new(*ip, endpoint.port)),
            None => Err(Failure::new(Phase::Dns, Cause::Dns, true, "the name has no address")),
        }
    }

    async fn lookup(&self, name: &str, outer: Instant) -> Result<Vec<IpAddr>, Failure> {
        // The final dot keeps the search list of the machine out of it.
        let asked = format!("{}.", name.trim_end_matches('.'));
        match within(self.deadlines.dns, outer, self.resolver.lookup_ip(asked)).await {
            Ok(Ok(answer)) => Ok(answer.iter().take(ADDRESSES_MAX).collect()),
            Ok(Err(error)) => Err(Failure::new(Phase::Dns, Cause::Dns, true, &error.to_string())),
            Err(Elapsed) => Err(Failure::deadline(Phase::Dns, Cause::Dns)),
        }
    }

    /// What a name that users ask for resolves to from here.
    pub(crate) async fn public_name(&self, name: &str, outer: Instant) -> PublicName {
        if !self.network.is_up() {
            return PublicName::Failure(Failure::of_io(Phase::Dns, &io::Error::from(io::ErrorKind::NetworkUnreachable)));
        }
        match self.lookup(name, outer).await {
            Ok(addresses) => PublicName::Addresses(addresses),
            Err(failure) => PublicName::Failure(failure),
        }
    }

    async fn handshake(&self, name: ServerName<'static>, stream: TcpStream, outer: Instant) -> Result<TlsStream<TcpStream>, Failure> {
        match within(self.deadlines.tls, outer, self.tls.connect(name, stream)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(Failure::of_io(Phase::Tls, &error)),
            Err(Elapsed) => Err(Failure::deadline(Phase::Tls, Cause::Timeout)),
        }
    }
}

/// A deadline passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Elapsed;

/// Waits for `work`, but not longer than its own deadline and not past the outer one.
pub(crate) async fn within<T>(own: Duration, outer: Instant, work: impl Future<Output = T>) -> Result<T, Elapsed> {
    timeout_at(outer.min(Instant::now() + own), work).await.map_err(|_| Elapsed)
}

impl Failure {
    pub(crate) fn new(phase: Phase, cause: Cause, retriable: bool, detail: &str) -> Self {
        Self { phase, cause, retriable, detail: detail.chars().take(DETAIL_MAX).collect() }
    }

    pub(crate) fn deadline(phase: Phase, cause: Cause) -> Self {
        Self::new(phase, cause, false, "the deadline passed")
    }

    /// A failure of the transport. It may be tried again only while the application has not been reached.
    pub(crate) fn of_io(phase: Phase, error: &io::Error) -> Self {
        let broken_tls = error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>())
            || (phase == Phase::Tls && error.kind() == io::ErrorKind::UnexpectedEof);
        let cause = if broken_tls {
            Cause::Tls
        } else if error.kind() == io::ErrorKind::TimedOut {
            Cause::Timeout
        } else {
            Cause::Connect
        };
        let retriable = match phase {
            Phase::Dns | Phase::Connect | Phase::Tls => cause != Cause::Timeout,
            Phase::FirstByte | Phase::Answer => false,
        };
        Self::new(phase, cause, retriable, &error.to_string())
    }
}

/// A resolver that asks every time: a cached answer would hide a name that has moved or gone.
fn resolver(server: Option<SocketAddr>, deadline: Duration) -> Result<TokioResolver, hickory_resolver::net::NetError> {
    let mut builder = match server {
        Some(server) => {
            let (mut udp, mut tcp) = (ConnectionConfig::udp(), ConnectionConfig::tcp());
            udp.port = server.port();
            tcp.port = server.port();
            let config = ResolverConfig::from_name_servers(vec![NameServerConfig::new(server.ip(), true, vec![udp, tcp])]);
            let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
            *builder.options_mut() = ResolverOpts::default();
            builder.options_mut().use_hosts_file = ResolveHosts::Never;
            builder
        }
        None => TokioResolver::builder_tokio()?,
    };
    let options = builder.options_mut();
    options.cache_size = 0;
    // Two tries fit into the deadline of the step: one lost datagram is not a failure of the name.
    options.attempts = 2;
    options.timeout = deadline.mul_f64(0.45);
    options.ip_strategy = LookupIpStrategy::Ipv4thenIpv6;
    builder.build()
}

/// TLS as a new user does it: certificate verified, full handshake every time.
fn tls(settings: &Settings) -> Result<TlsConnector, SettingsError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for root in &settings.extra_roots {
        roots.add(root.clone()).map_err(SettingsError::Root)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(SettingsError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}
