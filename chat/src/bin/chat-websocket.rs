//! The Lambda function behind the WebSocket API. Wiring only.

use std::convert::Infallible;

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    chat::lambda::log_as_json()?;
    let chat = &chat::lambda::chat(|name| std::env::var(name).ok()).await?;
    let handler =
        service_fn(async |event: LambdaEvent<ApiGatewayWebsocketProxyRequest>| Ok::<_, Infallible>(chat.websocket(event.payload).await));
    lambda_runtime::run(handler).await
}
