//! Lambda's own side, small: starts a function's binary as Lambda does, hands it events over the runtime API, takes its answers. For tests and measurements;
//! nothing of it is deployed.
//!
//! It keeps Lambda's words (environment, headers, paths) and none of its patience: a function that is late is not stopped, its answer says how late it was.

use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

/// The ARN that every function is told.
pub const ARN: &str = "arn:aws:lambda:eu-west-2:111122223333:function:tested";
/// The trace that every invocation is told.
pub const TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
/// The environment that Lambda gives, but for the address of the runtime API and the credentials of the role, which are placeholders.
const ENVIRONMENT: [(&str, &str); 9] = [
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
    ("AWS_LAMBDA_FUNCTION_NAME", "tested"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/tested"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
    ("AWS_REGION", "eu-west-2"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
    ("POWERTOOLS_SERVICE_NAME", "tests"),
];

/// The most that an answer may have, as with Lambda.
const ANSWER_BYTES_MAX: usize = 6 << 20;
/// The most lines of its log that are kept of a function.
const LINES_MAX: usize = 10_000;
/// How long a function may take beyond what it was given, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);

/// A function that runs. Killed with its value.
#[derive(Debug)]
pub struct Function {
    process: Child,
    began: Instant,
    asked: watch::Receiver<Option<Instant>>,
    events: mpsc::Sender<Event>,
    answers: mpsc::Receiver<(Kind, Bytes)>,
    lines: Lines,
    number: u64,
    /// The runtime API and the readers of the log; they end with the function.
    tasks: JoinSet<()>,
}

type Lines = Arc<Mutex<Vec<String>>>;

#[derive(Debug)]
struct Event {
    id: String,
    ends: SystemTime,
    payload: String,
}

/// How an invocation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The function answered.
    Response,
    /// It failed; the answer is what Lambda is told.
    Error,
}

/// What came of an invocation.
#[derive(Debug)]
pub struct Answer {
    /// How it ended.
    pub kind: Kind,
    /// What the function said, `null` where that is no JSON.
    pub body: Value,
    /// From handing the event over to taking the answer.
    pub took: Duration,
}

impl Function {
    /// Starts `binary` with what Lambda sets and with `variables`, which may replace that; an empty value removes one.
    ///
    /// # Errors
    /// It cannot be started.
    pub async fn start(binary: impl AsRef<Path>, variables: &[(&str, &str)]) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let (events, waiting) = mpsc::channel(1);
        let (answering, answers) = mpsc::channel(1);
        let (asking, asked) = watch::channel(None);
        let api = Arc::new(Api { waiting: tokio::sync::Mutex::new(waiting), answering, asking });
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, api));

        let mut command = Command::new(binary.as_ref());
        command.env_clear().envs(ENVIRONMENT).env("AWS_LAMBDA_RUNTIME_API", address);
        for (name, value) in variables {
            if value.is_empty() {
                command.env_remove(name)
            } else {
                command.env(name, value)
            };
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let began = Instant::now();
        let mut process = command.spawn()?;
        let lines = Lines::default();
        if let Some(out) = process.stdout.take() {
            tasks.spawn(keep(out, Arc::clone(&lines)));
        }
        if let Some(error) = process.stderr.take() {
            tasks.spawn(keep(error, Arc::clone(&lines)));
        }
        Ok(Self { process, began, asked, events, answers, lines, number: 0, tasks })
    }

    /// Waits until it asks for its first event: how long that took since it was started.
    ///
    /// # Errors
    /// It ended instead, or takes for ever.
    pub async fn ready(&mut self) -> io::Result<Duration> {
        let mut asked = self.asked.clone();
        tokio::select! {
            asked = timeout(PATIENCE, asked.wait_for(Option::is_some)) => match asked.map(|asked| asked.ok().and_then(|at| *at)) {
                Ok(Some(at)) => Ok(at.duration_since(self.began)),
                Ok(None) => Err(self.failed("the runtime API is gone")),
                Err(_) => Err(self.failed("it asks for no event")),
            },
            status = self.process.wait() => Err(self.failed(&format!("it ended: {}", status?))),
        }
    }

    /// Hands it an event, with so much time until the invocation ends, and waits for the answer.
    ///
    /// # Errors
    /// It ended instead, or has not answered long after its time.
    pub async fn invoke(&mut self, event: &Value, within: Duration) -> io::Result<Answer> {
        self.ready().await?;
        self.number += 1;
        let event = Event { id: request_id(self.number), ends: SystemTime::now() + within, payload: event.to_string() };
        let began = Instant::now();
        self.events.send(event).await.map_err(|_| self.failed("the runtime API is gone"))?;
        let answer = tokio::select! {
            answer = timeout(within + PATIENCE, self.answers.recv()) => answer,
            status = self.process.wait() => return Err(self.failed(&format!("it ended: {}", status?))),
        };
        let took = began.elapsed();
        let (kind, body) = answer.ok().flatten().ok_or_else(|| self.failed("it does not answer"))?;
        Ok(Answer { kind, body: serde_json::from_slice(&body).unwrap_or_default(), took })
    }

    /// What it wrote so far, by line.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        kept(&self.lines).clone()
    }

    /// Its memory at present, in bytes, as far as it lies in RAM (Linux).
    ///
    /// # Errors
    /// The process is gone, or the system keeps no such account.
    pub fn resident_bytes(&self) -> io::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id().unwrap_or_default()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
        kilobytes.map(|kilobytes| kilobytes * 1024).ok_or_else(|| self.failed("VmRSS is not told"))
    }

    /// Waits until it ends by itself. How it did, and everything that it wrote.
    ///
    /// # Errors
    /// It does not end.
    pub async fn ended(mut self) -> io::Result<(ExitStatus, Vec<String>)> {
        let status = timeout(PATIENCE, self.process.wait()).await.map_err(|_| self.failed("it does not end"))??;
        Ok((status, self.rest().await))
    }

    /// Stops it. Everything that it wrote.
    ///
    /// # Errors
    /// It cannot be stopped.
    pub async fn stop(mut self) -> io::Result<Vec<String>> {
        self.process.kill().await?;
        Ok(self.rest().await)
    }

    /// The readers end when the process has; the runtime API never does.
    async fn rest(&mut self) -> Vec<String> {
        while self.tasks.len() > 1 && timeout(PATIENCE, self.tasks.join_next()).await.is_ok() {}
        self.lines()
    }

    fn failed(&self, why: &str) -> io::Error {
        io::Error::other(format!("{why}; its log:\n{}", self.lines().join("\n")))
    }
}

