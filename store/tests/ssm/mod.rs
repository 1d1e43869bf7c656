//! A small SSM Parameter Store over real HTTP (awsJson1.1) for tests, with everything that can go wrong on the way.
//!
//! Only PutParameter, GetParameter, GetParametersByPath and GetParameterHistory, as AWS documents them: versions from 1,
//! 100 of them kept, `name:version`, ten parameters and fifty versions a page, 4 KB, no `{{…}}`. No signatures, no encryption.

#![expect(dead_code, unreachable_pub, clippy::unwrap_used, reason = "shared by test files, of which each uses a part")]

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// What is done to a call instead of answering it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `ThrottlingException`, not done.
    Throttle,
    /// `AccessDeniedException`, not done.
    Deny,
    /// `ExpiredTokenException`, not done.
    Expired,
    /// `ParameterLimitExceeded`, not done.
    Quota,
    /// 500, not done.
    Error,
    /// 500, done all the same.
    ErrorAfter,
    /// Never answered, not done.
    Hang,
    /// Never answered, done.
    HangAfter,
    /// The connection is cut when the body has been read, not done.
    Cut,
    /// The connection is cut when the body has been read, done.
    CutAfter,
    /// 200 with something that is not of the protocol, not done.
    Junk,
}

type Hook = Box<dyn FnOnce(&mut Parameters) + Send>;

/// Every version of every parameter: number and text. Its clock moves on by a second with every write.
#[derive(Debug, Default)]
pub struct Parameters {
    versions: BTreeMap<String, Vec<Version>>,
    writes: u32,
}

#[derive(Debug)]
struct Version {
    number: i64,
    text: String,
    /// Seconds since 1970.
    stored_at: f64,
}

/// When the first write is stored, in seconds since 1970.
pub const FIRST_STORED_AT: f64 = 1_767_225_600.125;

impl Parameters {
    /// Writes as PutParameter with `Overwrite` would.
    pub fn put(&mut self, name: &str, text: &str) -> i64 {
        let stored_at = FIRST_STORED_AT + f64::from(self.writes);
        self.writes += 1;
        let versions = self.versions.entry(name.to_owned()).or_default();
        let number = versions.last().map_or(1, |version| version.number + 1);
        versions.push(Version { number, text: text.to_owned(), stored_at });
        if versions.len() > 100 {
            versions.remove(0);
        }
        number
    }

    /// Deletes the parameter with all its versions.
    pub fn delete(&mut self, name: &str) {
        self.versions.remove(name);
    }

    /// The text that stands.
    pub fn text(&self, name: &str) -> Option<String> {
        self.versions.get(name)?.last().map(|version| version.text.clone())
    }

    /// Every text it ever had, oldest first.
    pub fn texts(&self, name: &str) -> Vec<String> {
        self.versions.get(name).map(|versions| versions.iter().map(|version| version.text.clone()).collect()).unwrap_or_default()
    }
}

#[derive(Default)]
struct State {
    parameters: Parameters,
    /// For every call while set.
    fault: Option<Fault>,
    /// For the next writes, one each.
    next_puts: VecDeque<Option<Fault>>,
    /// Run just before the next writes are done, one each.
    before_puts: VecDeque<Hook>,
    /// Each call waits a random time up to this, before and after it is done.
    lag: Option<(Duration, fastrand::Rng)>,
    calls: Vec<String>,
}

/// A running server.
pub struct Ssm {
    addr: SocketAddr,
    state: Arc<Mutex<State>>,
    accepting: Option<tokio::task::JoinHandle<()>>,
}

impl Ssm {
    /// Starts one on a free port.
    pub async fn start() -> Self {
        let mut ssm = Self { addr: ([127, 0, 0, 1], 0).into(), state: Arc::default(), accepting: None };
        ssm.listen().await;
        ssm
    }

