//! Every AWS call that each function makes, recorded while the real code runs against the world's AWS: every path of it that ends in another call.
//!
//! A function's settings are those that the template gives it, so that tables, names and regions are the deployed ones.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayWebsocketProxyRequest};
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use chat::Chat;
use controller::{Controller, Gate};
use dashboard::{Auth, Clock, Dashboard, Role};
use decision::{IntentKind, Policy, RegionName};
use jiff::{SignedDuration, Timestamp};
use probe::{Probe, Runner};
use serde_json::{Value, json};
use store::intent::Wanted;
use store::{Observers, Store};
use template::{Deployment, Stack};
use tokio_util::sync::{CancellationToken, DropGuard};
use world::aws::AwsRegion;
use world::fault::Faults;
use world::speed::Speed;

use super::http::Browser;
use super::iam::Request;
use super::wire::{Log, tap};
use crate::shipped::{DOMAIN, known};

/// Long enough for any step, here.
const SOON: Duration = Duration::from_secs(30);
/// The role of people who may drain.
pub(super) const OPERATORS: &str = "operators";

/// What each function calls, by the function's logical name; [`OPERATORS`] is what people's tools do.
pub(super) type Calls = BTreeMap<&'static str, BTreeSet<Request>>;

/// The AWS of all observers, on loopback.
struct Aws {
    regions: BTreeMap<String, AwsRegion>,
    stack: Stack,
    policy: Policy,
    _stop: DropGuard,
}

/// Runs everything once in the first region of a deployment.
pub(super) async fn recorded(deployment: &Deployment) -> Calls {
    let aws = Aws::start(deployment).await;
    let mut calls = Calls::new();
    calls.extend(aws.chat().await);
    calls.insert("Probe", aws.probe().await);
    let (controller, operators) = aws.controller_and_operators().await;
    calls.insert("Controller", controller);
    calls.insert("Gate", aws.gate().await);
    calls.insert("Dashboard", aws.dashboard().await);
    calls.insert(OPERATORS, operators);
    calls
}

fn name(region: &str) -> RegionName {
    RegionName::new(region).unwrap()
}

impl Aws {
    async fn start(deployment: &Deployment) -> Self {
        let stop = CancellationToken::new();
        let mut regions = BTreeMap::new();
        for stack in &deployment.regional {
            let settings = world::aws::Settings {
                region: name(&stack.region),
                ip: [127, 0, 0, 1].into(),
                port: 0,
                chat_port: 0,
                state: None,
                faults: Faults::default(),
                speed: Speed::default(),
                stop: stop.clone(),
            };
            regions.insert(stack.region.clone(), AwsRegion::start(settings).await.unwrap());
        }
        let stack = deployment.regional[0].clone();
        let policy = controller::config::Settings::read(|variable| environment(&stack, "Controller", variable)).unwrap().policy;
        Self { regions, stack, policy, _stop: stop.drop_guard() }
    }

    fn own(&self) -> RegionName {
        name(&self.stack.region)
    }

    /// A tap on every region, all into one log.
    async fn tapped(&self) -> (BTreeMap<String, String>, Log) {
        let log: Log = Arc::new(Mutex::new(BTreeSet::new()));
        let endpoint = environment(&self.stack, "Broadcast", chat::lambda::CONNECTIONS_ENDPOINT).unwrap();
        let api = endpoint.trim_start_matches("https://").split('.').next().unwrap().to_owned();
        let mut taps = BTreeMap::new();
        for (region, aws) in &self.regions {
            taps.insert(region.clone(), tap(region, &api, &aws.endpoint(), &log).await);
        }
        (taps, log)
    }

    fn observers(&self, taps: &BTreeMap<String, String>) -> Observers {
        let shared = aws_config::SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
        let store = |observer: &RegionName| {
            let client = store::ssm_client(&shared, observer, Some(&taps[observer.as_str()]));
            Store::new(self.policy.service().clone(), observer.clone(), client)
        };
        Observers::new(self.policy.observers().iter().map(store).collect())
    }

