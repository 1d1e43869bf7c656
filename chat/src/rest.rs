//! The REST API: history, the talk's constant health check, and the probe's table check.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use http::{Method, StatusCode};

use crate::envelope::Envelope;
use crate::{Chat, reply};

/// The most messages one history read returns, and how many it returns unasked.
const HISTORY_MAX: u8 = 100;

impl Chat {
    /// Answers one REST request of an HTTP API (payload format 2.0). Never fails: 4xx with a reason for what the client
    /// did, 503 with a reason for what the table did.
    pub async fn rest(&self, request: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let method = &request.request_context.http.method;
        if method == Method::OPTIONS {
            return reply::preflight();
        }
        match (path(&request), method) {
            ("/history", &Method::GET) => self.history(request.query_string_parameters.first("limit")).await,
            ("/health", &Method::GET) => reply::text("Ok"),
            ("/probe/table", &Method::POST) => self.heartbeat(&request).await,
            ("/history" | "/health", _) => reply::method_not_allowed("GET"),
            ("/probe/table", _) => reply::method_not_allowed("POST"),
            _ => reply::error(StatusCode::NOT_FOUND, &"there is nothing here"),
        }
    }

    /// `GET /history?limit=N`: the newest messages of users, newest first.
    async fn history(&self, limit: Option<&str>) -> ApiGatewayV2httpResponse {
        let limit = match limit.map_or(Some(HISTORY_MAX), parse_limit) {
            Some(limit) => limit,
            None => return reply::error(StatusCode::BAD_REQUEST, &format_args!("`limit` is not a number from 1 to {HISTORY_MAX}")),
        };
        match self.messages.newest(limit).await {
            Ok(messages) => reply::json(StatusCode::OK, Envelope { messages, region: self.region.to_string() }.json()),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "no history: {error}");
                reply::error(StatusCode::SERVICE_UNAVAILABLE, &error)
            }
        }
    }
}

/// The path below the API's stage. A stage that is not `$default` stands before it, as `/prod/history`.
fn path(request: &ApiGatewayV2httpRequest) -> &str {
    let raw = request.raw_path.as_deref().unwrap_or("/");
    let stage = request.request_context.stage.as_deref().filter(|stage| !stage.is_empty());
    let below = stage.and_then(|stage| raw.strip_prefix('/')?.strip_prefix(stage));
    below.filter(|below| below.starts_with('/')).unwrap_or(raw)
}

fn parse_limit(raw: &str) -> Option<u8> {
    // `parse` alone would take a leading plus.
    let digits = raw.bytes().all(|byte| byte.is_ascii_digit());
    raw.parse().ok().filter(|limit| digits && (1..=HISTORY_MAX).contains(limit))
}
