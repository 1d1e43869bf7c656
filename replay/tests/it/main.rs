//! Incidents, replayed.

mod engine;
mod incidents;
mod mutations;
mod random;
mod rest;
mod service;
mod synthetic;
