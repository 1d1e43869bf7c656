//! One incident's row: who moved users, what that came to, and what must not have happened.

use decision::RegionName;
use replay::incident::Call;
use serde::Serialize;

use super::draw::Draw;
use super::figures::Figures;
use super::picture::Picture;
use crate::args::Against;
use crate::out::Mark;

/// Error-minutes by which doing nothing may have been better before a row is worth a look: two forced reconnects.
const WORSE_THAN_NOTHING: f64 = 0.5;

/// Who moved users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// This project.
    Ours,
    /// Somebody to compare with.
    Other(Against),
}

impl Side {
    /// The word in JSON and in `--against`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Side::Ours => "failover",
            Side::Other(other) => other.as_str(),
        }
    }
}

/// What one side's runs came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tally {
    /// Who moved users.
    pub(super) side: Side,
    /// Number by number.
    pub(super) median: Figures,
    /// Number by number.
    pub(super) worst: Figures,
    /// The run in which users homed in A had the worst of it.
    pub(super) worst_draw: Draw,
}

/// Something that must not have happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Offence {
    /// `forbidden` by the incident, or a `violation` of a promise.
    pub(super) kind: OffenceKind,
    /// As a sentence.
    pub(super) what: String,
    /// In the first run that shows it.
    pub(super) run: u32,
    /// In how many runs.
    pub(super) runs: u32,
}

/// Kinds of offences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum OffenceKind {
    /// The incident's file forbids it.
    Forbidden,
    /// A promise was broken.
    Violation,
}

/// One incident, replayed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// Its short name.
    pub(super) id: String,
    /// One line.
    pub(super) title: String,
    /// The right call.
    pub(super) call: Call,
    /// Which regions play A, B and C in the plain run.
    pub(super) regions: [RegionName; 3],
    /// Side by side, ours first.
    pub(super) tallies: Vec<Tally>,
    /// What must not have happened, in our runs.
    pub(super) offences: Vec<Offence>,
    /// What happened in one of our runs, if it was asked for.
    pub(super) picture: Option<Picture>,
}

impl Row {
    /// What a side's runs came to.
    pub(super) fn tally(&self, side: Side) -> Option<&Tally> {
        self.tallies.iter().find(|tally| tally.side == side)
    }

    /// How good its news is.
    pub(super) fn mark(&self) -> Mark {
        if !self.offences.is_empty() {
            return Mark::Bad;
        }
        let Some(ours) = self.tally(Side::Ours) else { return Mark::Unknown };
        let none = self.tally(Side::Other(Against::None)).map(|none| none.median.error_minutes[0] + WORSE_THAN_NOTHING);
        let worst = &ours.worst;
        let blemished = worst.wrong_ejects > 0 || worst.flips > 0 || worst.minutes_nothing_served > 0.0;
        if blemished || none.is_some_and(|none| ours.median.error_minutes[0] > none) { Mark::Warn } else { Mark::Good }
    }
}

/// The word for a right call.
pub(super) fn call_word(call: Call) -> &'static str {
    match call {
        Call::Move => "move",
        Call::Stay => "stay",
        Call::MoveWithRoom => "room",
    }
}
