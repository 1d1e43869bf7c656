//! The Lambda function that reads the stream of the messages table. Wiring only.
//!
//! A batch that could not be pushed to every socket fails, so that Lambda hands it over again.

use std::process::ExitCode;

use aws_lambda_events::dynamodb::Event;
use chat::lambda::Deployed;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(deployed) = lambda::start(Deployed::read_for_stream) else { return ExitCode::FAILURE };
    let chat = deployed.chat().await;
    lambda::run(async |event: Event, deadline| match chat.clone().until(deadline.at()).stream(event).await.incomplete {
        None => Ok(()),
        Some(why) => Err(why.into()),
    })
    .await
}