    async fn chat(&self) -> Calls {
        let read =
            |function: &'static str| chat::Settings::from_lookup(move |variable| environment(&self.stack, function, variable)).unwrap();
        let direct = self.regions[&self.stack.region].endpoint();
        chat::create_tables(&dynamodb(&self.stack.region, &direct), &read("History")).await.unwrap();
        let mut calls = Calls::new();
        // In an order in which each finds what it needs.
        for function in ["Health", "History", "Connect", "Send", "Broadcast", "Disconnect"] {
            let (taps, log) = self.tapped().await;
            let endpoint = &taps[&self.stack.region];
            let connections = aws_sdk_apigatewaymanagement::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new(self.stack.region.clone()))
                .credentials_provider(Credentials::new("it", "it", None, None, "the world checks no signatures"))
                .http_client(aws_smithy_http_client::Builder::new().build_http())
                .endpoint_url(format!("{endpoint}/live"))
                .build();
            let connections = aws_sdk_apigatewaymanagement::Client::from_conf(connections);
            let settings = read(function);
            let table = settings.messages_table.clone();
            let chat = Chat::new(settings, dynamodb(&self.stack.region, endpoint), connections);
            match function {
                "Health" => assert_eq!(rest(&chat, "GET", "/health", None).await, 200),
                "History" => {
                    let ticket = self.ticket(function);
                    assert_eq!(rest(&chat, "GET", "/history", None).await, 200);
                    for _ in 0..2 {
                        assert_eq!(rest(&chat, "POST", "/probe/table", Some(&ticket)).await, 200);
                    }
                }
                "Connect" => {
                    assert_eq!(websocket(&chat, "$connect", "person", None, None).await, 200);
                    let ticket = self.ticket(function);
                    assert_eq!(websocket(&chat, "$connect", "probe", Some(&ticket), None).await, 200);
                }
                "Send" => {
                    let send = |id: &str, text: &str| json!({ "action": "send", "id": id, "message": text }).to_string();
                    // New, known already, taken by another, of a probe, and of nobody who is known.
                    for (who, id, text, status) in [
                        ("person", "a-1", "hi", 200),
                        ("person", "a-1", "hi", 200),
                        ("person", "a-1", "ho", 409),
                        ("probe", "a-2", "hi", 200),
                        ("nobody", "a-3", "hi", 410),
                    ] {
                        assert_eq!(websocket(&chat, "$default", who, None, Some(send(id, text))).await, status, "{who} {id} {text}");
                    }
                }
                "Broadcast" => {
                    let rows = dynamodb(&self.stack.region, &direct).scan().table_name(table).send().await.unwrap();
                    let report = chat.stream(inserted(rows.items())).await;
                    assert!(report.gone > 0, "nobody is connected, and those who were are forgotten: {report:?}");
                }
                _ => assert_eq!(websocket(&chat, "$disconnect", "person", None, None).await, 200),
            }
            calls.insert(function, log.lock().unwrap().clone());
        }
        calls
    }

    fn ticket(&self, function: &str) -> String {
        let secrets = environment(&self.stack, function, chat::PROBE_SECRETS).unwrap();
        chat::sign(secrets.split(',').next().unwrap(), &self.stack.region, Timestamp::now() + SignedDuration::from_secs(60))
    }

    async fn probe(&self) -> BTreeSet<Request> {
        let (taps, log) = self.tapped().await;
        let mut settings = probe::Settings::from_environment(|variable| environment(&self.stack, "Probe", variable)).unwrap();
        // Nobody is there, which is all that the calls to AWS need.
        for target in &mut settings.targets {
            (target.rest, target.websocket) = ("http://127.0.0.1:1".to_owned(), "ws://127.0.0.1:1".to_owned());
        }
        settings.public_names.clear();
        settings.pace = settings.pace.at_speed(20.0);
        let store = self.observers(&taps).get(&self.own()).unwrap().clone();
        let metrics = aws_sdk_cloudwatch::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.stack.region.clone()))
            .credentials_provider(Credentials::new("it", "it", None, None, "the world checks no signatures"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(&taps[&self.stack.region])
            .build();
        let mut runner = Runner::start(Probe::new(settings).unwrap(), store, Some(aws_sdk_cloudwatch::Client::from_conf(metrics))).await;
        let mut seen = runner.seen();
        let twice = async {
            for _ in 0..2 {
                seen.changed().await.unwrap();
            }
        };
        let ran = tokio::time::timeout(SOON, runner.rounds(twice)).await.expect("two rounds");
        assert!(ran.rounds >= 2, "{ran:?}");
        drop(runner);
        log.lock().unwrap().clone()
    }

    /// The controller decides before, while and after an operator drains a region.
    async fn controller_and_operators(&self) -> (BTreeSet<Request>, BTreeSet<Request>) {
        let (taps, log) = self.tapped().await;
        let (operators_taps, operators_log) = self.tapped().await;
        let (observers, operators) = (self.observers(&taps), self.observers(&operators_taps));
        let drained = self.policy.regions().iter().next().unwrap().clone();
        let controller = Controller::new(self.policy.clone(), self.own(), observers);
        let began = Timestamp::now();
        controller.reconcile(began).await.unwrap();

        for store in operators.iter() {
            store.rehearse_intent().await.unwrap();
        }
        operators.observed().await;
        let reading = operators.read(self.policy.majority(), Timestamp::now).await;
        let wanted = Wanted {
            service: self.policy.service().clone(),
            region: drained.clone(),
            kind: IntentKind::Drain,
            actor: "ana".to_owned(),
            reason: "a story".to_owned(),
            ticket: None,
            length: SignedDuration::from_hours(1),
            overrides: vec![],
        };
        let drain = wanted.document("a-story".to_owned(), reading.generation() + 1, Timestamp::now());
        store::intent::record(&operators, &self.policy, &drain, Timestamp::now).await.unwrap();

        for minute in 1..4 {
            controller.reconcile(began + SignedDuration::from_mins(minute)).await.unwrap();
        }
        operators.histories(self.policy.regions(), true).await;
        (log.lock().unwrap().clone(), operators_log.lock().unwrap().clone())
    }

    async fn gate(&self) -> BTreeSet<Request> {
        let (taps, log) = self.tapped().await;
        let gate = Gate::new(self.policy.clone(), self.observers(&taps).get(&self.own()).unwrap().clone(), Timestamp::now)
            .cached_for(Duration::ZERO);
        let browser = Browser::at(gate.router()).await;
        for path in [format!("/vote/{}", self.stack.region), "/vote/us-east-9".to_owned(), "/alive".to_owned(), "/v1/votes".to_owned()] {
            browser.get(&path).await;
        }
        log.lock().unwrap().clone()
    }

    /// Every page and every address of the API is read, and an operator holds a region.
    async fn dashboard(&self) -> BTreeSet<Request> {
        let (taps, log) = self.tapped().await;
        let mut browser = Browser::listening().await;
        let dashboard = Dashboard::new(dashboard::Settings {
            policy: self.policy.clone(),
            names: dashboard::Names { api: format!("api.{DOMAIN}"), websocket: format!("api-ws.{DOMAIN}") },
            observers: self.observers(&taps),
            dns: None,
            here: self.stack.region.clone(),
            auth: Auth::loopback("ana", Role::Operator).unwrap(),
            hosts: dashboard::loopback_hosts(browser.address()),
            clock: Clock::system(),
            pace: dashboard::Pace::default(),
        });
        browser.serve(dashboard.router());
        browser.sign_in(&dashboard.guard().sign_in_path().unwrap()).await;
        let (drained, region) = (self.policy.regions().iter().next().unwrap(), self.policy.regions().iter().last().unwrap());
        let pages = [
            "/".to_owned(),
            "/log".to_owned(),
            format!("/regions/{region}"),
            format!("/regions/{drained}/progress"),
            format!("/regions/{region}/drain"),
            "/metrics".to_owned(),
        ];
        let api =
            ["session", "status", "overview", "log", "openapi.json", &format!("regions/{region}"), &format!("regions/{drained}/progress")]
                .map(|path| format!("/api/v1/{path}"));
        for path in pages.iter().chain(&api) {
            let (status, body) = browser.get(path).await;
            assert!(status < 400, "{path}: {status} {body}");
        }
        let session: Value = serde_json::from_str(&browser.get("/api/v1/session").await.1).unwrap();
        let path = format!("/api/v1/regions/{region}/hold");
        let preview: Value = serde_json::from_str(&browser.get(&path).await.1).unwrap();
        let mut fields = json!({ "reason": "a story", "for": "1h", "confirm": region });
        for field in ["generation", "seen", "key"] {
            fields[field] = preview["fields"][field].clone();
        }
        let (status, body) = browser.post(&path, session["csrf"].as_str().unwrap(), &fields).await;
        assert_eq!(status, 200, "{body}");
        log.lock().unwrap().clone()
    }
}

