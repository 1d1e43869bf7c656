//! What was wrong with a run, in words: the promises that it broke, and what its file forbids. Which promises there are, and how they are watched,
//! is the engine's.

use crate::engine::Report;

/// Everything that was wrong with a run, as sentences. Nothing, for a run that is as it must be.
#[must_use]
pub fn judge(report: &Report) -> Vec<String> {
    let minute = |seconds: f64| seconds / 60.0;
    let violations = report.violations.iter();
    let told = violations.map(|violation| format!("minute {:.2}: {}", minute(violation.at.as_secs_f64()), violation.what));
    told.chain(report.forbidden.iter().cloned()).collect()
}
