//! How a user finds a socket again: where DNS leads, after a jittered wait, at once when DNS leads elsewhere.
//!
//! Nothing of the chat is known here.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::broadcast;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::WebSocketStream;

use super::backoff::Backoff;
use super::event::UserEvent;
use super::pace::Pace;
use super::reach::Endpoint;

/// Between two looks at an answer that does not hold at all (TTL 0, or no answer).
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Finds a socket, again and again.
#[derive(Debug)]
pub(super) struct Dial {
    endpoint: Endpoint,
    pace: Pace,
    events: broadcast::Sender<UserEvent>,
    backoff: Backoff,
    /// Nobody is dialled before this: those who lost their sockets together must not come back together.
    not_before: Instant,
    /// This address is not dialled before that: it just failed us.
    avoid: Option<(SocketAddr, Instant)>,
}

impl Dial {
    pub(super) fn new(endpoint: Endpoint, pace: Pace, events: broadcast::Sender<UserEvent>) -> Self {
        let backoff = Backoff::new(pace.backoff_first, pace.backoff_max);
        Self { endpoint, pace, events, backoff, not_before: Instant::now(), avoid: None }
    }

    /// The socket is gone. One that had proved itself starts the waits anew.
    pub(super) fn lost(&mut self, address: SocketAddr, proven: bool) {
        if proven {
            self.backoff.reset();
        }
        self.hold_off(Some(address));
    }

    /// Tries until it has a socket; every attempt has a deadline and every wait a cap.
    pub(super) async fn dial(&mut self) -> (WebSocketStream<TcpStream>, SocketAddr) {
        loop {
            sleep_until(self.not_before).await;
            let failure = match self.endpoint.where_to().await {
                Ok((address, until)) => {
                    if let Some((avoided, from)) = self.avoid
                        && avoided == address
                        && Instant::now() < from
                    {
                        // DNS still leads to what failed. It may change its mind before the wait is over: look when its answer expires.
                        sleep_until(from.min(until.max(Instant::now() + LOOK_AGAIN))).await;
                        continue;
                    }
                    match self.endpoint.open(self.pace.connect).await {
                        Ok(open) => return open,
                        Err(error) => error,
                    }
                }
                Err(error) => error,
            };
            let again_in = self.hold_off(failure.address());
            let _ = self.events.send(UserEvent::Unreached { why: failure.in_full(), again_in });
        }
    }

    /// Sets the next waits: the backoff for the address that failed, no more than the spread for any other.
    fn hold_off(&mut self, failed: Option<SocketAddr>) -> Duration {
        let now = Instant::now();
        let wait = self.backoff.next(fastrand::f64());
        self.not_before = now + failed.map_or(wait, |_| wait.min(self.pace.spread.mul_f64(fastrand::f64())));
        self.avoid = failed.map(|address| (address, now + wait));
        wait
    }
}
