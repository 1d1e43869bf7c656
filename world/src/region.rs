//! One region, brought up: its AWS, its tables, the chat API behind its gateway, its stream.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use chat::Chat;
use decision::RegionName;
use tokio_util::sync::CancellationToken;

use crate::aws::{self, AwsRegion};
use crate::fault::Faults;
use crate::gateway::{self, Gateway};
use crate::options::WorldError;
use crate::speed::Speed;

/// The table that holds messages, replicated between regions.
pub(crate) const MESSAGES: &str = "messages";
/// The table that holds a region's open connections.
const CONNECTIONS: &str = "connections";

/// What a region is brought up with.
pub(crate) struct Plan {
    pub(crate) region: RegionName,
    pub(crate) ip: IpAddr,
    /// The port of the chat API, the same in every region: DNS answers carry no ports.
    pub(crate) port: u16,
    pub(crate) state: Option<PathBuf>,
    pub(crate) secret: String,
    pub(crate) faults: Faults,
    pub(crate) speed: Speed,
    pub(crate) stop: CancellationToken,
}

/// A region that is up.
#[derive(Debug, Clone)]
pub(crate) struct Up {
    pub(crate) region: RegionName,
    pub(crate) aws: AwsRegion,
    /// Where the chat API listens.
    pub(crate) api: SocketAddr,
}

/// Brings a region up: everything answers when this returns.
pub(crate) async fn bring_up(plan: Plan, config: &aws_config::SdkConfig) -> Result<Up, WorldError> {
    let Plan { region, ip, port, state, secret, faults, speed, stop } = plan;
    let aws = AwsRegion::start(aws::Settings {
        region: region.clone(),
        ip,
        port: 0,
        chat_port: 0,
        state,
        faults: faults.clone(),
        speed,
        stop: stop.clone(),
    })
    .await?;
    let settings = chat::Settings {
        region: region.to_string(),
        messages_table: MESSAGES.to_owned(),
        connections_table: CONNECTIONS.to_owned(),
        probe_secrets: vec![secret],
    };
    let here = in_region(config, &region);
    let dynamodb =
        aws_sdk_dynamodb::Client::from_conf(aws_sdk_dynamodb::config::Builder::from(&here).endpoint_url(aws.chat_endpoint()).build());
    let connections = aws_sdk_apigatewaymanagement::Client::from_conf(
        aws_sdk_apigatewaymanagement::config::Builder::from(&here).endpoint_url(aws.chat_endpoint()).build(),
    );
    chat::create_tables(&dynamodb, &settings).await?;
    let chat = Chat::new(settings, dynamodb, connections);
    let gateway = Gateway::start(gateway::Settings {
        region: region.clone(),
        ip,
        port,
        chat: chat.clone(),
        sockets: aws.sockets(),
        faults,
        speed,
        stop,
    })
    .await
    .map_err(|source| WorldError::Listen { what: "the chat API", addr: SocketAddr::new(ip, port), source })?;
    aws.read_stream(MESSAGES, chat);
    Ok(Up { region, aws, api: gateway.addr() })
}

/// The SDK's configuration for everything in the world: placeholder credentials, one HTTP client without TLS.
pub(crate) fn sdk_config() -> aws_config::SdkConfig {
    aws_config::SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(aws_sdk_dynamodb::config::SharedCredentialsProvider::new(Credentials::new(
            "world",
            "world",
            None,
            None,
            "the world checks no signatures",
        )))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

/// The same configuration in one region.
pub(crate) fn in_region(config: &aws_config::SdkConfig, region: &RegionName) -> aws_config::SdkConfig {
    config.to_builder().region(Region::new(region.to_string())).build()
}
