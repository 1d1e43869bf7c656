//! What a user goes through, as values with their sentences, and where the user stands.
//!
//! Told, never acted on.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use decision::RegionName;
use serde::Serialize;

use super::wire::{Message, MessageId};

/// Something a user notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserEvent {
    /// A socket is open.
    Connected {
        /// Where to.
        address: SocketAddr,
        /// How long there was none; `None` for the first.
        after: Option<Duration>,
    },
    /// An attempt to connect failed.
    Unreached {
        /// Why.
        why: String,
        /// The next attempt is this far off, at most.
        again_in: Duration,
    },
    /// The socket is gone.
    Lost {
        /// Where it led.
        address: SocketAddr,
        /// Why.
        why: Loss,
    },
    /// Another region serves than before.
    Served {
        /// The region.
        region: RegionName,
    },
    /// A message arrived that was not here yet.
    Received {
        /// The message.
        message: Message,
        /// The region that served it.
        served_by: RegionName,
        /// Pushed, or found in the history.
        pushed: bool,
    },
    /// Our own message was seen back.
    Confirmed {
        /// Its id.
        id: MessageId,
        /// Since it was said.
        after: Duration,
    },
    /// The chat refused something.
    Refused {
        /// Why, in its words.
        reason: String,
        /// The message that is refused for good, and not sent again.
        id: Option<MessageId>,
    },
    /// More was missed than the history shows.
    Gap,
    /// A message was sent as often as allowed and never came back.
    GivenUp {
        /// Its id.
        id: MessageId,
    },
}

/// Why a socket counts as gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loss {
    /// The other side closed or cut it; its words, if any.
    Closed(String),
    /// A message sent on it did not come back in time.
    Unconfirmed,
    /// Nothing was heard on it, not even a pong.
    Silent,
    /// It took nothing any more.
    Stuck,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Loss::Closed(words) if words.is_empty() => f.write_str("the socket was cut"),
            Loss::Closed(words) => write!(f, "the socket was closed: {words}"),
            Loss::Unconfirmed => f.write_str("a message did not come back"),
            Loss::Silent => f.write_str("the socket went silent"),
            Loss::Stuck => f.write_str("the socket takes nothing any more"),
        }
    }
}

impl fmt::Display for UserEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UserEvent::Connected { address, after: None } => write!(f, "connected to {}", address.ip()),
            UserEvent::Connected { address, after: Some(after) } => {
                write!(f, "reconnected to {} after {:.1} s", address.ip(), after.as_secs_f64())
            }
            UserEvent::Unreached { why, again_in } => write!(f, "cannot connect ({why}); again within {:.1} s", again_in.as_secs_f64()),
            UserEvent::Lost { address, why } => write!(f, "lost {}: {why}", address.ip()),
            UserEvent::Served { region } => write!(f, "served by {region}"),
            UserEvent::Received { message, served_by, .. } => {
                write!(f, "received {:?}, written in {}, served by {served_by}", message.message, message.region)
            }
            UserEvent::Confirmed { after, .. } => write!(f, "own message seen back after {:.1} s", after.as_secs_f64()),
            UserEvent::Refused { reason, id: None } => write!(f, "refused: {reason}"),
            UserEvent::Refused { reason, id: Some(id) } => write!(f, "message {id} refused for good: {reason}"),
            UserEvent::Gap => f.write_str("may have missed more than the history shows"),
            UserEvent::GivenUp { id } => write!(f, "gave up on message {id}"),
        }
    }
}

/// How the user is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Link {
    /// Looking for a socket.
    #[default]
    Down,
    /// A socket is open to this address.
    Up(SocketAddr),
}

/// What was counted so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Messages said.
    pub said: u64,
    /// Own messages seen back.
    pub confirmed: u64,
    /// Said, not seen back, still being tried.
    pub unconfirmed: u64,
    /// Said, not seen back, given up: sent as often as allowed, or refused for good.
    pub given_up: u64,
    /// Different messages received, own ones included.
    pub received: u64,
    /// Pushes of a message that was already here, which were not shown again.
    pub repeats: u64,
    /// Sockets opened after the first.
    pub reconnects: u64,
    /// Refusals by the chat.
    pub refused: u64,
    /// Times more was missed than the history shows.
    pub gaps: u64,
    /// Frames that said nothing we know.
    pub unreadable: u64,
}

