//! Every call that a function makes is allowed by its role, and nothing else is: the roles of the templates against calls of the real code.
//!
//! What a role needs is recorded (`calls`), what it is allowed is computed (`iam`), and both are compared over everything that could be asked
//! for (`universe`). `sources` sees to it that no call stands in the code without having been recorded.

mod calls;
mod http;
mod iam;
mod sources;
mod universe;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use template::{Deployment, Stack, Value};

use crate::shipped::{ACCOUNT, MESSAGES, deployment, known, shape};
use calls::{OPERATORS, recorded};
use iam::{Request, Statement, allowed, statements};
use sources::Operations;
use universe::{ELSEWHERE, Universe};

const FUNCTIONS: [&str; 10] =
    ["Health", "History", "Connect", "Send", "Broadcast", "Disconnect", "Probe", "Controller", "Gate", "Dashboard"];

/// A role as deployed, and what it needs.
#[derive(Clone)]
struct Role {
    name: &'static str,
    statements: Vec<Statement>,
    needed: BTreeSet<Request>,
}

impl Role {
    /// What it needs and may not.
    fn missing(&self) -> Vec<&Request> {
        self.needed.iter().filter(|request| !allowed(&self.statements, request)).collect()
    }

    /// What it may and does not need, among what `asked` holds for.
    fn excess<'a>(&'a self, universe: &'a Universe, asked: impl Fn(&Request) -> bool) -> Vec<&'a Request> {
        let needless = |request: &&Request| {
            asked(request)
                && allowed(&self.statements, request)
                && !self.needed.contains(*request)
                && accepted(self.name, request).is_none()
        };
        universe.requests().filter(needless).collect()
    }
}

/// What a role may besides what it calls, and why that is meant.
fn accepted(role: &str, request: &Request) -> Option<&'static str> {
    let own = request.resource.contains(":parameter/failover/chat/") && !request.resource.contains(&format!(":{ELSEWHERE}:"));
    match (role, request.action.as_str()) {
        (OPERATORS | "Dashboard", "ssm:GetParameter" | "ssm:GetParameterHistory") if own => {
            Some("people may look at all that is kept about their service")
        }
        ("Dashboard", "ssm:PutParameter") if own && request.resource.ends_with("/intents/doctor/rehearsal") => {
            Some("doctor rehearses below the intents, and no pattern takes it out")
        }
        (OPERATORS, action) if DOCTOR.contains(&action) => Some("doctor reads, and most of what it reads cannot be narrowed to resources"),
        _ => None,
    }
}

/// What `failover doctor` and `failover init` read beside SSM.
const DOCTOR: [&str; 15] = [
    "acm:DescribeCertificate",
    "acm:ListCertificates",
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplate",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    "cloudwatch:ListMetrics",
    "dynamodb:DescribeTable",
    "route53:GetAccountLimit",
    "route53:GetHostedZone",
    "route53:ListHealthChecks",
    "route53:ListHostedZones",
    "route53:ListResourceRecordSets",
    "servicequotas:GetAWSDefaultServiceQuota",
    "servicequotas:GetServiceQuota",
];

/// What Lambda itself does in a function's name: writes its log, reads the stream for it, keeps what it could not process.
fn by_lambda(stack: &Stack, function: &str) -> Vec<Request> {
    let region = stack.region.as_str();
    let request = |action: &str, resource: String| Request {
        action: action.to_owned(),
        resource,
        context: [("aws:RequestedRegion", vec![region.to_owned()])].into(),
    };
    let of = |resource: &str, attribute: &str| {
        let asked = template::Attribute { resource: resource.to_owned(), name: attribute.to_owned() };
        known(stack, &Value::Text(asked.into())).literal().unwrap().to_owned()
    };
    let stream = of(&format!("{function}Log"), "Arn").trim_end_matches('*').to_owned() + "log-stream:it";
    let mut calls = vec![request("logs:CreateLogStream", stream.clone()), request("logs:PutLogEvents", stream)];
    if ["Broadcast", "Probe", "Controller"].contains(&function) {
        calls.push(request("sqs:SendMessage", of(&format!("{function}DeadLetters"), "Arn")));
    }
    if function == "Broadcast" {
        let stream = stack.parameters["MessagesStreamArn"].literal().unwrap();
        for action in ["DescribeStream", "GetRecords", "GetShardIterator"] {
            calls.push(request(&format!("dynamodb:{action}"), stream.to_owned()));
        }
        calls.push(request("dynamodb:ListStreams", "*".to_owned()));
    }
    calls
}

