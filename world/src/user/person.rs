//! A person who chats: keeps a socket to where DNS leads, and comes back by itself when it is lost.
//!
//! The shell round [`Conversation`]: it opens, waits, sends and tells. What to do is decided there.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::{Error as WsError, Message as WsMessage};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::conversation::{Conversation, Effect};
use super::dial::Dial;
use super::event::{Ledger, Link, Loss, Standing, UserEvent};
use super::host::HostName;
use super::outbox::OutboxFull;
use super::pace::Pace;
use super::reach::Endpoint;
use super::resolver::Resolver;
use super::wire::{self, Envelope, Frame, InvalidText, MessageId, Text};

/// How many events a slow listener may be behind before it misses some.
const EVENTS_BACKLOG: usize = 4096;
/// How many orders may wait.
const ORDERS_MAX: usize = 64;
/// How long the last close frame may take.
const FAREWELL: Duration = Duration::from_millis(200);

type Socket = WebSocketStream<TcpStream>;

/// Whose chat, and through which names.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Resolves as this user's machine does.
    pub resolver: Resolver,
    /// The name of the REST API: `api.chat.test`.
    pub rest: HostName,
    /// The name of the WebSocket API: `api-ws.chat.test`.
    pub websocket: HostName,
    /// The port behind both.
    pub port: u16,
    /// Intervals and deadlines.
    pub pace: Pace,
}

/// Something that was not said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SayError {
    /// The chat would refuse the text.
    #[error("this cannot be said")]
    Text(#[from] InvalidText),
    /// Too much waits already.
    #[error("nothing more can be said now")]
    Full(#[from] OutboxFull),
    /// The user has left.
    #[error("the user has left")]
    Left,
}

enum Order {
    Say(Text, oneshot::Sender<Result<MessageId, OutboxFull>>),
    Ledger(oneshot::Sender<Ledger>),
}

/// A chat user. Leaves when dropped.
#[derive(Debug)]
pub struct User {
    orders: mpsc::Sender<Order>,
    standing: watch::Receiver<Standing>,
    events: broadcast::Sender<UserEvent>,
    stop: CancellationToken,
    _task: AbortOnDropHandle<()>,
}

/// Says something over and over until dropped.
#[derive(Debug)]
pub struct Talk(#[expect(dead_code, reason = "held for its drop, which ends the talk")] AbortOnDropHandle<()>);

impl User {
    /// Joins the chat, and stays until `stop` or dropped.
    #[must_use]
    pub fn join(settings: Settings, stop: &CancellationToken) -> Self {
        let (orders, inbox) = mpsc::channel(ORDERS_MAX);
        let (told, standing) = watch::channel(Standing::default());
        let events = broadcast::Sender::new(EVENTS_BACKLOG);
        let stop = stop.child_token();
        let endpoint = |name: &HostName| Endpoint { resolver: settings.resolver.clone(), name: name.clone(), port: settings.port };
        let shell = Shell {
            core: Conversation::new(settings.pace),
            ledger: Ledger::default(),
            start: Instant::now(),
            rest: endpoint(&settings.rest),
            pace: settings.pace,
            inbox,
            standing: told,
            events: events.clone(),
        };
        let dial = Dial::new(endpoint(&settings.websocket), settings.pace, events.clone());
        let task = tokio::spawn({
            let stop = stop.clone();
            async move {
                stop.run_until_cancelled_owned(shell.chat(dial)).await;
            }
        });
        Self { orders, standing, events, stop, _task: AbortOnDropHandle::new(task) }
    }

    /// Says something. It is sent as soon as there is a socket, and again until it is seen back.
    ///
    /// # Errors
    /// [`SayError`]; it was not taken.
    pub async fn say(&self, text: &str) -> Result<MessageId, SayError> {
        say(&self.orders, text).await
    }

    /// Says `text` with a running number, every `every`, until the result is dropped.
    #[must_use]
    pub fn talk(&self, text: &str, every: Duration) -> Talk {
        let (orders, text) = (self.orders.clone(), text.to_owned());
        Talk(AbortOnDropHandle::new(tokio::spawn(async move {
            let mut tick = tokio::time::interval(every.max(Duration::from_millis(1)));
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            for number in 1_u64.. {
                tick.tick().await;
                if let Err(error) = say(&orders, &format!("{text} {number}")).await {
                    tracing::debug!(%error, "not said");
                    if error == SayError::Left {
                        return;
                    }
                }
            }
        })))
    }

    /// Where the user stands now.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.standing.borrow().clone()
    }

    /// Follows where the user stands.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Standing> {
        self.standing.clone()
    }

    /// Waits until the standing is as asked for, at most `within`. The last standing either way.
    ///
    /// # Errors
    /// The standing at the deadline.
    pub async fn until(&self, within: Duration, mut holds: impl FnMut(&Standing) -> bool) -> Result<Standing, Standing> {
        let mut standing = self.watch();
        match timeout(within, standing.wait_for(|now| holds(now))).await {
            Ok(Ok(found)) => Ok(found.clone()),
            Ok(Err(_)) | Err(_) => Err(self.standing()),
        }
    }

    /// Hears everything from here on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<UserEvent> {
        self.events.subscribe()
    }

    /// What was said and received so far, message by message. Empty once the user has left.
    pub async fn ledger(&self) -> Ledger {
        let (reply, ledger) = oneshot::channel();
        match self.orders.send(Order::Ledger(reply)).await {
            Ok(()) => ledger.await.unwrap_or_default(),
            Err(_) => Ledger::default(),
        }
    }

    /// Leaves the chat.
    pub fn leave(&self) {
        self.stop.cancel();
    }
}

