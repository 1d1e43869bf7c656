//! The three binaries as Lambda runs them: started with an environment, handed events by the runtime API.

use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::endpoint;
use crate::region::Region;
use crate::sockets::Sockets;
use crate::table::{Fault, Table};

/// How long a function may take to start and answer, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);

/// Lambda's runtime API with one event to give away.
#[derive(Clone, Default)]
struct RuntimeApi(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    event: Option<Value>,
    /// What was posted, by the last part of its path: `response`, or `error`.
    outcome: Option<(String, Value)>,
}

impl RuntimeApi {
    async fn answer(self, request: Request<Bytes>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        if request.method() == Method::GET {
            assert_eq!(path, "/2018-06-01/runtime/invocation/next");
            let event = self.0.lock().unwrap().event.take();
            let Some(event) = event else {
                // A frozen function: there is no second event.
                sleep(PATIENCE).await;
                return Response::new(Full::default());
            };
            let deadline = jiff::Timestamp::now().as_millisecond() + 30_000;
            return Response::builder()
                .header("lambda-runtime-aws-request-id", "request-1")
                .header("lambda-runtime-deadline-ms", deadline.to_string())
                .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-2:000000000000:function:chat")
                .body(Full::new(event.to_string().into()))
                .unwrap();
        }
        let outcome = path.rsplit('/').next().unwrap().to_owned();
        self.0.lock().unwrap().outcome = Some((outcome, serde_json::from_slice(request.body()).unwrap_or_default()));
        Response::builder().status(StatusCode::ACCEPTED).body(Full::default()).unwrap()
    }
}

/// A function with the whole environment that Lambda and a deployment give it.
fn function(binary: &str, runtime: &str, table: &Table, sockets: &Sockets) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().kill_on_drop(true).stdout(Stdio::piped()).stderr(Stdio::piped()).envs([
        ("AWS_LAMBDA_RUNTIME_API", runtime),
        ("AWS_LAMBDA_FUNCTION_NAME", "chat"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "group"),
        ("AWS_REGION", "eu-west-2"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("CHAT_MESSAGES_TABLE", "messages"),
        ("CHAT_CONNECTIONS_TABLE", "connections"),
    ]);
    command.env("AWS_ENDPOINT_URL", format!("http://{}", table.address));
    command.env("CHAT_CONNECTIONS_ENDPOINT", format!("http://{}/stage", sockets.address));
    command
}

/// Runs a function until it has answered one event. Returns what it answered and what it logged.
async fn invoke(binary: &str, region: &Region, event: Value) -> ((String, Value), String) {
    let api = RuntimeApi::default();
    api.0.lock().unwrap().event = Some(event);
    let serving = api.clone();
    let address = endpoint::serve(move |request| serving.clone().answer(request)).await;
    let mut child = function(binary, &address.to_string(), &region.table, &region.sockets).spawn().unwrap();
    let answered = timeout(PATIENCE, async {
        loop {
            if let Some(outcome) = api.0.lock().unwrap().outcome.take() {
                return outcome;
            }
            sleep(Duration::from_millis(10)).await;
        }
    });
    let outcome = answered.await.expect("the function answers");
    let output = stop(&mut child).await;
    (outcome, String::from_utf8(output).unwrap())
}

/// Stops a function and returns what it wrote to its standard output.
async fn stop(child: &mut Child) -> Vec<u8> {
    use tokio::io::AsyncReadExt as _;
    child.start_kill().unwrap();
    let mut written = Vec::new();
    timeout(PATIENCE, child.stdout.take().unwrap().read_to_end(&mut written)).await.unwrap().unwrap();
    timeout(PATIENCE, child.wait()).await.unwrap().unwrap();
    written
}

async fn start_without(binary: &str, variable: &str) -> Output {
    let (table, sockets) = (Table::start().await, Sockets::start().await);
    let mut command = function(binary, "127.0.0.1:9", &table, &sockets);
    command.env_remove(variable);
    timeout(PATIENCE, command.output()).await.unwrap().unwrap()
}

