//! What the three Lambda functions share: JSON logs, settings and clients, made once at start.

use std::error::Error;

use aws_config::BehaviorVersion;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, tls};
use tracing_subscriber::EnvFilter;

use crate::{Chat, Settings, SettingsError};

/// The variable with the address of `@connections`: `https://{api}.execute-api.{region}.amazonaws.com/{stage}`. Only the
/// stream reader needs it.
pub const CONNECTIONS_ENDPOINT: &str = "CHAT_CONNECTIONS_ENDPOINT";

/// The function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The environment does not describe a chat API.
    #[error("the environment is not complete")]
    Settings(#[from] SettingsError),
}

/// Logs as JSON lines, which CloudWatch Logs can query. `RUST_LOG` filters; without it, `info` and above.
///
/// # Errors
/// Something logs already.
pub fn log_as_json() -> Result<(), Box<dyn Error + Send + Sync>> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().flatten_event(true).with_current_span(false).with_env_filter(filter).without_time().try_init()
}

/// The API described by the environment, on real AWS unless `AWS_ENDPOINT_URL` says otherwise.
///
/// # Errors
/// The environment does not describe one.
pub async fn chat(lookup: impl Fn(&'static str) -> Option<String>) -> Result<Chat, StartError> {
    let settings = Settings::from_lookup(&lookup)?;
    let http = Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build_https();
    let shared = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
    let mut connections = aws_sdk_apigatewaymanagement::config::Builder::from(&shared);
    connections.set_endpoint_url(lookup(CONNECTIONS_ENDPOINT).or_else(|| shared.endpoint_url().map(str::to_owned)));
    tracing::info!(?settings, "chat API of {} starts", settings.region);
    let connections = aws_sdk_apigatewaymanagement::Client::from_conf(connections.build());
    Ok(Chat::new(settings, aws_sdk_dynamodb::Client::new(&shared), connections))
}

/// As [`chat`], for the stream reader, which cannot do without `@connections`.
///
/// # Errors
/// As [`chat`], or [`CONNECTIONS_ENDPOINT`] is not set.
pub async fn chat_with_connections(lookup: impl Fn(&'static str) -> Option<String>) -> Result<Chat, StartError> {
    if lookup(CONNECTIONS_ENDPOINT).is_none_or(|endpoint| endpoint.is_empty()) {
        return Err(SettingsError::Missing(CONNECTIONS_ENDPOINT).into());
    }
    chat(lookup).await
}