/// What a function reads from its environment, as deployed.
fn environment(stack: &Stack, function: &str, variable: &str) -> Option<String> {
    if variable == "AWS_REGION" {
        return Some(stack.region.clone());
    }
    let given = stack.resources[function].properties["Environment"].get("Variables")?.get(variable)?;
    known(stack, given).text()?.literal().map(str::to_owned)
}

fn dynamodb(region: &str, endpoint: &str) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .credentials_provider(Credentials::new("it", "it", None, None, "the world checks no signatures"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint)
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

async fn rest(chat: &Chat, method: &str, path: &str, ticket: Option<&str>) -> i64 {
    let mut request = ApiGatewayV2httpRequest::default();
    request.raw_path = Some(path.to_owned());
    request.request_context.http.method = method.parse().unwrap();
    if let Some(ticket) = ticket {
        request.headers.insert(chat::TICKET_HEADER, ticket.parse().unwrap());
        request.body = Some(json!({ "nonce": format!("{:?}", Timestamp::now()) }).to_string());
    }
    chat.rest(request).await.status_code
}

async fn websocket(chat: &Chat, route: &str, connection: &str, ticket: Option<&str>, body: Option<String>) -> i64 {
    let mut request = ApiGatewayWebsocketProxyRequest::default();
    request.body = body;
    request.request_context.route_key = Some(route.to_owned());
    request.request_context.connection_id = Some(connection.to_owned());
    if let Some(ticket) = ticket {
        request.headers.insert(chat::TICKET_HEADER, ticket.parse().unwrap());
    }
    chat.websocket(request).await.status_code
}

/// A batch of the stream in which all these rows are new.
fn inserted(rows: &[std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>]) -> aws_lambda_events::dynamodb::Event {
    use aws_sdk_dynamodb::types::AttributeValue::{N, S};
    let attribute = |value: &aws_sdk_dynamodb::types::AttributeValue| match value {
        S(text) => json!({ "S": text }),
        N(number) => json!({ "N": number }),
        other => panic!("{other:?}"),
    };
    let records = rows.iter().map(|row| {
        let image: serde_json::Map<String, Value> = row.iter().map(|(name, value)| (name.clone(), attribute(value))).collect();
        json!({
            "eventID": "1", "eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "eu-west-1",
            "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/chat-messages/stream/2026-01-01T00:00:00.000",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_767_225_600, "Keys": { "id": image["id"].clone() }, "NewImage": image,
                "SequenceNumber": "1", "SizeBytes": 1, "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        })
    });
    serde_json::from_value(json!({ "Records": records.collect::<Vec<_>>() })).unwrap()
}
