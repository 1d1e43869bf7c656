//! The Lambda behind the dashboard's name: the same pages and API, behind a load balancer or an HTTP API whose authorizer signs people in.
//!
//! Nothing runs between two requests here: whoever asks looks, pages ask again by themselves instead of keeping a stream open.

use std::process::ExitCode;

use dashboard::{Dashboard, Deployed};
use store::in_one_line;
use tracing_subscriber::EnvFilter;

/// Where Lambda's runtime API listens. Set by Lambda and nobody else.
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

#[tokio::main]
async fn main() -> Result<ExitCode, lambda_http::Error> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().flatten_event(true).with_target(false).with_env_filter(filter).init();
    if std::env::var_os(RUNTIME_API).is_none() {
        tracing::error!("{RUNTIME_API} is not set: this is a Lambda function; `failover dashboard` serves the same page elsewhere");
        return Ok(ExitCode::FAILURE);
    }
    let deployed = match Deployed::read(|name| std::env::var(name).ok()) {
        Ok(deployed) => deployed,
        Err(error) => {
            tracing::error!(error = in_one_line(&error), "the settings are refused");
            return Ok(ExitCode::FAILURE);
        }
    };
    let dashboard = Dashboard::new(deployed.settings().await);
    dashboard.guard().warm().await;
    lambda_http::run(dashboard.router()).await?;
    Ok(ExitCode::SUCCESS)
}
