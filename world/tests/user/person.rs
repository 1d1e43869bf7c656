//! A person through lost sockets, half-dead sockets, regions that are gone and pushes that are doubled: nothing lost, nothing doubled.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use world::speed::Speed;
use world::user::event::{Loss, UserEvent};
use world::user::person::{SayError, Settings};
use world::user::{Link, Pace, Place, Resolver, User};

use super::chat_region::{Chat, REST, WEBSOCKET};
use super::name_server::NameServer;
use super::{DEADLINE, eventually};

fn quick() -> Pace {
    Pace {
        connect: Duration::from_secs(2),
        request: Duration::from_secs(2),
        echo_within: Duration::from_secs(1),
        ping_every: Duration::from_millis(300),
        pong_within: Duration::from_secs(1),
        settle: Duration::from_millis(100),
        resync: Duration::from_millis(500),
        backoff_first: Duration::from_millis(50),
        backoff_max: Duration::from_millis(300),
        proven_after: Duration::from_secs(1),
        ..Pace::default()
    }
}

struct Town {
    chat: Chat,
    dns: NameServer,
    stop: CancellationToken,
}

impl Town {
    /// Two regions; everybody is sent to the first.
    async fn start(ttl: u32) -> Self {
        let chat = Chat::start(&["eu-west-2", "eu-west-1"]);
        let dns = NameServer::start().await;
        dns.lead_to(chat.ip(0), ttl);
        Self { chat, dns, stop: CancellationToken::new() }
    }

    fn resolver(&self, pace: Pace) -> Resolver {
        Resolver::new(self.dns.address, Place::london(), pace, Speed::default())
    }

    fn user_with(&self, resolver: Resolver, pace: Pace) -> User {
        let (rest, websocket) = (REST.parse().unwrap(), WEBSOCKET.parse().unwrap());
        User::join(Settings { resolver, rest, websocket, port: self.chat.port, pace }, &self.stop)
    }

    fn user(&self) -> User {
        self.user_with(self.resolver(quick()), quick())
    }

    fn lead_elsewhere(&self) {
        self.dns.lead_to(self.chat.ip(1), 1);
    }
}

async fn connected_to(user: &User, address: SocketAddr) {
    user.until(DEADLINE, |now| now.link == Link::Up(address)).await.unwrap_or_else(|now| panic!("not at {address}: {now:?}"));
}

/// Everything said so far is stored once, seen back, and shown once.
async fn nothing_lost_or_doubled(user: &User, chat: &Chat) {
    let settled = user.until(DEADLINE, |now| now.counts.lost() == 0).await;
    assert!(settled.is_ok(), "still unconfirmed: {settled:?}");
    eventually("the table's messages are all here", || async { user.ledger().await.missing(&chat.table.ids()).is_empty() }).await;
    let (ledger, stored) = (user.ledger().await, chat.table.ids());
    assert_eq!(ledger.doubled().len(), 0, "shown twice");
    assert_eq!(ledger.received.len(), stored.len());
    for id in &ledger.said {
        assert_eq!(stored.iter().filter(|row| *row == id).count(), 1, "{id} is not stored once");
    }
    let counts = user.standing().counts;
    assert_eq!((counts.said, counts.confirmed, counts.given_up), (ledger.said.len() as u64, ledger.said.len() as u64, 0));
}

async fn next_loss(events: &mut Receiver<UserEvent>) -> Loss {
    timeout(DEADLINE, async {
        loop {
            if let UserEvent::Lost { why, .. } = events.recv().await.unwrap() {
                return why;
            }
        }
    })
    .await
    .expect("the socket was never lost")
}

#[tokio::test]
async fn what_one_says_another_hears() {
    let town = Town::start(60).await;
    town.chat.table.put("before", "said before anybody came", &town.chat.regions[1].name);
    let (one, other) = (town.user(), town.user());
    for user in [&one, &other] {
        connected_to(user, town.chat.regions[0].address).await;
    }
    let id = one.say("hello").await.unwrap();
    eventually("the other hears it", || async { other.ledger().await.received.contains(&id) }).await;
    nothing_lost_or_doubled(&one, &town.chat).await;
    nothing_lost_or_doubled(&other, &town.chat).await;
    assert_eq!(other.standing().region.unwrap(), town.chat.regions[0].name);
    assert_eq!(other.standing().counts.received, 2, "the history and the push");
    assert!(matches!(one.say(&"x".repeat(2000)).await, Err(SayError::Text(_))));
    one.leave();
    eventually("leaving ends it", || async { one.say("x").await == Err(SayError::Left) }).await;
}

