//! `GET /whoami`: where DNS sends this user, and for how much longer.
//!
//! Looking it up is what keeps it true: an expired answer is asked for again.

use http::StatusCode;
use serde::Serialize;
use tokio::time::Instant;

use super::{Reply, Shared, json};
use crate::user::reach::Endpoint;

#[derive(Serialize)]
struct WhoAmI<'a> {
    place: &'a str,
    subnet: String,
    answers: [Answer; 2],
}

#[derive(Serialize)]
struct Answer {
    name: String,
    addresses: Vec<Address>,
    /// Seconds that the answer still holds.
    ttl_left: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
struct Address {
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
}

pub(super) async fn answer(shared: &Shared) -> Reply {
    let (rest, websocket) = tokio::join!(look_up(shared, &shared.rest), look_up(shared, &shared.websocket));
    let who = WhoAmI { place: &shared.place.name, subnet: shared.place.subnet.to_string(), answers: [rest, websocket] };
    match serde_json::to_value(&who) {
        Ok(value) => json(StatusCode::OK, &value),
        Err(error) => super::refuse(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

async fn look_up(shared: &Shared, endpoint: &Endpoint) -> Answer {
    let name = endpoint.name.to_string();
    match shared.resolver.resolve(&endpoint.name).await {
        Ok(found) => {
            let region = |address: &std::net::Ipv4Addr| shared.regions.get(&(*address).into()).map(ToString::to_string);
            let addresses =
                found.addresses.iter().map(|address| Address { address: address.to_string(), region: region(address) }).collect();
            let left = found.until.saturating_duration_since(Instant::now()).as_secs_f64();
            Answer { name, addresses, ttl_left: (left * 10.0).round() / 10.0, error: None }
        }
        Err(error) => Answer { name, addresses: Vec::new(), ttl_left: 0.0, error: Some(error.failure.to_string()) },
    }
}
