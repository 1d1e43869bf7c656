//! Measures functions as Lambda meets them: how long a process takes from its start to asking for its first event, and how much memory it has then and after
//! many events. `scripts/lambdas --measure` hands it the binaries and prints what it says.
//!
//! `measure-lambdas STARTS EVENTS FUNCTION=PATH…`, a function being one of those listed in [`EVENTS`].

#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use lambda::service::Function;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// How long an event may take. Long enough for every retry.
const WITHIN: Duration = Duration::from_secs(20);
const POLICY: &str = r#"{"service":"chat","regions":["eu-west-2","us-east-1"],"observers":["eu-west-2","us-east-1","us-west-2"]}"#;
const PROXY: &str = r#"{"issuer":"https://127.0.0.1:9","audience":"failover","keys":"https://127.0.0.1:9/keys","operators":["sre"],"form_secret":"0123456789abcdef0123456789abcdef"}"#;

/// A function that is measured: its name, and an event that it can answer.
type Measured = (&'static str, fn() -> Value);

/// The probe is not among those that get events: each of its invocations lasts a minute.
const EVENTS: [Measured; 7] = [
    ("chat-rest", || http("/health")),
    (
        "chat-websocket",
        || json!({ "requestContext": { "routeKey": "$default", "connectionId": "c1=", "stage": "live" }, "body": "{}", "isBase64Encoded": false }),
    ),
    ("chat-stream", || json!({ "Records": [] })),
    ("probe", || Value::Null),
    ("controller", || json!({ "source": "aws.events" })),
    ("gate", || http("/vote/eu-west-2")),
    ("dashboard", || http("/health")),
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match measure().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// An AWS that answers every call at once, and knows nothing: what is measured is the function and not the network.
async fn aws() -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 16 * 1024]).await;
                let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
            });
        }
    });
    Ok(format!("http://{address}"))
}

async fn measure() -> Result<(), Box<dyn Error>> {
    let aws = aws().await?;
    let variables = [&VARIABLES[..], &[("AWS_ENDPOINT_URL", aws.as_str()), ("CHAT_CONNECTIONS_ENDPOINT", aws.as_str())]].concat();
    let mut arguments = std::env::args().skip(1);
    let usage = "measure-lambdas STARTS EVENTS FUNCTION=PATH…";
    let starts: usize = arguments.next().and_then(|text| text.parse().ok()).filter(|starts| (1..=1000).contains(starts)).ok_or(usage)?;
    let events: usize = arguments.next().and_then(|text| text.parse().ok()).filter(|events| *events <= 100_000).ok_or(usage)?;
    let functions = arguments.map(|pair| pair.split_once('=').map(|(name, path)| (name.to_owned(), PathBuf::from(path))).ok_or(usage));
    let functions: Vec<(String, PathBuf)> = functions.collect::<Result<_, _>>()?;
    println!(
        "| function | zipped | unzipped | start → first `next`: fastest | p50 | slowest of {starts} | memory at first `next` | after {events} events |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (name, path) in functions {
        let (_, event) = EVENTS.into_iter().find(|(known, _)| *known == name).ok_or_else(|| format!("{name} is no function of ours"))?;
        let zipped =
            fs::metadata(path.parent().unwrap_or(&path).with_extension("zip")).map_or("–".to_owned(), |zip| megabytes(zip.len()));
        let unzipped = megabytes(fs::metadata(&path)?.len());
        let mut took = Vec::with_capacity(starts);
        let mut at_first = 0;
        for _ in 0..starts {
            let mut function = Function::start(&path, &variables).await?;
            took.push(function.ready().await?);
            at_first = at_first.max(function.resident_bytes()?);
            function.stop().await?;
        }
        took.sort_unstable();
        let after = if event().is_null() { "–".to_owned() } else { after(&path, &variables, &event(), events).await? };
        let [fastest, median, slowest] =
            [took[0], took[took.len() / 2], took[took.len() - 1]].map(|took| format!("{:.1} ms", took.as_secs_f64() * 1000.0));
        println!("| {name} | {zipped} | {unzipped} | {fastest} | {median} | {slowest} | {} | {after} |", megabytes(at_first));
    }
    Ok(())
}

/// The memory after so many events.
async fn after(path: &Path, variables: &[(&str, &str)], event: &Value, events: usize) -> Result<String, Box<dyn Error>> {
    let mut function = Function::start(path, variables).await?;
    for _ in 0..events {
        function.invoke(event, WITHIN).await?;
    }
    let resident = function.resident_bytes()?;
    function.stop().await?;
    Ok(megabytes(resident))
}

/// What any of the functions needs to start.
const VARIABLES: [(&str, &str); 13] = [
    ("CHAT_CONNECTIONS_TABLE", "connections"),
    ("CHAT_MESSAGES_TABLE", "messages"),
    ("CHAT_PROBE_SECRETS", "0123456789abcdef"),
    ("FAILOVER_API_NAME", "api.chat.test"),
    ("FAILOVER_DASHBOARD_DNS", "off"),
    ("FAILOVER_DASHBOARD_HOSTS", "function.test"),
    ("FAILOVER_DASHBOARD_PROXY", PROXY),
    ("FAILOVER_OBSERVERS", "eu-west-2,us-east-1,us-west-2"),
    ("FAILOVER_POLICY", POLICY),
    ("FAILOVER_PROBE_SECRET", "0123456789abcdef"),
    ("FAILOVER_REGIONS", "eu-west-2,us-east-1"),
    ("FAILOVER_SERVICE", "chat"),
    ("FAILOVER_WEBSOCKET_NAME", "api-ws.chat.test"),
];

fn http(path: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "headers": { "host": "function.test" },
        "requestContext": {
            "accountId": "111122223333", "apiId": "api", "domainName": "function.test", "domainPrefix": "function",
            "http": { "method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "measure" },
            "requestId": "r", "routeKey": "$default", "stage": "$default", "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1_767_225_600_000_u64,
        },
        "isBase64Encoded": false,
    })
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
