//! The templates against the code: the record tree after the SAM transform, and that every function is given what it reads and nothing else.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use template::{Deployment, Resource, Stack, Template, Value};

use crate::shipped::{DOMAIN, NAMES, SECRETS, deployment, known, shape, shapes};

/// The stacks of every shape, with what to call the shape.
fn every_deployment() -> Vec<(String, usize, Deployment)> {
    shapes()
        .map(|(regions, observers)| {
            (format!("{regions} regions, {observers} observers"), observers, deployment(&shape(regions, observers)))
        })
        .collect()
}

fn literal<'a>(resource: &'a Resource, path: &[&str]) -> Option<&'a str> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(resource.properties.get(*first)?, |value, key| value.get(key))?.literal()
}

fn property<'a>(resource: &'a Resource, path: &[&str]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(resource.properties.get(*first)?, |value, key| value.get(key))
}

#[test]
fn the_transform_leaves_checks_records_and_roles_as_they_are_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let read = |name: &str| Template::read(&std::fs::read_to_string(root.join(name)).unwrap()).unwrap();
    let written = Deployment::resolve(&read("owner.yaml"), &read("template.yaml"), &shape(3, 5)).unwrap();
    let seen = deployment(&shape(3, 5));
    for (written, seen) in written.stacks().zip(seen.stacks()) {
        let ours = |stack: &Stack| -> BTreeMap<String, BTreeMap<String, Value>> {
            let kept = |resource: &Resource| resource.kind.starts_with("AWS::Route53::") || resource.kind.starts_with("AWS::IAM::");
            stack.resources.iter().filter(|(_, resource)| kept(resource)).map(|(name, of)| (name.clone(), of.properties.clone())).collect()
        };
        assert!(!ours(written).is_empty());
        assert_eq!(ours(written), ours(seen), "{}", written.region);
    }
}

#[test]
fn every_latency_record_has_its_check_and_looks_behind_its_alias() {
    for (what, _, deployment) in every_deployment() {
        let mut latency = 0;
        for stack in &deployment.regional {
            for (name, record) in stack.of_kind("AWS::Route53::RecordSet") {
                let Some(region) = literal(record, &["Region"]) else { continue };
                latency += 1;
                let check =
                    property(record, &["HealthCheckId"]).and_then(Value::text).unwrap_or_else(|| panic!("{what}: {name} has no check"));
                assert_eq!(check.attribute().map(|attribute| attribute.resource.as_str()), Some("NotEjectedCheck"), "{what}: {name}");
                assert_eq!(property(record, &["AliasTarget", "EvaluateTargetHealth"]), Some(&Value::Bool(true)), "{what}: {name}");
                assert_eq!((region, literal(record, &["SetIdentifier"])), (stack.region.as_str(), Some(region)), "{what}: {name}");
                assert!(record.depends_on.len() >= 2, "{what}: {name} may come before what it leads to");
            }
        }
        let serving = deployment.regional.iter().filter(|stack| literal_parameter(stack, "Serves") == "true").count();
        assert_eq!(latency, serving * 2, "{what}: one for REST and one for WebSocket in every region that serves");
    }
}

fn literal_parameter<'a>(stack: &'a Stack, name: &str) -> &'a str {
    stack.parameters[name].literal().unwrap()
}

#[test]
fn calculated_checks_count_all_observers_and_ask_for_a_majority() {
    for (what, observers, deployment) in every_deployment() {
        for stack in deployment.stacks() {
            for (name, check) in stack.of_kind("AWS::Route53::HealthCheck") {
                if literal(check, &["HealthCheckConfig", "Type"]) != Some("CALCULATED") {
                    continue;
                }
                let children = property(check, &["HealthCheckConfig", "ChildHealthChecks"]).and_then(Value::items).unwrap();
                let distinct: BTreeSet<String> = children.iter().map(|child| child.text().unwrap().to_string()).collect();
                assert_eq!((children.len(), distinct.len()), (observers, observers), "{what}: {name}");
                let threshold = property(check, &["HealthCheckConfig", "HealthThreshold"]).and_then(Value::text).unwrap();
                let threshold: usize = threshold.literal().unwrap().parse().unwrap();
                let majority = observers / 2 + 1;
                let healthy = if name == "NotEjectedCheck" { observers - majority + 1 } else { majority };
                assert_eq!(threshold, healthy, "{what}: {name}");
            }
        }
    }
}

