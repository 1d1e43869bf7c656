//! failover
fn main() {}
