//! The Lambda that decides: one reconcile per event, whatever the event is.
//!
//! Woken by the Parameter Store change event and by the schedule. It looks at neither.

use std::process::ExitCode;

use controller::config::Settings;
use controller::{Controller, log_as_json};
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::de::IgnoredAny;
use store::in_one_line;

#[tokio::main]
async fn main() -> Result<ExitCode, Error> {
    log_as_json();
    let Some(settings) = settings() else { return Ok(ExitCode::FAILURE) };
    let controller = Controller::new(settings.policy.clone(), settings.observer.clone(), settings.observers().await);
    lambda_runtime::run(service_fn(|_: LambdaEvent<IgnoredAny>| reconcile(&controller))).await?;
    Ok(ExitCode::SUCCESS)
}

/// One reconcile. That another controller of this observer was first is no failure: what it decided stands.
async fn reconcile(controller: &Controller) -> Result<(), Error> {
    match controller.reconcile(Timestamp::now()).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_behind() => {
            tracing::info!("another controller of this observer was first");
            Ok(())
        }
        Err(error) => {
            tracing::error!(error = in_one_line(&error), "nothing is recorded");
            Err(error.into())
        }
    }
}

/// What is wrong is one line in the log: all that a person sees of a function that does not start.
fn settings() -> Option<Settings> {
    Settings::of_lambda(|name| std::env::var(name).ok())
        .inspect_err(|error| tracing::error!(error = in_one_line(error), "the settings are refused"))
        .ok()
}
