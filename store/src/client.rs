//! The AWS SDK as this project sets it up: one HTTP client on rustls with ring, few retries, short waits.
//!
//! Nothing here knows a parameter or a document.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::identity::IdentityCache;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ssm::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use decision::RegionName;

/// The longest wait for a connection, TLS included. Half of the default deadline: a black hole then still shows as "never connected".
const CONNECT: Duration = Duration::from_secs(1);
/// The longest wait for credentials. Shorter than the default deadline, so that missing credentials show as such and not as silence.
const CREDENTIALS: Duration = Duration::from_millis(1500);
/// Idle connections are dropped after this long, before SSM or a NAT in between drops them unseen.
const IDLE: Duration = Duration::from_secs(20);
/// Attempts of one read, the first included. Writes are never retried by the SDK.
const ATTEMPTS: u32 = 2;

/// What all regions share: credentials by the default chain, one HTTP client, retries and timeouts.
///
/// The region in it only serves credential providers; each client has a region of its own. The instance metadata
/// service is not asked for a region: on a laptop that costs seconds and never answers.
pub async fn aws_config() -> SdkConfig {
    let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new())
        .or_else(Region::from_static("us-east-1"));
    aws_config::defaults(BehaviorVersion::latest())
        .region(region)
        .http_client(http_client())
        .identity_cache(IdentityCache::lazy().load_timeout(CREDENTIALS).build())
        .retry_config(retries())
        .timeout_config(timeouts())
        .load()
        .await
}

/// A new HTTP client for the SDK: rustls with ring, the system's root certificates; plain `http` works too.
#[must_use]
pub fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().pool_idle_timeout(IDLE).tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build_https()
}

/// The SSM client of one region: real AWS, or `endpoint` when given (the world, an emulator).
///
/// An endpoint in plain `http` gets placeholder credentials and a client without TLS: no real session token goes over
/// an open wire, and a demo needs no AWS account.
#[must_use]
pub fn ssm_client(shared: &SdkConfig, region: &RegionName, endpoint: Option<&str>) -> aws_sdk_ssm::Client {
    let mut config = aws_sdk_ssm::config::Builder::from(shared)
        .behavior_version(shared.behavior_version().unwrap_or_else(BehaviorVersion::latest))
        .region(Region::new(region.to_string()))
        .retry_config(retries())
        .timeout_config(timeouts());
    if shared.http_client().is_none() {
        config = config.http_client(http_client());
    }
    if let Some(endpoint) = endpoint {
        config = config.endpoint_url(endpoint);
        if endpoint.starts_with("http://") {
            let placeholder = Credentials::new("failover", "failover", None, None, "placeholder for plain http");
            config = config
                .credentials_provider(SharedCredentialsProvider::new(placeholder))
                .http_client(aws_smithy_http_client::Builder::new().pool_idle_timeout(IDLE).build_http());
        }
    }
    aws_sdk_ssm::Client::from_conf(config.build())
}

fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_millis(200))
}

/// Only the connection has a timeout of the SDK's; every call has a deadline from its caller.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT).build()
}
