//! A router behind an HTTP API (or a load balancer): the event becomes a request, the response an answer, in time.

use std::convert::Infallible;
use std::process::ExitCode;

use axum::Router;
use axum::body::Body;
use axum::http::uri::{Authority, PathAndQuery};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt as _;
use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpRequestContext};
use lambda_http::request::{LambdaRequest, RequestContext};
use lambda_http::tower::ServiceExt as _;
use lambda_http::{Adapter, LambdaEvent, Request, Service as _, service_fn};

use crate::deadline::Deadline;
use crate::run::events;

/// Serves `router` until the process is ended. Paths are those below the API's stage, whatever its name. A request that is not answered by its deadline, body
/// and all, is answered 503.
pub async fn serve(router: Router) -> ExitCode {
    events(async |mut event: LambdaEvent<LambdaRequest>, deadline| {
        if let LambdaRequest::ApiGatewayV2(request) = &mut event.payload {
            make_sound(request);
        }
        let answered = service_fn(|request: Request| {
            let router = router.clone();
            async move { Ok::<_, Infallible>(answer(router, request, deadline).await) }
        });
        let answer: Result<_, Infallible> = Adapter::from(answered).call(event).await;
        Ok(answer.unwrap_or_else(|never| match never {}))
    })
    .await
}

async fn answer(router: Router, mut request: Request, deadline: Deadline) -> Response {
    if let Some(RequestContext::ApiGatewayV2(context)) = request.extensions().get() {
        let below = below_stage(request.uri(), context);
        *request.uri_mut() = below;
    }
    let answering = async {
        let response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok::<_, axum::Error>(Response::from_parts(parts, Body::from(body)))
    };
    match deadline.within(answering).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            tracing::error!(%error, "an answer broke off");
            refuse(StatusCode::INTERNAL_SERVER_ERROR, "the answer broke off".to_owned())
        }
        Err(overdue) => {
            tracing::error!("{overdue}");
            refuse(StatusCode::SERVICE_UNAVAILABLE, overdue.to_string())
        }
    }
}

fn refuse(status: StatusCode, line: String) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store"), (header::CONTENT_TYPE, "text/plain; charset=utf-8")], line + "\n").into_response()
}

/// Makes a request of what would be none: the conversion panics at a query, a host or a body that it cannot write down, and whoever asks chooses all three.
fn make_sound(request: &mut ApiGatewayV2httpRequest) {
    if let Some(query) = request.raw_query_string.as_mut().filter(|query| Uri::try_from(format!("/?{query}")).is_err()) {
        let escaped = query.bytes().map(|byte| match byte {
            b'"' | b'#' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => format!("%{byte:02X}"),
            byte if byte.is_ascii_graphic() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        });
        *query = escaped.collect();
    }
    let is_host = |host: &str| Authority::try_from(host).is_ok_and(|host| !host.as_str().contains('@'));
    if request.headers.get(header::HOST).is_some_and(|host| !host.to_str().is_ok_and(is_host)) {
        request.headers.remove(header::HOST);
    }
    request.request_context.domain_name.take_if(|name| !is_host(name));
    if request.is_base64_encoded && request.body.as_ref().is_some_and(|body| STANDARD.decode(body).is_err()) {
        (request.body, request.is_base64_encoded) = (None, false);
    }
}

/// The address without the stage that stands before the path of every API but one whose stage is `$default`.
fn below_stage(uri: &Uri, context: &ApiGatewayV2httpRequestContext) -> Uri {
    let stage = context.stage.as_deref().filter(|stage| !stage.is_empty() && *stage != "$default");
    let below = stage.and_then(|stage| uri.path().strip_prefix('/')?.strip_prefix(stage));
    let Some(below) = below.filter(|below| below.is_empty() || below.starts_with('/')) else { return uri.clone() };
    let below = if below.is_empty() { "/" } else { below };
    let path = match uri.query() {
        Some(query) => format!("{below}?{query}"),
        None => below.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(path).ok();
    Uri::from_parts(parts).unwrap_or_else(|_| uri.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn below(stage: Option<&str>, uri: &str) -> String {
        let mut context = ApiGatewayV2httpRequestContext::default();
        context.stage = stage.map(str::to_owned);
        below_stage(&uri.parse().unwrap(), &context).to_string()
    }

    #[test]
    fn a_stage_is_no_part_of_the_path() {
        let said = [
            below(None, "https://gate.test/vote/eu-west-2"),
            below(Some("$default"), "https://gate.test/vote/eu-west-2?a=1"),
            below(Some("prod"), "https://gate.test/prod/vote/eu-west-2?a=1"),
            below(Some("prod"), "/prod"),
            below(Some("prod"), "/product/vote"),
            below(Some("prod"), "/vote/prod"),
        ];
        insta::assert_snapshot!(said.join("\n"), @"
        https://gate.test/vote/eu-west-2
        https://gate.test/vote/eu-west-2?a=1
        https://gate.test/vote/eu-west-2?a=1
        /
        /product/vote
        /vote/prod
        ");
    }
}