#[tokio::test]
async fn a_user_of_a_region_that_is_gone_comes_back_where_dns_leads() {
    let town = Town::start(1).await;
    let (user, listener) = (town.user(), town.user());
    for user in [&user, &listener] {
        connected_to(user, town.chat.regions[0].address).await;
    }
    let mut events = user.listen();
    let talk = user.talk("message", Duration::from_millis(20));
    eventually("a few messages", || async { user.standing().counts.confirmed > 5 }).await;
    town.chat.regions[0].gone(true);
    assert_eq!(next_loss(&mut events).await.to_string(), "the socket was cut");
    town.lead_elsewhere();
    for user in [&user, &listener] {
        connected_to(user, town.chat.regions[1].address).await;
    }
    let said = user.standing().counts.said;
    eventually("more messages", || async { user.standing().counts.said > said + 5 }).await;
    drop(talk);
    nothing_lost_or_doubled(&user, &town.chat).await;
    nothing_lost_or_doubled(&listener, &town.chat).await;
    let standing = user.standing();
    assert_eq!(standing.region.unwrap(), town.chat.regions[1].name);
    assert!(standing.counts.reconnects >= 1 && standing.counts.gaps == 0);
    let told = timeout(DEADLINE, async {
        loop {
            if let UserEvent::Connected { address, after: Some(after) } = events.recv().await.unwrap() {
                return (address, after);
            }
        }
    });
    let (address, after) = told.await.unwrap();
    assert_eq!(address, town.chat.regions[1].address);
    assert!(after > Duration::ZERO && after < DEADLINE);
}

#[tokio::test]
async fn the_ttl_is_honoured_and_not_slept_through() {
    let town = Town::start(2).await;
    // Waits far beyond the TTL: only looking when the answer expires brings the user back soon.
    let pace = Pace { backoff_first: Duration::from_secs(40), backoff_max: Duration::from_secs(40), ..quick() };
    let resolver = town.resolver(pace);
    let user = town.user_with(resolver.clone(), pace);
    connected_to(&user, town.chat.regions[0].address).await;
    let until = resolver.answered().iter().find(|answered| answered.name.as_str() == WEBSOCKET).unwrap().until;
    town.lead_elsewhere();
    town.chat.regions[0].gone(true);
    user.until(Duration::from_secs(30), |now| now.link == Link::Up(town.chat.regions[1].address)).await.unwrap();
    let since = Instant::now().checked_duration_since(until).expect("came before the answer expired");
    assert!(since < Duration::from_secs(8), "waited {since:?} after the answer expired: the shortest backoff is 10 s");
    assert_eq!(town.chat.regions[0].handshakes(), 1, "the failed address was dialled again within its wait");
}

#[tokio::test]
async fn a_socket_on_which_messages_do_not_come_back_is_left() {
    let town = Town::start(1).await;
    let user = town.user();
    connected_to(&user, town.chat.regions[0].address).await;
    let mut events = user.listen();
    // Stored and never pushed: REST shows them, so it all looks well, and yet nobody is reached.
    town.chat.regions[0].trouble.stream.store(true, Ordering::SeqCst);
    user.say("is anybody there").await.unwrap();
    assert_eq!(next_loss(&mut events).await, Loss::Unconfirmed);
    town.lead_elsewhere();
    let talk = user.talk("still talking", Duration::from_millis(100));
    connected_to(&user, town.chat.regions[1].address).await;
    drop(talk);
    nothing_lost_or_doubled(&user, &town.chat).await;
}

#[tokio::test]
async fn a_half_dead_socket_is_noticed_without_a_word_being_said() {
    let town = Town::start(1).await;
    let user = town.user();
    connected_to(&user, town.chat.regions[0].address).await;
    let mut events = user.listen();
    let hang = &town.chat.regions[0].trouble.hang;
    hang.store(true, Ordering::SeqCst);
    assert_eq!(next_loss(&mut events).await, Loss::Silent);
    hang.store(false, Ordering::SeqCst);
    connected_to(&user, town.chat.regions[0].address).await;
    user.say("back").await.unwrap();
    nothing_lost_or_doubled(&user, &town.chat).await;
}

#[tokio::test]
async fn a_message_stored_just_before_the_cut_is_not_doubled() {
    let town = Town::start(60).await;
    let user = town.user();
    connected_to(&user, town.chat.regions[0].address).await;
    for _ in 0..5 {
        town.chat.regions[0].trouble.cut_after.store(1, Ordering::SeqCst);
        user.say("cut").await.unwrap();
        let said = user.standing().counts.said;
        user.until(DEADLINE, |now| now.counts.confirmed == said && now.link != Link::Down).await.unwrap();
    }
    nothing_lost_or_doubled(&user, &town.chat).await;
    assert_eq!(town.chat.table.ids().len(), 5);
}