impl Counts {
    /// Messages said that nobody can be sure of: to be zero at the end of a story.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.unconfirmed + self.given_up
    }
}

/// Where a user stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// The socket.
    pub link: Link,
    /// Who served last.
    pub region: Option<RegionName>,
    /// The counters.
    pub counts: Counts,
}

/// What was said and received, message by message: evidence, kept apart from what de-duplicates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Ids in the order they were said.
    pub said: Vec<MessageId>,
    /// Own ids seen back.
    pub confirmed: BTreeSet<MessageId>,
    /// Ids in the order they were shown. One shown twice stands here twice.
    pub received: Vec<MessageId>,
}

/// The ledger stops growing here; [`Counts`] go on.
pub const LEDGER_MAX: usize = 100_000;

impl Ledger {
    /// Ids shown more than once.
    #[must_use]
    pub fn doubled(&self) -> BTreeSet<&MessageId> {
        let mut once = BTreeSet::new();
        self.received.iter().filter(|id| !once.insert(*id)).collect()
    }

    /// Which of `said` were never shown here.
    #[must_use]
    pub fn missing<'a>(&self, said: &'a [MessageId]) -> Vec<&'a MessageId> {
        let here: BTreeSet<&MessageId> = self.received.iter().collect();
        said.iter().filter(|id| !here.contains(id)).collect()
    }

    pub(super) fn said(&mut self, id: &MessageId) {
        if self.said.len() < LEDGER_MAX {
            self.said.push(id.clone());
        }
    }

    pub(super) fn take(&mut self, event: &UserEvent) {
        match event {
            UserEvent::Received { message, .. } if self.received.len() < LEDGER_MAX => self.received.push(message.id.clone()),
            UserEvent::Confirmed { id, .. } if self.confirmed.len() < LEDGER_MAX => {
                self.confirmed.insert(id.clone());
            }
            UserEvent::Received { .. }
            | UserEvent::Confirmed { .. }
            | UserEvent::Connected { .. }
            | UserEvent::Unreached { .. }
            | UserEvent::Lost { .. }
            | UserEvent::Served { .. }
            | UserEvent::Refused { .. }
            | UserEvent::Gap
            | UserEvent::GivenUp { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_event_is_a_sentence() {
        let address: SocketAddr = "127.0.11.1:8080".parse().unwrap();
        let told = [
            UserEvent::Connected { address, after: None },
            UserEvent::Lost { address, why: Loss::Closed(String::new()) },
            UserEvent::Lost { address, why: Loss::Unconfirmed },
            UserEvent::Unreached { why: "connection refused".to_owned(), again_in: Duration::from_millis(1250) },
            UserEvent::Connected { address, after: Some(Duration::from_millis(4321)) },
            UserEvent::Served { region: RegionName::new("eu-west-1").unwrap() },
        ];
        let sentences: Vec<String> = told.iter().map(ToString::to_string).collect();
        assert_eq!(
            sentences,
            [
                "connected to 127.0.11.1",
                "lost 127.0.11.1: the socket was cut",
                "lost 127.0.11.1: a message did not come back",
                "cannot connect (connection refused); again within 1.2 s",
                "reconnected to 127.0.11.1 after 4.3 s",
                "served by eu-west-1",
            ]
        );
    }

    #[test]
    fn the_ledger_tells_what_is_doubled_and_what_is_missing() {
        let id = |raw: &str| MessageId::try_from(raw.to_owned()).unwrap();
        let ledger = Ledger { received: vec![id("a"), id("b"), id("a")], ..Ledger::default() };
        assert_eq!(ledger.doubled(), BTreeSet::from([&id("a")]));
        assert_eq!(ledger.missing(&[id("b"), id("c")]), [&id("c")]);
    }
}