#[test]
fn eject_checks_listen_for_a_whole_line_fast_and_upside_down() {
    for (what, observers, deployment) in every_deployment() {
        for stack in &deployment.regional {
            let ejects: Vec<_> = stack.of_kind("AWS::Route53::HealthCheck").filter(|(name, _)| name.starts_with("EjectCheck")).collect();
            let serves = literal_parameter(stack, "Serves") == "true";
            assert_eq!(ejects.len(), if serves { observers } else { 0 }, "{what}: {}", stack.region);
            for (name, check) in ejects {
                let of = |key: &str| property(check, &["HealthCheckConfig", key]);
                let search = format!("eject chat {}", stack.region);
                assert_eq!(of("SearchString").and_then(Value::literal), Some(search.as_str()), "{what}: {name}");
                assert_eq!(
                    (of("Inverted"), of("RequestInterval"), of("FailureThreshold")),
                    (Some(&Value::Bool(true)), Some(&Value::Int(10)), Some(&Value::Int(1))),
                    "{what}: {name}"
                );
            }
        }
    }
}

/// What a binary makes of its environment.
type Reads = fn(&dyn Fn(&str) -> Option<String>) -> Result<(), String>;

/// The binaries, and the reader of the settings of each: the very one with which it starts.
const BINARIES: [(&str, Reads); 7] = [
    ("chat-rest", |lookup| said(chat::lambda::Deployed::read(lookup))),
    ("chat-websocket", |lookup| said(chat::lambda::Deployed::read(lookup))),
    ("chat-stream", |lookup| said(chat::lambda::Deployed::read_for_stream(lookup))),
    ("probe", |lookup| {
        said(
            probe::Settings::from_environment(lookup)
                .map_err(|error| error.to_string())
                .and_then(|settings| probe::Probe::new(settings).map_err(|error| error.to_string())),
        )
    }),
    ("controller", |lookup| said(controller::config::Settings::read(lookup))),
    ("gate", |lookup| said(controller::config::Settings::read(lookup))),
    ("dashboard", |lookup| said(dashboard::Deployed::read(lookup))),
];

fn said<T, E: ToString>(read: Result<T, E>) -> Result<(), String> {
    read.map(|_| ()).map_err(|error| error.to_string())
}

/// A function's binary, and what the template puts into its environment.
fn function(stack: &Stack, name: &str) -> (String, BTreeMap<String, String>) {
    let function = &stack.resources[name];
    let code = literal(function, &["Code", "S3Key"]).unwrap();
    let binary = code.trim_end_matches('/').rsplit('/').next().unwrap().to_owned();
    let variables = property(function, &["Environment", "Variables"]).and_then(Value::entries).unwrap();
    let value = |value: &Value| known(stack, value).text().and_then(|text| text.literal().map(str::to_owned));
    let set = |(variable, given): (&String, &Value)| {
        (variable.clone(), value(given).unwrap_or_else(|| panic!("{name}: {variable} is {given:?}")))
    };
    (binary, variables.iter().map(set).collect())
}

/// What Lambda itself sets.
fn by_lambda(stack: &Stack, variable: &str) -> Option<String> {
    match variable {
        "AWS_REGION" => Some(stack.region.clone()),
        other => lambda::environment::SET_BY_LAMBDA.contains(&other).then(|| "set by Lambda".to_owned()),
    }
}