async fn say(orders: &mpsc::Sender<Order>, text: &str) -> Result<MessageId, SayError> {
    let text = Text::new(text)?;
    let (reply, said) = oneshot::channel();
    orders.send(Order::Say(text, reply)).await.map_err(|_| SayError::Left)?;
    Ok(said.await.map_err(|_| SayError::Left)??)
}

struct Shell {
    core: Conversation,
    ledger: Ledger,
    start: Instant,
    rest: Endpoint,
    pace: Pace,
    inbox: mpsc::Receiver<Order>,
    standing: watch::Sender<Standing>,
    events: broadcast::Sender<UserEvent>,
}

impl Shell {
    /// Dials, chats until the socket is lost, and again. Ends only by being dropped.
    async fn chat(mut self, mut dial: Dial) {
        let mut lost_at: Option<Instant> = None;
        loop {
            let (socket, address) = self.while_obeying(dial.dial()).await;
            self.tell(UserEvent::Connected { address, after: lost_at.map(|at| at.elapsed()) });
            self.show(Link::Up(address));
            let (why, proven) = self.hold(socket).await;
            lost_at = Some(Instant::now());
            self.tell(UserEvent::Lost { address, why });
            self.show(Link::Down);
            dial.lost(address, proven);
        }
    }

    /// Takes orders while something else is under way.
    async fn while_obeying<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                order = self.inbox.recv() => match order {
                    Some(order) => self.obey(order),
                    // Everyone who could order anything is gone, and so will this task be.
                    None => return work.await,
                },
            }
        }
    }

    /// Chats over one socket until it is lost. Returns why, and whether the socket had proved itself.
    async fn hold(&mut self, socket: Socket) -> (Loss, bool) {
        let (mut sink, mut stream) = socket.split();
        let mut history: Option<AbortOnDropHandle<Option<Envelope>>> = None;
        self.core.connected(self.now());
        let why = 'socket: loop {
            while let Some(effect) = self.core.effect() {
                let frame = match effect {
                    Effect::Tell(event) => {
                        self.tell(event);
                        continue;
                    }
                    Effect::LoadHistory => {
                        let (rest, within) = (self.rest.clone(), self.pace.request);
                        history = Some(AbortOnDropHandle::new(tokio::spawn(async move { load_history(&rest, within).await })));
                        continue;
                    }
                    Effect::Cut(why) => break 'socket why,
                    Effect::Ping => WsMessage::Ping(bytes::Bytes::new()),
                    Effect::Send(id, text) => WsMessage::text(wire::send_frame(&id, &text)),
                };
                match timeout(self.pace.echo_within, sink.send(frame)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => break 'socket loss(&error),
                    Err(_) => break 'socket Loss::Stuck,
                }
            }
            self.refresh();
            let wake = self.core.wake_at().map(|at| self.start + at);
            tokio::select! {
                frame = stream.next() => match frame {
                    Some(Ok(WsMessage::Close(farewell))) => break Loss::Closed(farewell.map(|f| f.reason.to_string()).unwrap_or_default()),
                    Some(Ok(frame)) => self.take(&frame),
                    Some(Err(error)) => break loss(&error),
                    None => break Loss::Closed(String::new()),
                },
                page = loaded(&mut history) => {
                    history = None;
                    self.core.history(page, self.now());
                }
                Some(order) = self.inbox.recv() => self.obey(order),
                () = sleep_until(wake.unwrap_or(self.start)), if wake.is_some() => self.core.tick(self.now()),
            }
        };
        // A half-dead socket never takes the close frame: it is dropped anyway.
        let _ = timeout(FAREWELL, sink.close()).await;
        let proven = self.core.proven();
        self.core.lost();
        while let Some(effect) = self.core.effect() {
            if let Effect::Tell(event) = effect {
                self.tell(event);
            }
        }
        (why, proven)
    }

    fn take(&mut self, frame: &WsMessage) {
        let now = self.now();
        self.core.heard(now);
        if let WsMessage::Text(text) = frame {
            match Frame::read(text) {
                Ok(frame) => self.core.frame(frame, now),
                Err(error) => {
                    tracing::debug!(%error, "unreadable frame");
                    self.core.unreadable();
                }
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Say(text, reply) => {
                let id = MessageId::random();
                let said = self.core.say(id.clone(), text, self.now()).map(|()| id);
                if let Ok(id) = &said {
                    self.ledger.said(id);
                }
                // Whoever asked may have stopped waiting; the message is said all the same.
                let _ = reply.send(said);
                self.refresh();
            }
            Order::Ledger(reply) => {
                let _ = reply.send(self.ledger.clone());
            }
        }
    }

    fn tell(&mut self, event: UserEvent) {
        self.ledger.take(&event);
        // Nobody listening is fine.
        let _ = self.events.send(event);
    }

    /// The same link with what else has changed.
    fn refresh(&self) {
        // Copied out first: the borrow must end before the value is written.
        let link = self.standing.borrow().link;
        self.show(link);
    }

    fn show(&self, link: Link) {
        let standing = Standing { link, region: self.core.region().cloned(), counts: self.core.counts() };
        self.standing.send_if_modified(|shown| {
            let changed = *shown != standing;
            *shown = standing;
            changed
        });
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }
}

/// A cut connection needs no words; a breach of protocol does.
fn loss(error: &WsError) -> Loss {
    match error {
        WsError::Io(_) | WsError::ConnectionClosed | WsError::AlreadyClosed => Loss::Closed(String::new()),
        WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Loss::Closed(String::new()),
        other => Loss::Closed(other.to_string()),
    }
}

/// The running load, when there is one.
async fn loaded(history: &mut Option<AbortOnDropHandle<Option<Envelope>>>) -> Option<Envelope> {
    match history {
        Some(running) => running.await.ok().flatten(),
        None => std::future::pending().await,
    }
}

async fn load_history(rest: &Endpoint, within: Duration) -> Option<Envelope> {
    let fetched = rest.get("/history", within).await.inspect_err(|error| tracing::debug!(error = error.in_full(), "no history")).ok()?;
    if !fetched.status.is_success() {
        tracing::debug!(status = fetched.status.as_u16(), address = %fetched.address, "no history");
        return None;
    }
    wire::read_history(&fetched.body).inspect_err(|error| tracing::debug!(%error, "unreadable history")).ok()
}

impl Standing {
    /// The address the user is connected to.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        match self.link {
            Link::Up(address) => Some(address),
            Link::Down => None,
        }
    }
}
