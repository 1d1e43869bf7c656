//! The story's table: per step, seconds from cause to vote, to DNS answer, to the user's reconnection, beside the talk's check.
//!
//! Rendering only; measuring is the story's.

use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

/// One step of the story, measured. Seconds are on the world's clock.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Score {
    /// What was done.
    pub(super) step: String,
    /// Cause → a majority of observers votes.
    pub(super) vote: Option<f64>,
    /// Majority → the watched place is answered otherwise.
    pub(super) vote_to_answers: Option<f64>,
    /// Cause → answers.
    pub(super) answers: Option<f64>,
    /// Cause → the user is connected to another region.
    pub(super) user: Option<f64>,
    /// What the talk's REST-only check did, in words or seconds.
    pub(super) talk: String,
    /// What did not happen as it must; empty when all did.
    pub(super) wrong: Vec<String>,
    /// What is worth knowing.
    pub(super) note: String,
}

/// A duration of this machine as seconds on the world's clock.
pub(super) fn world_seconds(lived: Duration, speed: f64) -> f64 {
    lived.as_secs_f64() * speed
}

/// The table people read.
pub(super) fn table(scores: &[Score]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["STEP", "→ VOTE", "VOTE → DNS", "→ DNS", "→ USER MOVED", "TALK'S CHECK", ""]);
    for column in 1..=4 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for score in scores {
        let result = match score.wrong.len() {
            0 => format!("✓ {}", score.note),
            1 => "✗ 1 thing went wrong".to_owned(),
            wrong => format!("✗ {wrong} things went wrong"),
        };
        table.add_row([
            score.step.clone(),
            seconds(score.vote),
            seconds(score.vote_to_answers),
            seconds(score.answers),
            seconds(score.user),
            score.talk.clone(),
            result,
        ]);
    }
    let mut lines: Vec<String> = table.to_string().lines().map(|line| line.trim_end().to_owned()).collect();
    for score in scores {
        lines.extend(score.wrong.iter().map(|wrong| format!(" ✗ {}: {wrong}", score.step)));
    }
    lines.join("\n")
}

fn seconds(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.1} s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads_as_people_expect() {
        let scores = [
            Score {
                step: "WebSocket path of eu-west-2 breaks".into(),
                vote: Some(11.52),
                vote_to_answers: Some(1.4),
                answers: Some(12.9),
                user: Some(48.0),
                talk: "never".into(),
                note: "no message lost or doubled".into(),
                ..Score::default()
            },
            Score {
                step: "drain eu-west-2".into(),
                wrong: vec!["the answers did not move".into()],
                talk: "cannot".into(),
                ..Score::default()
            },
        ];
        insta::assert_snapshot!(table(&scores), @"
        STEP                                → VOTE  VOTE → DNS   → DNS  → USER MOVED  TALK'S CHECK
        WebSocket path of eu-west-2 breaks  11.5 s       1.4 s  12.9 s        48.0 s  never         ✓ no message lost or doubled
        drain eu-west-2                          –           –       –             –  cannot        ✗ 1 thing went wrong
        ✗ drain eu-west-2: the answers did not move
        ");
    }

    #[test]
    fn seconds_are_those_of_the_worlds_clock() {
        assert!((world_seconds(Duration::from_millis(1500), 10.0) - 15.0).abs() < 1e-9);
    }
}
