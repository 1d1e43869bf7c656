//! What `GET /history` shows, and the rest of the REST API's manners.

use http::Method;

use crate::region::{Answer, Region, request};

#[tokio::test]
async fn a_message_sent_is_the_first_of_the_history() {
    let region = Region::start("eu-west-2").await;
    region.connect("c1").await;
    for (id, text) in [("a", "first"), ("b", "second")] {
        let answer = region.send("c1", id, text).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""));
        // Two messages of one millisecond would be in the order of their ids.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let history = region.history(100).await;
    assert_eq!(history.region, "eu-west-2");
    let seen: Vec<_> = history.messages.iter().map(|m| (m.id.as_str(), m.message.as_str(), m.source.as_str(), m.region.as_str())).collect();
    assert_eq!(seen, [("b", "second", "c1", "eu-west-2"), ("a", "first", "c1", "eu-west-2")]);
    assert!(history.messages[0].ts > history.messages[1].ts);
    let age = jiff::Timestamp::now().as_millisecond() - history.messages[1].ts;
    assert!((0..60_000).contains(&age), "{age} ms old");
}

#[tokio::test]
async fn the_hundred_and_first_message_falls_out_and_the_limit_is_honoured() {
    let region = Region::start("eu-west-2").await;
    region.connect("c1").await;
    for n in 0..101 {
        assert_eq!(region.send("c1", &format!("id-{n}"), &format!("text {n}")).await.status, 200);
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    let answer = region.get("/history", &[]).await;
    let all: chat::Envelope = serde_json::from_str(&answer.body).unwrap();
    let ids: Vec<String> = all.messages.into_iter().map(|message| message.id).collect();
    let expected: Vec<String> = (1..101).rev().map(|n| format!("id-{n}")).collect();
    assert_eq!(ids, expected);
    for limit in [1, 7, 100] {
        let some: Vec<String> = region.history(limit).await.messages.into_iter().map(|message| message.id).collect();
        assert_eq!(some, expected[..limit]);
    }
}

#[tokio::test]
async fn health_is_the_constant_of_the_talk() {
    let region = Region::start("eu-west-2").await;
    let answer = region.get("/health", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "Ok"));
}

#[tokio::test]
async fn every_answer_may_be_read_by_any_origin() {
    let region = Region::start("eu-west-2").await;
    for (method, path, status) in [
        (Method::GET, "/history", 200),
        (Method::GET, "/health", 200),
        (Method::OPTIONS, "/history", 204),
        (Method::OPTIONS, "/probe/table", 204),
        (Method::POST, "/probe/table", 403),
        (Method::POST, "/history", 405),
        (Method::GET, "/probe/table", 405),
        (Method::GET, "/nowhere", 404),
    ] {
        let answer = Answer::from(region.chat.rest(request(method.clone(), path)).await);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        assert_eq!(answer.headers["access-control-allow-origin"], "*", "{method} {path}");
        assert_eq!(answer.headers.contains_key("access-control-allow-methods"), method == Method::OPTIONS, "{method} {path}");
        assert_eq!(answer.headers.contains_key("allow"), status == 405, "{method} {path}");
    }
}

#[tokio::test]
async fn rows_that_are_not_messages_do_not_spoil_the_history() {
    use aws_sdk_dynamodb::types::AttributeValue::{N, S};
    let region = Region::start("eu-west-2").await;
    region.connect("c1").await;
    region.send("c1", "good", "hi").await;
    let put = region.dynamodb.put_item().table_name("messages").item("id", S("stray".into()));
    put.item("type", S("message".into())).item("ts", N("9999999999999".into())).send().await.unwrap();
    let history = region.history(100).await;
    assert_eq!(history.messages.iter().map(|message| message.id.as_str()).collect::<Vec<_>>(), ["good"]);
    assert_eq!(region.read_stream().await.messages, 1);
}

#[tokio::test]
async fn tables_are_made_once() {
    let region = Region::start("eu-west-2").await;
    region.connect("c1").await;
    region.send("c1", "kept", "hi").await;
    chat::create_tables(&region.dynamodb, &region.settings).await.unwrap();
    assert_eq!(region.history(1).await.messages[0].id, "kept");
    let described = region.dynamodb.describe_table().table_name("messages").send().await.unwrap();
    let stream = described.table().and_then(|table| table.stream_specification()).unwrap();
    assert_eq!(stream.stream_view_type().unwrap().as_str(), "NEW_AND_OLD_IMAGES");
    for table in ["messages", "connections"] {
        let ttl = region.dynamodb.describe_time_to_live().table_name(table).send().await.unwrap();
        assert_eq!(ttl.time_to_live_description().and_then(|ttl| ttl.attribute_name()), Some("expires"), "{table}");
    }
}
