//! Attacks on the dashboard's guard, over real sockets on loopback. Each is answered as the rules say, and nothing is written.
//!
//! What the pages show is tested beside the pages; here a handler that counts its calls stands for all writes.

#![expect(clippy::unwrap_used, reason = "an attack that cannot go on ends with what stopped it")]

mod limits;
mod links;
mod rsa;
mod signer;
mod sites;
mod stand;
mod streams;
mod tokens;
mod wire;
