//! The Lambda behind each observer's gate name: the axum router as it is, behind an HTTP API.

use controller::config::Settings;
use controller::{Gate, log_as_json};
use jiff::Timestamp;

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    log_as_json();
    let settings = Settings::read(|name| std::env::var(name).ok())?;
    let gate = Gate::new(settings.policy.clone(), settings.own_store().await, Timestamp::now);
    lambda_http::run(gate.router()).await
}
