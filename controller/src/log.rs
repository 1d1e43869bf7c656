//! One JSON line per event, as CloudWatch Logs wants it.
//!
//! What is worth a line is decided where it happens; each failure gets one line, where it is handled.

use tracing_subscriber::EnvFilter;

/// Sends every event to standard output as one line of JSON. `RUST_LOG` chooses what; without it everything from `info` up.
///
/// A second call changes nothing.
pub fn log_as_json() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt().json().flatten_event(true).with_target(false).with_env_filter(filter);
    if lines.try_init().is_err() {
        tracing::debug!("another log is set up already");
    }
}
