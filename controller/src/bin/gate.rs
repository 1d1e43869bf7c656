//! The Lambda behind each observer's gate name: the axum router as it is, behind an HTTP API.

use std::process::ExitCode;

use controller::config::Settings;
use controller::{Gate, log_as_json};
use jiff::Timestamp;
use store::in_one_line;

#[tokio::main]
async fn main() -> Result<ExitCode, lambda_http::Error> {
    log_as_json();
    let Some(settings) = settings() else { return Ok(ExitCode::FAILURE) };
    let gate = Gate::new(settings.policy.clone(), settings.own_store().await, Timestamp::now);
    lambda_http::run(gate.router()).await?;
    Ok(ExitCode::SUCCESS)
}

/// What is wrong is one line in the log: all that a person sees of a function that does not start.
fn settings() -> Option<Settings> {
    Settings::of_lambda(|name| std::env::var(name).ok())
        .inspect_err(|error| tracing::error!(error = in_one_line(error), "the settings are refused"))
        .ok()
}
