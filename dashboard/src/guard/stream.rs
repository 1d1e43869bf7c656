//! Event streams, which stay open: they are counted, and end with the session, with the server, or when they are old.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use futures_util::StreamExt as _;
use http::header;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::refusal::Refusal;

/// `response` as it is, unless it is an event stream: then one that holds a seat, and ends.
pub(crate) fn bounded(response: Response, seats: &Arc<Semaphore>, ended: CancellationToken, life: Duration) -> Result<Response, Refusal> {
    let kind = response.headers().get(header::CONTENT_TYPE);
    if !kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream")) {
        return Ok(response);
    }
    let seat = Arc::clone(seats).try_acquire_owned().map_err(|_| Refusal::Streams)?;
    let end = Box::pin(async move { tokio::time::timeout(life, ended.cancelled_owned()).await });
    Ok(response.map(|body| {
        Body::from_stream(body.into_data_stream().take_until(end).map(move |event| {
            let _held = &seat;
            event
        }))
    }))
}
