//! Incidents, replayed.

mod engine;
mod incidents;
mod rest;
mod service;
