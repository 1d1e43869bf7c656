//! `POST /probe/table`: one row per observer and region, written and read back.

use jiff::{Timestamp, ToSpan as _};

use crate::region::{Answer, Region, request, ticket};

#[tokio::test]
async fn a_heartbeat_is_read_back_and_overwritten_by_the_next() {
    let region = Region::start("eu-west-2").await;
    region.connect("user").await;
    region.connect_probe("probe", "us-east-1").await;
    for nonce in ["one", "two"] {
        let answer = region.post_heartbeat(Some(&ticket("us-east-1")), &format!(r#"{{"nonce":"{nonce}"}}"#)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.body, format!(r#"{{"nonce":"{nonce}","region":"eu-west-2"}}"#));
    }
    let rows = region.dynamodb.scan().table_name("messages").send().await.unwrap();
    let [row] = rows.items() else { panic!("one row, not {}", rows.count()) };
    assert_eq!(row["id"].as_s().unwrap(), "heartbeat#us-east-1#eu-west-2");
    assert_eq!(row["type"].as_s().unwrap(), "probe");
    assert!(row.contains_key("expires"));

    assert!(region.history(100).await.messages.is_empty());
    let report = region.read_stream().await;
    assert_eq!((report.records, report.probes, report.sockets), (2, 0, 0), "nobody is pushed a heartbeat");
}

#[tokio::test]
async fn a_late_heartbeat_loses() {
    let region = Region::start("eu-west-2").await;
    let mut late = request(http::Method::POST, "/probe/table");
    late.headers.insert("x-probe-ticket", ticket("us-east-1").parse().unwrap());
    late.body = Some(r#"{"nonce":"late"}"#.to_owned());
    assert_eq!(region.post_heartbeat(Some(&ticket("us-east-1")), r#"{"nonce":"new"}"#).await.status, 200);
    let behind = region.chat.clone().with_clock(|| Timestamp::now() - 5.seconds());
    let answer = Answer::from(behind.rest(late).await);
    assert_eq!(answer.status, 409);
    insta::assert_snapshot!(answer.error(), @"a later heartbeat of this observer is stored");
}

#[tokio::test]
async fn a_heartbeat_needs_a_ticket_and_a_nonce() {
    let region = Region::start("eu-west-2").await;
    let good = ticket("us-east-1");
    let long = format!(r#"{{"nonce":"{}"}}"#, "n".repeat(129));
    let huge = " ".repeat(9_000);
    let cases = [
        (None, r#"{"nonce":"n"}"#),
        (Some("v1.us-east-1.1.x"), r#"{"nonce":"n"}"#),
        (Some(good.as_str()), ""),
        (Some(&good), "[]"),
        (Some(&good), "{}"),
        (Some(&good), r#"{"nonce":7}"#),
        (Some(&good), r#"{"nonce":""}"#),
        (Some(&good), r#"{"nonce":"a b"}"#),
        (Some(&good), &long),
        (Some(&good), &huge),
    ];
    let mut refusals = Vec::new();
    for (ticket, body) in cases {
        let answer = region.post_heartbeat(ticket, body).await;
        refusals.push(format!("{} {}", answer.status, answer.error()));
    }
    insta::assert_snapshot!(refusals.join("\n"), @r"
    403 this needs a probe ticket
    403 the probe ticket is malformed
    400 the body is not JSON
    400 the body is not a JSON object
    400 `nonce` is not 1 to 128 visible ASCII characters
    400 `nonce` is not 1 to 128 visible ASCII characters
    400 `nonce` is not 1 to 128 visible ASCII characters
    400 `nonce` is not 1 to 128 visible ASCII characters
    400 `nonce` is not 1 to 128 visible ASCII characters
    413 the body has more than 8192 bytes
    ");
    assert_eq!(region.dynamodb.scan().table_name("messages").send().await.unwrap().count(), 0);
}
