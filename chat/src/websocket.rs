//! The WebSocket API: `$connect`, `$disconnect`, and frames, of which `send` is the only action.
//!
//! What a socket sent is never pushed from here: it goes the way of every message, through the table and its stream.

use aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use aws_lambda_events::encodings::Body;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};

use crate::Chat;
use crate::connections::{Connection, Party};
use crate::envelope::{Envelope, ErrorFrame};
use crate::message::{Kind, Message, MessageId, Row};
use crate::messages::Stored;
use crate::send::{Refused, Send};
use crate::table_error::TableError;
use crate::ticket::{TICKET_HEADER, TicketError};

/// Longer than any connection id of API Gateway, which has some 15 characters.
const CONNECTION_ID_BYTES_MAX: usize = 128;

impl Chat {
    /// Answers one event of a WebSocket API, by `request_context.route_key`: `$connect`, `$disconnect`, and everything else
    /// as a frame, whose own `action` counts.
    ///
    /// The status of a `$connect` decides the handshake. The body of an answer to a frame, when there is one, is sent to
    /// the client: the API's routes need a route response for that. Never fails.
    ///
    /// A frame that could not be done is answered with `{"error","action","id","again"}`: the reason; the action and the
    /// message's `id` where the frame named them well; and whether sending the same again can help. It can when a table
    /// failed (503) or on another connection (410), and never when the frame itself is at fault (400) or the id belongs
    /// to another message (409): then a client must stop resending.
    pub async fn websocket(&self, request: ApiGatewayWebsocketProxyRequest) -> ApiGatewayProxyResponse {
        let id = request.request_context.connection_id.as_deref().filter(|id| (1..=CONNECTION_ID_BYTES_MAX).contains(&id.len()));
        let Some(id) = id else {
            return failed(StatusCode::BAD_REQUEST, "the event has no connection id".to_owned(), About::NOTHING);
        };
        match request.request_context.route_key.as_deref() {
            Some("$connect") => self.connect(id, &request).await,
            Some("$disconnect") => self.disconnect(id).await,
            Some(_) | None => self.frame(id, &request).await,
        }
    }

    /// Lets a socket in once its row is stored: a socket without one would never be pushed to.
    async fn connect(&self, id: &str, request: &ApiGatewayWebsocketProxyRequest) -> ApiGatewayProxyResponse {
        let now = (self.clock)();
        let party = match request.headers.get(TICKET_HEADER) {
            None => Party::User,
            Some(ticket) => {
                let ticket = ticket.to_str().map_err(|_| TicketError::Malformed);
                match ticket.and_then(|ticket| self.secrets.observer(ticket, now)) {
                    Ok(observer) => Party::Probe(observer),
                    Err(error) => return failed(StatusCode::FORBIDDEN, error.to_string(), About::NOTHING),
                }
            }
        };
        match self.connections.put(Connection { id: id.to_owned(), party }, now).await {
            Ok(()) => done(None),
            Err(error) => table_failed(&error, About::NOTHING),
        }
    }

    /// Forgets a socket. When that fails the row outlives it until the stream reader finds it gone, or its TTL.
    async fn disconnect(&self, id: &str) -> ApiGatewayProxyResponse {
        if let Err(error) = self.connections.remove(id).await {
            tracing::warn!(error = &error as &dyn std::error::Error, connection.id = id, "connection {id} stays in the table: {error}");
        }
        done(None)
    }

    async fn frame(&self, id: &str, request: &ApiGatewayWebsocketProxyRequest) -> ApiGatewayProxyResponse {
        let Send { id: given, text } = match Send::parse(request.body.as_deref(), request.is_base64_encoded) {
            Ok(send) => send,
            Err(Refused { why, action, id }) => {
                let about = About { action: action.as_deref(), id: id.as_ref().map(MessageId::as_str) };
                return failed(StatusCode::BAD_REQUEST, why.to_string(), about);
            }
        };
        let about = About { action: Some("send"), id: given.as_ref().map(MessageId::as_str) };
        let now = (self.clock)();
        let (kind, source) = match self.connections.party(id, now).await {
            Ok(Some(Party::User)) => (Kind::User, id.to_owned()),
            Ok(Some(Party::Probe(observer))) => (Kind::Probe, observer),
            Ok(None) => return failed(StatusCode::GONE, "this connection is not known here, connect again".to_owned(), about),
            Err(error) => return table_failed(&error, about),
        };
        let message = Message {
            id: given.clone().unwrap_or_else(MessageId::random).into_string(),
            ts: now.as_millisecond(),
            message: text.into_string(),
            source,
            region: self.region.to_string(),
        };
        match self.messages.put(Row::new(kind, message, now)).await {
            Ok(Stored::New) => done(None),
            // The sender may have lost the socket on which the push came.
            Ok(Stored::Already(message)) => done(Some(Envelope { messages: vec![message], region: self.region.to_string() }.json())),
            Ok(Stored::Taken) => failed(StatusCode::CONFLICT, "`id` belongs to another message".to_owned(), about),
            Err(error) => table_failed(&error, about),
        }
    }
}

/// What an error frame is about, as far as the client's own frame said.
#[derive(Debug, Clone, Copy)]
struct About<'a> {
    action: Option<&'a str>,
    id: Option<&'a str>,
}

impl About<'_> {
    const NOTHING: Self = Self { action: None, id: None };
}

fn table_failed(error: &TableError, about: About<'_>) -> ApiGatewayProxyResponse {
    tracing::warn!(error = error as &dyn std::error::Error, action = about.action, "{error}");
    failed(StatusCode::SERVICE_UNAVAILABLE, error.to_string(), about)
}

fn failed(status: StatusCode, error: String, About { action, id }: About<'_>) -> ApiGatewayProxyResponse {
    // The table may recover, and another connection may be known; what the frame says does not change.
    let again = status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::GONE;
    answer(status, Some(ErrorFrame { error, action, id, again }.json()))
}

fn done(frame: Option<String>) -> ApiGatewayProxyResponse {
    answer(StatusCode::OK, frame)
}

fn answer(status: StatusCode, frame: Option<String>) -> ApiGatewayProxyResponse {
    let mut response = ApiGatewayProxyResponse::default();
    response.status_code = status.as_u16().into();
    if frame.is_some() {
        response.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response.body = frame.map(Body::Text);
    response
}
