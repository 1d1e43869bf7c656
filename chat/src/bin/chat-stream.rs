//! The Lambda function that reads the stream of the messages table. Wiring only.
//!
//! A batch that could not be pushed to every socket fails, so that Lambda hands it over again.

use aws_lambda_events::dynamodb::Event;
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    chat::lambda::log_as_json()?;
    let chat = &chat::lambda::chat_with_connections(|name| std::env::var(name).ok()).await?;
    let handler = service_fn(async |event: LambdaEvent<Event>| match chat.stream(event.payload).await.incomplete {
        None => Ok(()),
        Some(why) => Err(why),
    });
    lambda_runtime::run(handler).await
}
