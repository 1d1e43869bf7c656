//! The gateway: REST and WebSocket on one port, with API Gateway's limits.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use jiff::Timestamp;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error as WireError, Message};

use crate::harness::{DEADLINE, Regions, SECRET, User, eventually, get, http};

#[tokio::test]
async fn rest_is_answered_by_the_handlers() {
    let regions = Regions::start(&["eu-west-2"]).await;
    let addr = regions.served[0].addr();
    assert_eq!(get(addr, "/health").await, Some((200, "Ok".to_owned())));
    let (status, body) = get(addr, "/history?limit=5").await.unwrap();
    assert_eq!((status, body.contains(r#""region":"eu-west-2""#)), (200, true), "{body}");
    assert_eq!(get(addr, "/nothing").await.unwrap().0, 404);
    assert_eq!(http(addr, "OPTIONS /history HTTP/1.1", b"").await.unwrap().0, 204);
    assert_eq!(http(addr, "POST /probe/table HTTP/1.1", br#"{"nonce":"n"}"#).await.unwrap().0, 403);
    let ticket = chat::sign(SECRET, "eu-west-2", Timestamp::now() + Duration::from_secs(60));
    let (status, body) = http(addr, &format!("POST /probe/table HTTP/1.1\r\nx-probe-ticket: {ticket}"), br#"{"nonce":"n"}"#).await.unwrap();
    assert_eq!((status, body.contains(r#""nonce":"n""#)), (200, true), "{body}");
}

#[tokio::test]
async fn a_message_reaches_every_socket_of_its_region() {
    let regions = Regions::start(&["eu-west-2"]).await;
    let addr = regions.served[0].addr();
    let (mut ann, mut bob) = (User::join(addr).await, User::join(addr).await);
    ann.send("m-1").await;
    for user in [&mut ann, &mut bob] {
        let envelope = user.next().await.unwrap();
        assert_eq!(envelope["region"], "eu-west-2");
        assert_eq!(envelope["messages"][0]["id"], "m-1");
        assert_eq!(envelope["messages"][0]["message"], "text of m-1");
    }
    let (_, history) = get(addr, "/history").await.unwrap();
    assert!(history.contains("m-1"), "{history}");
    ann.0.send(Message::text(r#"{"action":"dance"}"#)).await.unwrap();
    assert!(ann.next().await.unwrap()["error"].is_string());
    ann.0.send(Message::binary(vec![0xff, 0])).await.unwrap();
    assert!(ann.next().await.unwrap()["error"].is_string());
    ann.0.send(Message::Ping("are you there".into())).await.unwrap();
    let pong = tokio::time::timeout(DEADLINE, ann.0.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(pong, Message::Pong("are you there".into()));
    assert_eq!(regions.served[0].aws.sockets().len(), 2);
    drop(ann);
    eventually("the socket is forgotten", async || regions.served[0].aws.sockets().len() == 1).await;
}

#[tokio::test]
async fn a_handshake_is_refused_by_the_handler_or_for_its_form() {
    let regions = Regions::start(&["eu-west-2"]).await;
    let addr = regions.served[0].addr();
    let Err(WireError::Http(refused)) = User::try_join(addr, Some("v1.x.1.forged")).await else { panic!("let in") };
    assert_eq!(refused.status(), 403);
    assert!(regions.served[0].aws.sockets().is_empty());
    let head = "GET / HTTP/1.1\r\nupgrade: websocket\r\nsec-websocket-version: 8\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==";
    assert_eq!(http(addr, head, b"").await.unwrap().0, 400);
}

#[tokio::test]
async fn a_frame_beyond_the_limit_ends_the_socket() {
    let regions = Regions::start(&["eu-west-2"]).await;
    let mut user = User::join(regions.served[0].addr()).await;
    user.0.send(Message::text("x".repeat(33 * 1024))).await.unwrap();
    let end = tokio::time::timeout(DEADLINE, user.0.next()).await.unwrap();
    let Some(Ok(Message::Close(Some(frame)))) = end else { panic!("not closed: {end:?}") };
    assert_eq!(frame.code, CloseCode::Size);
}

#[tokio::test]
async fn a_probe_is_seen_by_probes_only() {
    let regions = Regions::start(&["eu-west-2"]).await;
    let addr = regions.served[0].addr();
    let ticket = chat::sign(SECRET, "us-east-1", Timestamp::now() + Duration::from_secs(60));
    let (mut user, mut probe) = (User::join(addr).await, User::try_join(addr, Some(&ticket)).await.unwrap());
    probe.send("probe-1").await;
    assert_eq!(probe.next().await.unwrap()["messages"][0]["source"], "us-east-1");
    user.send("user-1").await;
    assert_eq!(user.ids(1, Duration::from_millis(300)).await, ["user-1"]);
}

#[tokio::test]
async fn a_message_sent_before_leaving_is_stored() {
    let regions = Regions::start(&["eu-west-2"]).await;
    let addr = regions.served[0].addr();
    for number in 0..10 {
        let mut user = User::join(addr).await;
        user.send(&format!("last-word-{number}")).await;
        drop(user);
    }
    eventually("all are stored", async || {
        let (_, history) = get(addr, "/history").await.unwrap();
        (0..10).all(|number| history.contains(&format!("last-word-{number}")))
    })
    .await;
}
