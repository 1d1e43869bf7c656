//! The probe as a Lambda function: invoked once a minute, it makes rounds until the next invocation takes over.
//!
//! Clients are built once. What a round is, and when the next one starts, is the library's.

use std::process::ExitCode;
use std::time::Duration;

use lambda::Deadline;
use probe::{Probe, Runner, Settings};
use serde::de::IgnoredAny;
use serde_json::json;
use store::Store;
use tokio::sync::Mutex;
use tokio::time::sleep;

/// From one invocation to the next, less what it takes to say goodbye.
const MINUTE: Duration = Duration::from_millis(59_500);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(mut settings) = lambda::start(Settings::from_environment) else { return ExitCode::FAILURE };
    // Every invocation publishes at its end. The clock is only for one that is let run for longer.
    settings.pace.metrics = MINUTE * 2;
    let goodbye = settings.pace.longest_goodbye();
    let (service, observer) = (settings.service.clone(), settings.observer.clone());
    let probe = match Probe::new(settings) {
        Ok(probe) => probe,
        Err(error) => {
            tracing::error!(error = store::in_one_line(&error), "the settings are refused: correct them and deploy again");
            return ExitCode::FAILURE;
        }
    };
    let shared = store::aws_config().await;
    let store = Store::new(service, observer.clone(), store::ssm_client(&shared, &observer, None));
    let metrics =
        aws_sdk_cloudwatch::config::Builder::from(&shared).region(aws_sdk_cloudwatch::config::Region::new(observer.to_string())).build();
    let metrics = aws_sdk_cloudwatch::Client::from_conf(metrics);
    let runner = Mutex::new(Runner::start(probe, store, Some(metrics)).await);

    lambda::run(async |_: IgnoredAny, deadline: Deadline| {
        let until = deadline.left().saturating_sub(goodbye).min(MINUTE);
        if until.is_zero() {
            return Err(
                format!("no round fits into this invocation: give the function at least {} s", (goodbye + MINUTE).as_secs() + 1).into()
            );
        }
        let ran = runner.lock().await.rounds(sleep(until)).await;
        Ok(json!({ "rounds": ran.rounds, "skipped": ran.skipped, "early": ran.early, "dropped": ran.dropped }))
    })
    .await
}
