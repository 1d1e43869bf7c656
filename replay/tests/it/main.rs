//! Incidents, replayed.
