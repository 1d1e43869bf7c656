//! Stories across crates, one file each. What a single crate can tell by itself is told there.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on ends with what stopped it")]

mod architecture;
mod costs;
mod policy;
mod shipped;
mod steady;
mod template;
