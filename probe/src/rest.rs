//! The checks over REST: a read that touches the table, and the table check.
//!
//! Both parse the whole answer: a 200 with the wrong body is a failure.

use decision::{Cause, RegionName};
use http::Method;
use serde::Deserialize;
use tokio::time::Instant;

use crate::connect::Connector;
use crate::endpoint::Endpoint;
use crate::exchange::{Ask, ask};
use crate::nonce;
use crate::pace::Pace;
use crate::seen::{Failure, Phase, Step};

/// How many messages the read asks for: enough to touch the index, and to see a probe that leaked.
const HISTORY_LIMIT: usize = 1;

#[derive(Deserialize)]
struct History {
    messages: Vec<Message>,
    region: String,
}

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "id")]
    _id: String,
    #[serde(rename = "ts")]
    _ts: i64,
    message: String,
}

#[derive(Deserialize)]
struct Heartbeat {
    nonce: String,
    region: String,
}

/// Reads the newest message of the history. Returns how many probe messages were in it: there must be none.
pub(crate) async fn read(connector: &Connector, endpoint: &Endpoint, region: &RegionName, pace: &Pace, outer: Instant) -> (Step, u32) {
    let path = format!("/history?limit={HISTORY_LIMIT}");
    let request = Ask { method: Method::GET, path: &path, ticket: None, body: String::new(), deadline: pace.answer };
    let (mut step, body) = ask(connector, endpoint, &request, outer).await;
    let Some(body) = body else { return (step, 0) };
    match serde_json::from_slice::<History>(&body) {
        Ok(history) if history.messages.len() > HISTORY_LIMIT => step.fail_protocol("more messages than were asked for"),
        Ok(history) if history.region != region.as_str() => step.fail_protocol(&format!("{} answered", history.region)),
        Ok(history) => {
            let leaked = history.messages.iter().filter(|message| nonce::is_probe(&message.message)).count();
            return (step, u32::try_from(leaked).unwrap_or(u32::MAX));
        }
        Err(error) => step.fail_protocol(&format!("history: {error}")),
    }
    (step, 0)
}

/// Has the region write its heartbeat row and read it back, strongly consistent.
pub(crate) async fn table(
    connector: &Connector,
    endpoint: &Endpoint,
    region: &RegionName,
    credentials: (&str, &str),
    pace: &Pace,
    outer: Instant,
) -> Step {
    let (ticket, nonce) = credentials;
    let body = serde_json::json!({ "nonce": nonce }).to_string();
    let request = Ask { method: Method::POST, path: "/probe/table", ticket: Some(ticket), body, deadline: pace.answer };
    let (mut step, body) = ask(connector, endpoint, &request, outer).await;
    let Some(body) = body else { return step };
    match serde_json::from_slice::<Heartbeat>(&body) {
        Ok(heartbeat) if heartbeat.nonce != nonce => step.fail_protocol("another nonce came back: the read was stale"),
        Ok(heartbeat) if heartbeat.region != region.as_str() => step.fail_protocol(&format!("{} answered", heartbeat.region)),
        Ok(_) => {}
        Err(error) => step.fail_protocol(&format!("table: {error}")),
    }
    step
}

impl Step {
    /// The answer is not what the API promises.
    fn fail_protocol(&mut self, detail: &str) {
        self.failure = Some(Failure::new(Phase::Answer, Cause::Protocol, false, detail));
    }
}
