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
            Frame::Error { reason, id, again } => {
                self.counts.refused += 1;
                // One that may yet be taken does not come back in time, and is sent again on the next socket.
                let id = id.filter(|id| !again && self.refuse(id));
                self.tell(UserEvent::Refused { reason, id });
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

    /// Ends a message that would be refused for ever. It is answered: its socket is alive. False when it is not on its way.
    fn refuse(&mut self, id: &MessageId) -> bool {
        if self.outbox.take_out(id).is_none() {
            return false;
        }
        self.counts.given_up += 1;
        if let Some(socket) = &mut self.socket {
            socket.echoes.remove(id);
        }
        true
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
        if let Some(own) = self.outbox.take_out(&message.id) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn effects(user: &mut Conversation) -> Vec<Effect> {
        std::iter::from_fn(|| user.effect()).collect()
    }

    /// Two messages sent on an open socket, and an error about the first.
    fn after_an_error(again: bool) -> (Conversation, [MessageId; 2], Vec<Effect>) {
        let mut user = Conversation::new(Pace::default());
        user.connected(Duration::ZERO);
        user.history(None, Duration::ZERO);
        let ids = [(); 2].map(|()| MessageId::random());
        for id in &ids {
            user.say(id.clone(), Text::new("x").unwrap(), Duration::ZERO).unwrap();
        }
        effects(&mut user);
        let error = || Frame::Error { reason: "no".to_owned(), id: Some(ids[0].clone()), again };
        user.frame(error(), Duration::ZERO);
        let told = effects(&mut user);
        (user, ids, told)
    }

    /// What is sent after the socket is lost and another is open.
    fn sent_again(user: &mut Conversation) -> Vec<MessageId> {
        user.lost();
        user.connected(Duration::from_secs(60));
        user.history(None, Duration::from_secs(60));
        let sent = |effect| if let Effect::Send(id, _) = effect { Some(id) } else { None };
        effects(user).into_iter().filter_map(sent).collect()
    }

    #[test]
    fn a_message_refused_for_good_is_ended_and_its_socket_lives() {
        let (mut user, [refused, other], told) = after_an_error(false);
        assert_eq!(told, [Effect::Tell(UserEvent::Refused { reason: "no".to_owned(), id: Some(refused.clone()) })]);
        let region = RegionName::new("eu-west-2").unwrap();
        let message = Message { id: other, ts: 1, message: "x".to_owned(), source: String::new(), region: region.clone() };
        user.frame(Frame::Envelope(Envelope { messages: vec![message], region }), Duration::ZERO);
        user.heard(user.pace.echo_within);
        effects(&mut user);
        user.tick(user.pace.echo_within);
        assert!(!effects(&mut user).contains(&Effect::Cut(Loss::Unconfirmed)), "nothing is awaited any more");
        let counts = user.counts();
        assert_eq!((counts.said, counts.confirmed, counts.given_up, counts.unconfirmed, counts.refused), (2, 1, 1, 0, 1));
        assert!(sent_again(&mut user).is_empty());
        // Told once more, it changes nothing.
        user.frame(Frame::Error { reason: "no".to_owned(), id: Some(refused), again: false }, Duration::from_secs(60));
        assert_eq!(
            (effects(&mut user), user.counts().given_up),
            (vec![Effect::Tell(UserEvent::Refused { reason: "no".to_owned(), id: None })], 1)
        );
    }

    #[test]
    fn a_message_that_may_yet_be_taken_is_sent_again() {
        let (mut user, ids, told) = after_an_error(true);
        assert_eq!(told, [Effect::Tell(UserEvent::Refused { reason: "no".to_owned(), id: None })]);
        user.tick(user.pace.echo_within);
        assert!(effects(&mut user).contains(&Effect::Cut(Loss::Unconfirmed)));
        assert_eq!(sent_again(&mut user), ids);
    }
}