#[test]
fn every_function_starts_with_what_it_is_given_and_reads_all_of_it() {
    let mut functions = 0;
    for (what, _, deployment) in every_deployment() {
        for stack in &deployment.regional {
            for (name, _) in stack.of_kind("AWS::Lambda::Function") {
                functions += 1;
                let (binary, given) = function(stack, name);
                let (_, reads) = BINARIES
                    .iter()
                    .find(|(known, _)| *known == binary)
                    .unwrap_or_else(|| panic!("{name} runs {binary}, which is no binary of ours"));
                let asked = RefCell::new(BTreeSet::new());
                let lookup = |variable: &str| {
                    asked.borrow_mut().insert(variable.to_owned());
                    given.get(variable).cloned().or_else(|| by_lambda(stack, variable))
                };
                if let Err(error) = reads(&lookup) {
                    panic!("{what}: {name} of {} does not start: {error}", stack.region);
                }
                let mut read = asked.into_inner();
                read.extend(lambda::environment::OPTIONAL.map(str::to_owned));
                let unread: Vec<&String> = given.keys().filter(|variable| !read.contains(*variable)).collect();
                assert!(unread.is_empty(), "{what}: {name} of {} is given {unread:?}, which it does not read", stack.region);
                for variable in given.keys() {
                    assert_ne!(by_lambda(stack, variable), Some(String::new()), "{name}");
                    assert!(by_lambda(stack, variable).is_none(), "{name} sets {variable}, which is Lambda's own");
                }
            }
        }
    }
    assert!(functions > 300, "only {functions} functions were looked at");
}

