//! SDK clients as our binaries build them, for one endpoint and region.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;

use crate::emulators::OPERATOR;

/// How long one call may take: moto imports a service when it is first asked for it.
const CALL: Duration = Duration::from_secs(30);

/// What clients of one region of one endpoint share: the account's own credentials, no retries, so that the first answer counts.
pub(crate) async fn shared(endpoint: &str, region: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new(region.to_owned()))
        .credentials_provider(Credentials::new(OPERATOR, OPERATOR, None, None, "the emulator's own account"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_timeout(CALL).build())
        .load()
        .await
}
