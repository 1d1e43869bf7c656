//! Each fault of the gateway and of the stream does what it says, and heals.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error as WireError, Message};
use world::fault::Component;

use crate::harness::{Regions, User, eventually, get};

async fn status(regions: &Regions, path: &str) -> Option<u16> {
    get(regions.served[0].addr(), path).await.map(|(status, _)| status)
}

#[tokio::test]
async fn rest_and_health_fail_apart() {
    let regions = Regions::start(&["eu-west-2"]).await;
    for (component, history, health) in [(Component::Rest, 500, 200), (Component::Health, 200, 500)] {
        regions.break_(0, component);
        assert_eq!((status(&regions, "/history").await, status(&regions, "/health").await), (Some(history), Some(health)), "{component}");
        regions.heal(0, component);
        assert_eq!((status(&regions, "/history").await, status(&regions, "/health").await), (Some(200), Some(200)), "{component}");
    }
}

#[tokio::test]
async fn slow_is_slow_and_a_hole_never_answers() {
    let regions = Regions::start(&["eu-west-2"]).await;
    regions.break_(0, Component::RestSlow);
    let since = Instant::now();
    assert_eq!(status(&regions, "/health").await, Some(200));
    // Three seconds at ten times the speed.
    assert!(since.elapsed() >= Duration::from_millis(300));
    regions.heal(0, Component::RestSlow);

    regions.break_(0, Component::RestHole);
    let mut asked = Box::pin(status(&regions, "/health"));
    assert!(timeout(Duration::from_millis(500), &mut asked).await.is_err(), "it answered");
    let mut user = User::join(regions.served[0].addr()).await;
    user.send("in-the-hole").await;
    assert_eq!(user.next().await.unwrap()["messages"][0]["id"], "in-the-hole", "the WebSocket is not in the hole");
    regions.heal(0, Component::RestHole);
    assert_eq!(asked.await, None);
    assert_eq!(status(&regions, "/health").await, Some(200));
}

#[tokio::test]
async fn the_websocket_path_breaks_alone() {
    let regions = Regions::start(&["eu-west-2"]).await;
    let addr = regions.served[0].addr();
    let mut user = User::join(addr).await;
    regions.break_(0, Component::Websocket);
    assert_eq!(timeout(Duration::from_secs(2), user.next()).await, Ok(None), "a live socket is cut at once");
    let Err(WireError::Http(refused)) = User::try_join(addr, None).await else { panic!("let in") };
    assert_eq!(refused.status(), 503);
    assert_eq!((status(&regions, "/history").await, status(&regions, "/health").await), (Some(200), Some(200)));
    regions.heal(0, Component::Websocket);
    User::join(addr).await.send("healed").await;
}

#[tokio::test]
async fn a_region_goes_and_comes_back_on_the_same_address() {
    let regions = Regions::start(&["eu-west-2"]).await;
    let addr = regions.served[0].addr();
    let mut user = User::join(addr).await;
    regions.break_(0, Component::Region);
    assert_eq!(timeout(Duration::from_secs(2), user.next()).await, Ok(None));
    eventually("nothing listens", async || status(&regions, "/health").await.is_none()).await;
    assert!(regions.served[0].aws.sockets().is_empty());
    regions.heal(0, Component::Region);
    eventually("it is back", async || status(&regions, "/health").await == Some(200)).await;
    let mut user = User::join(addr).await;
    user.send("back").await;
    assert_eq!(user.ids(1, Duration::from_millis(300)).await, ["back"]);
}

#[tokio::test]
async fn a_stopped_stream_catches_up() {
    let regions = Regions::start(&["eu-west-2"]).await;
    let mut user = User::join(regions.served[0].addr()).await;
    regions.break_(0, Component::Stream);
    let sent: Vec<String> = (0..20).map(|number| format!("m-{number:02}")).collect();
    for id in &sent {
        user.send(id).await;
    }
    eventually("all are stored", async || {
        let (_, history) = get(regions.served[0].addr(), "/history").await.unwrap();
        sent.iter().all(|id| history.contains(id.as_str()))
    })
    .await;
    assert!(timeout(Duration::from_millis(300), user.next()).await.is_err(), "pushed by a stopped stream");
    regions.heal(0, Component::Stream);
    let mut ids = user.ids(20, Duration::from_millis(300)).await;
    ids.sort();
    assert_eq!(ids, sent);
}

#[tokio::test]
async fn a_failing_table_is_told_and_the_batch_is_pushed_when_it_heals() {
    let regions = Regions::start(&["eu-west-2", "us-east-1"]).await;
    let mut here = User::join(regions.served[0].addr()).await;
    let mut there = User::join(regions.served[1].addr()).await;
    regions.break_(0, Component::Table);
    here.send("refused").await;
    assert!(here.next().await.unwrap()["error"].is_string());
    assert_eq!(status(&regions, "/history").await, Some(503));
    there.send("late").await;
    assert_eq!(there.next().await.unwrap()["messages"][0]["id"], "late");
    // The other region's message arrives in the table here, and its batch fails: the sockets cannot be looked up.
    assert!(timeout(Duration::from_secs(1), here.next()).await.is_err());
    regions.heal(0, Component::Table);
    assert_eq!(here.next().await.unwrap()["messages"][0]["id"], "late");
}

#[tokio::test]
async fn a_silent_socket_is_closed_and_a_busy_one_is_not() {
    // Ten minutes at twenty times the speed: half a minute.
    let regions = Regions::at_speed(&["eu-west-2"], 20.0).await;
    let (mut silent, mut busy) = (User::join(regions.served[0].addr()).await, User::join(regions.served[0].addr()).await);
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(36) {
        busy.0.send(Message::Ping("still here".into())).await.unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let end = timeout(Duration::from_secs(1), silent.0.next()).await.unwrap();
    let Some(Ok(Message::Close(Some(frame)))) = end else { panic!("not closed: {end:?}") };
    assert_eq!(frame.code, CloseCode::Away);
    assert_eq!(regions.served[0].aws.sockets().len(), 1);
}
