//! A tap between the SDK and a region of the world: passes every call on, and keeps what IAM would have seen of it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request as Asked, State};
use axum::response::Response;
use http::HeaderMap;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use super::iam::Request;
use crate::shipped::ACCOUNT;

/// The longest body of a call or an answer, in bytes.
const BODY_MAX: usize = 1024 * 1024;

/// What was called, gathered from all taps that share it.
pub(super) type Log = Arc<Mutex<BTreeSet<Request>>>;

#[derive(Clone)]
struct Tap {
    region: String,
    /// The WebSocket API's id and stage, for `@connections`.
    api: String,
    upstream: String,
    client: Client<HttpConnector, Body>,
    log: Log,
}

/// Taps a region's endpoint for as long as the runtime lives. Returns the address to give to the SDK instead.
pub(super) async fn tap(region: &str, api: &str, upstream: &str, log: &Log) -> String {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let tap = Tap {
        region: region.to_owned(),
        api: api.to_owned(),
        upstream: upstream.to_owned(),
        client: Client::builder(TokioExecutor::new()).build_http(),
        log: Arc::clone(log),
    };
    let router = Router::new().fallback(pass).with_state(tap);
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn pass(State(tap): State<Tap>, asked: Asked) -> Response {
    let (mut parts, body) = asked.into_parts();
    let body = to_bytes(body, BODY_MAX).await.unwrap();
    let path = parts.uri.path_and_query().unwrap().as_str().replace("%40", "@");
    let request =
        seen(&tap, &path, &parts.headers, &body).unwrap_or_else(|| panic!("{path} {:?}: not a call that is known", parts.headers));
    tap.log.lock().unwrap().insert(request);
    // The stage is API Gateway's own.
    let path = path.strip_prefix("/live").unwrap_or(&path);
    parts.uri = format!("{}{path}", tap.upstream).parse().unwrap();
    let answer = tap.client.request(http::Request::from_parts(parts, Body::from(body))).await.unwrap();
    answer.map(Body::new)
}

/// The call in IAM's words.
fn seen(tap: &Tap, path: &str, headers: &HeaderMap, body: &Bytes) -> Option<Request> {
    let region = &tap.region;
    let arn = |service: &str, resource: String| format!("arn:aws:{service}:{region}:{ACCOUNT}:{resource}");
    let requested = ("aws:RequestedRegion", vec![region.clone()]);
    let request = |action: String, resource: String, context: Vec<(&'static str, Vec<String>)>| {
        Some(Request { action, resource, context: context.into_iter().chain([requested.clone()]).collect() })
    };
    if let Some((api, _)) = path.split_once("/@connections/") {
        let stage = api.strip_prefix('/')?;
        return request(
            "execute-api:ManageConnections".to_owned(),
            arn("execute-api", format!("{}/{stage}/POST/@connections/it", tap.api)),
            vec![],
        );
    }
    if let Some((_, operation)) = path.split_once("/service/GraniteServiceVersion20100801/operation/") {
        assert!(!headers.contains_key("content-encoding"), "a compressed body cannot be read here");
        let body: ciborium::Value = ciborium::from_reader(&body[..]).ok()?;
        let field = |name: &str| body.as_map()?.iter().find(|(key, _)| key.as_text() == Some(name)).and_then(|(_, value)| value.as_text());
        return request(
            format!("cloudwatch:{operation}"),
            "*".to_owned(),
            vec![("cloudwatch:namespace", vec![field("Namespace")?.to_owned()])],
        );
    }
    let (service, operation) = headers.get("x-amz-target")?.to_str().ok()?.split_once('.')?;
    let body: Value = serde_json::from_slice(body).ok()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    match service {
        "AmazonSSM" => {
            let name = text("Name").or_else(|| text("Path"))?;
            // `name:7` is a version of it.
            let name = name.split(':').next()?;
            request(format!("ssm:{operation}"), arn("ssm", format!("parameter{name}")), vec![])
        }
        "DynamoDB_20120810" => {
            let index = text("IndexName").map(|index| format!("/index/{index}")).unwrap_or_default();
            let item = body.get("Item").or_else(|| body.get("Key"));
            let key = item.and_then(|item| item.get("id").or_else(|| item.get("connection_id"))).and_then(|key| key["S"].as_str());
            let leading = key.map(|key| ("dynamodb:LeadingKeys", vec![leading(key).to_owned()]));
            request(
                format!("dynamodb:{operation}"),
                arn("dynamodb", format!("table/{}{index}", text("TableName")?)),
                leading.into_iter().collect(),
            )
        }
        _ => None,
    }
}

/// Keys differ with every run; what matters is whose they are.
fn leading(key: &str) -> &'static str {
    if key.starts_with("heartbeat#") { HEARTBEAT } else { ROW }
}

/// Stands for every heartbeat's key.
pub(super) const HEARTBEAT: &str = "heartbeat#it";
/// Stands for every other key.
pub(super) const ROW: &str = "it";
