//! Sending: idempotent by id, only from a known connection.

use chat::Envelope;
use jiff::{Timestamp, ToSpan as _};

use crate::region::{Answer, Region, event};

#[tokio::test]
async fn the_same_id_sent_twice_is_stored_and_pushed_once() {
    let region = Region::start("eu-west-2").await;
    region.connect("c1").await;
    region.connect("c2").await;
    assert_eq!(region.send("c1", "a", "hi").await.body, "");
    let stored = region.history(100).await.messages;

    // From the socket it came from, and from the one opened after that was lost.
    for connection in ["c1", "c2"] {
        let answer = region.send(connection, "a", "hi").await;
        assert_eq!(answer.status, 200);
        let confirmed: Envelope = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(confirmed, Envelope { messages: stored.clone(), region: "eu-west-2".into() });
    }
    assert_eq!(region.history(100).await.messages, stored);
    let report = region.read_stream().await;
    assert_eq!((report.messages, report.pushed), (1, 2));
    assert_eq!(region.sockets.texts("c1"), ["hi"]);
}

#[tokio::test]
async fn an_id_belongs_to_its_message() {
    let region = Region::start("eu-west-2").await;
    region.connect("c1").await;
    region.connect_probe("p1", "eu-west-2").await;
    region.send("c1", "a", "hi").await;
    region.send("p1", "p", "nonce").await;
    for (connection, id, text) in [("c1", "a", "another"), ("p1", "a", "hi"), ("c1", "p", "nonce")] {
        let answer = region.send(connection, id, text).await;
        assert_eq!(answer.status, 409, "{connection} {id} {text}");
        let expected = format!(r#"{{"error":"`id` belongs to another message","action":"send","id":"{id}","again":false}}"#);
        assert_eq!(answer.body, expected);
    }
    assert_eq!(region.history(100).await.messages.len(), 1);
}

#[tokio::test]
async fn without_an_id_each_send_is_a_message_of_its_own() {
    let region = Region::start("eu-west-2").await;
    region.connect("c1").await;
    for _ in 0..2 {
        assert_eq!(region.frame("c1", r#"{"action":"send","message":"hi"}"#).await.status, 200);
    }
    assert_eq!(region.history(100).await.messages.len(), 2);
    // The client knows no id: an error names none either.
    let answer = region.frame("never", r#"{"action":"send","message":"hi"}"#).await;
    assert_eq!(answer.body, r#"{"error":"this connection is not known here, connect again","action":"send","again":true}"#);
}

#[tokio::test]
async fn a_connection_that_is_unknown_closed_or_over_cannot_send() {
    let region = Region::start("eu-west-2").await;
    let expected = r#"{"error":"this connection is not known here, connect again","action":"send","id":"a","again":true}"#;
    assert_eq!(region.send("never", "a", "hi").await.body, expected);

    region.connect("closed").await;
    assert_eq!(region.websocket("$disconnect", "closed", None, None).await.status, 200);
    assert!(!region.knows("closed").await);
    assert_eq!(region.send("closed", "a", "hi").await.body, expected);

    // Closing what is closed already is nothing to speak of.
    assert_eq!(region.websocket("$disconnect", "closed", None, None).await.status, 200);

    region.connect("over").await;
    assert_eq!(region.send("over", "a", "hi").await.status, 200);
    let later = region.chat.clone().with_clock(|| Timestamp::now() + 3.hours());
    let frame = event("send", "over", None, Some(r#"{"action":"send","message":"hi","id":"a"}"#));
    assert_eq!(Answer::from(later.websocket(frame).await).body, expected);
    // DynamoDB has not deleted the row yet; nobody is pushed to by it all the same.
    assert!(region.knows("over").await);
    assert_eq!(later.stream(region.next_batch()).await.sockets, 0);
}

#[tokio::test]
async fn a_binary_frame_is_read_too() {
    use base64::Engine as _;
    let region = Region::start("eu-west-2").await;
    region.connect("c1").await;
    let mut frame = event("$default", "c1", None, None);
    frame.body = Some(base64::engine::general_purpose::STANDARD.encode(r#"{"action":"send","message":"grüße"}"#));
    frame.is_base64_encoded = true;
    assert_eq!(Answer::from(region.chat.websocket(frame).await).status, 200);
    assert_eq!(region.history(1).await.messages[0].message, "grüße");
}
