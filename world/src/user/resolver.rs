//! Resolves as a user's machine would: asks one server over UDP (TCP when told to), keeps the answer as long as its TTL says, and no longer.
//!
//! It never serves a stale answer and never asks before the kept one has expired: that is what a failover has to live with.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout, timeout_at};

use super::cache::Cache;
use super::host::HostName;
use super::lookup::{Failure, Question, Reply, UDP_PAYLOAD_MAX};
use super::pace::Pace;
use super::place::Place;
use crate::speed::Speed;

/// How many names a user's machine remembers.
const NAMES_MAX: usize = 64;
/// How often a question is asked before giving up.
const ATTEMPTS_MAX: u32 = 3;
/// A failure to answer is kept this long, so that a dead server is not hammered (RFC 9520 asks for at least a second).
const FAILURE_KEPT: Duration = Duration::from_secs(1);

/// Where a name leads, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The addresses, best first, never empty.
    pub addresses: Vec<Ipv4Addr>,
    /// Up to when this holds.
    pub until: Instant,
}

/// What was last answered for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The name.
    pub name: HostName,
    /// Its addresses, or why there were none.
    pub outcome: Result<Vec<Ipv4Addr>, Failure>,
    /// Up to when it holds; it may be past.
    pub until: Instant,
}

/// A name that leads nowhere now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot resolve {name}")]
pub struct ResolveError {
    /// The name.
    pub name: HostName,
    /// Why.
    #[source]
    pub failure: Failure,
}

#[derive(Debug)]
struct Inner {
    server: SocketAddr,
    place: Place,
    pace: Pace,
    ttl_speed: Speed,
    cache: Mutex<Cache>,
    /// One question at a time: those who want the same name meanwhile find it in the cache afterwards.
    asking: tokio::sync::Mutex<()>,
}

/// A user's resolver. Cheap to clone; all clones share one cache.
#[derive(Debug, Clone)]
pub struct Resolver(Arc<Inner>);

impl Resolver {
    /// Asks `server` on behalf of `place`.
    ///
    /// `ttl_speed` divides the TTLs as the server states them: the world's clock speed where the server states those of the real system,
    /// 1 where it already divides them itself.
    #[must_use]
    pub fn new(server: SocketAddr, place: Place, pace: Pace, ttl_speed: Speed) -> Self {
        let cache = Mutex::new(Cache::new(NAMES_MAX));
        Self(Arc::new(Inner { server, place, pace, ttl_speed, cache, asking: tokio::sync::Mutex::new(()) }))
    }

    /// For whom it asks.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.0.place
    }

    /// Where the name leads: from memory while that holds, else by asking. Takes at most [`Pace::dns_lookup`].
    ///
    /// # Errors
    /// [`ResolveError`] with the reason; it too is remembered for a while.
    pub async fn resolve(&self, name: &HostName) -> Result<Answer, ResolveError> {
        let deadline = Instant::now() + self.0.pace.dns_lookup;
        if let Some(known) = self.known(name) {
            return known;
        }
        let Ok(_turn) = timeout_at(deadline, self.0.asking.lock()).await else {
            return Err(ResolveError { name: name.clone(), failure: Failure::Silent });
        };
        if let Some(known) = self.known(name) {
            return known;
        }
        let (outcome, ttl) = timeout_at(deadline, self.ask(name)).await.unwrap_or((Err(Failure::Silent), FAILURE_KEPT));
        let entry = self.cache().put(name.clone(), outcome, self.0.ttl_speed.scale(ttl), Instant::now());
        answer(name, entry.outcome, entry.until)
    }

    /// Forgets everything it knows.
    pub fn flush(&self) {
        self.cache().flush();
    }

    /// What it last answered for each name, and until when; expired answers included.
    #[must_use]
    pub fn answered(&self) -> Vec<Answered> {
        let cache = self.cache();
        cache.all().map(|(name, entry)| Answered { name: name.clone(), outcome: entry.outcome.clone(), until: entry.until }).collect()
    }

    fn known(&self, name: &HostName) -> Option<Result<Answer, ResolveError>> {
        let cache = self.cache();
        let entry = cache.get(name, Instant::now())?;
        Some(answer(name, entry.outcome.clone(), entry.until))
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        // Nothing that holds the lock can panic half-way through a change.
        self.0.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks until there is an answer, an absence, or no attempt left.
    async fn ask(&self, name: &HostName) -> (Result<Vec<Ipv4Addr>, Failure>, Duration) {
        let mut failure = Failure::Silent;
        for attempt in 0..ATTEMPTS_MAX {
            if attempt > 0 {
                tokio::time::sleep(self.0.pace.dns_attempt.mul_f64(0.1 * fastrand::f64())).await;
            }
            // A new id and a new port each time: a late or forged reply to an earlier attempt fits neither.
            let Some(question) = Question::new(fastrand::u16(..), name, self.0.place.subnet) else {
                return (Err(Failure::NoSuchName), FAILURE_KEPT);
            };
            let reply = match timeout(self.0.pace.dns_attempt, ask_udp(self.0.server, &question)).await {
                Ok(Ok(Reply::Truncated)) => timeout(self.0.pace.dns_attempt, ask_tcp(self.0.server, &question)).await,
                other => other,
            };
            failure = match reply {
                Ok(Ok(Reply::Addresses(addresses, ttl))) => return (Ok(addresses), ttl),
                Ok(Ok(Reply::Absent(failure, ttl))) => return (Err(failure), ttl),
                Ok(Ok(Reply::Refused(code))) => Failure::Refused(code),
                Ok(Ok(Reply::Truncated)) | Err(_) => Failure::Silent,
                Ok(Err(error)) => Failure::Unreachable(error.kind()),
            };
        }
        (Err(failure), FAILURE_KEPT)
    }
}

fn answer(name: &HostName, outcome: Result<Vec<Ipv4Addr>, Failure>, until: Instant) -> Result<Answer, ResolveError> {
    match outcome {
        Ok(addresses) => Ok(Answer { addresses, until }),
        Err(failure) => Err(ResolveError { name: name.clone(), failure }),
    }
}

/// Waits for the reply that answers `question`; everything else that arrives is ignored. The caller sets the deadline.
async fn ask_udp(server: SocketAddr, question: &Question) -> std::io::Result<Reply> {
    let any: SocketAddr = if server.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (std::net::Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(any).await?;
    // Connected: the kernel drops what comes from anybody else.
    socket.connect(server).await?;
    socket.send(&encoded(question)?).await?;
    let mut buffer = [0; UDP_PAYLOAD_MAX as usize];
    loop {
        let length = socket.recv(&mut buffer).await?;
        if let Some(reply) = question.read(&buffer[..length]) {
            return Ok(reply);
        }
    }
}

/// The same over TCP (RFC 7766: two bytes of length, then the message). The caller sets the deadline.
async fn ask_tcp(server: SocketAddr, question: &Question) -> std::io::Result<Reply> {
    let mut stream = TcpStream::connect(server).await?;
    let query = encoded(question)?;
    let length = u16::try_from(query.len()).map_err(std::io::Error::other)?;
    let mut framed = length.to_be_bytes().to_vec();
    framed.extend_from_slice(&query);
    stream.write_all(&framed).await?;
    let length = stream.read_u16().await?;
    let mut reply = vec![0; usize::from(length)];
    stream.read_exact(&mut reply).await?;
    question.read(&reply).ok_or_else(|| std::io::ErrorKind::InvalidData.into())
}

fn encoded(question: &Question) -> std::io::Result<Vec<u8>> {
    question.to_bytes().ok_or_else(|| std::io::ErrorKind::InvalidInput.into())
}
