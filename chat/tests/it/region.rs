//! One region: its chat API, its DynamoDB, its sockets, and what API Gateway and Lambda do between them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_lambda_events::apigw::{
    ApiGatewayProxyResponse, ApiGatewayV2httpRequest, ApiGatewayV2httpResponse, ApiGatewayWebsocketProxyRequest,
};
use aws_lambda_events::dynamodb::Event;
use aws_lambda_events::encodings::Body;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region as AwsRegion};
use aws_smithy_http_client::Builder;
use chat::{Chat, Deadlines, Envelope, Settings, StreamReport, TICKET_HEADER, create_tables, sign};
use http::{HeaderValue, Method};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sockets::Sockets;
use crate::table::Table;

/// What signs the probes' tickets.
pub(crate) const SECRET: &str = "a secret of the tests";

/// One region.
pub(crate) struct Region {
    pub(crate) chat: Chat,
    pub(crate) table: Table,
    pub(crate) sockets: Sockets,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) settings: Settings,
    read: AtomicUsize,
}

impl Region {
    pub(crate) async fn start(name: &'static str) -> Self {
        let (table, sockets) = (Table::start().await, Sockets::start().await);
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "tests");
        let dynamodb = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(Builder::new().build_http())
            .credentials_provider(credentials.clone())
            .region(AwsRegion::new(name))
            .endpoint_url(format!("http://{}", table.address))
            .build();
        let connections = aws_sdk_apigatewaymanagement::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(Builder::new().build_http())
            .credentials_provider(credentials)
            .region(AwsRegion::new(name))
            .endpoint_url(format!("http://{}/stage", sockets.address))
            .build();
        let dynamodb = aws_sdk_dynamodb::Client::from_conf(dynamodb);
        let settings = Settings {
            region: name.to_owned(),
            messages_table: "messages".to_owned(),
            connections_table: "connections".to_owned(),
            probe_secrets: vec!["the next secret of the tests".to_owned(), SECRET.to_owned()],
        };
        create_tables(&dynamodb, &settings).await.unwrap();
        let chat = Chat::new(settings.clone(), dynamodb.clone(), aws_sdk_apigatewaymanagement::Client::from_conf(connections));
        // Longer than on AWS: many of these run at once, on few processors.
        let chat = chat.with_deadlines(Deadlines { table: Duration::from_secs(20), post: Duration::from_secs(20), ..Deadlines::default() });
        Self { chat, table, sockets, dynamodb, settings, read: AtomicUsize::new(0) }
    }

    pub(crate) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        let mut request = request(Method::GET, path);
        let query: HashMap<String, String> = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        request.query_string_parameters = query.into();
        self.chat.rest(request).await.into()
    }

    pub(crate) async fn history(&self, limit: usize) -> Envelope {
        let answer = self.get("/history", &[("limit", &limit.to_string())]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    pub(crate) async fn post_heartbeat(&self, ticket: Option<&str>, body: &str) -> Answer {
        let mut request = request(Method::POST, "/probe/table");
        if let Some(ticket) = ticket {
            request.headers.insert(TICKET_HEADER, ticket.parse().unwrap());
        }
        request.body = Some(body.to_owned());
        self.chat.rest(request).await.into()
    }

    /// A user's socket.
    pub(crate) async fn connect(&self, connection: &str) {
        assert_eq!(self.websocket("$connect", connection, None, None).await.status, 200);
    }

    /// A probe's socket.
    pub(crate) async fn connect_probe(&self, connection: &str, observer: &str) {
        assert_eq!(self.websocket("$connect", connection, Some(&ticket(observer)), None).await.status, 200);
    }

    pub(crate) async fn send(&self, connection: &str, id: &str, text: &str) -> Answer {
        self.frame(connection, &json!({"action": "send", "message": text, "id": id}).to_string()).await
    }

    pub(crate) async fn frame(&self, connection: &str, body: &str) -> Answer {
        self.websocket("send", connection, None, Some(body)).await
    }

    pub(crate) async fn websocket(&self, route: &str, connection: &str, ticket: Option<&str>, body: Option<&str>) -> Answer {
        self.chat.websocket(event(route, connection, ticket, body)).await.into()
    }

    /// Hands what the stream has gained to the stream reader, as Lambda would.
    pub(crate) async fn read_stream(&self) -> StreamReport {
        self.chat.stream(self.next_batch()).await
    }

    /// What the stream has gained since it was last read.
    pub(crate) fn next_batch(&self) -> Event {
        let records = self.table.stream(self.read.load(Ordering::Relaxed));
        self.read.fetch_add(records.len(), Ordering::Relaxed);
        serde_json::from_value(json!({ "Records": records })).unwrap()
    }

    /// Whether the connections table holds a socket.
    pub(crate) async fn knows(&self, connection: &str) -> bool {
        let key = aws_sdk_dynamodb::types::AttributeValue::S(connection.to_owned());
        let get = self.dynamodb.get_item().table_name(&self.settings.connections_table).key("connection_id", key);
        get.send().await.unwrap().item.is_some()
    }
}

/// A good ticket.
pub(crate) fn ticket(observer: &str) -> String {
    sign(SECRET, observer, Timestamp::from_second(Timestamp::now().as_second() + 60).unwrap())
}

pub(crate) fn request(method: Method, path: &str) -> ApiGatewayV2httpRequest {
    let mut request = ApiGatewayV2httpRequest::default();
    request.raw_path = Some(path.to_owned());
    request.request_context.http.method = method;
    request
}

pub(crate) fn event(route: &str, connection: &str, ticket: Option<&str>, body: Option<&str>) -> ApiGatewayWebsocketProxyRequest {
    let mut event = ApiGatewayWebsocketProxyRequest::default();
    event.request_context.route_key = Some(route.to_owned());
    event.request_context.connection_id = Some(connection.to_owned());
    if let Some(ticket) = ticket {
        event.headers.insert(TICKET_HEADER, HeaderValue::from_bytes(ticket.as_bytes()).unwrap());
    }
    event.body = body.map(str::to_owned);
    event
}

/// What came back, from either API.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: i64,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// The reason of a refusal.
    pub(crate) fn error(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{} is not JSON", self.body));
        body["error"].as_str().unwrap().to_owned()
    }
}

impl From<ApiGatewayV2httpResponse> for Answer {
    fn from(response: ApiGatewayV2httpResponse) -> Self {
        Self { status: response.status_code, headers: response.headers, body: text(response.body) }
    }
}

impl From<ApiGatewayProxyResponse> for Answer {
    fn from(response: ApiGatewayProxyResponse) -> Self {
        Self { status: response.status_code, headers: response.headers, body: text(response.body) }
    }
}

fn text(body: Option<Body>) -> String {
    match body {
        Some(Body::Text(text)) => text,
        None | Some(Body::Empty) => String::new(),
        Some(other) => panic!("{other:?} is not text"),
    }
}
