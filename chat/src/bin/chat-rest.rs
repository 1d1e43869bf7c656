//! The Lambda function behind the REST API. Wiring only.

use std::process::ExitCode;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use chat::lambda::Deployed;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(deployed) = lambda::start(Deployed::read) else { return ExitCode::FAILURE };
    let chat = deployed.chat().await;
    lambda::run(async |event: ApiGatewayV2httpRequest, deadline| Ok(chat.clone().until(deadline.at()).rest(event).await)).await
}