    /// Listens, again if it was stopped: on the same port, with what it had stored.
    pub async fn listen(&mut self) {
        let listener = TcpListener::bind(self.addr).await.unwrap();
        self.addr = listener.local_addr().unwrap();
        let state = self.state.clone();
        self.accepting = Some(tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let state = state.clone();
                connections.spawn(async move {
                    let service = service_fn(move |request| answer(state.clone(), request));
                    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
                while connections.try_join_next().is_some() {}
            }
        }));
    }

    /// Cuts every connection and refuses new ones.
    pub async fn stop(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
            let _ = accepting.await;
        }
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// What happens to every call from here on.
    pub fn fault(&self, fault: impl Into<Option<Fault>>) {
        self.state().fault = fault.into();
    }

    /// What happens to the next writes, one each. `None` is a normal answer.
    pub fn next_puts(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        self.state().next_puts.extend(faults);
    }

    /// Runs just before the next write that has none yet is done: another writer that is a moment faster.
    pub fn before_put<T>(&self, hook: impl FnOnce(&mut Parameters) -> T + Send + 'static) {
        self.state().before_puts.push_back(Box::new(move |parameters| {
            hook(parameters);
        }));
    }

    /// From here on each call takes a random time, drawn from this seed.
    pub fn lag(&self, longest: Duration, seed: u64) {
        self.state().lag = Some((longest, fastrand::Rng::with_seed(seed)));
    }

    /// The parameters, to look at or to change behind everybody's back.
    pub fn with<T>(&self, look: impl FnOnce(&mut Parameters) -> T) -> T {
        look(&mut self.state().parameters)
    }

    /// How many calls of this operation came in, whatever became of them.
    pub fn calls(&self, operation: &str) -> usize {
        self.state().calls.iter().filter(|call| *call == operation).count()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl Drop for Ssm {
    fn drop(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
        }
    }
}

/// Ends the connection without an answer.
#[derive(Debug)]
struct Gone;

impl std::fmt::Display for Gone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("gone")
    }
}

impl std::error::Error for Gone {}

async fn answer(state: Arc<Mutex<State>>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Gone> {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = target.strip_prefix("AmazonSSM.").unwrap_or_default().to_owned();
    let body = request.into_body().collect().await.map_err(|_| Gone)?.to_bytes();
    let input: Value = serde_json::from_slice(&body).map_err(|_| Gone)?;

    let (fault, before, after) = {
        let mut state = state.lock().unwrap();
        state.calls.push(operation.clone());
        let scripted = if operation == "PutParameter" { state.next_puts.pop_front().flatten() } else { None };
        let mut wait = || state.lag.as_mut().map(|(longest, rng)| longest.mul_f64(rng.f64())).unwrap_or_default();
        let (before, after) = (wait(), wait());
        (scripted.or(state.fault), before, after)
    };
    tokio::time::sleep(before).await;
    let done = matches!(fault, None | Some(Fault::ErrorAfter | Fault::HangAfter | Fault::CutAfter));
    let output = if done { perform(&mut state.lock().unwrap(), &operation, &input) } else { Ok(Value::Null) };
    tokio::time::sleep(after).await;

    match fault {
        None => Ok(output.map_or_else(|(code, message)| refusal(400, code, message), |output| reply(200, &output.to_string()))),
        Some(Fault::Throttle) => Ok(refusal(400, "ThrottlingException", "Rate exceeded")),
        Some(Fault::Deny) => Ok(refusal(400, "AccessDeniedException", "User is not authorized to perform this")),
        Some(Fault::Expired) => Ok(refusal(400, "ExpiredTokenException", "The security token is expired")),
        Some(Fault::Quota) => Ok(refusal(400, "ParameterLimitExceeded", "Too many parameters")),
        Some(Fault::Error | Fault::ErrorAfter) => Ok(refusal(500, "InternalServerError", "An error occurred on the server side")),
        Some(Fault::Junk) => Ok(reply(200, "<html>welcome to the hotel</html>")),
        Some(Fault::Cut | Fault::CutAfter) => Err(Gone),
        Some(Fault::Hang | Fault::HangAfter) => {
            let forever: Pin<Box<dyn Future<Output = Infallible> + Send>> = Box::pin(std::future::pending());
            match forever.await {}
        }
    }
}

fn reply(status: u16, body: &str) -> Response<Full<Bytes>> {
    let response = Response::builder().status(status).header("content-type", "application/x-amz-json-1.1");
    response.body(Full::new(Bytes::from(body.to_owned()))).unwrap()
}

fn refusal(status: u16, code: &str, message: &str) -> Response<Full<Bytes>> {
    reply(status, &json!({ "__type": code, "message": message }).to_string())
}

type Refusal = (&'static str, &'static str);

fn perform(state: &mut State, operation: &str, input: &Value) -> Result<Value, Refusal> {
    match operation {
        "PutParameter" => {
            if let Some(hook) = state.before_puts.pop_front() {
                hook(&mut state.parameters);
            }
            put(&mut state.parameters, input)
        }
        "GetParameter" => get(&state.parameters, input),
        "GetParametersByPath" => by_path(&state.parameters, input),
        "GetParameterHistory" => history(&state.parameters, input),
        _ => Err(("UnknownOperationException", "no such operation")),
    }
}

fn text<'a>(input: &'a Value, field: &str) -> Result<&'a str, Refusal> {
    input[field].as_str().ok_or(("ValidationException", "a required field is missing"))
}

