//! The shipped templates as CloudFormation sees them, resolved for whole deployments: what the tests of the templates start from.
//!
//! What only CloudFormation can know is made up here, in the form in which AWS gives it.

use std::path::Path;

use template::{Attribute, Deployment, REF, Resource, Shape, Stack, Template, Value};

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const DOMAIN: &str = "chat.example.com";
pub(crate) const MESSAGES: &str = "chat-messages";
/// The current secret of probes, and the former one.
pub(crate) const SECRETS: [&str; 2] = ["the-secret-that-signs", "the-one-before-it"];
/// The first ones serve; the others only watch.
pub(crate) const NAMES: [&str; 7] = ["eu-west-1", "eu-west-2", "us-east-1", "us-west-2", "ap-northeast-1", "sa-east-1", "ca-central-1"];

/// The templates after the SAM transform.
pub(crate) struct Translated {
    pub(crate) owner: Template,
    pub(crate) regional: Template,
}

/// Reads what `scripts/templates` writes, and refuses it when the templates have changed since.
pub(crate) fn translated() -> Translated {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let read = |name: &str| {
        let file = root.join("target/templates").join(name).with_extension("json");
        let source = root.join(name).with_extension("yaml");
        let written = |file: &Path| std::fs::metadata(file).and_then(|about| about.modified());
        match written(&file) {
            Ok(at) if at >= written(&source).unwrap() => {}
            Ok(_) => panic!("{} is older than {}: run scripts/templates", file.display(), source.display()),
            Err(error) => panic!("{} cannot be read ({error}): run scripts/templates, which installs what it needs", file.display()),
        }
        Template::read(&std::fs::read_to_string(&file).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    };
    Translated { owner: read("owner"), regional: read("template") }
}

/// So many regions, watched from so many places, with a dashboard for operators everywhere.
pub(crate) fn shape(regions: usize, observers: usize) -> Shape {
    let mut shape = Shape::looked_at("chat", DOMAIN, &NAMES[..regions], &NAMES[..observers]);
    let stream = format!("arn:aws:dynamodb:{}:{ACCOUNT}:table/{MESSAGES}/stream/2026-01-01T00:00:00.000", NAMES[0]);
    let secrets = SECRETS.join(",");
    let others = [
        ("MessagesTable", MESSAGES),
        ("MessagesStreamArn", &stream),
        ("ProbeSecrets", &secrets),
        ("AlarmEmail", "on-call@example.com"),
        ("DashboardIssuer", "https://idp.example.com"),
        ("DashboardAudience", "failover"),
        ("DashboardKeys", "https://idp.example.com/keys"),
        ("DashboardOperators", "sre,duty"),
        ("DashboardFormSecret", "what dashboards share: 32 letters"),
    ];
    shape.others.extend(others.map(|(name, value)| (name.to_owned(), value.to_owned())));
    shape
}

pub(crate) fn deployment(shape: &Shape) -> Deployment {
    let Translated { owner, regional } = translated();
    Deployment::resolve(&owner, &regional, shape).unwrap_or_else(|error| panic!("{error}: {:?}", error.source))
}

/// Every shape that is supported: regions and observers.
pub(crate) fn shapes() -> impl Iterator<Item = (usize, usize)> {
    [3, 5, 7].into_iter().flat_map(|observers| (2..=6.min(observers)).map(move |regions| (regions, observers)))
}

/// A value with everything in its place that CloudFormation would put there.
pub(crate) fn known(stack: &Stack, value: &Value) -> Value {
    value.known(&|attribute| made_up(stack, attribute))
}

fn made_up(stack: &Stack, of: &Attribute) -> Option<String> {
    let resource = stack.resources.get(&of.resource)?;
    let name = physical(stack, &of.resource, resource);
    let arn = |service: &str, what: String| format!("arn:aws:{service}:{}:{ACCOUNT}:{what}", stack.region);
    Some(match (resource.kind.as_str(), of.name.as_str()) {
        ("AWS::Logs::LogGroup", "Arn") => arn("logs", format!("log-group:{name}:*")),
        ("AWS::DynamoDB::Table" | "AWS::DynamoDB::GlobalTable", "Arn") => arn("dynamodb", format!("table/{name}")),
        ("AWS::Lambda::Function", "Arn") => arn("lambda", format!("function:{name}")),
        ("AWS::SQS::Queue", "Arn") => arn("sqs", name),
        ("AWS::SQS::Queue", REF) => format!("https://sqs.{}.amazonaws.com/{ACCOUNT}/{name}", stack.region),
        ("AWS::SNS::Topic", REF | "TopicArn") => arn("sns", name),
        ("AWS::Events::Rule", "Arn") => arn("events", format!("rule/{name}")),
        ("AWS::IAM::Role", "Arn") => format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
        ("AWS::IAM::ManagedPolicy", REF) => format!("arn:aws:iam::{ACCOUNT}:policy/{name}"),
        (_, REF) => name,
        _ => return None,
    })
}

/// The name that the template gives, or one as CloudFormation makes them.
fn physical(stack: &Stack, logical: &str, resource: &Resource) -> String {
    let given = ["LogGroupName", "TableName", "DomainName", "AlarmName"].iter().find_map(|name| resource.properties.get(*name)?.literal());
    match (given, resource.kind.as_str()) {
        (Some(given), _) => given.to_owned(),
        (None, "AWS::ApiGatewayV2::Api") => logical.to_lowercase(),
        (None, "AWS::ApiGatewayV2::Stage") => resource.properties["StageName"].literal().unwrap().to_owned(),
        (None, _) => format!("{}-{logical}-1A2B3C", stack.name),
    }
}
