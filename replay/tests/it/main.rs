//! Incidents, replayed.

mod engine;
mod incidents;
mod service;
