//! Both binaries as Lambda runs them: a process, the runtime API over HTTP, real events, a real HTTP SSM.

#![expect(clippy::unwrap_used, reason = "outside of test functions too, this is a test")]

#[path = "../../store/tests/documents/mod.rs"]
mod documents;
#[path = "../../store/tests/ssm/mod.rs"]
mod ssm;

use std::time::Duration;

use controller::config::{POLICY, REQUIRED};
use decision::{Vote, Votes};
use documents::{VOTES, london, store};
use lambda::service::{ARN, Answer, Function, Kind, request_id};
use serde_json::{Value, json};
use ssm::{Fault, Ssm};

/// What an ordinary invocation gets.
const WITHIN: Duration = Duration::from_secs(30);

async fn start(binary: &str, ssm: &Ssm, changed: &[(&str, &str)]) -> Function {
    let endpoints = ["eu-west-2", "us-west-2", "eu-central-1"].map(|observer| format!("{observer}={}", ssm.endpoint())).join(",");
    let policy = r#"{"service":"chat","regions":["eu-west-2","us-west-2"],"observers":["eu-west-2","us-west-2","eu-central-1"]}"#;
    let usual = [("FAILOVER_SERVICE", "chat"), (POLICY, policy), ("FAILOVER_ENDPOINTS", endpoints.as_str())];
    Function::start(binary, &[&usual, changed].concat()).await.unwrap()
}

async fn invoke(function: &mut Function, event: Value) -> Answer {
    function.invoke(&event, WITHIN).await.unwrap()
}

fn get(path: &str) -> Value {
    request("GET", path, "$default")
}

fn request(method: &str, path: &str, stage: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": { "host": "gate.eu-west-2.failover.test", "user-agent": "Amazon-Route53-Health-Check-Service" },
        "requestContext": {
            "accountId": "111122223333", "apiId": "gate", "domainName": "gate.eu-west-2.failover.test", "domainPrefix": "gate",
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "15.177.0.1", "userAgent": "" },
            "requestId": "1", "routeKey": "$default", "stage": stage, "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1_767_225_600_000_u64
        },
        "isBase64Encoded": false
    })
}

fn stored(ssm: &Ssm) -> Option<Votes> {
    ssm.with(|all| all.text(VOTES)).map(|text| serde_json::from_str(&text).unwrap())
}

#[tokio::test]
async fn the_controller_reconciles_on_any_event_and_fails_the_invocation_when_it_cannot() {
    let ssm = Ssm::start().await;
    let mut controller = start(env!("CARGO_BIN_EXE_controller"), &ssm, &[]).await;
    let change = json!({ "source": "aws.ssm", "detail-type": "Parameter Store Change", "detail": { "name": "/failover/chat/observed", "operation": "Update" } });
    let answer = invoke(&mut controller, change).await;
    assert_eq!((answer.kind, answer.body), (Kind::Response, Value::Null));
    let first = stored(&ssm).unwrap();
    assert_eq!((&first.observer, first.regions.len()), (&london(), 2));

    ssm.with(|all| all.delete(VOTES));
    let schedule = json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} });
    assert_eq!(invoke(&mut controller, schedule).await.kind, Kind::Response);
    assert!(stored(&ssm).is_some());
    assert_eq!(invoke(&mut controller, json!("anything")).await.kind, Kind::Response);

    ssm.fault(Fault::Deny);
    let answer = invoke(&mut controller, json!({})).await;
    assert_eq!((answer.kind, &answer.body["errorMessage"]), (Kind::Error, &json!("the last votes cannot be read")));
    ssm.fault(None);
    assert_eq!(invoke(&mut controller, json!({})).await.kind, Kind::Response);

    let log = controller.stop().await.unwrap();
    let told: Vec<Value> =
        log.iter().map(|line| serde_json::from_str(line).unwrap()).filter(|line: &Value| line["level"] == "ERROR").collect();
    assert_eq!(told.len(), 1, "a failure is one line: {told:?}");
    assert!(told[0]["message"].as_str().unwrap().starts_with("the last votes cannot be read: "), "with what is behind it: {}", told[0]);
    assert_eq!((&told[0]["function_request_id"], &told[0]["cold_start"]), (&json!(request_id(4)), &json!(false)));
    assert_eq!((&told[0]["function_arn"], &told[0]["service"]), (&json!(ARN), &json!("tests")));
}

#[tokio::test]
async fn the_gate_answers_the_http_api() {
    let ssm = Ssm::start().await;
    let mut controller = start(env!("CARGO_BIN_EXE_controller"), &ssm, &[]).await;
    let mut gate = start(env!("CARGO_BIN_EXE_gate"), &ssm, &[]).await;
    assert_eq!(invoke(&mut gate, get("/alive")).await.body["statusCode"], 503);
    invoke(&mut controller, json!({})).await;
    let vote = store(&ssm, &london()).votes().await.unwrap().unwrap().regions.into_values().next().unwrap().vote;
    assert_eq!(vote, Vote::Serve);
    for (path, status, body) in [
        ("/vote/us-west-2", 200, "serve chat us-west-2\n"),
        ("/alive", 200, "alive chat\n"),
        ("/vote/eu-central-1", 404, "no such region\n"),
    ] {
        // The first answers may still come from before the controller ran, for up to the cache time.
        let mut answer = invoke(&mut gate, get(path)).await.body;
        for _ in 0..100 {
            if answer["statusCode"] == status {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            answer = invoke(&mut gate, get(path)).await.body;
        }
        assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(status), &json!(body)), "{path}: {answer}");
        assert_eq!(answer["headers"]["cache-control"], "no-store", "{answer}");
    }
}