/// The id of the function's nth invocation, counted from 1.
#[must_use]
pub fn request_id(number: u64) -> String {
    format!("8476a536-e9f4-11e8-9739-{number:012}")
}

/// What the connections of the runtime API share.
struct Api {
    waiting: tokio::sync::Mutex<mpsc::Receiver<Event>>,
    answering: mpsc::Sender<(Kind, Bytes)>,
    asking: watch::Sender<Option<Instant>>,
}

async fn serve(listener: TcpListener, api: Arc<Api>) {
    let mut open = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let api = Arc::clone(&api);
        open.spawn(async move {
            let service = service_fn(|request| {
                let api = Arc::clone(&api);
                async move { Ok::<_, Infallible>(api.answer(request).await) }
            });
            // A function that was killed hangs up in the middle.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
        while open.try_join_next().is_some() {}
    }
}

impl Api {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        let path: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match (request.method(), path.as_slice()) {
            (&Method::GET, ["2018-06-01", "runtime", "invocation", "next"]) => self.next().await,
            (&Method::POST, ["2018-06-01", "runtime", "invocation", _, kind @ ("response" | "error")]) => {
                let kind = if *kind == "response" { Kind::Response } else { Kind::Error };
                match Limited::new(request.into_body(), ANSWER_BYTES_MAX).collect().await {
                    Ok(body) => {
                        // Nobody may wait any more.
                        let _ = self.answering.send((kind, body.to_bytes())).await;
                        plain(StatusCode::ACCEPTED)
                    }
                    Err(_) => plain(StatusCode::PAYLOAD_TOO_LARGE),
                }
            }
            _ => plain(StatusCode::NOT_FOUND),
        }
    }

    async fn next(&self) -> Response<Full<Bytes>> {
        self.asking.send_if_modified(|asked| asked.replace(asked.unwrap_or_else(Instant::now)).is_none());
        let Some(event) = self.waiting.lock().await.recv().await else { return std::future::pending().await };
        let ends = event.ends.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let next = Response::builder()
            .header("lambda-runtime-aws-request-id", event.id)
            .header("lambda-runtime-deadline-ms", ends.to_string())
            .header("lambda-runtime-invoked-function-arn", ARN)
            .header("lambda-runtime-trace-id", TRACE)
            .body(Full::from(event.payload));
        next.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR))
    }
}

fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

async fn keep(from: impl AsyncRead + Unpin, lines: Lines) {
    let mut from = BufReader::new(from).lines();
    while let Ok(Some(line)) = from.next_line().await {
        let mut lines = kept(&lines);
        if lines.len() < LINES_MAX {
            lines.push(line);
        }
    }
}

fn kept(lines: &Lines) -> MutexGuard<'_, Vec<String>> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}
