//! The three binaries as Lambda runs them: started with an environment, handed events by the runtime API.

use std::time::Duration;

use lambda::service::{ARN, Answer, Function, Kind, request_id};
use serde_json::{Value, json};

use crate::region::Region;
use crate::sockets::Behaviour;
use crate::table::Fault;

/// What an ordinary invocation gets.
const WITHIN: Duration = Duration::from_secs(30);

/// A function in the environment that a deployment gives it.
async fn function(binary: &str, region: &Region, changed: &[(&str, &str)]) -> Function {
    let table = format!("http://{}", region.table.address);
    let sockets = format!("http://{}/stage", region.sockets.address);
    let usual = [
        ("AWS_ENDPOINT_URL", table.as_str()),
        ("CHAT_MESSAGES_TABLE", "messages"),
        ("CHAT_CONNECTIONS_TABLE", "connections"),
        ("CHAT_CONNECTIONS_ENDPOINT", sockets.as_str()),
    ];
    Function::start(binary, &[&usual, changed].concat()).await.unwrap()
}

/// Runs a function until it has answered one event. Returns what it answered and what it logged.
async fn invoke(binary: &str, region: &Region, event: Value) -> (Answer, String) {
    let mut function = function(binary, region, &[]).await;
    let answer = function.invoke(&event, WITHIN).await.unwrap();
    (answer, function.stop().await.unwrap().join("\n"))
}

fn history(raw_path: &str, stage: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": "GET /history", "rawPath": raw_path, "rawQueryString": "limit=1",
        "headers": {"accept": "*/*", "host": "api.chat.example"}, "queryStringParameters": {"limit": "1"},
        "requestContext": {
            "accountId": "000000000000", "apiId": "api", "domainName": "api.chat.example", "domainPrefix": "api",
            "http": {"method": "GET", "path": raw_path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "tests"},
            "requestId": "r", "routeKey": "GET /history", "stage": stage, "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1767225600000_i64,
        },
        "isBase64Encoded": false,
    })
}

fn socket(route: &str, kind: &str, body: Option<&str>) -> Value {
    json!({
        "headers": {"Host": "api-ws.chat.example"}, "multiValueHeaders": {"Host": ["api-ws.chat.example"]},
        "requestContext": {
            "routeKey": route, "eventType": kind, "extendedRequestId": "e", "requestTime": "01/Jan/2026:00:00:00 +0000",
            "messageDirection": "IN", "stage": "prod", "connectedAt": 1767225600000_i64, "requestTimeEpoch": 1767225600000_i64,
            "identity": {"sourceIp": "192.0.2.1"}, "requestId": "r", "domainName": "api-ws.chat.example", "connectionId": "c1=", "apiId": "api",
        },
        "body": body, "isBase64Encoded": false,
    })
}

