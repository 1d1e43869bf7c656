//! Everything that a role could be asked to do: each action that any role has, and those that none should, on everything that is there and on much that is not.

use std::collections::{BTreeMap, BTreeSet};

use template::Deployment;

use super::iam::{Request, Statement};
use super::wire::ROW;
use crate::shipped::{ACCOUNT, MESSAGES, known};

/// A region that has nothing to do with the service.
pub(super) const ELSEWHERE: &str = "ap-south-1";

/// Actions that no role of ours has, and that somebody might come to add.
const MORE: [&str; 40] = [
    "ssm:DeleteParameter",
    "ssm:DeleteParameters",
    "ssm:DescribeParameters",
    "ssm:GetParameters",
    "ssm:LabelParameterVersion",
    "dynamodb:BatchGetItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:CreateTable",
    "dynamodb:DeleteTable",
    "dynamodb:PartiQLUpdate",
    "dynamodb:UpdateItem",
    "dynamodb:UpdateTable",
    "execute-api:Invoke",
    "route53:ChangeResourceRecordSets",
    "route53:CreateHealthCheck",
    "route53:DeleteHealthCheck",
    "route53:UpdateHealthCheck",
    "iam:AttachRolePolicy",
    "iam:PassRole",
    "iam:PutRolePolicy",
    "sts:AssumeRole",
    "lambda:InvokeFunction",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "cloudformation:DeleteStack",
    "cloudformation:UpdateStack",
    "cloudwatch:DeleteAlarms",
    "cloudwatch:SetAlarmState",
    "events:DisableRule",
    "events:PutRule",
    "logs:CreateLogGroup",
    "logs:DeleteLogGroup",
    "logs:GetLogEvents",
    "sns:Publish",
    "sqs:PurgeQueue",
    "sqs:ReceiveMessage",
    "kms:Decrypt",
    "secretsmanager:GetSecretValue",
    "s3:GetObject",
    "xray:PutTraceSegments",
];

/// Actions that are about no resource: IAM asks about them with `*` alone.
const ABOUT_NOTHING: [&str; 2] = ["cloudwatch:PutMetricData", "dynamodb:ListStreams"];

/// All of it.
pub(super) struct Universe(BTreeSet<Request>);

impl Universe {
    /// Of a deployment, with the actions of these statements among it.
    pub(super) fn of<'a>(deployment: &Deployment, statements: impl Iterator<Item = &'a Statement>) -> Self {
        let mut actions: BTreeSet<&str> = MORE.into();
        for action in statements.flat_map(|statement| &statement.actions) {
            assert!(!action.contains(['*', '?']), "{action} allows what nobody has named");
            actions.insert(action);
        }
        let resources = resources(deployment);
        let mut requests = BTreeSet::new();
        for action in actions {
            let service = action.split(':').next().unwrap_or_default();
            let about =
                |resource: &&String| *resource == "*" || (resource.split(':').nth(2) == Some(service) && !ABOUT_NOTHING.contains(&action));
            for resource in resources.iter().filter(about) {
                requests.extend(asked(action, resource, &deployment.regional[0].region));
            }
        }
        Self(requests)
    }

    pub(super) fn requests(&self) -> impl Iterator<Item = &Request> {
        self.0.iter()
    }
}

/// One action on one resource, in each context that conditions tell apart.
fn asked(action: &str, resource: &str, own: &str) -> Vec<Request> {
    let region = resource.split(':').nth(3).filter(|region| !region.is_empty()).unwrap_or(own);
    let request = |more: Option<(&'static str, &str)>| Request {
        action: action.to_owned(),
        resource: resource.to_owned(),
        context: BTreeMap::from_iter(
            [("aws:RequestedRegion", vec![region.to_owned()])].into_iter().chain(more.map(|(key, value)| (key, vec![value.to_owned()]))),
        ),
    };
    match action {
        "cloudwatch:PutMetricData" => ["Failover", "AWS/Lambda"].map(|namespace| request(Some(("cloudwatch:namespace", namespace)))).into(),
        "dynamodb:PutItem" | "dynamodb:GetItem" | "dynamodb:DeleteItem" | "dynamodb:UpdateItem" => {
            vec![request(Some(("dynamodb:LeadingKeys", ROW)))]
        }
        _ => vec![request(None)],
    }
}

/// What is there, and what is like it.
fn resources(deployment: &Deployment) -> BTreeSet<String> {
    let mut all = BTreeSet::from(["*".to_owned()]);
    let regions: Vec<&str> = deployment.regional.iter().map(|stack| stack.region.as_str()).collect();
    let serving: Vec<&str> =
        deployment.owner.parameters["Regions"].items().unwrap().iter().map(|region| region.literal().unwrap()).collect();
    for region in regions.iter().copied().chain([ELSEWHERE]) {
        let arn = |service: &str, resource: &str| format!("arn:aws:{service}:{region}:{ACCOUNT}:{resource}");
        for service in ["chat", "shop"] {
            let mut names = ["", "/observed", "/votes", "/turns/votes", "/turns/observed", "/intents", "/intents/doctor/rehearsal"]
                .map(str::to_owned)
                .to_vec();
            names.extend(serving.iter().map(|of| format!("/intents/{of}")));
            all.extend(names.iter().map(|name| arn("ssm", &format!("parameter/failover/{service}{name}"))));
        }
        all.insert(arn("ssm", "parameter/somebody/elses"));
        for table in [MESSAGES, "somebody-elses"] {
            all.extend(
                ["", "/index/messages_by_ts", "/stream/2026-01-01T00:00:00.000"]
                    .map(|part| arn("dynamodb", &format!("table/{table}{part}"))),
            );
        }
        all.extend(["somebodyelses/live", "websocketapi/prod"].map(|api| arn("execute-api", &format!("{api}/POST/@connections/it"))));
        all.extend(["POST", "GET", "DELETE"].map(|method| arn("execute-api", &format!("websocketapi/live/{method}/@connections/it"))));
        all.insert(arn("lambda", "function:it"));
        all.insert(arn("sns", "it"));
        all.insert(arn("events", "rule/it"));
        all.insert(arn("logs", "log-group:/failover/shop/gate:log-stream:it"));
        all.insert(arn("sqs", "somebody-elses"));
    }
    for stack in &deployment.regional {
        for (name, resource) in &stack.resources {
            let of = |attribute: &str| {
                let asked = template::Attribute { resource: name.clone(), name: attribute.to_owned() };
                known(stack, &template::Value::Text(asked.into())).literal().map(str::to_owned)
            };
            match resource.kind.as_str() {
                "AWS::Logs::LogGroup" => all.extend(of("Arn").map(|arn| arn.trim_end_matches('*').to_owned() + "log-stream:it")),
                "AWS::DynamoDB::Table" | "AWS::SQS::Queue" | "AWS::Lambda::Function" => all.extend(of("Arn")),
                _ => {}
            }
        }
    }
    all.extend(["hostedzone/Z00000000LOOKEDAT", "healthcheck/it"].map(|of| format!("arn:aws:route53:::{of}")));
    all.extend(["role/it", "policy/it"].map(|of| format!("arn:aws:iam::{ACCOUNT}:{of}")));
    all
}
