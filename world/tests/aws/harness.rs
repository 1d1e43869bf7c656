//! Regions to test against, clients for them, and waiting with a deadline.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use aws_sdk_ssm::config::{BehaviorVersion, Credentials, Region as SdkRegion};
use aws_smithy_http_client::Builder;
use chat::Chat;
use decision::RegionName;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error as WireError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tokio_util::sync::CancellationToken;
use world::aws::{AwsRegion, Settings, replicate};
use world::fault::{Component, Faults};
use world::gateway::{self, Gateway};
use world::speed::Speed;

/// Longer than anything here takes; a test that waits this long has failed.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);
pub(crate) const MESSAGES: &str = "messages";
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

pub(crate) fn name(raw: &str) -> RegionName {
    RegionName::new(raw).unwrap()
}

/// Settings of a region on any port.
pub(crate) fn settings(region: &str, state: Option<&Path>, faults: &Faults, stop: &CancellationToken) -> Settings {
    Settings {
        region: name(region),
        ip: HERE,
        port: 0,
        chat_port: 0,
        state: state.map(Path::to_owned),
        faults: faults.clone(),
        speed: Speed::new(10.0).unwrap(),
        stop: stop.clone(),
    }
}

/// One region's AWS alone.
pub(crate) async fn alone(region: &str) -> (AwsRegion, Faults, CancellationToken) {
    let (faults, stop) = (Faults::default(), CancellationToken::new());
    let aws = AwsRegion::start(settings(region, None, &faults, &stop)).await.unwrap();
    (aws, faults, stop)
}

macro_rules! client {
    ($name:ident, $sdk:ident) => {
        pub(crate) fn $name(endpoint: &str, region: &str) -> $sdk::Client {
            let config = $sdk::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(SdkRegion::new(region.to_owned()))
                .credentials_provider(Credentials::new("test", "test", None, None, "test"))
                .http_client(Builder::new().build_http())
                .retry_config($sdk::config::retry::RetryConfig::disabled())
                .endpoint_url(endpoint)
                .build();
            $sdk::Client::from_conf(config)
        }
    };
}

client!(ssm, aws_sdk_ssm);
client!(cloudwatch, aws_sdk_cloudwatch);
client!(dynamodb, aws_sdk_dynamodb);
client!(connections, aws_sdk_apigatewaymanagement);

/// A region with the chat in it.
pub(crate) struct Served {
    pub(crate) aws: AwsRegion,
    pub(crate) gateway: Gateway,
}

impl Served {
    pub(crate) fn addr(&self) -> SocketAddr {
        self.gateway.addr()
    }

    pub(crate) fn table(&self) -> aws_sdk_dynamodb::Client {
        dynamodb(&self.aws.chat_endpoint(), self.aws.region().as_str())
    }
}

/// Regions with the chat in each, replicated; ended when dropped.
pub(crate) struct Regions {
    pub(crate) served: Vec<Served>,
    pub(crate) faults: Faults,
    stop: CancellationToken,
}

impl Drop for Regions {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Regions {
    pub(crate) async fn start(names: &[&str]) -> Self {
        Self::at_speed(names, 10.0).await
    }

    pub(crate) async fn at_speed(names: &[&str], speed: f64) -> Self {
        let speed = Speed::new(speed).unwrap();
        let (faults, stop) = (Faults::default(), CancellationToken::new());
        let mut served = Vec::new();
        for region in names {
            let aws = AwsRegion::start(Settings { speed, ..settings(region, None, &faults, &stop) }).await.unwrap();
            let settings = chat::Settings {
                region: (*region).to_owned(),
                messages_table: MESSAGES.to_owned(),
                connections_table: "connections".to_owned(),
                probe_secrets: vec![SECRET.to_owned()],
            };
            let table = dynamodb(&aws.chat_endpoint(), region);
            chat::create_tables(&table, &settings).await.unwrap();
            // Long, so that a busy machine is not mistaken for a failing table.
            let patient = chat::Deadlines { table: DEADLINE, post: DEADLINE, batch: DEADLINE };
            let chat = Chat::new(settings, table, connections(&aws.chat_endpoint(), region)).with_deadlines(patient);
            aws.read_stream(MESSAGES, chat.clone());
            let gateway = gateway::Settings {
                region: name(region),
                ip: HERE,
                port: 0,
                chat,
                sockets: aws.sockets(),
                faults: faults.clone(),
                speed,
                stop: stop.clone(),
            };
            served.push(Served { gateway: Gateway::start(gateway).await.unwrap(), aws });
        }
        let all: Vec<AwsRegion> = served.iter().map(|served| served.aws.clone()).collect();
        replicate(&all, MESSAGES);
        Self { served, faults, stop }
    }

