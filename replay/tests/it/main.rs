//! Incidents, replayed.

mod incidents;
mod service;
