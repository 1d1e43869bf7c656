//! The Lambda function behind the WebSocket API. Wiring only.

use std::process::ExitCode;

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use chat::lambda::Deployed;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(deployed) = lambda::start(Deployed::read) else { return ExitCode::FAILURE };
    let chat = deployed.chat().await;
    lambda::run(async |event: ApiGatewayWebsocketProxyRequest, deadline| Ok(chat.clone().until(deadline.at()).websocket(event).await)).await
}
