//! Incidents, replayed.

mod incidents;
