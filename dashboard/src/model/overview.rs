//! The first screen: are users hurt, where, since when, who says so, who acts already, and can the page be trusted.

use decision::RegionName;
use jiff::Timestamp;
use serde::Serialize;

use super::header::Header;
use super::log::LogLine;
use super::part::{Button, Mark, Spark};

/// The first screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// The head.
    pub header: Header,
    /// The one sentence.
    pub banner: Banner,
    /// The regions: the sick first, then those that are out, then the well.
    pub rows: Vec<Row>,
    /// What happened last, newest first: at most eight.
    pub moves: Vec<LogLine>,
    /// What else of the last moves there is to say: who could not be read.
    pub moves_notes: Vec<String>,
    /// What DNS says.
    pub dns: DnsTable,
}

/// The one sentence that answers whether users are hurt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Banner {
    /// How bad it is.
    pub mark: Mark,
    /// `USERS AT RISK`, `ALL WELL`, `NOT LIVE`: two or three words in capitals.
    pub word: String,
    /// The sentence.
    pub text: String,
    /// `users: served by 2 of 3 regions`.
    pub users: String,
    /// What a person should know beside it, the gravest first: what automation does, how near the edge, what ends soon.
    pub notes: Vec<String>,
}

/// One region in the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The region.
    pub region: RegionName,
    /// How good its news is.
    pub mark: Mark,
    /// Where its page is.
    pub href: String,
    /// `serving`, `ejected`, `drained`, `unknown`.
    pub answers: &'static str,
    /// Since when: `12m`; `-` where that is not known.
    pub since: String,
    /// The same as a time.
    pub since_at: Option<Timestamp>,
    /// The same in full: `since 03:10 UTC (12m ago)`; empty where it is not known.
    pub since_title: String,
    /// `healthy`, `degraded`, `unhealthy`, `unknown`.
    pub verdict: &'static str,
    /// How many observers say so: `2/3`.
    pub says: String,
    /// How the votes add up: `2 of 3 eject, 1 serve`.
    pub votes: String,
    /// The slowest REST read of each ten seconds over the last half hour, as the probes of all observers made them.
    pub rest: Spark,
    /// The slowest message between this region and another, in the newest rounds: `92 ms`; `-` where none is known.
    pub replication: String,
    /// How many of the DNS lookups are told this region: `9 of 16`; `-` where DNS was not asked.
    pub lookups: String,
    /// `automatic`, or `ana, until 05:10 UTC (1h 48m)`.
    pub decided_by: String,
    /// Why it is where it is, where that is not plain: the observers' sentence.
    pub reason: Option<String>,
    /// The drain or hold that stands.
    pub standing: Option<Standing>,
    /// What may be done: the likeliest first.
    pub buttons: Vec<Button>,
}

/// A drain or hold that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// `drain` or `hold`.
    pub kind: &'static str,
    /// Who asked.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// The ticket.
    pub ticket: Option<String>,
    /// `in force`; `recorded at 1 of the 2 observers it needs`; `refused by last-region`.
    pub state: String,
    /// How good that is.
    pub mark: Mark,
    /// `ends in 1h 48m, 05:10 UTC`.
    pub ends: String,
    /// When it ends.
    pub ends_at: Timestamp,
    /// `generation 118, stored at 3 of 3: eu-west-1, eu-west-2, us-east-1`.
    pub stored: String,
    /// Its generation.
    pub generation: u64,
    /// Where its stages are shown.
    pub progress: String,
}

/// What DNS says, asked from here as for clients in several places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DnsTable {
    /// Whether it was asked lately with success: good, warn (an answer is unclear), bad never, unknown (not asked, or too long ago).
    pub mark: Mark,
    /// `16 lookups 3s ago: eu-west-1 9, eu-west-2 7, us-east-1 0`, or why there are none.
    pub text: String,
    /// By place of the client.
    pub places: Vec<DnsPlace>,
}

/// What clients of one place are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DnsPlace {
    /// The place: `London`.
    pub place: String,
    /// One per public name.
    pub answers: Vec<DnsAnswer>,
}

/// What one name is answered with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DnsAnswer {
    /// The public name.
    pub name: String,
    /// Warn where the region is one that is out, or where several are answered; unknown where the answer is no region's.
    pub mark: Mark,
    /// `eu-west-1`; `192.0.2.7 is no region's`; `no answer in time`.
    pub text: String,
}