/// The statements of a function's role. It has no other rights: no managed policy, no boundary that would be needed.
fn of_role(stack: &Stack, function: &str) -> Vec<Statement> {
    let role = &stack.resources[&format!("{function}Role")];
    let properties: BTreeSet<&str> = role.properties.keys().map(String::as_str).collect();
    assert_eq!(properties, BTreeSet::from(["AssumeRolePolicyDocument", "Policies"]), "{function}");
    let trust = known(stack, &role.properties["AssumeRolePolicyDocument"]);
    let trusted = trust.get("Statement").and_then(Value::items).unwrap();
    assert_eq!(trusted.len(), 1, "{function}");
    assert_eq!(
        trusted[0].get("Principal").and_then(|principal| principal.get("Service")).and_then(Value::literal),
        Some("lambda.amazonaws.com"),
        "{function}"
    );
    let policies = role.properties["Policies"].items().unwrap();
    policies.iter().flat_map(|policy| statements(&known(stack, policy.get("PolicyDocument").unwrap()))).collect()
}

/// What was recorded for one region's intent is needed for every region's.
fn of_every_region(calls: &BTreeSet<Request>, regions: &[&str]) -> BTreeSet<Request> {
    let mut all = BTreeSet::new();
    for call in calls {
        match call.resource.split_once("/intents/").filter(|(_, of)| regions.contains(of)) {
            Some((before, _)) => {
                all.extend(regions.iter().map(|of| Request { resource: format!("{before}/intents/{of}"), ..call.clone() }))
            }
            None => drop(all.insert(call.clone())),
        }
    }
    all
}

/// The deployment that is looked at: two regions that serve, and a witness.
fn deployed() -> Deployment {
    deployment(&shape(2, 3))
}