#[test]
fn no_function_starts_without_any_one_of_the_variables_that_it_needs() {
    let deployment = deployment(&shape(2, 3));
    let stack = &deployment.regional[0];
    let mut needed = Vec::new();
    for (name, _) in stack.of_kind("AWS::Lambda::Function") {
        let (binary, given) = function(stack, name);
        let (_, reads) = BINARIES.iter().find(|(known, _)| *known == binary).unwrap();
        for left_out in given.keys() {
            let lookup = |variable: &str| {
                if variable == left_out { None } else { given.get(variable).cloned().or_else(|| by_lambda(stack, variable)) }
            };
            let starts = if reads(&lookup).is_ok() { "goes without" } else { "needs" };
            needed.push(format!("{name} {starts} {left_out}"));
        }
    }
    insta::assert_snapshot!(needed.join("\n"), @r"
    Broadcast needs CHAT_CONNECTIONS_ENDPOINT
    Broadcast needs CHAT_CONNECTIONS_TABLE
    Broadcast needs CHAT_MESSAGES_TABLE
    Broadcast goes without POWERTOOLS_SERVICE_NAME
    Connect needs CHAT_CONNECTIONS_TABLE
    Connect needs CHAT_MESSAGES_TABLE
    Connect goes without CHAT_PROBE_SECRETS
    Connect goes without POWERTOOLS_SERVICE_NAME
    Controller needs FAILOVER_POLICY
    Controller needs FAILOVER_SERVICE
    Controller goes without POWERTOOLS_SERVICE_NAME
    Dashboard needs FAILOVER_API_NAME
    Dashboard needs FAILOVER_DASHBOARD_HOSTS
    Dashboard needs FAILOVER_DASHBOARD_PROXY
    Dashboard needs FAILOVER_POLICY
    Dashboard needs FAILOVER_SERVICE
    Dashboard needs FAILOVER_WEBSOCKET_NAME
    Dashboard goes without POWERTOOLS_SERVICE_NAME
    Disconnect needs CHAT_CONNECTIONS_TABLE
    Disconnect needs CHAT_MESSAGES_TABLE
    Disconnect goes without POWERTOOLS_SERVICE_NAME
    Gate needs FAILOVER_POLICY
    Gate needs FAILOVER_SERVICE
    Gate goes without POWERTOOLS_SERVICE_NAME
    Health needs CHAT_CONNECTIONS_TABLE
    Health needs CHAT_MESSAGES_TABLE
    Health goes without POWERTOOLS_SERVICE_NAME
    History needs CHAT_CONNECTIONS_TABLE
    History needs CHAT_MESSAGES_TABLE
    History goes without CHAT_PROBE_SECRETS
    History goes without POWERTOOLS_SERVICE_NAME
    Probe needs FAILOVER_API_NAME
    Probe goes without FAILOVER_OBSERVERS
    Probe needs FAILOVER_PROBE_SECRET
    Probe needs FAILOVER_REGIONS
    Probe goes without FAILOVER_ROUND_SECONDS
    Probe needs FAILOVER_SERVICE
    Probe needs FAILOVER_WEBSOCKET_NAME
    Probe goes without POWERTOOLS_SERVICE_NAME
    Send needs CHAT_CONNECTIONS_TABLE
    Send needs CHAT_MESSAGES_TABLE
    Send goes without POWERTOOLS_SERVICE_NAME
    ");
}

#[test]
fn all_functions_of_a_deployment_agree() {
    for (what, observers, deployment) in every_deployment() {
        let serving: Vec<&str> = NAMES
            .iter()
            .copied()
            .filter(|name| deployment.regional.iter().any(|stack| stack.region == *name && literal_parameter(stack, "Serves") == "true"))
            .collect();
        for stack in &deployment.regional {
            let with =
                |given: BTreeMap<String, String>| move |variable: &str| given.get(variable).cloned().or_else(|| by_lambda(stack, variable));
            let (_, probe_given) = function(stack, "Probe");
            let probe = probe::Settings::from_environment(with(probe_given)).unwrap();
            let targets: Vec<String> =
                probe.targets.iter().map(|target| format!("{} {} {}", target.region, target.rest, target.websocket)).collect();
            let target = |region: &&str| format!("{region} https://{region}.api.{DOMAIN} wss://{region}.api-ws.{DOMAIN}");
            assert_eq!(targets, serving.iter().map(target).collect::<Vec<_>>(), "{what}: the probe of {}", stack.region);
            assert_eq!(probe.place.map(|place| place.of), Some(observers), "{what}: the probe of {}", stack.region);
            assert_eq!(probe.secret, SECRETS[0], "the first secret signs");
            let policy_of = |name: &str| controller::config::Settings::read(with(function(stack, name).1)).unwrap().policy;
            let policy = policy_of("Controller");
            assert_eq!(policy, policy_of("Gate"), "{what}: {}", stack.region);
            assert_eq!(policy.regions().iter().map(|region| region.as_str()).collect::<BTreeSet<_>>(), serving.iter().copied().collect());
            assert_eq!(policy.observers().len(), observers);
            assert_eq!(policy.thresholds().round_seconds, probe.pace.round.as_secs_f64(), "what controllers take for a round");
            let told = known(stack, &stack.outputs["Policy"]);
            assert_eq!(
                Some(told.literal().unwrap()),
                function(stack, "Controller").1.get("FAILOVER_POLICY").map(String::as_str),
                "the output Policy"
            );
            if serving.contains(&stack.region.as_str()) {
                let chat = chat::Settings::from_lookup(with(function(stack, "History").1)).unwrap();
                assert_eq!((chat.probe_secrets, chat.region.as_str()), (SECRETS.map(str::to_owned).to_vec(), stack.region.as_str()));
            }
        }
    }
}

#[test]
fn the_controller_is_woken_by_what_is_seen_and_asked_for_and_by_nothing_that_it_writes() {
    let deployment = deployment(&shape(2, 3));
    let said = |rule: &Resource| {
        let (name, operation) = (
            property(rule, &["EventPattern", "detail", "name"]).unwrap(),
            property(rule, &["EventPattern", "detail", "operation"]).unwrap(),
        );
        let shown = |value: &Value| match (value.literal(), value.get("prefix").and_then(Value::literal)) {
            (Some(text), _) => text.to_owned(),
            (None, prefix) => format!("{}…", prefix.unwrap()),
        };
        let list = |value: &Value| value.items().unwrap().iter().map(shown).collect::<Vec<_>>().join(", ");
        format!("{}: {}", list(name), list(operation))
    };
    let rules: Vec<String> = deployment.regional[0]
        .of_kind("AWS::Events::Rule")
        .map(|(name, rule)| match literal(rule, &["ScheduleExpression"]) {
            Some(schedule) => format!("{name}: {schedule}"),
            None => format!("{name}: {}", said(rule)),
        })
        .collect();
    insta::assert_snapshot!(rules.join("\n"), @r"
    ControllerMinute: rate(1 minute)
    ControllerWritten: /failover/chat/observed, /failover/chat/intents/…: Create, Update, Delete
    IntentWritten: /failover/chat/intents/eu-west-1, /failover/chat/intents/eu-west-2: Create, Update, Delete
    ProbeMinute: rate(1 minute)
    VotesTurned: /failover/chat/turns/votes: Create, Update
    ");
}

#[test]
fn alarms_look_at_metrics_that_somebody_publishes() {
    let deployment = deployment(&shape(6, 7));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let published = std::fs::read_to_string(root.join("probe/src/metrics.rs")).unwrap();
    let stack = &deployment.regional[0];
    let filtered: BTreeSet<&str> = stack
        .of_kind("AWS::Logs::MetricFilter")
        .flat_map(|(_, filter)| property(filter, &["MetricTransformations"]).and_then(Value::items).unwrap())
        .filter_map(|transformation| transformation.get("MetricName")?.literal())
        .collect();
    let mut looked_at = BTreeSet::new();
    for (name, alarm) in stack.of_kind("AWS::CloudWatch::Alarm") {
        let (namespace, metric) = (literal(alarm, &["Namespace"]).unwrap(), literal(alarm, &["MetricName"]).unwrap());
        if namespace == probe::NAMESPACE {
            assert!(published.contains(&format!("\"{metric}\"")) || filtered.contains(metric), "{name}: nobody publishes {metric}");
        } else {
            assert!(namespace.starts_with("AWS/"), "{name}: {namespace} is neither ours nor AWS's");
        }
        looked_at.insert(format!("{namespace} {metric}"));
    }
    insta::assert_snapshot!(looked_at.into_iter().collect::<Vec<_>>().join("\n"), @r"
    AWS/ApiGateway 5xx
    AWS/ApiGateway Count
    AWS/Lambda Errors
    AWS/Lambda Invocations
    AWS/Lambda IteratorAge
    AWS/SQS ApproximateNumberOfMessagesVisible
    Failover CompositeHealth
    Failover EjectVotes
    Failover ObserverFit
    ");
}

#[test]
fn functions_run_our_binaries_on_the_asked_architecture_with_a_role_and_a_log_of_their_own() {
    let mut shape = shape(2, 3);
    shape.others.insert("Architecture".to_owned(), "x86_64".to_owned());
    let deployment = deployment(&shape);
    let mut roles = BTreeSet::new();
    for stack in &deployment.regional {
        for (name, function) in stack.of_kind("AWS::Lambda::Function") {
            assert_eq!(
                (literal(function, &["Runtime"]), literal(function, &["Handler"])),
                (Some("provided.al2023"), Some("bootstrap")),
                "{name}"
            );
            assert_eq!(property(function, &["Architectures"]), Some(&Value::List(vec![Value::from("x86_64")])), "{name}");
            let of = |path: &[&str]| {
                property(function, path).and_then(Value::text).and_then(|text| text.attribute().map(|attribute| attribute.resource.clone()))
            };
            assert_eq!(of(&["Role"]), Some(format!("{name}Role")), "{name}");
            assert_eq!(of(&["LoggingConfig", "LogGroup"]), Some(format!("{name}Log")), "{name}");
            assert!(roles.insert((stack.region.clone(), of(&["Role"]))), "{name} shares its role");
        }
    }
    let probe = property(&deployment.regional[0].resources["Probe"], &["Timeout"]).cloned();
    let goodbye = probe::Pace::default().longest_goodbye().as_secs();
    let Some(Value::Int(timeout)) = probe else { panic!("{probe:?}") };
    assert!(
        timeout >= 59 + i64::try_from(goodbye).unwrap(),
        "a probe that makes rounds for a minute may need {goodbye} s to end, and has {timeout} s in all"
    );
}