    pub(crate) fn break_(&self, at: usize, component: Component) {
        self.faults.set(self.served[at].aws.region(), component, true);
    }

    pub(crate) fn heal(&self, at: usize, component: Component) {
        self.faults.set(self.served[at].aws.region(), component, false);
    }
}

/// A chat client.
pub(crate) struct User(pub(crate) WebSocketStream<MaybeTlsStream<TcpStream>>);

impl User {
    pub(crate) async fn join(addr: SocketAddr) -> Self {
        Self::try_join(addr, None).await.unwrap()
    }

    pub(crate) async fn try_join(addr: SocketAddr, ticket: Option<&str>) -> Result<Self, WireError> {
        let mut request = format!("ws://{addr}/").into_client_request()?;
        if let Some(ticket) = ticket {
            request.headers_mut().insert(chat::TICKET_HEADER, ticket.parse().unwrap());
        }
        let joined = tokio::time::timeout(DEADLINE, tokio_tungstenite::connect_async(request)).await.expect("a handshake takes too long");
        joined.map(|(socket, _)| Self(socket))
    }

    pub(crate) async fn send(&mut self, id: &str) {
        let frame = serde_json::json!({ "action": "send", "id": id, "message": format!("text of {id}") });
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// The next frame, as JSON. `None` when the socket ended.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            match tokio::time::timeout(DEADLINE, self.0.next()).await.expect("nothing came") {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(text.as_str()).unwrap()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Ids in the order they came, until all of these came and then for `longer`.
    pub(crate) async fn ids(&mut self, count: usize, longer: Duration) -> Vec<String> {
        let mut ids = Vec::new();
        let mut wait = DEADLINE;
        while let Ok(Some(Ok(frame))) = tokio::time::timeout(wait, self.0.next()).await {
            if let Message::Text(text) = frame {
                let frame: Value = serde_json::from_str(text.as_str()).unwrap();
                let messages = frame["messages"].as_array().unwrap_or_else(|| panic!("not an envelope: {frame}"));
                ids.extend(messages.iter().map(|message| message["id"].as_str().unwrap().to_owned()));
            }
            if ids.len() >= count {
                wait = longer;
            }
        }
        ids
    }
}

/// One request on a connection of its own. `None` when the connection was refused or ended without an answer.
pub(crate) async fn http(addr: SocketAddr, head: &str, body: &[u8]) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(addr).await.ok()?;
    let head = format!("{head}\r\nhost: api.chat.test\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(body).await.ok()?;
    let mut answer = Vec::new();
    tokio::time::timeout(DEADLINE, stream.read_to_end(&mut answer)).await.expect("no answer in time").ok()?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    Some((status, answer.split_once("\r\n\r\n")?.1.to_owned()))
}

pub(crate) async fn get(addr: SocketAddr, path: &str) -> Option<(u16, String)> {
    http(addr, &format!("GET {path} HTTP/1.1"), b"").await
}

/// Waits until something holds.
pub(crate) async fn eventually<F, Fut>(what: &str, mut holds: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    let until = tokio::time::Instant::now() + DEADLINE;
    while !holds().await {
        assert!(tokio::time::Instant::now() < until, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Every version of a parameter that is kept, oldest first.
pub(crate) async fn history(client: &aws_sdk_ssm::Client, name: &str) -> Vec<(i64, String)> {
    let mut pages = client.get_parameter_history().name(name).into_paginator().send();
    let mut entries = Vec::new();
    while let Some(page) = pages.next().await {
        entries.extend(page.unwrap().parameters().iter().map(|entry| (entry.version(), entry.value().unwrap().to_owned())));
    }
    entries
}
