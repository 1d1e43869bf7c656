//! Bad input: always a reason, never a 500, never a panic.

use std::collections::HashMap;

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use http::{HeaderName, HeaderValue, Method};
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::region::{Answer, Region, event, request};

#[tokio::test]
async fn a_limit_that_is_no_limit_is_refused() {
    let region = Region::start("eu-west-2").await;
    for limit in ["0", "101", "256", "-1", "+5", "1.5", "ten", "", " 5", "5 ", "99999999999999999999", "1;2", "\u{0661}"] {
        let answer = region.get("/history", &[("limit", limit)]).await;
        assert_eq!(answer.status, 400, "{limit:?}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(answer.body, @r#"{"error":"`limit` is not a number from 1 to 100"}"#);
        }
    }
    assert_eq!(region.get("/history", &[("limit", "007"), ("other", "x")]).await.status, 200);
}

#[tokio::test]
async fn every_bad_frame_gets_an_error_frame() {
    let region = Region::start("eu-west-2").await;
    region.connect("c1").await;
    let long = format!(r#"{{"action":"send","message":"{}"}}"#, "x".repeat(1025));
    let huge = "x".repeat(9_000);
    let frames = [
        "",
        "hello",
        "{}",
        r#"{"action":"ping"}"#,
        r#"{"action":"send"}"#,
        r#"{"action":"send","message":""}"#,
        r#"{"action":"send","message":"\u001b[2J","id":"a-1"}"#,
        r#"{"action":"send","message":"hi","id":"a b"}"#,
        &long,
        &huge,
    ];
    let mut answers = Vec::new();
    for frame in frames {
        let answer = region.frame("c1", frame).await;
        assert_eq!(answer.status, 400, "{frame}");
        answers.push(answer.body);
    }
    insta::assert_snapshot!(answers.join("\n"), @r#"
    {"error":"the body is not JSON","again":false}
    {"error":"the body is not JSON","again":false}
    {"error":"`action` is missing or not a text","again":false}
    {"error":"the only action is `send`","action":"ping","again":false}
    {"error":"`message` is missing or not a text","action":"send","again":false}
    {"error":"`message` is empty","action":"send","again":false}
    {"error":"`message` holds a control character other than a line feed or a tab","action":"send","id":"a-1","again":false}
    {"error":"`id` is not 1 to 64 letters, digits and hyphens","action":"send","again":false}
    {"error":"`message` has 1025 bytes, at most 1024 are allowed","action":"send","again":false}
    {"error":"the body has more than 8192 bytes","again":false}
    "#);
    assert!(region.history(100).await.messages.is_empty());
}

#[tokio::test]
async fn an_event_without_a_connection_is_refused() {
    let region = Region::start("eu-west-2").await;
    let long = "c".repeat(129);
    let events = [ApiGatewayWebsocketProxyRequest::default(), event("$connect", "", None, None), event("send", &long, None, Some("{}"))];
    for event in events {
        let answer = Answer::from(region.chat.websocket(event).await);
        assert_eq!((answer.status, answer.error().as_str()), (400, "the event has no connection id"));
    }
}

/// Methods and paths, known ones more often than not.
fn methods() -> impl Strategy<Value = Method> {
    prop_oneof![Just(Method::GET), Just(Method::POST), Just(Method::OPTIONS), Just(Method::PUT), Just(Method::HEAD)]
}

fn paths() -> impl Strategy<Value = String> {
    prop_oneof![Just("/history".to_owned()), Just("/probe/table".to_owned()), Just("/health".to_owned()), "\\PC{0,30}"]
}

/// Bodies that come near to a good one, and any bytes at all.
fn bodies() -> impl Strategy<Value = String> {
    let near = ("send|[a-z]{0,5}", "\\PC{0,40}", "[a-z#-]{0,8}").prop_map(|(action, message, id)| {
        serde_json::json!({"action": action, "message": message, "id": id, "nonce": message}).to_string()
    });
    let any = prop::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    prop_oneof![near, any, "[A-Za-z0-9+/]{0,40}={0,2}"]
}

/// A region on a runtime of its own, for a property to call many times.
fn started() -> (Runtime, Region) {
    let runtime = Runtime::new().unwrap();
    let region = runtime.block_on(async {
        let region = Region::start("eu-west-2").await;
        region.connect("c1").await;
        region.connect_probe("p1", "eu-west-2").await;
        region
    });
    (runtime, region)
}

#[test]
fn no_request_makes_a_500() {
    let (runtime, region) = started();
    let ticket = prop_oneof![Just(None), "\\PC{0,40}".prop_map(Some), Just(Some(crate::region::ticket("eu-west-2")))];
    let requests = (methods(), paths(), prop::option::of("\\PC{0,5}|[0-9]{1,3}"), ticket, prop::option::of(bodies()), any::<bool>());
    proptest!(ProptestConfig::with_cases(300), |((method, path, limit, ticket, body, is_base64) in requests)| {
        let mut request = request(method, &path);
        request.query_string_parameters = limit.map(|limit| HashMap::from([("limit".to_owned(), limit)])).unwrap_or_default().into();
        if let Some(ticket) = ticket.and_then(|ticket| HeaderValue::from_bytes(ticket.as_bytes()).ok()) {
            request.headers.insert(HeaderName::from_static("x-probe-ticket"), ticket);
        }
        request.body = body;
        request.is_base64_encoded = is_base64;
        let answer = Answer::from(runtime.block_on(region.chat.rest(request)));
        prop_assert!((200..500).contains(&answer.status), "{} {}", answer.status, answer.body);
        prop_assert!(answer.status < 300 || !answer.error().is_empty());
    });
}

#[test]
fn no_frame_makes_a_500() {
    let (runtime, region) = started();
    let routes = prop_oneof![Just("send".to_owned()), Just("$default".to_owned()), Just("$connect".to_owned()), "\\PC{0,10}"];
    let connections = prop_oneof![Just("c1".to_owned()), Just("p1".to_owned()), "\\PC{0,20}"];
    let frames = (routes, connections, prop::option::of("[ -~]{0,40}"), prop::option::of(bodies()), any::<bool>());
    proptest!(ProptestConfig::with_cases(300), |((route, connection, ticket, body, is_base64) in frames)| {
        let mut event = event(&route, &connection, ticket.as_deref(), body.as_deref());
        event.is_base64_encoded = is_base64;
        let answer = Answer::from(runtime.block_on(region.chat.websocket(event)));
        prop_assert!((200..500).contains(&answer.status), "{} {}", answer.status, answer.body);
        prop_assert!(answer.status < 300 || !answer.error().is_empty());
    });
    // Whatever was sent, only users' texts are in the history.
    let history = runtime.block_on(region.history(100));
    assert!(history.messages.iter().all(|message| !message.id.contains('#') && message.source != "eu-west-2"));
}
