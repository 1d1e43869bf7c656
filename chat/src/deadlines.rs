//! How long every call to AWS may take, and how often it is tried. Both clients of the crate are built here and nowhere
//! else, so that no call can be made without a deadline.

use std::time::Duration;

use aws_sdk_dynamodb::config::Region;
use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::SdkError;
use tokio::time::{Instant, timeout_at};

/// Attempts of one call, the first included.
const ATTEMPTS_MAX: u32 = 2;

/// The longest first pause between two attempts; the SDK draws the real one at random below it.
const BACKOFF: Duration = Duration::from_millis(50);

/// How long calls may take, retries included. One attempt gets half of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// One call to DynamoDB. Below the probe's own deadline for a REST read, so that the reason reaches it.
    pub table: Duration,
    /// One post of one frame to one socket.
    pub post: Duration,
    /// All posts of one stream batch together; sockets not reached by then count as failed. The Lambda time-out of
    /// the stream reader has to be longer by a few calls to the table.
    pub batch: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { table: Duration::from_millis(1500), post: Duration::from_secs(1), batch: Duration::from_secs(20) }
    }
}

/// When every call has to be over, whatever its own deadline would allow; without one, nothing ends it earlier.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Until(Option<Instant>);

/// A call was ended because whoever asked for it could not wait any longer.
#[derive(Debug, thiserror::Error)]
#[error("there was no time left to wait for an answer")]
struct NoTimeLeft;

impl Until {
    pub(crate) fn at(moment: Instant) -> Self {
        Self(Some(moment))
    }

    /// This end, or `other` if that comes first.
    pub(crate) fn or_sooner(self, other: Instant) -> Instant {
        self.0.map_or(other, |at| at.min(other))
    }

    /// The answer to a call, or a time-out when there is none by then.
    pub(crate) async fn call<T, E, R>(self, call: impl Future<Output = Result<T, SdkError<E, R>>>) -> Result<T, SdkError<E, R>> {
        let Some(at) = self.0 else { return call.await };
        // Boxed: the SDK's futures are some kilobytes each, and they nest.
        timeout_at(at, Box::pin(call)).await.unwrap_or_else(|_| Err(SdkError::timeout_error(NoTimeLeft)))
    }
}

impl Deadlines {
    pub(crate) fn dynamodb(self, client: &aws_sdk_dynamodb::Client) -> aws_sdk_dynamodb::Client {
        let known = client.config();
        let config = known.to_builder().timeout_config(timeouts(self.table)).retry_config(retries());
        aws_sdk_dynamodb::Client::from_conf(config.retry_partition(partition("dynamodb", known.region())).build())
    }

    pub(crate) fn connections(self, client: &aws_sdk_apigatewaymanagement::Client) -> aws_sdk_apigatewaymanagement::Client {
        let known = client.config();
        let config = known.to_builder().timeout_config(timeouts(self.post)).retry_config(retries());
        aws_sdk_apigatewaymanagement::Client::from_conf(config.retry_partition(partition("connections", known.region())).build())
    }
}

fn timeouts(operation: Duration) -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(operation / 2).operation_attempt_timeout(operation / 2).operation_timeout(operation).build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX).with_initial_backoff(BACKOFF)
}

/// Retries are rationed per partition, and all clients of a process share one unless told otherwise: with several regions
/// in a process, one that fails must not use up the retries of the others.
fn partition(of: &str, region: Option<&Region>) -> RetryPartition {
    RetryPartition::new(format!("chat-{of}-{}", region.map_or("nowhere", Region::as_ref)))
}
