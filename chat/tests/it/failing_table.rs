//! A table that fails: 503 or an error frame, with a reason that gives nothing away, within the deadline.

use std::time::Duration;

use chat::Deadlines;
use tokio::time::Instant;

use crate::region::{Answer, Region, event, ticket};
use crate::table::Fault;

const FAULTS: [Fault; 4] = [Fault::InternalError, Fault::Throttled, Fault::Denied, Fault::Garbled];

/// The same region, about to meet a table that hangs.
fn impatient(mut region: Region) -> Region {
    region.chat = region.chat.with_deadlines(Deadlines { table: Duration::from_millis(500), ..Deadlines::default() });
    region
}

#[tokio::test]
async fn the_history_of_a_failing_table_is_503_with_a_reason() {
    let region = Region::start("eu-west-2").await;
    let mut reasons = Vec::new();
    for fault in FAULTS {
        region.table.break_call("Query", fault);
        let answer = region.get("/history", &[]).await;
        reasons.push(format!("{} {}", answer.status, answer.error()));
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
    }
    region.table.break_call("Query", Fault::Hangs);
    let region = impatient(region);
    let started = Instant::now();
    let answer = region.get("/history", &[]).await;
    reasons.push(format!("{} {}", answer.status, answer.error()));
    assert!(started.elapsed() < Duration::from_secs(10), "took {:?}", started.elapsed());
    insta::assert_snapshot!(reasons.join("\n"), @r"
    503 the messages table answered InternalServerError
    503 the messages table is throttled
    503 the messages table answered AccessDeniedException
    503 the messages table answered something that was not understood
    503 the messages table did not answer in time
    ");
    assert_eq!(region.get("/health", &[]).await.status, 200, "the constant stays what it is");
}

#[tokio::test]
async fn a_heartbeat_on_a_failing_table_is_503_with_a_reason() {
    for call in ["PutItem", "GetItem"] {
        let region = Region::start("eu-west-2").await;
        region.table.break_call(call, Fault::InternalError);
        let answer = region.post_heartbeat(Some(&ticket("us-east-1")), r#"{"nonce":"n"}"#).await;
        assert_eq!((answer.status, answer.error().as_str()), (503, "the messages table answered InternalServerError"), "{call}");
    }
}

#[tokio::test]
async fn a_send_to_a_failing_table_is_an_error_frame() {
    let region = Region::start("eu-west-2").await;
    region.connect("c1").await;
    region.table.break_call("PutItem", Fault::Throttled);
    let answer = region.send("c1", "a", "hi").await;
    assert_eq!(answer.status, 503);
    insta::assert_snapshot!(answer.body, @r#"{"error":"the messages table is throttled","action":"send","id":"a","again":true}"#);
    region.table.break_call("GetItem", Fault::Hangs);
    let answer = impatient(region).send("c1", "a", "hi").await;
    insta::assert_snapshot!(answer.body, @r#"{"error":"the connections table did not answer in time","action":"send","id":"a","again":true}"#);
}

#[tokio::test]
async fn a_socket_that_cannot_be_stored_is_not_let_in() {
    let region = Region::start("eu-west-2").await;
    region.table.break_call("PutItem", Fault::InternalError);
    let answer = Answer::from(region.chat.websocket(event("$connect", "c1", None, None)).await);
    assert_eq!((answer.status, answer.error().as_str()), (503, "the connections table answered InternalServerError"));
    region.table.break_call("DeleteItem", Fault::InternalError);
    assert_eq!(region.websocket("$disconnect", "c1", None, None).await.status, 200);
}

#[tokio::test]
async fn a_batch_whose_sockets_cannot_be_read_says_so() {
    let region = Region::start("eu-west-2").await;
    region.connect("c1").await;
    region.send("c1", "a", "hi").await;
    region.table.break_call("Scan", Fault::InternalError);
    let report = region.read_stream().await;
    assert_eq!((report.messages, report.sockets), (1, 0));
    insta::assert_snapshot!(report.incomplete.unwrap(), @"the open sockets could not all be read");
}
