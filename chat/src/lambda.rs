//! What the three Lambda functions share: their settings, and clients made once at start.

use aws_config::BehaviorVersion;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, tls};

use crate::settings::{CONNECTIONS_TABLE, MESSAGES_TABLE, PROBE_SECRETS, REGION};
use crate::{Chat, Settings, SettingsError};

/// The variable with the address of `@connections`: `https://{api}.execute-api.{region}.amazonaws.com/{stage}`. Only the
/// stream reader needs it.
pub const CONNECTIONS_ENDPOINT: &str = "CHAT_CONNECTIONS_ENDPOINT";

/// What the functions behind the REST and the WebSocket API do not start without.
pub const REQUIRED: [&str; 3] = [REGION, MESSAGES_TABLE, CONNECTIONS_TABLE];
/// What the stream reader does not start without.
pub const REQUIRED_BY_STREAM: [&str; 4] = [REGION, MESSAGES_TABLE, CONNECTIONS_TABLE, CONNECTIONS_ENDPOINT];
/// What any of them reads besides.
pub const OPTIONAL: [&str; 1] = [PROBE_SECRETS];

/// A deployed function: what the environment says of it.
#[derive(Debug)]
pub struct Deployed {
    settings: Settings,
    connections: Option<String>,
}

impl Deployed {
    /// A function that pushes nothing.
    ///
    /// # Errors
    /// The environment does not describe a chat API.
    pub fn read(lookup: impl Fn(&'static str) -> Option<String>) -> Result<Self, SettingsError> {
        let connections = lookup(CONNECTIONS_ENDPOINT).filter(|endpoint| !endpoint.is_empty());
        Ok(Self { settings: Settings::from_lookup(lookup)?, connections })
    }

    /// The stream reader, which cannot do without `@connections`.
    ///
    /// # Errors
    /// As [`Deployed::read`], or [`CONNECTIONS_ENDPOINT`] is not set.
    pub fn read_for_stream(lookup: impl Fn(&'static str) -> Option<String>) -> Result<Self, SettingsError> {
        let deployed = Self::read(lookup)?;
        if deployed.connections.is_none() {
            return Err(SettingsError::Missing(CONNECTIONS_ENDPOINT));
        }
        Ok(deployed)
    }

    /// The API, on real AWS unless `AWS_ENDPOINT_URL` says otherwise.
    pub async fn chat(self) -> Chat {
        let Self { settings, connections: endpoint } = self;
        let http = Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build_https();
        let shared = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
        let mut connections = aws_sdk_apigatewaymanagement::config::Builder::from(&shared);
        connections.set_endpoint_url(endpoint.or_else(|| shared.endpoint_url().map(str::to_owned)));
        tracing::info!(?settings, "chat API of {} starts", settings.region);
        let connections = aws_sdk_apigatewaymanagement::Client::from_conf(connections.build());
        Chat::new(settings, aws_sdk_dynamodb::Client::new(&shared), connections)
    }
}
