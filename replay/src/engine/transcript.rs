//! Everything that happened in a run, in order, and one line per minute for drawing.
//!
//! Values only: regions, homes and observers are indices by role (0 = A), as in [`Setup::regions`](super::Setup::regions).

use std::time::Duration;

use decision::{Verdict, Vote};
use serde::{Serialize, Serializer};

/// Everything that happened in a run. The same setup gives the same bytes.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Transcript {
    /// In order of time.
    pub events: Vec<Event>,
    /// How things stood at the end of each minute.
    pub minutes: Vec<Minute>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// When, in seconds from the incident's zero.
    #[serde(serialize_with = "seconds")]
    pub at: Duration,
    /// What.
    #[serde(flatten)]
    pub what: Happening,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Happening {
    /// A line of the incident takes hold.
    Fault {
        /// Its place among [`Incident::faults`](crate::incident::Incident::faults).
        index: usize,
        /// The line of the file.
        line: usize,
    },
    /// An observer's judgement of a region changed.
    Verdict {
        /// Whose.
        observer: usize,
        /// Of which region.
        region: usize,
        /// From this.
        from: Verdict,
        /// To this.
        to: Verdict,
    },
    /// An observer's vote on a region moved.
    Vote {
        /// Whose.
        observer: usize,
        /// On which region.
        region: usize,
        /// To this.
        to: Vote,
        /// Why, as the sentence that people read.
        reason: String,
    },
    /// A region became ejected by a majority of votes, or is no longer.
    Majority {
        /// Which region.
        region: usize,
        /// Whether it is ejected now.
        ejected: bool,
        /// How much a user wholly there is hurt at this moment, 0 to 1.
        hurt: f64,
    },
    /// Users of a home are answered with another region.
    Answer {
        /// Whose.
        home: usize,
        /// With this region before.
        from: Option<usize>,
        /// With this region now.
        to: Option<usize>,
        /// Whether nothing was healthy, so that one of all was taken.
        last_resort: bool,
    },
    /// Somebody did something.
    Act {
        /// Who and what: `an operator drains A`.
        act: String,
        /// What came of it: `recorded at 3 of 3 observers`.
        result: String,
    },
    /// A document was not written or not read.
    Refused {
        /// At whose store.
        observer: usize,
        /// What, and why.
        why: String,
    },
}

/// How things stood at the end of a minute.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Minute {
    /// By observer, then region: what it thinks.
    pub verdicts: [[Verdict; 3]; 3],
    /// By observer, then region: how it votes.
    pub votes: [[Vote; 3]; 3],
    /// Which regions a majority ejects.
    pub ejected: [bool; 3],
    /// By home: the region that is answered; nothing if none is.
    pub answers: [Option<usize>; 3],
    /// By region: how much a user wholly there would be hurt, 0 to 1.
    pub sick: [f64; 3],
    /// By home: how much its users are hurt on average, 0 to 1.
    pub hurt: [f64; 3],
    /// By region: the share of all users who are there.
    pub placed: [f64; 3],
}

/// A time in seconds, to the microsecond.
pub(crate) fn seconds<S: Serializer>(at: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(at.as_micros() as f64 / 1e6)
}
