//! The names and addresses of the world: who listens where, and what users call it.
//!
//! Shape only; DNS answers come from Route 53's model.

use std::net::{IpAddr, Ipv4Addr};

use decision::RegionName;

/// The zone that the world's DNS server is authoritative for.
pub const ZONE: &str = "chat.test";

/// The public names of one way to wire the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The REST API's name.
    pub rest: String,
    /// The WebSocket API's name.
    pub websocket: String,
}

impl Names {
    /// The names that `failover` guards.
    #[must_use]
    pub fn guarded() -> Self {
        Self { rest: format!("api.{ZONE}"), websocket: format!("api-ws.{ZONE}") }
    }

    /// The names with the talk's records: one plain check of `/health` per region, for both.
    #[must_use]
    pub fn talk() -> Self {
        Self { rest: format!("talk-api.{ZONE}"), websocket: format!("talk-api-ws.{ZONE}") }
    }

    /// The REST name of one region: `eu-west-2.api.chat.test`.
    #[must_use]
    pub fn regional_rest(&self, region: &RegionName) -> String {
        format!("{region}.{}", self.rest)
    }

    /// The WebSocket name of one region.
    #[must_use]
    pub fn regional_websocket(&self, region: &RegionName) -> String {
        format!("{region}.{}", self.websocket)
    }
}

/// The loopback address of the region (or witness) with this index: 127.0.10.1, 127.0.11.1, …
#[must_use]
pub fn address(index: usize) -> IpAddr {
    let third = u8::try_from(10 + index).unwrap_or(u8::MAX);
    IpAddr::V4(Ipv4Addr::new(127, 0, third, 1))
}
