//! Many regions on one machine: AWS endpoints, the chat API behind its gateways, Route 53, faults. Never deployed.

pub mod aws;
pub mod fault;
pub mod tally;
pub mod process;
pub mod event;
pub mod gateway;
pub mod net;
pub mod route53;
pub mod speed;
pub mod user;
