//! The chat client's core: what is sent again, what is shown once, when a socket is dead, when the history is loaded.
//!
//! Pure: events go in with the time, effects come out. It opens nothing, waits for nothing, and knows no address.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use decision::RegionName;

use super::event::{Counts, Loss, UserEvent};
use super::outbox::{Outbox, OutboxFull};
use super::pace::Pace;
use super::seen::Seen;
use super::wire::{Envelope, Frame, HISTORY_MAX, Message, MessageId, Text};

/// How many ids are remembered against doubles: far more than the history can bring back.
const SEEN_MAX: usize = 10_000;

/// What the shell is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Put this message on the socket.
    Send(MessageId, Text),
    /// Ping the socket.
    Ping,
    /// Load the history and hand it to [`Conversation::history`].
    LoadHistory,
    /// The socket is dead: close it and call [`Conversation::lost`].
    Cut(Loss),
    /// Tell this.
    Tell(UserEvent),
}

#[derive(Debug)]
struct Socket {
    opened: Duration,
    heard: Duration,
    pinged: Option<Duration>,
    /// Messages first sent on this socket: each must be pushed back on it, wherever else it is seen. It proves the delivery.
    echoes: BTreeMap<MessageId, Duration>,
    /// The history was looked at since the socket opened, or could not be.
    caught_up: bool,
    loading: bool,
    sync_at: Duration,
    settled: bool,
    proven: bool,
    cut: bool,
}

/// One user's side of the chat.
#[derive(Debug)]
pub struct Conversation {
    pace: Pace,
    outbox: Outbox,
    seen: Seen,
    socket: Option<Socket>,
    region: Option<RegionName>,
    /// The newest message of the last history: a later one must reach back to it, or something lies between.
    newest: Option<i64>,
    counts: Counts,
    connected_before: bool,
    effects: VecDeque<Effect>,
}

impl Conversation {
    /// Nothing said, nothing seen, not connected.
    #[must_use]
    pub fn new(pace: Pace) -> Self {
        Self {
            pace,
            outbox: Outbox::default(),
            seen: Seen::new(SEEN_MAX),
            socket: None,
            region: None,
            newest: None,
            counts: Counts::default(),
            connected_before: false,
            effects: VecDeque::new(),
        }
    }

    /// The next thing to do; call until `None` after every event.
    pub fn effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When [`Conversation::tick`] is due, at the latest.
    #[must_use]
    pub fn wake_at(&self) -> Option<Duration> {
        let socket = self.socket.as_ref().filter(|socket| !socket.cut)?;
        let sync = (!socket.loading).then_some(socket.sync_at);
        let alive = Some(socket.pinged.map_or(socket.heard + self.pace.ping_every, |at| at + self.pace.pong_within));
        let echo = self.oldest_unanswered(socket).map(|at| at + self.pace.echo_within);
        let proven = (!socket.proven).then_some(socket.opened + self.pace.proven_after);
        [sync, alive, echo, proven].into_iter().flatten().min()
    }

