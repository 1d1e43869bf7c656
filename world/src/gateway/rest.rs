//! The HTTP API: a request becomes the event of payload format 2.0, its answer a response.

use std::net::IpAddr;
use std::time::Duration;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use jiff::Timestamp;
use serde_json::json;

use super::Shared;
use super::session::INTEGRATION_DEADLINE_MIN;
use crate::aws::ACCOUNT;
use crate::aws::wire::{self, Answer, Call, ReadError, Response};
use crate::fault::Component;

/// The largest request body: what a Lambda invocation takes [APIGW].
const BODY_BYTES_MAX: usize = 6 * 1024 * 1024;
/// The longest an integration may take [APIGW].
const INTEGRATION_DEADLINE: Duration = Duration::from_secs(30);
/// What `RestSlow` adds.
const SLOW: Duration = Duration::from_secs(3);

/// Answers one request, or breaks it as the faults say.
pub(super) async fn answer(shared: &Shared, peer: IpAddr, request: http::Request<Incoming>) -> Answer {
    if shared.is_on(Component::RestHole) {
        until_healed(shared).await;
        return Answer::Cut;
    }
    if shared.is_on(Component::RestSlow) {
        tokio::time::sleep(shared.speed.scale(SLOW)).await;
    }
    let health = request.uri().path() == "/health";
    if (health && shared.is_on(Component::Health)) || (!health && shared.is_on(Component::Rest)) {
        return Answer::Response(message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"));
    }
    let call = match wire::read(request, BODY_BYTES_MAX).await {
        Ok(call) => call,
        Err(ReadError::TooLarge(_)) => return Answer::Response(message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")),
        Err(ReadError::Broken) => return Answer::Cut,
    };
    let event = event(peer, call);
    let (chat, deadline) = (shared.chat.clone(), shared.speed.scale(INTEGRATION_DEADLINE).max(INTEGRATION_DEADLINE_MIN));
    // An invocation that began goes on when its caller is gone, as Lambda's do. One that outlives its region writes nothing there: the chat's
    // endpoint is down with `Region`, and the calls that were open are cut.
    let invocation = tokio::spawn(async move { tokio::time::timeout(deadline, chat.rest(event)).await });
    match invocation.await {
        Ok(Ok(answer)) => Answer::Response(response(answer)),
        Ok(Err(_)) => Answer::Response(message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")),
        Err(_) => Answer::Response(message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")),
    }
}

/// Waits in the black hole. The client has mostly left by the end of it, which drops this.
async fn until_healed(shared: &Shared) {
    let mut faults = shared.faults.watch();
    while shared.is_on(Component::RestHole) {
        if faults.changed().await.is_err() {
            return;
        }
    }
}

/// An answer of the gateway itself.
pub(super) fn message(status: StatusCode, message: &str) -> Response {
    let mut response = Response::new(Full::new(Bytes::from(json!({ "message": message }).to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn event(peer: IpAddr, call: Call) -> ApiGatewayV2httpRequest {
    let now = Timestamp::now();
    let text = |name: &str| Some(call.header(name).to_owned()).filter(|value| !value.is_empty());
    let host = host(&call.headers);
    let mut event = ApiGatewayV2httpRequest::default();
    event.version = Some("2.0".to_owned());
    event.route_key = Some("$default".to_owned());
    event.raw_path = Some(call.uri.path().to_owned());
    event.raw_query_string = Some(call.uri.query().unwrap_or_default().to_owned());
    event.query_string_parameters = call.uri.query().unwrap_or_default().parse().unwrap_or_default();
    event.cookies = text("cookie").map(|cookies| cookies.split("; ").map(str::to_owned).collect());
    let context = &mut event.request_context;
    context.route_key = Some("$default".to_owned());
    context.stage = Some("$default".to_owned());
    context.account_id = Some(ACCOUNT.to_owned());
    context.apiid = Some("world".to_owned());
    context.request_id = Some(uuid::Uuid::new_v4().to_string());
    context.domain_prefix = host.split('.').next().map(str::to_owned);
    context.time = Some(now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string());
    context.time_epoch = now.as_millisecond();
    context.http.method = call.method.clone();
    context.http.path = Some(call.uri.path().to_owned());
    context.http.protocol = Some("HTTP/1.1".to_owned());
    context.http.source_ip = Some(peer.to_string());
    context.http.user_agent = text("user-agent");
    context.domain_name = Some(host);
    event.headers = call.headers;
    if !call.body.is_empty() {
        let text = std::str::from_utf8(&call.body).ok().map(str::to_owned);
        event.is_base64_encoded = text.is_none();
        event.body = Some(text.unwrap_or_else(|| STANDARD.encode(&call.body)));
    }
    event
}

/// The host a client asked for, without a port.
pub(super) fn host(headers: &HeaderMap) -> String {
    let host = wire::header(headers, "host");
    host.rsplit_once(':').map_or(host, |(name, _)| name).to_owned()
}

fn response(answer: ApiGatewayV2httpResponse) -> Response {
    let malformed = || message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    let Some(status) = u16::try_from(answer.status_code).ok().and_then(|status| StatusCode::from_u16(status).ok()) else {
        return malformed();
    };
    let body = match answer.body {
        None | Some(Body::Empty) => Bytes::new(),
        Some(Body::Text(text)) if answer.is_base64_encoded => match STANDARD.decode(text) {
            Ok(bytes) => bytes.into(),
            Err(_) => return malformed(),
        },
        Some(Body::Text(text)) => text.into(),
        Some(Body::Binary(bytes)) => bytes.into(),
        // The enum is open; no other body can be written.
        Some(_) => return malformed(),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    for (name, value) in answer.headers.iter().chain(answer.multi_value_headers.iter()) {
        response.headers_mut().append(name, value.clone());
    }
    for cookie in answer.cookies {
        if let Ok(value) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    response
}
