//! Documents for tests, as small as they may be.

// Not an expectation: one of the test files uses all of it.
#![allow(dead_code, reason = "shared by test files, of which most use a part")]
#![expect(unreachable_pub, clippy::unwrap_used, reason = "shared by test files, whose values are known to be right")]

use std::collections::BTreeMap;

use aws_config::{BehaviorVersion, SdkConfig};
use decision::{Intent, IntentKind, Observed, RegionName, Schema, ServiceName, Votes};
use jiff::Timestamp;
use store::{Store, ssm_client};

use crate::ssm::Ssm;

pub const VOTES: &str = "/failover/chat/votes";
pub const OBSERVED: &str = "/failover/chat/observed";

pub fn region(name: &str) -> RegionName {
    name.parse().unwrap()
}

pub fn london() -> RegionName {
    region("eu-west-2")
}

pub fn oregon() -> RegionName {
    region("us-west-2")
}

pub fn chat() -> ServiceName {
    "chat".parse().unwrap()
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A store of this observer on this server, through an unmodified SDK client.
pub fn store(ssm: &Ssm, observer: &RegionName) -> Store {
    let shared = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
    Store::new(chat(), observer.clone(), ssm_client(&shared, observer, Some(&ssm.endpoint())))
}

pub fn votes(observer: &RegionName, generation: u64) -> Votes {
    Votes {
        schema: Schema::V1,
        service: chat(),
        observer: observer.clone(),
        generation,
        decided_at: at("2026-01-01T00:00:00Z"),
        policy: "0123456789abcdef".to_owned(),
        round: generation,
        round_at: None,
        regions: BTreeMap::new(),
    }
}

pub fn observed(observer: &RegionName, generation: u64) -> Observed {
    Observed { schema: Schema::V1, service: chat(), observer: observer.clone(), generation, rounds: Vec::new(), matrix: BTreeMap::new() }
}

pub fn intent(region: &RegionName, generation: u64, id: &str) -> Intent {
    Intent {
        schema: Schema::V1,
        service: chat(),
        region: region.clone(),
        id: id.to_owned(),
        generation,
        kind: IntentKind::Drain,
        actor: "ada".to_owned(),
        reason: "kernel update".to_owned(),
        ticket: None,
        recorded_at: at("2026-01-01T00:00:00Z"),
        ends_at: at("2026-01-01T04:00:00Z"),
        overrides: Vec::new(),
        ended: None,
    }
}
