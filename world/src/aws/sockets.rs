//! The live WebSocket connections of a region: what `@connections` reaches and the gateway serves.
//!
//! No protocol: a socket here is a bounded queue to whoever owns the wire.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

/// Pushes that may wait for one slow client; a further one is refused.
const QUEUE_MAX: usize = 256;
/// The sockets a region holds at a time.
pub const SOCKETS_MAX: usize = 1500;

/// What the owner of a socket is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outgoing {
    /// Send this as one message.
    Message(Bytes),
    /// Close it.
    Close,
}

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Posted {
    /// It is on its way.
    Queued,
    /// There is no such socket.
    Gone,
    /// The client does not keep up.
    Full,
}

/// What `GET /@connections/{id}` tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Info {
    pub(crate) connected_at: Timestamp,
    pub(crate) last_active_at: Timestamp,
    pub(crate) source_ip: IpAddr,
    pub(crate) user_agent: String,
}

struct Socket {
    queue: mpsc::Sender<Outgoing>,
    info: Info,
}

/// The sockets of one region. Cheap to clone; all clones are one registry.
#[derive(Clone, Default)]
pub struct Sockets(Arc<Registry>);

#[derive(Default)]
struct Registry {
    open: Mutex<HashMap<String, Socket>>,
    count: watch::Sender<usize>,
}

impl std::fmt::Debug for Sockets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sockets").field("open", &self.len()).finish()
    }
}

/// A socket's place in the registry, given up when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    id: String,
    sockets: Sockets,
}

impl Place {
    /// The connection id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Notes that something passed the socket just now.
    pub(crate) fn touch(&self) {
        if let Some(socket) = self.sockets.lock().get_mut(&self.id) {
            socket.info.last_active_at = Timestamp::now();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.sockets.lock();
        open.remove(&self.id);
        self.sockets.0.count.send_replace(open.len());
    }
}

impl Sockets {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Socket>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many sockets are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether none is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Follows how many are open.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<usize> {
        self.0.count.subscribe()
    }

    /// Takes a place. `None` when the region is full.
    pub(crate) fn open(&self, source_ip: IpAddr, user_agent: String) -> Option<(Place, mpsc::Receiver<Outgoing>)> {
        let mut open = self.lock();
        if open.len() >= SOCKETS_MAX {
            return None;
        }
        let (queue, outgoing) = mpsc::channel(QUEUE_MAX);
        let now = Timestamp::now();
        let id = new_id();
        open.insert(id.clone(), Socket { queue, info: Info { connected_at: now, last_active_at: now, source_ip, user_agent } });
        self.0.count.send_replace(open.len());
        drop(open);
        Some((Place { id, sockets: self.clone() }, outgoing))
    }

    /// Pushes to a socket.
    pub(crate) fn post(&self, id: &str, outgoing: Outgoing) -> Posted {
        let Some(queue) = self.lock().get(id).map(|socket| socket.queue.clone()) else { return Posted::Gone };
        match queue.try_send(outgoing) {
            Ok(()) => Posted::Queued,
            Err(mpsc::error::TrySendError::Full(_)) => Posted::Full,
            Err(mpsc::error::TrySendError::Closed(_)) => Posted::Gone,
        }
    }

    /// What is known of a socket.
    pub(crate) fn info(&self, id: &str) -> Option<Info> {
        self.lock().get(id).map(|socket| socket.info.clone())
    }
}

/// An id as API Gateway makes them: 11 random bytes in base64, so that it ends in `=`.
fn new_id() -> String {
    let random: [u8; 11] = std::array::from_fn(|_| fastrand::u8(..));
    URL_SAFE.encode(random)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn a_push_reaches_the_socket_until_its_place_is_given_up() {
        let sockets = Sockets::default();
        let (place, mut outgoing) = sockets.open(HERE, String::new()).unwrap();
        let id = place.id().to_owned();
        assert!(id.len() == 16 && id.ends_with('='), "{id}");
        let hello = Outgoing::Message(Bytes::from_static(b"hello"));
        assert_eq!(sockets.post(&id, hello.clone()), Posted::Queued);
        assert_eq!(outgoing.try_recv(), Ok(hello.clone()));
        drop(place);
        assert_eq!(sockets.post(&id, hello), Posted::Gone);
        assert!(sockets.is_empty() && sockets.info(&id).is_none());
    }

    #[test]
    fn queues_and_sockets_are_bounded() {
        let sockets = Sockets::default();
        let (place, _outgoing) = sockets.open(HERE, String::new()).unwrap();
        for _ in 0..QUEUE_MAX {
            assert_eq!(sockets.post(place.id(), Outgoing::Close), Posted::Queued);
        }
        assert_eq!(sockets.post(place.id(), Outgoing::Close), Posted::Full);
        let all: Vec<_> = std::iter::from_fn(|| sockets.open(HERE, String::new())).take(2 * SOCKETS_MAX).collect();
        assert_eq!(all.len(), SOCKETS_MAX - 1);
    }
}