#[tokio::test]
async fn the_same_with_rest_broken_so_that_messages_are_sent_again() {
    let town = Town::start(60).await;
    let user = town.user();
    connected_to(&user, town.chat.regions[0].address).await;
    town.chat.regions[0].trouble.rest.store(true, Ordering::SeqCst);
    town.chat.regions[0].trouble.cut_after.store(1, Ordering::SeqCst);
    user.say("cut").await.unwrap();
    eventually("cut and back", || async { user.standing().counts.reconnects >= 1 }).await;
    town.chat.regions[0].trouble.rest.store(false, Ordering::SeqCst);
    nothing_lost_or_doubled(&user, &town.chat).await;
    assert_eq!(town.chat.table.ids().len(), 1);
}

#[tokio::test]
async fn doubled_pushes_are_shown_once() {
    let town = Town::start(60).await;
    let user = town.user();
    connected_to(&user, town.chat.regions[0].address).await;
    town.chat.regions[0].trouble.double.store(true, Ordering::SeqCst);
    for n in 0..10 {
        user.say(&format!("message {n}")).await.unwrap();
    }
    eventually("all repeats came", || async { user.standing().counts.repeats >= 10 }).await;
    nothing_lost_or_doubled(&user, &town.chat).await;
}

#[tokio::test]
async fn what_the_chat_refuses_is_sent_again() {
    let town = Town::start(60).await;
    let user = town.user();
    connected_to(&user, town.chat.regions[0].address).await;
    town.chat.regions[0].trouble.errors.store(1, Ordering::SeqCst);
    user.say("refused once").await.unwrap();
    nothing_lost_or_doubled(&user, &town.chat).await;
    assert_eq!(user.standing().counts.refused, 1);
}

#[tokio::test]
async fn what_is_refused_for_good_is_sent_once_and_costs_no_socket() {
    let town = Town::start(60).await;
    let user = town.user();
    let trouble = &town.chat.regions[0].trouble;
    connected_to(&user, town.chat.regions[0].address).await;
    *trouble.unwelcome.lock().unwrap() = Some("never".to_owned());
    user.say("never").await.unwrap();
    user.say("taken").await.unwrap();
    let settled = user.until(DEADLINE, |now| (now.counts.confirmed, now.counts.given_up) == (1, 1)).await;
    assert!(settled.is_ok(), "not settled: {settled:?}");
    // Longer than a message may take to come back: a socket taken for dead would show.
    tokio::time::sleep(quick().echo_within * 2).await;
    let counts = user.standing().counts;
    assert_eq!((counts.reconnects, counts.refused, counts.unconfirmed), (0, 1, 0));
    assert_eq!(trouble.refusals.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_region_that_refuses_is_not_hammered() {
    let town = Town::start(1).await;
    let region = &town.chat.regions[0];
    region.trouble.handshake.store(true, Ordering::SeqCst);
    let user = town.user();
    let mut events = user.listen();
    let watched = Duration::from_secs(2);
    tokio::time::sleep(watched).await;
    let tries = region.handshakes();
    // The shortest wait is a quarter of the bound: 12, 25, 50 ms and from then on 75 ms.
    assert!((3..=30).contains(&tries), "{tries} handshakes in {watched:?}");
    let UserEvent::Unreached { why, .. } = events.recv().await.unwrap() else { panic!("no failure told") };
    assert!(why.contains("503"), "{why}");
    region.trouble.handshake.store(false, Ordering::SeqCst);
    user.say("at last").await.unwrap();
    nothing_lost_or_doubled(&user, &town.chat).await;
}

#[tokio::test]
async fn through_a_storm_of_everything_nothing_is_lost_or_doubled() {
    let town = Town::start(1).await;
    let users = [town.user(), town.user(), town.user()];
    let talks: Vec<_> = users.iter().map(|user| user.talk("storm", Duration::from_millis(150))).collect();
    for round in 0..6 {
        let (here, there) = (&town.chat.regions[round % 2], &town.chat.regions[(round + 1) % 2]);
        town.dns.lead_to(town.chat.ip(round % 2), 1);
        for user in &users {
            user.until(DEADLINE, |now| now.link != Link::Down).await.unwrap();
        }
        here.trouble.cut_after.store(2, Ordering::SeqCst);
        here.trouble.double.store(round % 3 == 0, Ordering::SeqCst);
        there.trouble.rest.store(round % 3 == 1, Ordering::SeqCst);
        there.gone(round % 2 == 0);
        tokio::time::sleep(Duration::from_millis(300)).await;
        here.cut_sockets();
        there.gone(false);
        there.trouble.rest.store(false, Ordering::SeqCst);
    }
    drop(talks);
    for user in &users {
        nothing_lost_or_doubled(user, &town.chat).await;
        assert!(user.standing().counts.reconnects > 0);
    }
    let said: u64 = users.iter().map(|user| user.standing().counts.said).sum();
    assert_eq!(said, town.chat.table.ids().len() as u64);
}
