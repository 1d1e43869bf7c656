//! The probe's table check: one row per observer and region, overwritten, read back.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use http::StatusCode;
use serde_json::{Value, json};

use crate::message::{Kind, Message, Row};
use crate::messages::Beat;
use crate::ticket::{TICKET_HEADER, TicketError};
use crate::{Chat, body, reply};

/// The longest nonce, in bytes.
const NONCE_BYTES_MAX: usize = 128;

impl Chat {
    /// `POST /probe/table`: writes the observer's heartbeat row and reads it back strongly consistent.
    pub(crate) async fn heartbeat(&self, request: &ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let now = (self.clock)();
        let ticket = request.headers.get(TICKET_HEADER).ok_or(TicketError::Missing);
        let ticket = ticket.and_then(|ticket| ticket.to_str().map_err(|_| TicketError::Malformed));
        let observer = match ticket.and_then(|ticket| self.secrets.observer(ticket, now)) {
            Ok(observer) => observer,
            Err(error) => return reply::error(StatusCode::FORBIDDEN, &error),
        };
        let frame = match body::object(request.body.as_deref(), request.is_base64_encoded) {
            Ok(frame) => frame,
            Err(error @ body::BadBody::TooLong) => return reply::error(StatusCode::PAYLOAD_TOO_LARGE, &error),
            Err(error) => return reply::error(StatusCode::BAD_REQUEST, &error),
        };
        let Some(nonce) = frame.get("nonce").and_then(Value::as_str).filter(|nonce| is_nonce(nonce)) else {
            let reason = format_args!("`nonce` is not 1 to {NONCE_BYTES_MAX} visible ASCII characters");
            return reply::error(StatusCode::BAD_REQUEST, &reason);
        };
        // `#` is in no id that a client may choose.
        let message = Message {
            id: format!("{HEARTBEAT}{observer}#{}", self.region),
            ts: now.as_millisecond(),
            message: nonce.to_owned(),
            source: observer,
            region: self.region.to_string(),
        };
        match self.messages.beat(Row::new(Kind::Probe, message, now)).await {
            Ok(Beat::Read(nonce)) => reply::json(StatusCode::OK, json!({ "nonce": nonce, "region": &*self.region }).to_string()),
            Ok(Beat::Lost) => reply::error(StatusCode::SERVICE_UNAVAILABLE, &"the messages table lost the heartbeat just written"),
            Ok(Beat::Behind) => reply::error(StatusCode::CONFLICT, &"a later heartbeat of this observer is stored"),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "no heartbeat: {error}");
                reply::error(StatusCode::SERVICE_UNAVAILABLE, &error)
            }
        }
    }
}

/// How the key of every heartbeat row begins.
pub(crate) const HEARTBEAT: &str = "heartbeat#";

fn is_nonce(nonce: &str) -> bool {
    (1..=NONCE_BYTES_MAX).contains(&nonce.len()) && nonce.bytes().all(|byte| byte.is_ascii_graphic())
}
