//! What happened: an incident as its file says it. Values only; [`load`] reads them, `service` gives them meaning.

mod flaw;
mod header;
mod load;
mod order;
mod timeline;
mod tuple;
mod words;
mod write;

use std::collections::BTreeMap;

use decision::RegionName;

pub use flaw::{Flaw, Flaws};
pub use load::{FILE_MAX_BYTES, FILES_MAX, load, load_all};
pub use timeline::TUPLES_MAX;
pub use words::{HORIZON_MAX, Kind, Range};

/// A region by the part it plays: `A` is impaired, `B` its nearest survivor, `C` the third.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The impaired region.
    A,
    /// The nearest survivor.
    B,
    /// The third.
    C,
}

impl Role {
    /// Every role, in order.
    pub const ALL: [Role; 3] = [Role::A, Role::B, Role::C];

    /// Its place in arrays by role.
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }
}

/// Where something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In one region.
    Region(Role),
    /// Everywhere.
    Everywhere,
    /// From one region to another (`A>B`).
    Path(Role, Role),
    /// From one vantage, 1 to 3, to a region or to all (`v1>A`, `v1>*`): a carrier, with a third of every region's users behind it and, for
    /// the n-th vantage, the observer in the n-th region.
    Vantage(u8, Option<Role>),
}

/// What is affected. The words are those of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component {
    /// The REST API.
    Rest,
    /// The WebSocket handshake.
    Wsconn,
    /// Posting to live sockets.
    Wspush,
    /// Live sockets.
    Sockets,
    /// Synchronous function calls: whatever answers a request, a handshake or a send.
    Lambda,
    /// The stream reader.
    Stream,
    /// The region's tables.
    Ddb,
    /// Replication between tables.
    Repl,
    /// Sign-in.
    Auth,
    /// Answers for our names.
    Dns,
    /// The ability to change records.
    R53ctl,
    /// What health checkers say.
    R53hc,
    /// CloudWatch or its like.
    Metrics,
    /// The stores of observers (SSM).
    Config,
    /// The network.
    Net,
    /// Clocks.
    Clock,
    /// Demand.
    Load,
    /// Capacity.
    Cap,
    /// The path that only probes use.
    Probe,
    /// A controller, or an act of a person.
    Control,
}

/// What happens to it, with the level.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Share of attempts that fail, 0 to 1.
    Err(f64),
    /// Added p99 latency, in milliseconds.
    Lat(f64),
    /// Share that is swallowed without an answer, 0 to 1.
    Hole(f64),
    /// Whether it stands still: its lag grows by a second per second, and afterwards drains.
    Stall(bool),
    /// Its lag is this many seconds now.
    Stale(f64),
    /// Share of data that is missing, 0 to 1.
    Miss(f64),
    /// Share of checkers that falsely say `unhealthy`, 0 to 1.
    Wrong(f64),
    /// Share of live sockets that are cut at this instant, 0 to 1.
    Drop(f64),
    /// A factor.
    Mult(f64),
    /// Seconds by which a clock is ahead.
    Skew(f64),
    /// Share of calls that are refused, 0 to 1.
    Deny(f64),
    /// An act.
    Act(Act),
}

/// An act of a person or a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// An operator records a drain of the region.
    Drain,
    /// An operator ends it.
    Resume,
    /// An operator freezes automation for the region.
    Hold,
    /// The controller (not the probe) of the observer in the region stops.
    Crash,
    /// It starts again.
    Restart,
    /// A controller with old state tries to publish what it knows.
    StaleWriter,
    /// Something that was done or noticed then, for the timeline only.
    Note(String),
}

/// How sure a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// Stated in a source that was read.
    Documented,
    /// Recalled from the primary report; to be checked.
    Recalled,
    /// An estimate.
    Estimated,
}

/// One line of a timeline. It holds until the next with the same component, place and kind of effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuple {
    /// Minutes from the incident's zero.
    pub minute: f64,
    /// What.
    pub component: Component,
    /// Where.
    pub place: Place,
    /// How.
    pub effect: Effect,
    /// How sure the time is.
    pub time: Evidence,
    /// How sure the level is.
    pub level: Evidence,
    /// The line of the file that says so, from 1.
    pub line: usize,
}

/// What the right call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// Users of the region are better off elsewhere.
    Move,
    /// Nobody should move.
    Stay,
    /// Moving helps if the survivors have room.
    MoveWithRoom,
}

/// Something that must not happen.
#[derive(Debug, Clone, PartialEq)]
pub struct Forbidden {
    /// What.
    pub act: ForbiddenAct,
    /// To which region; to any, if none is named.
    pub region: Option<Role>,
    /// From which minute on.
    pub from: f64,
    /// Up to which minute; the horizon, if none is named.
    pub to: Option<f64>,
}

/// What must not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ForbiddenAct {
    /// The region becomes ejected (by a majority).
    Eject,
    /// The region, ejected, is served again.
    Return,
    /// More than one region is ejected at once.
    EjectTwo,
}

/// What the service is like in this incident, where it differs from the run's defaults.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServiceShape {
    /// By role: how many times its normal load a region carries, in place of the run's headroom.
    pub headroom: BTreeMap<Role, f64>,
    /// By role: the share of its users' attempts that fail while it carries more than that, in place of what is over.
    pub overload_error: BTreeMap<Role, f64>,
    /// By role: the share of all users who are at home there, in place of the run's shares.
    pub share: BTreeMap<Role, f64>,
}

/// One incident: one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    /// Its short name: `D01a`, `S03`.
    pub id: String,
    /// One line.
    pub title: String,
    /// Where it comes from.
    pub source: String,
    /// What chat users met, in a sentence or two.
    pub chat: String,
    /// The right call, as a sentence.
    pub right: String,
    /// The trap, as a sentence.
    pub trap: String,
    /// The right call, as a word.
    pub call: Call,
    /// Which region plays which role, unless the run says otherwise.
    pub regions: BTreeMap<Role, RegionName>,
    /// Minutes that are replayed.
    pub horizon: f64,
    /// What must not happen.
    pub forbidden: Vec<Forbidden>,
    /// The service, where it differs.
    pub shape: ServiceShape,
    /// What went wrong, in order of time.
    pub faults: Vec<Tuple>,
    /// What happened then because of what people and machines did then: shown, never applied.
    pub history: Vec<Tuple>,
}
