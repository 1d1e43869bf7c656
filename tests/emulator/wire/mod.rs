//! Every call to AWS that our code makes, on the wire of three stand-ins: ministack and moto, which others wrote, and our own world.
//!
//! Each service is one script of calls, run on every peer from nothing; what came of each call is one line of text. Where a peer says something
//! else than AWS documents, the difference stands in a table, by name: a peer that is mended changes the table.
//! Nothing here judges AWS itself.

mod account;
mod connections;
mod metrics;
mod parameters;
mod table;
mod tables;

use aws_config::SdkConfig;
use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};
use decision::RegionName;
use tokio_util::sync::CancellationToken;
use world::aws::{AwsRegion, Settings};
use world::fault::Faults;
use world::speed::Speed;

use crate::clients::shared;
use crate::emulators::Emulators;
use table::{Answers, Asked};

/// The region in which everything is asked.
const REGION: &str = "eu-west-2";
/// Another one, in which nothing is.
const ELSEWHERE: &str = "us-west-2";

/// One stand-in for AWS.
struct Peer {
    name: &'static str,
    endpoint: String,
}

impl Peer {
    /// What the clients of a region share.
    async fn shared(&self, region: &str) -> SdkConfig {
        shared(&self.endpoint, region).await
    }
}

/// The three of them, until dropped.
struct Peers {
    peers: Vec<Peer>,
    stop: CancellationToken,
    _emulators: Emulators,
}

