//! The Lambda that decides: one reconcile per event, whatever the event is.
//!
//! Woken by the Parameter Store change event and by the schedule. It looks at neither.

use std::process::ExitCode;

use controller::Controller;
use controller::config::Settings;
use jiff::Timestamp;
use lambda::Deadline;
use serde::de::IgnoredAny;

/// A reconcile waits for SSM up to four times in a row: own votes, everything else, the write, and what the write has to repair.
const WAITS: u32 = 4;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(settings) = lambda::start(Settings::read) else { return ExitCode::FAILURE };
    let controller = Controller::new(settings.policy.clone(), settings.observer.clone(), settings.observers().await);
    lambda::run(async |_: IgnoredAny, deadline: Deadline| {
        // Each wait gets its share of the invocation, so that what did not answer is named before the time is up.
        let controller = controller.clone().within((deadline.left() / WAITS).min(store::DEADLINE));
        match controller.reconcile(Timestamp::now()).await {
            Ok(_) => Ok(()),
            // What the other one decided stands.
            Err(error) if error.is_behind() => {
                tracing::info!("another controller of this observer was first");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    })
    .await
}
