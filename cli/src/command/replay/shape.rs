//! What `replay` writes as JSON. Fields are added, never renamed.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::draw::Draw;
use super::figures::Figures;
use super::picture::Picture;
use super::row::{Offence, Row, Side, call_word};
use crate::args::ReplayArgs;

/// Everything.
#[derive(Debug, Serialize)]
pub(super) struct Shape<'a> {
    command: &'static str,
    seed: u64,
    /// Runs per incident and side.
    runs: u32,
    /// Who moved users: `failover`, then those compared with.
    sides: Vec<&'static str>,
    /// Whether nothing happened that an incident forbids, and no promise was broken.
    ok: bool,
    incidents: Vec<One<'a>>,
    /// By side: the sums over all incidents of medians and of worsts.
    sums: Map<String, Value>,
}

/// One incident.
#[derive(Debug, Serialize)]
struct One<'a> {
    id: &'a str,
    title: &'a str,
    /// The right call: `move`, `stay`, or `room`, to move if the survivors have room.
    call: &'static str,
    /// Which regions play A, B and C in the plain run.
    #[serde(serialize_with = "super::figures::by_role")]
    regions: &'a [decision::RegionName; 3],
    /// By side.
    by: Map<String, Value>,
    /// What must not have happened, in our runs.
    offences: &'a [Offence],
    #[serde(skip_serializing_if = "Option::is_none")]
    timeline: Option<&'a Picture>,
}

/// What a side's runs came to.
#[derive(Debug, Serialize)]
struct Numbers<'a> {
    median: &'a Figures,
    worst: &'a Figures,
    /// The run in which users homed in A had the worst of it.
    worst_run: &'a Draw,
}

impl<'a> Shape<'a> {
    /// Arranges rows.
    pub(super) fn new(args: &ReplayArgs, sides: &[Side], rows: &'a [Row]) -> Self {
        Self {
            command: "replay",
            seed: args.seed,
            runs: args.runs,
            sides: sides.iter().map(|side| side.as_str()).collect(),
            ok: rows.iter().all(|row| row.offences.is_empty()),
            incidents: rows.iter().map(one).collect(),
            sums: sides.iter().map(|side| (side.as_str().to_owned(), sum(*side, rows))).collect(),
        }
    }
}

fn one(row: &Row) -> One<'_> {
    let by = row.tallies.iter().map(|tally| {
        let numbers = Numbers { median: &tally.median, worst: &tally.worst, worst_run: &tally.worst_draw };
        (tally.side.as_str().to_owned(), json!(numbers))
    });
    One {
        id: &row.id,
        title: &row.title,
        call: call_word(row.call),
        regions: &row.regions,
        by: by.collect(),
        offences: &row.offences,
        timeline: row.picture.as_ref(),
    }
}

fn sum(side: Side, rows: &[Row]) -> Value {
    let tallies = || rows.iter().filter_map(|row| row.tally(side));
    json!({
        "median": Figures::sum(tallies().map(|tally| &tally.median)),
        "worst": Figures::sum(tallies().map(|tally| &tally.worst)),
    })
}
