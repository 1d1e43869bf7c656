//! The Lambda behind each observer's gate name: the axum router as it is, behind an HTTP API.

use std::process::ExitCode;

use controller::Gate;
use controller::config::Settings;
use jiff::Timestamp;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(settings) = lambda::start(Settings::read) else { return ExitCode::FAILURE };
    let gate = Gate::new(settings.policy.clone(), settings.own_store().await, Timestamp::now);
    lambda::serve(gate.router()).await
}
