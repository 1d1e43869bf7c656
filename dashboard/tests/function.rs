//! The binary as Lambda runs it: behind an HTTP API and behind a load balancer, signed in by neither, and never late.

#![expect(clippy::unwrap_used, reason = "outside of test functions too, this is a test")]

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dashboard::deployed::{API, DNS, ENDPOINTS, HOSTS, POLICY, PROXY, REQUIRED, SERVICE, WEBSOCKET};
use lambda::service::{Function, Kind, request_id};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What an ordinary invocation gets.
const WITHIN: Duration = Duration::from_secs(30);
const HOST: &str = "ops.example.test";

/// Something that takes connections and never says a word: an identity provider, an SSM.
async fn silence() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

async fn start(silent: &str, changed: &[(&str, &str)]) -> Function {
    let observers = ["eu-west-2", "us-west-2", "eu-central-1"];
    let endpoints = observers.map(|observer| format!("{observer}=http://{silent}")).join(",");
    let keys = format!("https://{silent}/keys");
    let proxy = json!({ "issuer": "https://idp.example", "audience": "failover", "keys": keys, "operators": ["sre"], "form_secret": "0123456789abcdef0123456789abcdef" });
    let (policy, proxy) =
        (json!({ "service": "chat", "regions": ["eu-west-2", "us-west-2"], "observers": observers }).to_string(), proxy.to_string());
    let usual = [
        (SERVICE, "chat"),
        (POLICY, policy.as_str()),
        (ENDPOINTS, endpoints.as_str()),
        (API, "api.chat.test"),
        (WEBSOCKET, "api-ws.chat.test"),
        (HOSTS, HOST),
        (PROXY, proxy.as_str()),
        (DNS, "off"),
    ];
    Function::start(env!("CARGO_BIN_EXE_dashboard"), &[&usual, changed].concat()).await.unwrap()
}

/// A request as an HTTP API hands it over, payload 2.0.
fn request(method: &str, path: &str, headers: Value) -> Value {
    let mut all = json!({ "host": HOST, "x-forwarded-proto": "https" });
    all.as_object_mut().unwrap().extend(headers.as_object().unwrap().clone());
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "headers": all,
        "requestContext": {
            "accountId": "111122223333", "apiId": "dashboard", "domainName": HOST, "domainPrefix": "ops",
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "" },
            "requestId": "1", "routeKey": "$default", "stage": "$default", "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1_767_225_600_000_u64
        },
        "isBase64Encoded": false
    })
}

#[tokio::test]
async fn it_answers_as_a_page_does_and_lets_nobody_in_without_a_token() {
    let (_listener, silent) = silence().await;
    let mut dashboard = start(&silent, &[]).await;
    let mut said = Vec::new();
    let mut ask = async |what: &str, event: Value| {
        let answer = dashboard.invoke(&event, WITHIN).await.unwrap();
        assert_eq!(answer.kind, Kind::Response, "{what}: {answer:?}");
        let body = answer.body["body"].as_str().unwrap_or_default();
        let kind = answer.body["headers"]["content-type"].as_str().unwrap_or("-");
        said.push(format!(
            "{what}: {} {kind} base64 {} cookies {}",
            answer.body["statusCode"], answer.body["isBase64Encoded"], answer.body["cookies"]
        ));
        body.to_owned()
    };
    ask("health", request("GET", "/health", json!({}))).await;
    assert!(ask("style", request("GET", "/static/style.css", json!({}))).await.contains('{'));
    assert!(ask("icon", request("GET", "/static/good.svg", json!({}))).await.starts_with("<svg"));
    ask("another host", request("GET", "/", json!({ "host": "evil.test" }))).await;
    ask("nobody", request("GET", "/", json!({}))).await;
    let mut form = request("POST", "/regions/eu-west-2/drain", json!({ "content-type": "application/x-www-form-urlencoded" }));
    form["body"] = json!("AP/+");
    form["isBase64Encoded"] = json!(true);
    form["cookies"] = json!(["a=1", "b=2"]);
    ask("bytes from nobody", form).await;
    ask("no such page", request("GET", "/nowhere", json!({}))).await;
    // A load balancer has its own kind of event.
    let balanced = json!({
        "requestContext": { "elb": { "targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-2:111122223333:targetgroup/ops/1" } },
        "httpMethod": "GET", "path": "/health", "queryStringParameters": {}, "headers": { "host": HOST, "x-forwarded-proto": "https" }, "body": "", "isBase64Encoded": false
    });
    ask("a load balancer", balanced).await;
    insta::assert_snapshot!(said.join("\n"), @"
    health: 200 text/plain; charset=utf-8 base64 false cookies []
    style: 200 text/css; charset=utf-8 base64 false cookies []
    icon: 200 image/svg+xml base64 false cookies []
    another host: 421 text/plain; charset=utf-8 base64 false cookies []
    nobody: 401 text/plain; charset=utf-8 base64 false cookies []
    bytes from nobody: 401 text/plain; charset=utf-8 base64 false cookies []
    no such page: 401 text/plain; charset=utf-8 base64 false cookies []
    a load balancer: 200 text/plain; charset=utf-8 base64 false cookies null
    ");
}

#[tokio::test]
async fn an_identity_provider_that_hangs_is_told_of_before_the_invocation_ends() {
    let (_listener, silent) = silence().await;
    let mut dashboard = start(&silent, &[]).await;
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let token =
        [part(json!({ "alg": "ES256", "kid": "unknown" })), part(json!({ "sub": "ana" })), URL_SAFE_NO_PAD.encode([7; 64])].join(".");
    let short = Duration::from_secs(2);
    for number in 1..=2 {
        let event = request("GET", "/", json!({ "authorization": format!("Bearer {token}") }));
        let answer = dashboard.invoke(&event, short).await.unwrap();
        assert!(answer.took < short, "{number}: {answer:?}");
        let status = answer.body["statusCode"].as_i64().unwrap();
        assert!([401, 503].contains(&status), "{answer:?}");
    }
    let lines: Vec<Value> = dashboard.stop().await.unwrap().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let cold = |id: &str| {
        lines.iter().filter(|line| line["function_request_id"] == id).map(|line| line["cold_start"].as_bool().unwrap()).collect::<Vec<_>>()
    };
    assert!(cold(&request_id(1)).iter().all(|cold| *cold) && cold(&request_id(2)).iter().all(|cold| !cold), "{lines:?}");
    assert!(lines.iter().all(|line| line["service"] == "tests" && line["function_name"] == "tested"), "{lines:?}");
}

#[tokio::test]
async fn without_settings_it_says_what_is_missing() {
    let (_listener, silent) = silence().await;
    for missing in REQUIRED {
        let (status, lines) = start(&silent, &[(missing, "")]).await.ended().await.unwrap();
        let said: Value = serde_json::from_str(&lines[0]).unwrap();
        assert!(!status.success());
        assert_eq!(said["error"], format!("{missing} is not set"), "{said}");
    }
}
