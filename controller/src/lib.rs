//! The controller of one observer, and its gate.
//!
//! [`Controller`] reads what was seen and what people asked for, lets the decision core decide, and records the votes.
//! [`Gate`] shows the recorded votes to Route 53's health checkers. They share nothing but the `votes` document: a gate
//! outlives its controller. Neither thinks, and neither calls any control plane.

pub mod config;
mod gate;
mod known;
mod reconcile;
mod turn;

pub use gate::Gate;
pub use reconcile::{Controller, ReconcileError};
