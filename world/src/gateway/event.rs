//! The WebSocket API's events, as Lambda gets them.

use std::net::IpAddr;

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use serde_json::Value;

use crate::aws::ACCOUNT;

/// What is the same in every event of one connection.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) connection_id: String,
    pub(super) connected_at: Timestamp,
    pub(super) domain_name: String,
    pub(super) source_ip: IpAddr,
    pub(super) user_agent: String,
}

impl Client {
    fn event(&self, kind: &str, route: &str) -> ApiGatewayWebsocketProxyRequest {
        let now = Timestamp::now();
        let mut event = ApiGatewayWebsocketProxyRequest::default();
        let context = &mut event.request_context;
        let request_id = Some(uuid::Uuid::new_v4().to_string());
        context.account_id = Some(ACCOUNT.to_owned());
        context.apiid = Some("world".to_owned());
        context.stage = Some("$default".to_owned());
        context.domain_name = Some(self.domain_name.clone());
        context.connection_id = Some(self.connection_id.clone());
        context.connected_at = self.connected_at.as_millisecond();
        context.event_type = Some(kind.to_owned());
        context.route_key = Some(route.to_owned());
        context.message_direction = Some("IN".to_owned());
        context.request_id.clone_from(&request_id);
        context.extended_request_id = request_id;
        context.request_time = Some(now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string());
        context.request_time_epoch = now.as_millisecond();
        context.identity.source_ip = Some(self.source_ip.to_string());
        context.identity.user_agent = Some(self.user_agent.clone());
        event
    }

    /// `$connect`, with the handshake's headers and query.
    pub(super) fn connect(&self, headers: &HeaderMap, query: &str) -> ApiGatewayWebsocketProxyRequest {
        let mut event = self.event("CONNECT", "$connect");
        event.headers = headers.clone();
        event.multi_value_headers = headers.clone();
        event.query_string_parameters = query.parse().unwrap_or_default();
        event.multi_value_query_string_parameters = query.parse().unwrap_or_default();
        event
    }

    /// A message, on the route its `action` names.
    pub(super) fn message(&self, text: &str) -> ApiGatewayWebsocketProxyRequest {
        let mut event = self.event("MESSAGE", route(text));
        event.request_context.message_id = Some(uuid::Uuid::new_v4().to_string());
        event.body = Some(text.to_owned());
        event
    }

    /// A binary message, which names no route.
    pub(super) fn binary(&self, bytes: &Bytes) -> ApiGatewayWebsocketProxyRequest {
        let mut event = self.event("MESSAGE", "$default");
        event.request_context.message_id = Some(uuid::Uuid::new_v4().to_string());
        event.body = Some(STANDARD.encode(bytes));
        event.is_base64_encoded = true;
        event
    }

    /// `$disconnect`, with the close code that ended it.
    pub(super) fn disconnect(&self, code: u16, reason: &str) -> ApiGatewayWebsocketProxyRequest {
        let mut event = self.event("DISCONNECT", "$disconnect");
        event.request_context.disconnect_status_code = Some(i64::from(code));
        event.request_context.disconnect_reason = Some(reason.to_owned());
        event
    }
}

/// The route selection expression of the chat is `$request.body.action`, and it has one route.
fn route(text: &str) -> &'static str {
    let action = serde_json::from_str::<Value>(text).ok();
    match action.as_ref().and_then(|body| body.get("action")).and_then(Value::as_str) {
        Some("send") => "send",
        Some(_) | None => "$default",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_chosen_by_the_action() {
        for (text, expected) in [
            (r#"{"action":"send","message":"x"}"#, "send"),
            (r#"{"action":"dance"}"#, "$default"),
            (r#"{"action":1}"#, "$default"),
            ("[]", "$default"),
            ("hello", "$default"),
            ("", "$default"),
        ] {
            assert_eq!(route(text), expected, "{text}");
        }
    }
}
