//! Users against small real servers: a name server, regions that speak the chat's wire, a browser.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops here")]

mod browser;
mod chat_region;
mod forwarder;
mod interleavings;
mod name_server;
mod person;
mod resolver;

use std::future::Future;
use std::time::Duration;

/// Nothing in these tests takes longer on a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);

/// Waits for a condition, and says which when it does not come.
async fn eventually<F, Fut>(what: &str, mut holds: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    let end = tokio::time::Instant::now() + DEADLINE;
    while !holds().await {
        assert!(tokio::time::Instant::now() < end, "not within {DEADLINE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
