//! Frames down one socket, through `@connections`.

use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionError;
use aws_sdk_apigatewaymanagement::primitives::Blob;
use tokio::time::Instant;

use crate::deadlines::{Deadlines, Until};

/// Posts frames to sockets.
#[derive(Debug, Clone)]
pub(crate) struct Push {
    client: Client,
    deadlines: Deadlines,
    until: Until,
}

/// What became of the frames for one socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// All of them were taken.
    Pushed,
    /// There is no such socket any more.
    Gone,
    /// One of them was not taken, and none after it was tried: order is kept, and a client reads the history for the rest.
    Failed,
}

impl Push {
    pub(crate) fn new(client: &Client, deadlines: Deadlines) -> Self {
        Self { client: deadlines.connections(client), deadlines, until: Until::default() }
    }

    pub(crate) fn with_deadlines(self, deadlines: Deadlines) -> Self {
        Self { until: self.until, ..Self::new(&self.client, deadlines) }
    }

    pub(crate) fn until(self, until: Until) -> Self {
        Self { until, ..self }
    }

    /// When a batch that starts now must be over.
    pub(crate) fn batch_deadline(&self) -> Instant {
        self.until.or_sooner(Instant::now() + self.deadlines.batch)
    }

    /// Posts frames one after the other, each within its deadline, all before `until`.
    pub(crate) async fn deliver(&self, connection: &str, frames: &[Blob], until: Instant) -> Delivery {
        match tokio::time::timeout_at(until, self.post_all(connection, frames)).await {
            Ok(delivery) => delivery,
            Err(_) => {
                tracing::warn!(connection.id = connection, "connection {connection} was not reached before the end of the batch");
                Delivery::Failed
            }
        }
    }

    async fn post_all(&self, connection: &str, frames: &[Blob]) -> Delivery {
        for frame in frames {
            let posted = self.client.post_to_connection().connection_id(connection).data(frame.clone()).send().await;
            let Err(error) = posted else { continue };
            if is_gone(&error) {
                return Delivery::Gone;
            }
            tracing::warn!(
                connection.id = connection,
                error = %DisplayErrorContext(&error),
                "connection {connection} did not take a frame: {}",
                error.code().unwrap_or("no answer")
            );
            return Delivery::Failed;
        }
        Delivery::Pushed
    }
}

fn is_gone(error: &SdkError<PostToConnectionError>) -> bool {
    error.as_service_error().is_some_and(PostToConnectionError::is_gone_exception)
        || error.raw_response().is_some_and(|response| response.status().as_u16() == 410)
}
