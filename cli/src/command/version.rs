//! `failover version`.

use serde::Serialize;

use crate::failure::Failure;
use crate::out::Out;

#[derive(Serialize)]
struct Version {
    name: &'static str,
    version: &'static str,
}

/// Prints it.
pub(crate) fn run(out: &Out) -> Result<(), Failure> {
    let version = Version { name: "failover", version: env!("CARGO_PKG_VERSION") };
    if out.is_json() { out.json(&version) } else { out.data(&format!("{} {}", version.name, version.version)) }
}
