//! The world's users: one in London, one in Portland, each with a page for a browser and a person who chats by itself.
//!
//! Assembly and counting; how a user behaves is `user`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use decision::RegionName;
use jiff::Timestamp;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::event::{Event, Events};
use crate::messages::Delivered;
use crate::names::Names;
use crate::speed::Speed;
use crate::user::host::InvalidHostName;
use crate::user::wire::MessageId;
use crate::user::{self, Forwarder, HostName, Ledger, Pace, Place, Resolver, Talk, User, UserEvent};

/// How often the ledgers are looked at again while messages are waited for.
const LOOK: Duration = Duration::from_millis(100);

/// How the users are brought up.
pub(crate) struct Settings {
    pub(crate) dns: SocketAddr,
    pub(crate) port: u16,
    pub(crate) by_ip: BTreeMap<IpAddr, RegionName>,
    pub(crate) page_port: u16,
    pub(crate) talk_every: Option<Duration>,
    pub(crate) events: Events,
    pub(crate) speed: Speed,
    pub(crate) stop: CancellationToken,
}

/// Why the users did not come up.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// A page cannot listen.
    #[error("the page of the user in {place} cannot listen on port {port}")]
    Page {
        /// Whose page.
        place: String,
        /// The port asked for.
        port: u16,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// A name is not a host name.
    #[error("a public name is no host name")]
    Name(#[from] InvalidHostName),
}

/// One user.
#[derive(Debug)]
pub struct Person {
    place: Place,
    page: Forwarder,
    chatting: User,
    by_ip: BTreeMap<IpAddr, RegionName>,
    _talk: Option<Talk>,
    _telling: AbortOnDropHandle<()>,
}

impl Person {
    /// Where the user is.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place.name
    }

    /// What the user's resolver tells the name server, as `dig +subnet` takes it.
    #[must_use]
    pub fn subnet(&self) -> String {
        self.place.subnet.to_string()
    }

    /// The page to open in a browser, which then lives where the user lives.
    #[must_use]
    pub fn page(&self) -> String {
        self.page.url()
    }

    /// The region the user is connected to.
    #[must_use]
    pub fn region(&self) -> Option<RegionName> {
        match self.chatting.standing().link {
            user::Link::Up(address) => self.by_ip.get(&address.ip()).cloned(),
            user::Link::Down => None,
        }
    }
}

/// All users.
#[derive(Debug)]
pub(crate) struct People(Vec<Person>);

impl People {
    pub(crate) async fn start(settings: Settings) -> Result<Self, PeopleError> {
        let mut people = Vec::new();
        for (place, port) in [Place::london(), Place::portland()].into_iter().zip(0_u16..) {
            let page_port = if settings.page_port == 0 { 0 } else { settings.page_port.saturating_add(port) };
            people.push(person(&settings, place, page_port)?);
        }
        Ok(Self(people))
    }

    pub(crate) fn all(&self) -> &[Person] {
        &self.0
    }

    /// The place of the user who is nearest to this region.
    pub(crate) fn near(&self, region: &RegionName) -> String {
        let far = region.as_str().starts_with("us-");
        let index = usize::from(far).min(self.0.len() - 1);
        self.0[index].place.name.clone()
    }

    pub(crate) async fn until_at(&self, place: &str, region: &RegionName, within: Duration) -> bool {
        let Some(person) = self.0.iter().find(|person| person.place.name == place) else { return false };
        let at_region = |standing: &user::Standing| match standing.link {
            user::Link::Up(address) => person.by_ip.get(&address.ip()) == Some(region),
            user::Link::Down => false,
        };
        person.chatting.until(within, at_region).await.is_ok()
    }

    pub(crate) async fn settled(&self, within: Duration) -> Delivered {
        let mut said = BTreeSet::<MessageId>::new();
        for person in &self.0 {
            said.extend(person.chatting.ledger().await.said);
        }
        let deadline = tokio::time::Instant::now() + within;
        loop {
            let delivered = Delivered::judge(&said, &self.ledgers().await);
            if delivered.is_fine() || tokio::time::Instant::now() >= deadline {
                return delivered;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn ledgers(&self) -> Vec<(String, Ledger)> {
        let mut ledgers = Vec::new();
        for person in &self.0 {
            ledgers.push((person.place.name.clone(), person.chatting.ledger().await));
        }
        ledgers
    }
}

fn person(settings: &Settings, place: Place, page_port: u16) -> Result<Person, PeopleError> {
    let Settings { dns, port, by_ip, talk_every, events, speed, stop, .. } = settings;
    let names = Names::guarded();
    let (rest, websocket): (HostName, HostName) = (names.rest.parse()?, names.websocket.parse()?);
    let pace = Pace::default().at_speed(*speed);
    // The page and the person are two programs on one machine; each has a cache of its own, as browsers and apps do.
    let resolver = || Resolver::new(*dns, place.clone(), pace, Speed::default());
    let page = Forwarder::start(
        user::forward::Settings {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), page_port),
            resolver: resolver(),
            rest: rest.clone(),
            websocket: websocket.clone(),
            port: *port,
            regions: by_ip.clone(),
            pace,
        },
        stop,
    )
    .map_err(|source| PeopleError::Page { place: place.name.clone(), port: page_port, source })?;
    let chatting = User::join(user::person::Settings { resolver: resolver(), rest, websocket, port: *port, pace }, stop);
    let telling = tokio::spawn(tell(chatting.listen(), place.name.clone(), by_ip.clone(), events.clone()));
    let talk = talk_every.map(|every| chatting.talk(&format!("hello from {}", place.name), speed.scale(every)));
    Ok(Person { place, page, chatting, by_ip: by_ip.clone(), _talk: talk, _telling: AbortOnDropHandle::new(telling) })
}

/// Tells what the user goes through: connections come and go; single messages are not news.
async fn tell(mut heard: tokio::sync::broadcast::Receiver<UserEvent>, place: String, by_ip: BTreeMap<IpAddr, RegionName>, events: Events) {
    let name = |address: &SocketAddr| by_ip.get(&address.ip()).cloned();
    loop {
        let event = match heard.recv().await {
            Ok(event) => event,
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        let (region, what) = match &event {
            UserEvent::Connected { address, after } => {
                let region = name(address);
                let to = region.as_ref().map_or_else(|| address.to_string(), ToString::to_string);
                let what = match after {
                    None => format!("connected to {to}"),
                    Some(after) => format!("reconnected to {to} after {:.1} s", after.as_secs_f64()),
                };
                (region, what)
            }
            UserEvent::Lost { address, why } => {
                let from = name(address).map_or_else(|| address.to_string(), |region| region.to_string());
                (None, format!("lost {from}: {why}"))
            }
            UserEvent::Refused { .. } | UserEvent::Gap | UserEvent::GivenUp { .. } => (None, event.to_string()),
            UserEvent::Unreached { .. } | UserEvent::Served { .. } | UserEvent::Received { .. } | UserEvent::Confirmed { .. } => continue,
        };
        events.tell(Timestamp::now(), Event::User { place: place.clone(), region, what });
    }
}
