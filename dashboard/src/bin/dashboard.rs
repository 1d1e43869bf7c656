//! The Lambda behind the dashboard's name: the same pages and API, behind a load balancer or an HTTP API whose authorizer signs people in.
//!
//! Nothing runs between two requests here: whoever asks looks, pages ask again by themselves instead of keeping a stream open. `failover dashboard` serves
//! the same page elsewhere.

use std::process::ExitCode;

use dashboard::{Dashboard, Deployed};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(deployed) = lambda::start(Deployed::read) else { return ExitCode::FAILURE };
    let dashboard = Dashboard::new(deployed.settings().await);
    dashboard.guard().warm().await;
    lambda::serve(dashboard.router()).await
}