#[tokio::test]
async fn the_rest_function_answers_an_http_api() {
    let region = Region::start("eu-west-2").await;
    region.connect("c1").await;
    region.send("c1", "a", "hi").await;
    let event = json!({
        "version": "2.0", "routeKey": "GET /history", "rawPath": "/history", "rawQueryString": "limit=1",
        "headers": {"accept": "*/*", "host": "api.chat.example"}, "queryStringParameters": {"limit": "1"},
        "requestContext": {
            "accountId": "000000000000", "apiId": "api", "domainName": "api.chat.example", "domainPrefix": "api",
            "http": {"method": "GET", "path": "/history", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "tests"},
            "requestId": "r", "routeKey": "GET /history", "stage": "$default", "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1767225600000_i64,
        },
        "isBase64Encoded": false,
    });
    let ((outcome, answer), log) = invoke(env!("CARGO_BIN_EXE_chat-rest"), &region, event).await;
    assert_eq!((outcome.as_str(), &answer["statusCode"]), ("response", &json!(200)), "{log}");
    assert_eq!(answer["headers"]["access-control-allow-origin"], "*");
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["messages"][0]["message"], "hi");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["message"] == "chat API of eu-west-2 starts"), "{log}");
}

#[tokio::test]
async fn the_websocket_function_answers_a_websocket_api() {
    let region = Region::start("eu-west-2").await;
    let event = json!({
        "headers": {"Host": "api-ws.chat.example"}, "multiValueHeaders": {"Host": ["api-ws.chat.example"]},
        "requestContext": {
            "routeKey": "$connect", "eventType": "CONNECT", "extendedRequestId": "e", "requestTime": "01/Jan/2026:00:00:00 +0000",
            "messageDirection": "IN", "stage": "prod", "connectedAt": 1767225600000_i64, "requestTimeEpoch": 1767225600000_i64,
            "identity": {"sourceIp": "192.0.2.1"}, "requestId": "r", "domainName": "api-ws.chat.example", "connectionId": "c1=", "apiId": "api",
        },
        "isBase64Encoded": false,
    });
    let ((outcome, answer), log) = invoke(env!("CARGO_BIN_EXE_chat-websocket"), &region, event).await;
    assert_eq!((outcome.as_str(), &answer["statusCode"]), ("response", &json!(200)), "{log}");
    assert!(region.knows("c1=").await);
}

#[tokio::test]
async fn the_stream_function_takes_a_batch_or_asks_for_it_again() {
    let region = Region::start("eu-west-2").await;
    region.connect("c1=").await;
    region.send("c1=", "a", "hi").await;
    let event = json!({"Records": region.table.stream(0)});
    let ((outcome, _), log) = invoke(env!("CARGO_BIN_EXE_chat-stream"), &region, event.clone()).await;
    assert_eq!(outcome, "response", "{log}");
    assert_eq!(region.sockets.texts("c1="), ["hi"]);

    region.table.break_call("Scan", Fault::InternalError);
    let ((outcome, answer), log) = invoke(env!("CARGO_BIN_EXE_chat-stream"), &region, event).await;
    assert_eq!(outcome, "error", "{log}");
    assert_eq!(answer["errorMessage"], "the open sockets could not all be read");
}

#[tokio::test]
async fn a_function_that_lacks_a_variable_does_not_start_and_names_it() {
    for (binary, variable) in [
        (env!("CARGO_BIN_EXE_chat-rest"), "CHAT_MESSAGES_TABLE"),
        (env!("CARGO_BIN_EXE_chat-websocket"), "CHAT_CONNECTIONS_TABLE"),
        (env!("CARGO_BIN_EXE_chat-stream"), "CHAT_CONNECTIONS_ENDPOINT"),
    ] {
        let output = start_without(binary, variable).await;
        assert!(!output.status.success(), "{binary}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(variable), "{said}");
    }
}