fn put(parameters: &mut Parameters, input: &Value) -> Result<Value, Refusal> {
    let (name, value) = (text(input, "Name")?, text(input, "Value")?);
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_.-".contains(&b)) {
        return Err(("ValidationException", "Parameter name: only a mix of letters, numbers and .-_/"));
    }
    if value.is_empty() || value.len() > 4096 {
        return Err(("ValidationException", "Standard tier parameters support a maximum parameter value of 4096 characters."));
    }
    if value.find("{{").is_some_and(|open| value[open..].contains("}}")) {
        return Err(("ValidationException", "Parameter value can't nest another parameter."));
    }
    if input["Type"] != "String" || input["Tier"] != "Standard" {
        return Err(("ValidationException", "this stand-in stores standard strings"));
    }
    if parameters.versions.contains_key(name) && input["Overwrite"] != Value::Bool(true) {
        return Err(("ParameterAlreadyExists", "The parameter already exists."));
    }
    Ok(json!({ "Version": parameters.put(name, value), "Tier": "Standard" }))
}

fn shown(name: &str, version: &Version) -> Value {
    let Version { number, text, stored_at } = version;
    json!({ "Name": name, "Type": "String", "Value": text, "Version": number, "DataType": "text", "LastModifiedDate": stored_at })
}

fn get(parameters: &Parameters, input: &Value) -> Result<Value, Refusal> {
    let asked = text(input, "Name")?;
    let (name, wanted) = asked.split_once(':').map_or((asked, None), |(name, version)| (name, Some(version.parse::<i64>())));
    let versions = parameters.versions.get(name).ok_or(("ParameterNotFound", ""))?;
    let found = match wanted {
        None => versions.last(),
        Some(wanted) => versions.iter().find(|version| wanted.as_ref() == Ok(&version.number)),
    };
    let version = found.ok_or(("ParameterVersionNotFound", "no such version"))?;
    Ok(json!({ "Parameter": shown(name, version) }))
}

/// A page of at most `most` items, and the token of the next one: its offset.
fn page(items: Vec<Value>, input: &Value, most: usize) -> Result<Value, Refusal> {
    let size = input["MaxResults"].as_u64().map_or(most, |n| n.try_into().unwrap_or(usize::MAX));
    if size == 0 || size > most {
        return Err(("ValidationException", "maxResults is out of range"));
    }
    let from: usize = input["NextToken"].as_str().map_or(Ok(0), str::parse).map_err(|_| ("InvalidNextToken", "no such token"))?;
    let next = (from + size < items.len()).then(|| (from + size).to_string());
    let items: Vec<Value> = items.into_iter().skip(from).take(size).collect();
    Ok(json!({ "Parameters": items, "NextToken": next }))
}

fn by_path(parameters: &Parameters, input: &Value) -> Result<Value, Refusal> {
    let path = format!("{}/", text(input, "Path")?.trim_end_matches('/'));
    let below = parameters.versions.iter().filter(|(name, _)| name.strip_prefix(&path).is_some_and(|rest| !rest.contains('/')));
    let items = below.filter_map(|(name, versions)| versions.last().map(|version| shown(name, version)));
    page(items.collect(), input, 10)
}

fn history(parameters: &Parameters, input: &Value) -> Result<Value, Refusal> {
    let name = text(input, "Name")?;
    let versions = parameters.versions.get(name).ok_or(("ParameterNotFound", ""))?;
    page(versions.iter().map(|version| shown(name, version)).collect(), input, 50)
}