#[tokio::test]
async fn the_gate_takes_whatever_an_http_api_hands_over() {
    let ssm = Ssm::start().await;
    let mut controller = start(env!("CARGO_BIN_EXE_controller"), &ssm, &[]).await;
    invoke(&mut controller, json!({})).await;
    let mut gate = start(env!("CARGO_BIN_EXE_gate"), &ssm, &[]).await;
    let mut said = Vec::new();
    let mut ask = async |what: &str, event: Value| {
        let answer = invoke(&mut gate, event).await;
        assert_eq!(answer.kind, Kind::Response, "{what}: {answer:?}");
        assert_eq!(answer.body["isBase64Encoded"], false, "{what}: {answer:?}");
        said.push(format!("{what}: {} {}", answer.body["statusCode"], answer.body["body"]));
    };
    // The address of the API itself has the stage in its path, the name mapped to it has not.
    ask("stage in the path", request("GET", "/live/vote/us-west-2", "live")).await;
    ask("stage not in the path", request("GET", "/vote/us-west-2", "live")).await;
    ask("HEAD", request("HEAD", "/vote/us-west-2", "$default")).await;
    ask("POST", request("POST", "/vote/us-west-2", "$default")).await;
    // API Gateway has decoded the path.
    ask("a space", get("/vote/us west 2")).await;
    ask("another alphabet", get("/vote/\u{e9}\u{0}\u{1f600}")).await;
    ask("a question mark", get("/vote/us-west-2?x")).await;
    ask("dots", get("/vote/../vote/us-west-2")).await;
    ask("nothing", get("")).await;
    let mut query = get("/vote/us-west-2");
    query["rawQueryString"] = json!("a=%zz&b=\"\u{e9} <");
    ask("a query that is none", query).await;
    let mut host = get("/vote/us-west-2");
    host["headers"]["host"] = json!("[ a@b");
    ask("a host that is none", host).await;
    let mut body = get("/vote/us-west-2");
    body["body"] = json!("\u{e9}");
    body["isBase64Encoded"] = json!(true);
    ask("a body that is not base64", body).await;
    let mut body = request("GET", "/vote/us-west-2", "$default");
    body["body"] = json!("AP/+");
    body["isBase64Encoded"] = json!(true);
    body["cookies"] = json!(["a=1", "b=2"]);
    ask("a body of bytes, and cookies", body).await;
    insta::assert_snapshot!(said.join("\n"), @r#"
    stage in the path: 200 "serve chat us-west-2\n"
    stage not in the path: 200 "serve chat us-west-2\n"
    HEAD: 200 ""
    POST: 405 "only GET and HEAD\n"
    a space: 404 "no such region\n"
    another alphabet: 404 "no such region\n"
    a question mark: 200 "serve chat us-west-2\n"
    dots: 200 "serve chat us-west-2\n"
    nothing: 404 "not found\n"
    a query that is none: 200 "serve chat us-west-2\n"
    a host that is none: 200 "serve chat us-west-2\n"
    a body that is not base64: 200 "serve chat us-west-2\n"
    a body of bytes, and cookies: 200 "serve chat us-west-2\n"
    "#);
}

#[tokio::test]
async fn an_ssm_that_hangs_is_told_of_before_the_invocation_ends() {
    let ssm = Ssm::start().await;
    ssm.fault(Fault::Hang);
    let short = Duration::from_secs(2);
    let mut controller = start(env!("CARGO_BIN_EXE_controller"), &ssm, &[]).await;
    let answer = controller.invoke(&json!({}), short).await.unwrap();
    assert!(answer.took < short, "{answer:?}");
    assert_eq!((answer.kind, &answer.body["errorMessage"]), (Kind::Error, &json!("the last votes cannot be read")));

    let mut gate = start(env!("CARGO_BIN_EXE_gate"), &ssm, &[]).await;
    let answer = gate.invoke(&get("/vote/us-west-2"), short).await.unwrap();
    assert!(answer.took < short, "{answer:?}");
    assert_eq!((&answer.body["statusCode"], &answer.body["body"]), (&json!(503), &json!("no votes yet\n")));
    // One that has less time than a read may take, and has never tried.
    let mut gate = start(env!("CARGO_BIN_EXE_gate"), &ssm, &[]).await;
    let hasty = Duration::from_millis(700);
    let answer = gate.invoke(&get("/vote/us-west-2"), hasty).await.unwrap();
    assert!(answer.took < hasty, "{answer:?}");
    assert_eq!(answer.body["statusCode"], 503);
    assert!(answer.body["body"].as_str().unwrap().starts_with("not done within"), "{answer:?}");
}

#[tokio::test]
async fn without_settings_they_say_what_is_missing() {
    let ssm = Ssm::start().await;
    for binary in [env!("CARGO_BIN_EXE_controller"), env!("CARGO_BIN_EXE_gate")] {
        let (status, lines) = start(binary, &ssm, &[("AWS_LAMBDA_FUNCTION_NAME", "")]).await.ended().await.unwrap();
        assert!(!status.success() && lines[0].contains("AWS_LAMBDA_FUNCTION_NAME is not set: this is a Lambda function"), "{lines:?}");
        for missing in REQUIRED {
            let (status, lines) = start(binary, &ssm, &[(missing, "")]).await.ended().await.unwrap();
            let said: Value = serde_json::from_str(&lines[0]).unwrap();
            // Where the region is not set either, the observer is what is missing.
            let missing = if missing == "AWS_REGION" { "FAILOVER_OBSERVER" } else { missing };
            assert!(!status.success());
            assert_eq!(said["error"], format!("{missing} is not set"), "{said}");
        }
    }
}