    /// The counters.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts { unconfirmed: self.outbox.len() as u64, ..self.counts }
    }

    /// Who served last.
    #[must_use]
    pub fn region(&self) -> Option<&RegionName> {
        self.region.as_ref()
    }

    /// Whether the present socket has shown that it works, so that its loss is a new trouble and not the old one.
    #[must_use]
    pub fn proven(&self) -> bool {
        self.socket.as_ref().is_some_and(|socket| socket.proven)
    }

    /// The user says something.
    ///
    /// # Errors
    /// [`OutboxFull`]; it was not taken.
    pub fn say(&mut self, id: MessageId, text: Text, now: Duration) -> Result<(), OutboxFull> {
        self.outbox.say(id, text, now)?;
        self.counts.said += 1;
        self.send(now);
        Ok(())
    }

    /// A socket is open.
    pub fn connected(&mut self, now: Duration) {
        if self.connected_before {
            self.counts.reconnects += 1;
        }
        self.connected_before = true;
        self.socket = Some(Socket {
            opened: now,
            heard: now,
            pinged: None,
            echoes: BTreeMap::new(),
            caught_up: false,
            loading: true,
            sync_at: now,
            settled: false,
            proven: false,
            cut: false,
        });
        self.effects.push_back(Effect::LoadHistory);
        self.send(now);
    }

    /// The socket is gone.
    pub fn lost(&mut self) {
        self.socket = None;
        self.outbox.lost();
        while let Some(message) = self.outbox.give_up() {
            self.counts.given_up += 1;
            self.tell(UserEvent::GivenUp { id: message.id });
        }
    }

    /// Something was heard on the socket: a frame of any kind.
    pub fn heard(&mut self, now: Duration) {
        if let Some(socket) = &mut self.socket {
            socket.heard = now;
            socket.pinged = None;
        }
    }

    /// A text frame that could not be read.
    pub fn unreadable(&mut self) {
        self.counts.unreadable += 1;
    }

    /// A text frame.
    pub fn frame(&mut self, frame: Frame, now: Duration) {
        match frame {
            Frame::Envelope(envelope) => {
                if let Some(socket) = &mut self.socket {
                    socket.proven = true;
                    for message in &envelope.messages {
                        socket.echoes.remove(&message.id);
                    }
                }
                self.take(envelope, true, now);
            }
            Frame::Error(reason) => {
                // It does not say which message it means. That one will not come back in time, and is sent again on the next socket.
                self.counts.refused += 1;
                self.tell(UserEvent::Refused { reason });
            }
        }
    }

    /// The history, newest first, or `None` when it could not be loaded.
    pub fn history(&mut self, page: Option<Envelope>, now: Duration) {
        let loaded = page.is_some();
        if let Some(page) = page {
            self.take_page(page, now);
        }
        if let Some(socket) = &mut self.socket {
            socket.loading = false;
            socket.caught_up = true;
            socket.sync_at = now + if loaded && socket.settled { self.pace.resync } else { self.pace.settle };
            socket.settled |= loaded;
        }
        self.send(now);
    }

    /// Time passed: at least call it at [`Conversation::wake_at`].
    pub fn tick(&mut self, now: Duration) {
        let Some(socket) = self.socket.as_ref().filter(|socket| !socket.cut) else { return };
        let overdue = |since: Duration, wait: Duration| since + wait <= now;
        let loss = if self.oldest_unanswered(socket).is_some_and(|at| overdue(at, self.pace.echo_within)) {
            Some(Loss::Unconfirmed)
        } else if socket.pinged.is_some_and(|at| overdue(at, self.pace.pong_within)) {
            Some(Loss::Silent)
        } else {
            None
        };
        let Some(socket) = &mut self.socket else { return };
        if let Some(loss) = loss {
            socket.cut = true;
            self.effects.push_back(Effect::Cut(loss));
            return;
        }
        if socket.pinged.is_none() && overdue(socket.heard, self.pace.ping_every) {
            socket.pinged = Some(now);
            self.effects.push_back(Effect::Ping);
        }
        if !socket.loading && socket.sync_at <= now {
            socket.loading = true;
            self.effects.push_back(Effect::LoadHistory);
        }
        socket.proven |= overdue(socket.opened, self.pace.proven_after);
    }

    fn oldest_unanswered(&self, socket: &Socket) -> Option<Duration> {
        socket.echoes.values().copied().chain(self.outbox.oldest_sent_here()).min()
    }

    /// Sends all that may be sent now.
    fn send(&mut self, now: Duration) {
        let Some(socket) = self.socket.as_mut().filter(|socket| !socket.cut) else { return };
        while let Some(message) = self.outbox.next(socket.caught_up, now) {
            if message.sends == 1 {
                socket.echoes.insert(message.id.clone(), now);
            }
            self.effects.push_back(Effect::Send(message.id.clone(), message.text.clone()));
        }
    }

    fn take_page(&mut self, mut page: Envelope, now: Duration) {
        page.messages.reverse();
        let times = || page.messages.iter().map(|message| message.ts);
        if page.messages.len() >= HISTORY_MAX && self.newest.is_some_and(|newest| times().all(|ts| ts > newest)) {
            self.counts.gaps += 1;
            self.effects.push_back(Effect::Tell(UserEvent::Gap));
        }
        self.newest = times().chain(self.newest).max();
        self.take(page, false, now);
    }

    /// Takes messages in, oldest first, each once.
    fn take(&mut self, envelope: Envelope, pushed: bool, now: Duration) {
        let served_by = envelope.region;
        if self.region.as_ref() != Some(&served_by) {
            self.region = Some(served_by.clone());
            self.tell(UserEvent::Served { region: served_by.clone() });
        }
        for message in envelope.messages {
            self.take_one(message, &served_by, pushed, now);
        }
    }

    fn take_one(&mut self, message: Message, served_by: &RegionName, pushed: bool, now: Duration) {
        if let Some(own) = self.outbox.confirm(&message.id) {
            self.counts.confirmed += 1;
            self.tell(UserEvent::Confirmed { id: own.id, after: now.saturating_sub(own.said_at) });
        }
        if self.seen.insert(&message.id) {
            self.counts.received += 1;
            self.tell(UserEvent::Received { message, served_by: served_by.clone(), pushed });
        } else if pushed {
            self.counts.repeats += 1;
        }
    }

    fn tell(&mut self, event: UserEvent) {
        self.effects.push_back(Effect::Tell(event));
    }
}
