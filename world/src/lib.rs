//! Many regions on one machine: AWS endpoints, the chat API behind its gateways, Route 53, faults. Never deployed.

pub mod admin;
mod assembly;
pub mod aws;
pub mod event;
pub mod fault;
pub mod gateway;
pub mod messages;
pub mod names;
pub mod net;
mod observer;
mod options;
pub mod people;
pub mod process;
mod region;
pub mod route53;
pub mod speed;
pub mod tally;
pub mod user;
pub mod world;

pub use options::{Options, WorldError};
pub use world::{RegionInfo, World};