impl Peers {
    async fn start() -> Self {
        let emulators = Emulators::start(|_| serde_json::json!({})).await;
        let stop = CancellationToken::new();
        let world = AwsRegion::start(Settings {
            region: RegionName::new(REGION).unwrap(),
            ip: std::net::Ipv4Addr::LOCALHOST.into(),
            port: 0,
            chat_port: 0,
            state: None,
            faults: Faults::default(),
            speed: Speed::new(1.0).unwrap(),
            stop: stop.clone(),
        });
        let peers = vec![
            Peer { name: "ministack", endpoint: emulators.ministack().to_owned() },
            Peer { name: "moto", endpoint: emulators.moto().to_owned() },
            Peer { name: "world", endpoint: world.await.unwrap().endpoint() },
        ];
        Self { peers, stop, _emulators: emulators }
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Every script, on one peer.
async fn asked(peer: &Peer) -> Vec<Asked> {
    let mut asked = parameters::asked(peer).await;
    asked.extend(tables::asked(peer).await);
    asked.extend(metrics::asked(peer).await);
    asked.extend(connections::asked(peer).await);
    asked.extend(account::asked(peer).await);
    asked
}

/// What came of a call: what `told` makes of an output, or the error's code, or that the SDK could not make sense of the answer.
fn came<T, E: ProvideErrorMetadata, R>(answer: Result<T, SdkError<E, R>>, told: impl FnOnce(T) -> String) -> String {
    match answer {
        Ok(output) => told(output),
        Err(SdkError::ServiceError(context)) => context.err().code().unwrap_or("an error without a code").to_owned(),
        Err(SdkError::ResponseError(_)) => "an answer that the SDK cannot read".to_owned(),
        Err(other) => format!("no answer: {other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_is_answered_as_aws_documents_or_the_difference_is_known() {
    let peers = Peers::start().await;
    let mut answers = Answers::default();
    for peer in &peers.peers {
        for (call, documented, answer) in asked(peer).await {
            answers.note(call, documented, peer.name, answer);
        }
    }
    insta::assert_snapshot!(answers.agreed(), @"
    ssm GetParameter of nothing: ParameterNotFound [ministack moto world]
    ssm GetParameterHistory of nothing: ParameterNotFound [ministack moto world]
    ssm PutParameter, new, not over anything: version 1 [ministack moto world]
    ssm PutParameter, not over what is there: ParameterAlreadyExists [ministack moto world]
    ssm PutParameter over it: version 2 [ministack moto world]
    ssm GetParameter: two, version 2 [ministack moto world]
    ssm GetParameter of version 1: one, version 1 [ministack moto world]
    ssm GetParameter of version 9: ParameterVersionNotFound [ministack moto world]
    ssm GetParameterHistory: 1 one, 2 two [ministack moto world]
    ssm PutParameter, as large as it may be: version 3 [ministack moto world]
    ssm PutParameter, one byte larger: ValidationException [world]
    ssm PutParameter of double braces: ValidationException []
    ssm GetParametersByPath, eleven and one below: 10 and 1 [ministack moto world]
    ssm GetParameterHistory after 105 writes: 100, the last 105 [moto world]
    ssm GetParameter in another region: ParameterNotFound [ministack moto]
    store: an intent: stands [ministack moto world]
    store: the same again: stands [ministack moto world]
    store: a newer one: stands [ministack moto world]
    store: a late one: 2 is behind 3 [ministack moto world]
    store: what is listed: eu-west-2 at 3 [ministack moto world]
    store: the log: 1, 3 [ministack moto world]
    store: a rehearsal, twice: Written, Allowed [ministack moto world]
    chat: make the tables: there [ministack moto world]
    chat: make them again: there [ministack moto world]
    chat: an empty history: 200, 0 messages [ministack moto world]
    chat: a frame of a socket that nobody knows: 410 [ministack moto world]
    chat: a socket opens: 200 [ministack moto world]
    chat: it sends: 200 [ministack moto world]
    chat: it sends the same again: 200 with the message [ministack moto world]
    chat: another text under that id: 409 [ministack moto world]
    chat: and another message: 200 [ministack moto world]
    chat: the history: 200, 2 messages [ministack moto world]
    chat: a heartbeat: 200 n1 [ministack moto world]
    chat: the next heartbeat: 200 n2 [ministack moto world]
    chat: the heartbeats are not in the history: 200, 2 messages [ministack moto world]
    chat: the socket closes: 200 [ministack moto world]
    chat: and is not known any more: 410 [ministack moto world]
    dynamodb PutItem on a condition that fails, asking for what is there: hi [ministack moto world]
    dynamodb DescribeTable of nothing: ResourceNotFoundException [ministack moto world]
    dynamodb DescribeTable: ACTIVE, streams NEW_AND_OLD_IMAGES [ministack moto world]
    dynamodb DescribeTimeToLive: ENABLED [ministack moto world]
    cloudwatch PutMetricData, values and counts: taken [ministack world]
    cloudwatch GetMetricStatistics of them: 5 samples, sum 11 [ministack]
    cloudwatch DescribeAlarms, none: 0 [ministack]
    connections PostToConnection to one that is gone: GoneException [ministack world]
    connections DeleteConnection of one that is gone: GoneException [ministack world]
    sts GetCallerIdentity: an ARN [ministack moto world]
    cloudformation DescribeStacks of nothing: ValidationError [ministack moto]
    cloudformation GetTemplate of nothing: ValidationError [ministack moto]
    acm ListCertificates, none: 0 [ministack moto]
    acm DescribeCertificate of nothing: ResourceNotFoundException [ministack moto]
    servicequotas GetServiceQuota, concurrent executions: 1000 []
    servicequotas GetServiceQuota of nothing: NoSuchResourceException [moto]
    route53 ListHostedZones, none: 0 [moto]
    route53 ListHealthChecks, none: 0 [moto]
    route53 GetHostedZone of nothing: NoSuchHostedZone [moto]
    route53 ListResourceRecordSets of nothing: NoSuchHostedZone [moto]
    route53 GetAccountLimit, health checks: 200 []
    ");
    insta::assert_snapshot!(answers.differences(), @"
    ssm PutParameter, one byte larger: ministack says version 4, not ValidationException
    ssm PutParameter, one byte larger: moto says version 4, not ValidationException
    ssm PutParameter of double braces: ministack says version 5, not ValidationException
    ssm PutParameter of double braces: moto says version 5, not ValidationException
    ssm PutParameter of double braces: world says version 4, not ValidationException
    ssm GetParameterHistory after 105 writes: ministack says 105, the last 105, not 100, the last 105
    cloudwatch PutMetricData, values and counts: moto says an error without a code, not taken
    cloudwatch GetMetricStatistics of them: moto says an error without a code, not 5 samples, sum 11
    cloudwatch DescribeAlarms, none: moto says an error without a code, not 0
    connections PostToConnection to one that is gone: moto says taken, not GoneException
    connections DeleteConnection of one that is gone: moto says taken, not GoneException
    servicequotas GetServiceQuota, concurrent executions: moto says NoSuchResourceException, not 1000
    route53 GetAccountLimit, health checks: moto says an error without a code, not 200
    ");
}
