//! The Lambda function behind the REST API. Wiring only.

use std::convert::Infallible;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    chat::lambda::log_as_json()?;
    let chat = &chat::lambda::chat(|name| std::env::var(name).ok()).await?;
    let handler = service_fn(async |event: LambdaEvent<ApiGatewayV2httpRequest>| Ok::<_, Infallible>(chat.rest(event.payload).await));
    lambda_runtime::run(handler).await
}
