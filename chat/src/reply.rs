//! REST answers: status, JSON or text, and the CORS headers that every one of them carries.

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use aws_lambda_events::encodings::Body;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL,
    CONTENT_TYPE,
};
use http::{HeaderMap, HeaderValue, StatusCode};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

pub(crate) fn json(status: StatusCode, body: String) -> ApiGatewayV2httpResponse {
    reply(status, JSON, Some(body))
}

pub(crate) fn text(body: &str) -> ApiGatewayV2httpResponse {
    reply(StatusCode::OK, TEXT, Some(body.to_owned()))
}

/// A refusal or failure: `{"error":"reason"}`.
pub(crate) fn error(status: StatusCode, reason: &impl std::fmt::Display) -> ApiGatewayV2httpResponse {
    json(status, serde_json::json!({ "error": reason.to_string() }).to_string())
}

/// The path exists, the method does not.
pub(crate) fn method_not_allowed(allowed: &'static str) -> ApiGatewayV2httpResponse {
    let mut response = error(StatusCode::METHOD_NOT_ALLOWED, &format_args!("only {allowed} is allowed here"));
    response.headers.insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// A browser asks before it sends a cross-origin request.
pub(crate) fn preflight() -> ApiGatewayV2httpResponse {
    let mut response = reply(StatusCode::NO_CONTENT, TEXT, None);
    response.headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, OPTIONS"));
    response.headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type, x-probe-ticket"));
    response.headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

fn reply(status: StatusCode, content_type: HeaderValue, body: Option<String>) -> ApiGatewayV2httpResponse {
    let mut headers = HeaderMap::new();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if body.is_some() {
        headers.insert(CONTENT_TYPE, content_type);
    }
    let mut response = ApiGatewayV2httpResponse::default();
    response.status_code = status.as_u16().into();
    response.headers = headers;
    response.body = body.map(Body::Text);
    response
}
