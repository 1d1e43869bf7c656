//! Findings as people read them: a heading, a line per finding, its fix below it.

use super::finding::{Finding, Severity, Tally};
use crate::out::Look;

/// All of it, with the summary line at the end.
pub(crate) fn text(findings: &[Finding], look: Look, exit: u8) -> String {
    let mut lines = Vec::new();
    let mut section = None;
    for finding in findings {
        if section != Some(finding.section) {
            section = Some(finding.section);
            lines.push(finding.section.as_str().to_owned());
        }
        let mark = finding.severity.into();
        let word = match finding.severity {
            Severity::Error => "error: ",
            Severity::Warning => "warning: ",
            Severity::Unknown => "unknown: ",
            Severity::Ok => "",
        };
        lines.push(format!("{} {word}{}", look.paint(mark, look.symbol(mark)), finding.sentence));
        if let Some(fix) = &finding.fix {
            lines.push(format!("    fix: {fix}"));
            lines.push(format!("    see: {}", finding.doc.link()));
        }
    }
    lines.push(String::new());
    lines.push(summary(Tally::of(findings), exit));
    lines.join("\n")
}

/// `1 error, 1 warning, 12 ok`, and the exit code.
fn summary(tally: Tally, exit: u8) -> String {
    let count = |number: usize, one: &str, many: &str| (number > 0).then(|| format!("{number} {}", if number == 1 { one } else { many }));
    let parts = [
        count(tally.errors, "error", "errors"),
        count(tally.warnings, "warning", "warnings"),
        count(tally.unknown, "unknown", "unknown"),
        Some(format!("{} ok", tally.ok)),
    ];
    let counts = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    format!("{counts}; exit {exit}")
}
