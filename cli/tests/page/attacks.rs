//! Attacks on a dashboard that is about a real world, end to end. What the guard alone answers is in the crate `dashboard`.