/// Every role of the first region's stack, with what was recorded.
async fn roles(deployment: &Deployment) -> Vec<Role> {
    let stack = &deployment.regional[0];
    let recorded = recorded(deployment).await;
    assert_eq!(recorded.keys().copied().collect::<BTreeSet<_>>(), FUNCTIONS.into_iter().chain([OPERATORS]).collect());
    let functions: BTreeSet<&str> = stack.of_kind("AWS::Lambda::Function").map(|(name, _)| name).collect();
    assert_eq!(functions, FUNCTIONS.into(), "a function that is not looked at");
    let regions: Vec<&str> =
        deployment.owner.parameters["Regions"].items().unwrap().iter().map(|region| region.literal().unwrap()).collect();
    let mut roles = Vec::new();
    for name in FUNCTIONS {
        let mut needed = of_every_region(&recorded[name], &regions);
        needed.extend(by_lambda(stack, name));
        roles.push(Role { name, statements: of_role(stack, name), needed });
    }
    let mut needed = of_every_region(&recorded[OPERATORS], &regions);
    needed.extend(DOCTOR.map(|action| Request {
        action: action.to_owned(),
        resource: "*".to_owned(),
        context: [("aws:RequestedRegion", vec![stack.region.clone()])].into(),
    }));
    let document = known(stack, &stack.resources["OperatorPolicy"].properties["PolicyDocument"]);
    roles.push(Role { name: OPERATORS, statements: statements(&document), needed });
    roles
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_is_allowed_and_nothing_else_is_and_every_word_of_a_role_counts() {
    let deployment = deployed();
    let roles = roles(&deployment).await;
    let universe = Universe::of(&deployment, roles.iter().flat_map(|role| &role.statements));
    for role in &roles {
        let shown = |requests: Vec<&Request>| requests.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert_eq!(shown(role.missing()), "", "{} calls what it may not", role.name);
        assert_eq!(shown(role.excess(&universe, |_| true)), "", "{} may what it does not call", role.name);
    }
    for role in &roles {
        every_word_counts(role, &universe);
        whatever_is_added_is_found(role, &universe);
    }
}

/// Takes away one action, one resource, one condition at a time: something needed is then denied, or something else allowed.
fn every_word_counts(role: &Role, universe: &Universe) {
    let found = |changed: Statement, place: usize, what: &str| {
        let mut spoilt = role.clone();
        spoilt.statements[place] = changed;
        // Of what the statement is about; no other answer can have changed.
        let about = |request: &Request| role.statements[place].actions.contains(&request.action);
        let seen = !spoilt.missing().is_empty() || !spoilt.excess(universe, about).is_empty();
        assert!(seen, "{} can do without {what} of {:?}", role.name, role.statements[place]);
    };
    for (place, statement) in role.statements.iter().enumerate() {
        for index in 0..statement.actions.len() {
            let mut changed = statement.clone();
            let action = changed.actions.remove(index);
            found(changed, place, &action);
        }
        for index in 0..statement.resources.len() {
            let mut changed = statement.clone();
            let resource = changed.resources.remove(index);
            found(changed, place, &resource);
        }
        for index in 0..statement.conditions.len() {
            let mut changed = statement.clone();
            let condition = changed.conditions.remove(index);
            found(changed, place, &format!("{condition:?}"));
        }
    }
}

/// Adds a right to each action that there is, one at a time: it is found, unless it is one that is meant.
fn whatever_is_added_is_found(role: &Role, universe: &Universe) {
    let mut tried = BTreeSet::new();
    for request in universe.requests() {
        if allowed(&role.statements, request) || accepted(role.name, request).is_some() || !tried.insert(&request.action) {
            continue;
        }
        let mut spoilt = role.clone();
        spoilt.statements.push(Statement::allowing(&request.action, &request.resource));
        assert!(
            spoilt.excess(universe, |asked| asked.action == request.action).contains(&request),
            "{} with {request:?} goes unseen",
            role.name
        );
    }
    assert!(tried.len() > 40, "only {tried:?} were tried with {}", role.name);
}

#[test]
fn every_call_in_the_sources_is_one_that_was_looked_at() {
    let operations = Operations::of_the_sdk();
    let of = |krate: &str| operations.in_sources_of(krate);
    let mut chat = of("chat");
    // Makes the tables of a world; in a deployment the templates do, and no function may.
    for files in chat.values_mut() {
        files.remove("chat/src/tables.rs");
    }
    chat.retain(|_, files| !files.is_empty());
    let shown = |found: &BTreeMap<String, BTreeSet<String>>| {
        found
            .iter()
            .map(|(action, files)| format!("{action}  {}", files.iter().cloned().collect::<Vec<_>>().join(" ")))
            .collect::<Vec<_>>()
            .join("\n")
    };
    insta::assert_snapshot!(shown(&of("store")), @r"
    ssm:GetParameter  store/src/ssm.rs
    ssm:GetParameterHistory  store/src/ssm.rs
    ssm:GetParametersByPath  store/src/ssm.rs
    ssm:PutParameter  store/src/ssm.rs
    ");
    insta::assert_snapshot!(shown(&chat), @r"
    dynamodb:DeleteItem  chat/src/connections.rs
    dynamodb:GetItem  chat/src/connections.rs chat/src/messages.rs
    dynamodb:PutItem  chat/src/connections.rs chat/src/messages.rs
    dynamodb:Query  chat/src/messages.rs
    dynamodb:Scan  chat/src/connections.rs
    execute-api:ManageConnections  chat/src/push.rs
    ");
    insta::assert_snapshot!(shown(&of("probe")), @"cloudwatch:PutMetricData  probe/src/metrics.rs");
    for krate in ["controller", "dashboard", "lambda"] {
        assert_eq!(of(krate), BTreeMap::new(), "{krate} calls AWS past the store");
    }
    let cli: BTreeSet<String> = of("cli").into_keys().collect();
    // Whoever one is, one may ask who that is.
    let doctor = DOCTOR.map(str::to_owned).into_iter().chain(["sts:GetCallerIdentity".to_owned()]).collect::<BTreeSet<_>>();
    assert_eq!(cli, doctor, "what the command asks beside the store");
    assert!(
        cli.iter().all(|action| ["Get", "List", "Describe"].iter().any(|verb| action.contains(&format!(":{verb}")))),
        "the command changes something"
    );
    let bins = ["bin/chat-rest.rs", "bin/chat-websocket.rs", "bin/chat-stream.rs", "lambda.rs"];
    for bin in bins {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../chat/src").join(bin);
        assert!(!std::fs::read_to_string(path).unwrap().contains("create_tables"), "{bin} makes tables");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stands_in_the_sources_was_recorded() {
    let operations = Operations::of_the_sdk();
    let recorded = recorded(&deployed()).await;
    let mut chat = operations.in_sources_of("chat");
    chat.retain(|_, files| files.iter().any(|file| file != "chat/src/tables.rs"));
    let stand: BTreeSet<String> =
        [operations.in_sources_of("store"), chat, operations.in_sources_of("probe")].into_iter().flat_map(BTreeMap::into_keys).collect();
    let called: BTreeSet<String> = recorded.values().flatten().map(|request| request.action.clone()).collect();
    assert_eq!(called, stand);
}

#[test]
fn what_nobody_may() {
    let deployment = deployed();
    let stack = &deployment.regional[0];
    let parameter = |region: &str, name: &str| format!("arn:aws:ssm:{region}:{ACCOUNT}:parameter/failover/chat/{name}");
    let (own, other) = (stack.region.as_str(), deployment.regional[1].region.as_str());
    let operators = statements(&known(stack, &stack.resources["OperatorPolicy"].properties["PolicyDocument"]));
    let of = |role: &str| if role == OPERATORS { operators.clone() } else { of_role(stack, role) };
    let may = |role: &str, action: &str, resource: &str| {
        let region = resource.split(':').nth(3).filter(|region| !region.is_empty()).unwrap_or(own).to_owned();
        let context = [
            ("aws:RequestedRegion", vec![region]),
            ("cloudwatch:namespace", vec!["AWS/Lambda".to_owned()]),
            ("dynamodb:LeadingKeys", vec![wire::ROW.to_owned()]),
        ];
        allowed(&of(role), &Request { action: action.to_owned(), resource: resource.to_owned(), context: context.into() })
    };
    let messages = format!("arn:aws:dynamodb:{own}:{ACCOUNT}:table/{MESSAGES}");
    let never = [
        // Who sees does not decide, who decides does not ask, and who asks neither sees nor decides.
        ("Probe", "ssm:PutParameter", parameter(own, "votes")),
        ("Probe", "ssm:PutParameter", parameter(own, "turns/votes")),
        ("Probe", "ssm:PutParameter", parameter(own, "intents/eu-west-1")),
        ("Probe", "ssm:PutParameter", parameter(other, "observed")),
        ("Probe", "cloudwatch:PutMetricData", "*".to_owned()),
        ("Controller", "ssm:PutParameter", parameter(own, "observed")),
        ("Controller", "ssm:PutParameter", parameter(own, "intents/eu-west-1")),
        ("Controller", "ssm:PutParameter", parameter(other, "votes")),
        ("Controller", "ssm:GetParameter", parameter(other, "observed")),
        (OPERATORS, "ssm:PutParameter", parameter(own, "votes")),
        (OPERATORS, "ssm:PutParameter", parameter(own, "observed")),
        (OPERATORS, "ssm:PutParameter", parameter(own, "turns/votes")),
        (OPERATORS, "ssm:PutParameter", parameter(ELSEWHERE, "intents/eu-west-1")),
        (OPERATORS, "ssm:DeleteParameter", parameter(own, "intents/eu-west-1")),
        ("Dashboard", "ssm:PutParameter", parameter(own, "votes")),
        ("Dashboard", "ssm:DeleteParameter", parameter(own, "intents/eu-west-1")),
        // The gate is the part that the whole world reaches.
        ("Gate", "ssm:PutParameter", parameter(own, "votes")),
        ("Gate", "ssm:GetParameter", parameter(own, "observed")),
        ("Gate", "ssm:GetParameter", parameter(other, "votes")),
        ("Gate", "ssm:GetParametersByPath", parameter(own, "intents")),
        // The talk's health check does nothing at all.
        ("Health", "dynamodb:Query", format!("{messages}/index/messages_by_ts")),
        ("Health", "dynamodb:PutItem", messages.clone()),
        // History writes heartbeats, and no word of a user's.
        ("History", "dynamodb:PutItem", messages.clone()),
        ("Connect", "dynamodb:PutItem", messages.clone()),
        ("Disconnect", "dynamodb:DeleteItem", messages.clone()),
        ("Broadcast", "dynamodb:PutItem", messages.clone()),
        ("Send", "dynamodb:DeleteItem", messages.clone()),
    ];
    for (role, action, resource) in &never {
        assert!(!may(role, action, resource), "{role} may {action} on {resource}");
    }
    // Nothing that runs, and nobody who drains, changes what Route 53 answers by, what they may, or what runs.
    let zone = "arn:aws:route53:::hostedzone/Z00000000LOOKEDAT";
    let changes = [
        "route53:ChangeResourceRecordSets",
        "route53:UpdateHealthCheck",
        "route53:DeleteHealthCheck",
        "route53:CreateHealthCheck",
        "iam:PassRole",
        "iam:PutRolePolicy",
        "sts:AssumeRole",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
        "cloudformation:UpdateStack",
        "cloudformation:DeleteStack",
        "events:DisableRule",
        "cloudwatch:SetAlarmState",
        "cloudwatch:DisableAlarmActions",
        "dynamodb:DeleteTable",
        "logs:DeleteLogGroup",
        "kms:Decrypt",
        "secretsmanager:GetSecretValue",
        "s3:GetObject",
    ];
    for role in FUNCTIONS.into_iter().chain([OPERATORS]) {
        for action in changes {
            for resource in [zone, "arn:aws:route53:::healthcheck/it", "*"] {
                assert!(!may(role, action, resource), "{role} may {action} on {resource}");
            }
        }
    }
}

#[test]
fn whoever_is_let_in_from_outside_comes_from_where_it_should() {
    let deployment = deployed();
    for stack in &deployment.regional {
        for (name, permission) in stack.of_kind("AWS::Lambda::Permission") {
            let principal = permission.properties["Principal"].literal().unwrap();
            assert!(["apigateway.amazonaws.com", "events.amazonaws.com"].contains(&principal), "{name}: {principal}");
            let source = permission
                .properties
                .get("SourceArn")
                .and_then(Value::text)
                .unwrap_or_else(|| panic!("{name} lets in everybody's {principal}"));
            assert!(source.literal().is_none() && source.to_string() != "*", "{name}: {source} is not of this stack");
            assert_eq!(permission.properties["Action"].literal(), Some("lambda:InvokeFunction"), "{name}");
        }
        for kind in ["AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"] {
            for (name, policy) in stack.of_kind(kind) {
                for statement in policy.properties["PolicyDocument"].get("Statement").and_then(Value::items).unwrap() {
                    let service = statement.get("Principal").and_then(|principal| principal.get("Service")).and_then(Value::literal);
                    let service = service.unwrap_or_else(|| panic!("{name} is open to more than a service"));
                    // Of all services, EventBridge alone publishes to topics without what a condition could look at.
                    if (kind, service) == ("AWS::SNS::TopicPolicy", "events.amazonaws.com") {
                        continue;
                    }
                    let condition = statement.get("Condition").unwrap_or_else(|| panic!("{name} takes from every account"));
                    let keys: Vec<&String> =
                        condition.entries().unwrap().values().flat_map(|by_key| by_key.entries().unwrap().keys()).collect();
                    assert!(keys.iter().any(|key| ["aws:SourceAccount", "aws:SourceArn"].contains(&key.as_str())), "{name}: {keys:?}");
                }
            }
        }
    }
}