#[tokio::test]
async fn the_rest_function_answers_an_http_api_under_any_stage() {
    let region = Region::start("eu-west-2").await;
    region.connect("c1").await;
    region.send("c1", "a", "hi").await;
    let mut function = function(env!("CARGO_BIN_EXE_chat-rest"), &region, &[]).await;
    for (raw_path, stage) in [("/history", "$default"), ("/prod/history", "prod"), ("/history", "prod")] {
        let answer = function.invoke(&history(raw_path, stage), WITHIN).await.unwrap();
        assert_eq!((answer.kind, &answer.body["statusCode"]), (Kind::Response, &json!(200)), "{raw_path} {stage}: {answer:?}");
        assert_eq!(answer.body["headers"]["access-control-allow-origin"], "*");
        let body: Value = serde_json::from_str(answer.body["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["messages"][0]["message"], "hi");
    }
    let answer = function.invoke(&history("/production/history", "prod"), WITHIN).await.unwrap();
    assert_eq!(answer.body["statusCode"], 404, "{answer:?}");
}

#[tokio::test]
async fn the_websocket_function_answers_a_websocket_api() {
    let region = Region::start("eu-west-2").await;
    let (answer, log) = invoke(env!("CARGO_BIN_EXE_chat-websocket"), &region, socket("$connect", "CONNECT", None)).await;
    assert_eq!((answer.kind, &answer.body["statusCode"]), (Kind::Response, &json!(200)), "{log}");
    assert!(region.knows("c1=").await);
}

#[tokio::test]
async fn the_stream_function_takes_a_batch_or_asks_for_it_again() {
    let region = Region::start("eu-west-2").await;
    region.connect("c1=").await;
    region.send("c1=", "a", "hi").await;
    let event = json!({"Records": region.table.stream(0)});
    let (answer, log) = invoke(env!("CARGO_BIN_EXE_chat-stream"), &region, event.clone()).await;
    assert_eq!(answer.kind, Kind::Response, "{log}");
    assert_eq!(region.sockets.texts("c1="), ["hi"]);

    region.table.break_call("Scan", Fault::InternalError);
    let (answer, log) = invoke(env!("CARGO_BIN_EXE_chat-stream"), &region, event).await;
    assert_eq!(answer.kind, Kind::Error, "{log}");
    assert_eq!(answer.body["errorMessage"], "the open sockets could not all be read");
}

#[tokio::test]
async fn every_line_says_which_invocation_it_belongs_to_and_whether_it_was_the_first() {
    let region = Region::start("eu-west-2").await;
    let mut function = function(env!("CARGO_BIN_EXE_chat-stream"), &region, &[]).await;
    for _ in 0..2 {
        function.invoke(&json!({"Records": []}), WITHIN).await.unwrap();
    }
    let lines: Vec<Value> = function.stop().await.unwrap().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said: Vec<_> =
        lines.iter().map(|line| (line["message"].as_str().unwrap(), &line["cold_start"], &line["function_request_id"])).collect();
    let (first, second) = (json!(request_id(1)), json!(request_id(2)));
    assert_eq!(
        said,
        [
            ("chat API of eu-west-2 starts", &json!(true), &Value::Null),
            ("batch pushed to 0 of 0 sockets", &json!(true), &first),
            ("batch pushed to 0 of 0 sockets", &json!(false), &second),
        ]
    );
    let last = lines[2].as_object().unwrap();
    for (key, value) in [
        ("level", json!("INFO")),
        ("service", json!("tests")),
        ("function_name", json!("tested")),
        ("function_memory_size", json!(128)),
        ("function_arn", json!(ARN)),
        ("xray_trace_id", json!("1-5759e988-bd862e3fe1be46a994272793")),
        ("records", json!(0)),
    ] {
        assert_eq!(last.get(key), Some(&value), "{key}");
    }
    assert!(last["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{last:?}");
    assert!(last["location"].as_str().unwrap().starts_with("chat::stream:"), "{last:?}");
}

#[tokio::test]
async fn a_table_that_hangs_is_told_of_before_the_invocation_ends() {
    let short = Duration::from_secs(2);
    let region = Region::start("eu-west-2").await;
    for call in ["Query", "GetItem", "PutItem", "Scan"] {
        region.table.break_call(call, Fault::Hangs);
    }
    let mut rest = function(env!("CARGO_BIN_EXE_chat-rest"), &region, &[]).await;
    let answer = rest.invoke(&history("/history", "$default"), short).await.unwrap();
    assert!(answer.took < short, "{answer:?}");
    assert_eq!((answer.kind, &answer.body["statusCode"]), (Kind::Response, &json!(503)));
    assert_eq!(answer.body["body"], r#"{"error":"the messages table did not answer in time"}"#);

    // Even one that has less time than a single call may take.
    let hasty = Duration::from_millis(600);
    let mut websocket = function(env!("CARGO_BIN_EXE_chat-websocket"), &region, &[]).await;
    let frame = socket("$default", "MESSAGE", Some(r#"{"action":"send","id":"a","message":"hi"}"#));
    let answer = websocket.invoke(&frame, hasty).await.unwrap();
    assert!(answer.took < hasty, "{answer:?}");
    assert_eq!(answer.body["body"], r#"{"error":"the connections table did not answer in time","action":"send","id":"a","again":true}"#);

    let records = json!([{
        "awsRegion": "eu-west-2", "eventID": "e", "eventName": "INSERT",
        "dynamodb": {"NewImage": {
            "id": {"S": "a"}, "ts": {"N": "1760000000123"}, "type": {"S": "message"}, "message": {"S": "hi"}, "source": {"S": "c"}, "region": {"S": "eu-west-2"},
        }, "SizeBytes": 100},
    }]);
    let mut stream = function(env!("CARGO_BIN_EXE_chat-stream"), &region, &[]).await;
    let answer = stream.invoke(&json!({"Records": records}), short).await.unwrap();
    assert!(answer.took < short, "{answer:?}");
    assert_eq!((answer.kind, &answer.body["errorMessage"]), (Kind::Error, &json!("the open sockets could not all be read")));
}

#[tokio::test]
async fn sockets_that_hang_cost_a_batch_no_more_than_its_invocation() {
    let short = Duration::from_millis(900);
    let region = Region::start("eu-west-2").await;
    region.connect("c1=").await;
    region.send("c1=", "a", "hi").await;
    region.sockets.behave("c1=", Behaviour::Hangs);
    let event = json!({"Records": region.table.stream(0)});
    let mut stream = function(env!("CARGO_BIN_EXE_chat-stream"), &region, &[]).await;
    let answer = stream.invoke(&event, short).await.unwrap();
    assert!(answer.took < short, "{answer:?}");
    assert_eq!(answer.kind, Kind::Response, "a socket that hangs is no reason to read the batch again: {answer:?}");
    let log = stream.stop().await.unwrap().join("\n");
    assert!(log.contains("batch pushed to 0 of 1 sockets"), "{log}");
}

#[tokio::test]
async fn a_function_that_lacks_a_variable_does_not_start_and_names_it() {
    let region = Region::start("eu-west-2").await;
    for (binary, variables) in [
        (env!("CARGO_BIN_EXE_chat-rest"), &chat::lambda::REQUIRED[..]),
        (env!("CARGO_BIN_EXE_chat-websocket"), &chat::lambda::REQUIRED[..]),
        (env!("CARGO_BIN_EXE_chat-stream"), &chat::lambda::REQUIRED_BY_STREAM[..]),
    ] {
        for variable in variables {
            let (status, lines) = function(binary, &region, &[(variable, "")]).await.ended().await.unwrap();
            let said: Value = serde_json::from_str(lines.last().unwrap()).unwrap();
            assert!(!status.success());
            assert_eq!(said["error"], format!("{variable} is not set"), "{said}");
        }
    }
    let (status, lines) =
        function(env!("CARGO_BIN_EXE_chat-rest"), &region, &[("AWS_LAMBDA_FUNCTION_NAME", "")]).await.ended().await.unwrap();
    assert!(!status.success() && lines[0].contains("AWS_LAMBDA_FUNCTION_NAME is not set: this is a Lambda function"), "{lines:?}");
}
