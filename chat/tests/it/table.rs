//! DynamoDB of one region: the real wire protocol in front of an in-process database, with calls that can be broken.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dynoxide::Database;
use dynoxide::actions::describe_stream::DescribeStreamRequest;
use dynoxide::actions::get_records::GetRecordsRequest;
use dynoxide::actions::get_shard_iterator::GetShardIteratorRequest;
use dynoxide::actions::list_streams::ListStreamsRequest;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

use crate::endpoint;

/// How a call is broken.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    InternalError,
    Throttled,
    Denied,
    Hangs,
    Garbled,
}

/// The database and the faults in front of it.
#[derive(Clone)]
pub(crate) struct Table {
    database: Database,
    pub(crate) address: SocketAddr,
    faults: Arc<Mutex<BTreeMap<&'static str, Fault>>>,
}

impl Table {
    pub(crate) async fn start() -> Self {
        let database = Database::memory().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let behind = listener.local_addr().unwrap();
        tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database.clone(), std::future::pending()));
        let faults = Arc::new(Mutex::new(BTreeMap::new()));
        let known = faults.clone();
        let address = endpoint::serve(move |request| answer(behind, known.clone(), request)).await;
        Self { database, address, faults }
    }

    /// Breaks a call by its name in the wire protocol, such as `PutItem`.
    pub(crate) fn break_call(&self, call: &'static str, fault: Fault) {
        self.faults.lock().unwrap().insert(call, fault);
    }

    /// The records of the messages table's stream after the first `skip`, as DynamoDB Streams gives them.
    pub(crate) fn stream(&self, skip: usize) -> Vec<Value> {
        let streams = self.database.list_streams(ListStreamsRequest::default()).unwrap().streams;
        let [stream] = streams.as_slice() else { panic!("one stream, not {}", streams.len()) };
        let stream_arn = stream.stream_arn.clone();
        let described =
            self.database.describe_stream(DescribeStreamRequest { stream_arn: stream_arn.clone(), ..Default::default() }).unwrap();
        let mut records = Vec::new();
        for shard in described.stream_description.shards {
            let request = GetShardIteratorRequest {
                stream_arn: stream_arn.clone(),
                shard_id: shard.shard_id,
                shard_iterator_type: "TRIM_HORIZON".to_owned(),
                ..Default::default()
            };
            let mut iterator = self.database.get_shard_iterator(request).unwrap().shard_iterator;
            while let Some(shard_iterator) = iterator.take() {
                let got = self.database.get_records(GetRecordsRequest { shard_iterator, limit: None }).unwrap();
                if got.records.is_empty() {
                    break;
                }
                records.extend(got.records.iter().map(|record| serde_json::to_value(record).unwrap()));
                iterator = got.next_shard_iterator;
            }
        }
        records.split_off(skip)
    }
}

async fn answer(behind: SocketAddr, faults: Arc<Mutex<BTreeMap<&'static str, Fault>>>, request: Request<Bytes>) -> Response<Full<Bytes>> {
    let target = request.headers()["x-amz-target"].to_str().unwrap();
    let call = target.rsplit('.').next().unwrap().to_owned();
    let fault = faults.lock().unwrap().get(call.as_str()).copied();
    match fault {
        None => forward(behind, request).await,
        Some(Fault::InternalError) => error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"),
        Some(Fault::Throttled) => error(StatusCode::BAD_REQUEST, "ProvisionedThroughputExceededException"),
        Some(Fault::Denied) => error(StatusCode::BAD_REQUEST, "AccessDeniedException"),
        Some(Fault::Garbled) => Response::new(Full::new("<html>".into())),
        Some(Fault::Hangs) => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError")
        }
    }
}

fn error(status: StatusCode, code: &str) -> Response<Full<Bytes>> {
    let body = serde_json::json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "arn:aws:dynamodb:secret"});
    Response::builder().status(status).body(Full::new(body.to_string().into())).unwrap()
}

async fn forward(behind: SocketAddr, request: Request<Bytes>) -> Response<Full<Bytes>> {
    let stream = TcpStream::connect(behind).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let (parts, body) = request.into_parts();
    let response = sender.send_request(Request::from_parts(parts, Full::new(body))).await.unwrap();
    let (parts, body) = response.into_parts();
    Response::from_parts(parts, Full::new(body.collect().await.unwrap().to_bytes()))
}
