//! The stream reader and its sockets: one that is gone, fails or hangs costs the others nothing.

use std::time::Duration;

use chat::{Deadlines, FRAME_BYTES_MAX};
use tokio::time::Instant;

use crate::region::Region;
use crate::sockets::Behaviour;

#[tokio::test]
async fn a_gone_connection_is_removed_and_the_others_still_get_the_message() {
    let region = Region::start("eu-west-2").await;
    for connection in ["c1", "gone", "c2", "fails"] {
        region.connect(connection).await;
    }
    region.sockets.behave("gone", Behaviour::Gone);
    region.sockets.behave("fails", Behaviour::Fails);
    region.send("c1", "a", "hi").await;
    let report = region.read_stream().await;
    assert_eq!((report.sockets, report.pushed, report.gone, report.failed), (4, 2, 1, 1));
    assert_eq!(report.incomplete, None, "a socket is no reason to read the batch again");
    assert_eq!(region.sockets.texts("c1"), ["hi"]);
    assert_eq!(region.sockets.texts("c2"), ["hi"]);
    assert!(!region.knows("gone").await);
    assert!(region.knows("fails").await, "it may only be slow");

    region.send("c1", "b", "again").await;
    assert_eq!(region.read_stream().await.sockets, 3);
}

#[tokio::test]
async fn a_hanging_connection_delays_nobody_else() {
    const POST: Duration = Duration::from_secs(4);
    let region = Region::start("eu-west-2").await;
    for n in 0..6 {
        region.connect(&format!("hangs-{n}")).await;
        region.sockets.behave(&format!("hangs-{n}"), Behaviour::Hangs);
        region.connect(&format!("c{n}")).await;
    }
    region.send("c0", "a", "hi").await;
    let chat = region.chat.clone().with_deadlines(Deadlines { post: POST, table: Duration::from_secs(20), ..Deadlines::default() });
    let batch = region.next_batch();
    let started = Instant::now();
    let reading = tokio::spawn(async move { chat.stream(batch).await });
    region.sockets.wait_for(6).await;
    assert!(started.elapsed() < POST, "the others waited {:?}", started.elapsed());
    assert!(!reading.is_finished(), "the hanging ones have until their deadline");
    let report = reading.await.unwrap();
    assert_eq!((report.pushed, report.failed, report.incomplete), (6, 6, None));
    assert!(started.elapsed() < POST * 3, "six deadlines in a row");
}

#[tokio::test]
async fn a_batch_ends_at_its_deadline() {
    let region = Region::start("eu-west-2").await;
    for n in 0..100 {
        region.connect(&format!("hangs-{n}")).await;
        region.sockets.behave(&format!("hangs-{n}"), Behaviour::Hangs);
    }
    region.send("hangs-0", "a", "hi").await;
    let hour = Duration::from_secs(3600);
    let chat = region.chat.clone().with_deadlines(Deadlines { table: hour, post: hour, batch: Duration::from_millis(500) });
    let report = tokio::time::timeout(Duration::from_secs(30), chat.stream(region.next_batch())).await.unwrap();
    assert_eq!((report.sockets, report.failed), (100, 100));
}

#[tokio::test]
async fn a_large_batch_goes_down_in_bounded_frames_and_in_order() {
    let region = Region::start("eu-west-2").await;
    region.connect("c1").await;
    let mut sent = Vec::new();
    for n in 0..60 {
        let text = format!("{n} {}", "\"".repeat(1000));
        assert_eq!(region.send("c1", &format!("id-{n}"), &text).await.status, 200);
        sent.push(text);
    }
    let report = region.read_stream().await;
    assert_eq!((report.messages, report.pushed), (60, 1));
    let envelopes = region.sockets.envelopes("c1");
    let lengths: Vec<usize> = envelopes.iter().map(|envelope| serde_json::to_string(envelope).unwrap().len()).collect();
    assert!(lengths.iter().all(|length| *length <= FRAME_BYTES_MAX), "{lengths:?}");
    assert_eq!(lengths.len(), 4, "{lengths:?}");
    assert_eq!(region.sockets.texts("c1"), sent);
}

#[tokio::test]
async fn a_batch_without_news_asks_nobody() {
    let region = Region::start("eu-west-2").await;
    region.connect("c1").await;
    region.table.break_call("Scan", crate::table::Fault::Denied);
    let report = region.read_stream().await;
    assert_eq!(report, chat::StreamReport::default());
}

#[tokio::test]
async fn sockets_on_every_page_of_the_table_are_reached() {
    use aws_sdk_dynamodb::types::AttributeValue::{N, S};
    let region = Region::start("eu-west-2").await;
    region.connect("c1").await;
    for n in 0..25 {
        let put = region.dynamodb.put_item().table_name("connections").item("connection_id", S(format!("wide-{n}")));
        let put = put.item("expires", N("9999999999".into())).item("padding", S("x".repeat(100_000)));
        put.send().await.unwrap();
    }
    let page = region.dynamodb.scan().table_name("connections").send().await.unwrap();
    assert!(page.last_evaluated_key().is_some(), "the table has more than one page");
    region.send("c1", "a", "hi").await;
    let report = region.read_stream().await;
    assert_eq!((report.sockets, report.pushed, report.crowded), (26, 26, false));
}
