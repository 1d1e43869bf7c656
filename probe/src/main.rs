//! The probe as a Lambda function: invoked once a minute, it makes rounds until the next invocation takes over.
//!
//! Clients are built once. What a round is, and when the next one starts, is the library's.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lambda_runtime::{Error, LambdaEvent, service_fn};
use probe::{Probe, Runner, Settings};
use serde_json::{Value, json};
use store::Store;
use tokio::sync::Mutex;
use tokio::time::sleep;
use tracing_subscriber::EnvFilter;

/// From one invocation to the next, less what it takes to say goodbye.
const MINUTE: Duration = Duration::from_millis(59_500);
/// What is left of an invocation for publishing, beyond the longest round.
const GOODBYE: Duration = Duration::from_secs(4);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_current_span(false).without_time().init();

    let settings = Settings::from_environment(|name| std::env::var(name).ok())?;
    let longest_round = settings.pace.deadline;
    let (service, observer) = (settings.service.clone(), settings.observer.clone());
    let probe = Probe::new(settings)?;
    let shared = store::aws_config().await;
    let store = Store::new(service, observer.clone(), store::ssm_client(&shared, &observer, None));
    let metrics =
        aws_sdk_cloudwatch::config::Builder::from(&shared).region(aws_sdk_cloudwatch::config::Region::new(observer.to_string())).build();
    let metrics = aws_sdk_cloudwatch::Client::from_conf(metrics);
    let runner = Arc::new(Mutex::new(Runner::start(probe, store, Some(metrics)).await));

    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let runner = Arc::clone(&runner);
        async move {
            let left = event.context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
            let until = left.saturating_sub(longest_round + GOODBYE).min(MINUTE);
            let ran = runner.lock().await.rounds(sleep(until)).await;
            Ok::<Value, Error>(json!({ "rounds": ran.rounds, "skipped": ran.skipped, "early": ran.early, "dropped": ran.dropped }))
        }
    }))
    .await
}
