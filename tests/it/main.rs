//! Stories across crates, one file each. What a single crate can tell by itself is told there.

mod architecture;
mod steady;
