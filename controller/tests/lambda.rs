//! Both binaries as Lambda runs them: a process, the runtime API over HTTP, real events, a real HTTP SSM.

#![expect(clippy::unwrap_used, reason = "outside of test functions too, this is a test")]

#[path = "../../store/tests/documents/mod.rs"]
mod documents;
#[path = "../../store/tests/ssm/mod.rs"]
mod ssm;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use decision::{Vote, Votes};
use documents::{VOTES, london, store};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use ssm::{Fault, Ssm};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

/// A Lambda service for one function: hands out events one by one, and takes the answers.
struct Lambda {
    events: mpsc::Sender<Value>,
    answers: mpsc::Receiver<(String, Value)>,
    _process: Child,
}

type Waiting = Arc<Mutex<mpsc::Receiver<Value>>>;

async fn runtime_api(request: Request<Incoming>, waiting: Waiting, answers: mpsc::Sender<(String, Value)>) -> Response<Full<Bytes>> {
    if request.method() == Method::GET && request.uri().path() == "/2018-06-01/runtime/invocation/next" {
        let Some(event) = waiting.lock().await.recv().await else { std::future::pending().await };
        let next = Response::builder()
            .header("lambda-runtime-aws-request-id", "1")
            .header("lambda-runtime-deadline-ms", "4102444800000")
            .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-2:111122223333:function:failover");
        return next.body(Full::from(event.to_string())).unwrap();
    }
    let kind = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    answers.send((kind, serde_json::from_slice(&body).unwrap_or(Value::Null))).await.unwrap();
    Response::builder().status(202).body(Full::default()).unwrap()
}

impl Lambda {
    async fn start(binary: &str, ssm: &Ssm) -> Self {
        let (events, waiting) = mpsc::channel(8);
        let (answering, answers) = mpsc::channel(8);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api = listener.local_addr().unwrap();
        let waiting: Waiting = Arc::new(Mutex::new(waiting));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (waiting, answering) = (waiting.clone(), answering.clone());
                let service = service_fn(move |request| {
                    let (waiting, answering) = (waiting.clone(), answering.clone());
                    async move { Ok::<_, Infallible>(runtime_api(request, waiting, answering).await) }
                });
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        let policy = r#"{"service":"chat","regions":["eu-west-2","us-west-2"],"observers":["eu-west-2","us-west-2","eu-central-1"]}"#;
        let process = Command::new(binary)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", api.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "failover")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_REGION", "eu-west-2")
            .env("FAILOVER_SERVICE", "chat")
            .env("FAILOVER_POLICY", policy)
            .env("FAILOVER_ENDPOINTS", ["eu-west-2", "us-west-2", "eu-central-1"].map(|o| format!("{o}={}", ssm.endpoint())).join(","))
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { events, answers, _process: process }
    }

    /// The answer to one event: `response` or `error`, and what it says.
    async fn invoke(&mut self, event: Value) -> (String, Value) {
        self.events.send(event).await.unwrap();
        timeout(Duration::from_secs(30), self.answers.recv()).await.unwrap().unwrap()
    }
}

fn get(path: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": { "host": "gate.eu-west-2.failover.test", "user-agent": "Amazon-Route53-Health-Check-Service" },
        "requestContext": {
            "accountId": "111122223333", "apiId": "gate", "domainName": "gate.eu-west-2.failover.test", "domainPrefix": "gate",
            "http": { "method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "15.177.0.1", "userAgent": "" },
            "requestId": "1", "routeKey": "$default", "stage": "$default", "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1_767_225_600_000_u64
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
    let mut lambda = Lambda::start(env!("CARGO_BIN_EXE_controller"), &ssm).await;
    let change = json!({ "source": "aws.ssm", "detail-type": "Parameter Store Change", "detail": { "name": "/failover/chat/observed", "operation": "Update" } });
    assert_eq!(lambda.invoke(change).await, ("response".to_owned(), Value::Null));
    let first = stored(&ssm).unwrap();
    assert_eq!((&first.observer, first.regions.len()), (&london(), 2));

    ssm.with(|all| all.delete(VOTES));
    let schedule = json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} });
    assert_eq!(lambda.invoke(schedule).await.0, "response");
    assert!(stored(&ssm).is_some());
    assert_eq!(lambda.invoke(json!("anything")).await.0, "response");

    ssm.fault(Fault::Deny);
    let (kind, error) = lambda.invoke(json!({})).await;
    assert_eq!((kind.as_str(), &error["errorMessage"]), ("error", &json!("the last votes cannot be read")));
    ssm.fault(None);
    assert_eq!(lambda.invoke(json!({})).await.0, "response");
}

#[tokio::test]
async fn the_gate_answers_the_http_api() {
    let ssm = Ssm::start().await;
    let mut controller = Lambda::start(env!("CARGO_BIN_EXE_controller"), &ssm).await;
    let mut gate = Lambda::start(env!("CARGO_BIN_EXE_gate"), &ssm).await;
    assert_eq!(gate.invoke(get("/alive")).await.1["statusCode"], 503);
    controller.invoke(json!({})).await;
    let vote = store(&ssm, &london()).votes().await.unwrap().unwrap().regions.into_values().next().unwrap().vote;
    assert_eq!(vote, Vote::Serve);
    for (path, status, body) in [
        ("/vote/us-west-2", 200, "serve chat us-west-2\n"),
        ("/alive", 200, "alive chat\n"),
        ("/vote/eu-central-1", 404, "no such region\n"),
    ] {
        // The first answers may still come from before the controller ran, for up to the cache time.
        let mut answer = gate.invoke(get(path)).await.1;
        for _ in 0..100 {
            if answer["statusCode"] == status {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            answer = gate.invoke(get(path)).await.1;
        }
        assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(status), &json!(body)), "{path}: {answer}");
        assert_eq!(answer["headers"]["cache-control"], "no-store", "{answer}");
    }
}

#[tokio::test]
async fn outside_of_lambda_or_without_settings_they_say_what_is_missing() {
    for binary in [env!("CARGO_BIN_EXE_controller"), env!("CARGO_BIN_EXE_gate")] {
        let output = Command::new(binary).env_clear().output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!output.status.success() && said.contains("AWS_LAMBDA_RUNTIME_API is not set"), "{said}");
        let output = Command::new(binary).env_clear().env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9").output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!output.status.success() && said.contains("FAILOVER_POLICY is not set"), "{said}");
    }
}
