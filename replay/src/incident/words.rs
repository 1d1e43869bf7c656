//! The words of incident files, what may stand with what, and how large a level may be. One table: loader, writer and `docs/incidents.md` follow it.

use std::fmt;

use super::{Act, Call, Component, Effect, Evidence, ForbiddenAct, Place, Role};

/// How long an incident may be, in minutes: two weeks.
pub const HORIZON_MAX: f64 = 20_160.0;

/// An effect without its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the effect of the same name")]
pub enum Kind {
    Err,
    Lat,
    Hole,
    Stall,
    Stale,
    Miss,
    Wrong,
    Drop,
    Mult,
    Skew,
    Deny,
    Act,
}

/// What a level may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Range {
    /// A share, 0 to 1.
    Share,
    /// 0 or 1.
    Switch,
    /// A number between two, with its unit.
    Between(f64, f64, &'static str),
    /// A word.
    Word,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 12] = [
        Kind::Err,
        Kind::Lat,
        Kind::Hole,
        Kind::Stall,
        Kind::Stale,
        Kind::Miss,
        Kind::Wrong,
        Kind::Drop,
        Kind::Mult,
        Kind::Skew,
        Kind::Deny,
        Kind::Act,
    ];

    /// Its word in files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Err => "err",
            Kind::Lat => "lat",
            Kind::Hole => "hole",
            Kind::Stall => "stall",
            Kind::Stale => "stale",
            Kind::Miss => "miss",
            Kind::Wrong => "wrong",
            Kind::Drop => "drop",
            Kind::Mult => "mult",
            Kind::Skew => "skew",
            Kind::Deny => "deny",
            Kind::Act => "act",
        }
    }

    /// What its level may be.
    #[must_use]
    pub fn range(self) -> Range {
        match self {
            Kind::Err | Kind::Hole | Kind::Miss | Kind::Wrong | Kind::Drop | Kind::Deny => Range::Share,
            Kind::Lat => Range::Between(0.0, 3_600_000.0, "milliseconds"),
            Kind::Stall => Range::Switch,
            Kind::Stale => Range::Between(0.0, 2_592_000.0, "seconds"),
            Kind::Mult => Range::Between(0.0, 100.0, "times"),
            Kind::Skew => Range::Between(-604_800.0, 604_800.0, "seconds"),
            Kind::Act => Range::Word,
        }
    }

    /// The effect with a level. None for [`Kind::Act`], whose level is a word.
    pub(super) fn with(self, level: f64) -> Option<Effect> {
        Some(match self {
            Kind::Err => Effect::Err(level),
            Kind::Lat => Effect::Lat(level),
            Kind::Hole => Effect::Hole(level),
            Kind::Stall => Effect::Stall(level > 0.5),
            Kind::Stale => Effect::Stale(level),
            Kind::Miss => Effect::Miss(level),
            Kind::Wrong => Effect::Wrong(level),
            Kind::Drop => Effect::Drop(level),
            Kind::Mult => Effect::Mult(level),
            Kind::Skew => Effect::Skew(level),
            Kind::Deny => Effect::Deny(level),
            Kind::Act => return None,
        })
    }
}

impl Effect {
    /// Without its level.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Effect::Err(_) => Kind::Err,
            Effect::Lat(_) => Kind::Lat,
            Effect::Hole(_) => Kind::Hole,
            Effect::Stall(_) => Kind::Stall,
            Effect::Stale(_) => Kind::Stale,
            Effect::Miss(_) => Kind::Miss,
            Effect::Wrong(_) => Kind::Wrong,
            Effect::Drop(_) => Kind::Drop,
            Effect::Mult(_) => Kind::Mult,
            Effect::Skew(_) => Kind::Skew,
            Effect::Deny(_) => Kind::Deny,
            Effect::Act(_) => Kind::Act,
        }
    }

    /// Its level, if it has one in numbers.
    #[must_use]
    pub fn level(&self) -> Option<f64> {
        match self {
            Effect::Err(level)
            | Effect::Lat(level)
            | Effect::Hole(level)
            | Effect::Stale(level)
            | Effect::Miss(level)
            | Effect::Wrong(level)
            | Effect::Drop(level)
            | Effect::Mult(level)
            | Effect::Skew(level)
            | Effect::Deny(level) => Some(*level),
            Effect::Stall(_) | Effect::Act(_) => None,
        }
    }

    /// Whether it leaves everything as it is: what was wrong before is over with it. An act never does.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        let rest = if self.kind() == Kind::Mult { 1.0 } else { 0.0 };
        match self {
            Effect::Stall(on) => !on,
            _ => self.level().is_some_and(|level| (level - rest).abs() < f64::EPSILON),
        }
    }
}

impl Component {
    /// Every component.
    pub const ALL: [Component; 20] = [
        Component::Rest,
        Component::Wsconn,
        Component::Wspush,
        Component::Sockets,
        Component::Lambda,
        Component::Stream,
        Component::Ddb,
        Component::Repl,
        Component::Auth,
        Component::Dns,
        Component::R53ctl,
        Component::R53hc,
        Component::Metrics,
        Component::Config,
        Component::Net,
        Component::Clock,
        Component::Load,
        Component::Cap,
        Component::Probe,
        Component::Control,
    ];

    /// Its word in files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Component::Rest => "rest",
            Component::Wsconn => "wsconn",
            Component::Wspush => "wspush",
            Component::Sockets => "sockets",
            Component::Lambda => "lambda",
            Component::Stream => "stream",
            Component::Ddb => "ddb",
            Component::Repl => "repl",
            Component::Auth => "auth",
            Component::Dns => "dns",
            Component::R53ctl => "r53ctl",
            Component::R53hc => "r53hc",
            Component::Metrics => "metrics",
            Component::Config => "config",
            Component::Net => "net",
            Component::Clock => "clock",
            Component::Load => "load",
            Component::Cap => "cap",
            Component::Probe => "probe",
            Component::Control => "control",
        }
    }

    /// The effects that mean something for it.
    #[must_use]
    pub fn takes(self) -> &'static [Kind] {
        match self {
            Component::Rest | Component::Wsconn => &[Kind::Err, Kind::Lat, Kind::Hole],
            Component::Wspush | Component::Lambda | Component::Ddb | Component::Auth | Component::Probe => &[Kind::Err, Kind::Lat],
            Component::Sockets => &[Kind::Drop],
            Component::Stream | Component::Repl => &[Kind::Stall, Kind::Stale],
            Component::Dns => &[Kind::Hole],
            Component::R53ctl => &[Kind::Deny, Kind::Lat],
            Component::R53hc => &[Kind::Wrong],
            Component::Metrics => &[Kind::Miss],
            Component::Config => &[Kind::Deny, Kind::Stale, Kind::Hole],
            Component::Net => &[Kind::Hole, Kind::Lat],
            Component::Clock => &[Kind::Skew],
            Component::Load | Component::Cap => &[Kind::Mult],
            Component::Control => &[Kind::Act],
        }
    }

    /// Whether it can be there.
    #[must_use]
    pub fn fits(self, place: Place) -> bool {
        match (self, place) {
            (Component::Net, _) | (Component::Repl, Place::Path(..)) | (_, Place::Everywhere) => true,
            (component, Place::Region(_)) => component != Component::R53ctl,
            (_, Place::Path(..) | Place::Vantage(..)) => false,
        }
    }

    /// The places it takes, for people.
    pub(super) fn places(self) -> &'static str {
        match self {
            Component::Net => "A, B, C, *, A>B, v1>A or v1>*",
            Component::Repl => "A>B, one direction; A, B or C, both ways with both others; or *",
            Component::R53ctl => "*",
            _ => "A, B, C or *",
        }
    }
}

impl Act {
    /// The acts that are applied. Any other word is a note.
    pub const APPLIED: [Act; 6] = [Act::Drain, Act::Resume, Act::Hold, Act::Crash, Act::Restart, Act::StaleWriter];

    /// Its word in files.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Act::Drain => "drain",
            Act::Resume => "resume",
            Act::Hold => "hold",
            Act::Crash => "crash",
            Act::Restart => "restart",
            Act::StaleWriter => "stale_writer",
            Act::Note(word) => word,
        }
    }

    /// Whether it needs to say to which region it is done.
    pub(super) fn needs_a_region(&self) -> bool {
        matches!(self, Act::Drain | Act::Resume | Act::Hold)
    }
}

impl Evidence {
    /// Its letter in files.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Evidence::Documented => 'D',
            Evidence::Recalled => 'R',
            Evidence::Estimated => 'E',
        }
    }

    pub(super) fn of(letter: char) -> Option<Self> {
        [Evidence::Documented, Evidence::Recalled, Evidence::Estimated].into_iter().find(|evidence| evidence.letter() == letter)
    }
}

impl Call {
    /// Every call.
    pub const ALL: [Call; 3] = [Call::Move, Call::Stay, Call::MoveWithRoom];

    /// Its word in files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Call::Move => "move",
            Call::Stay => "stay",
            Call::MoveWithRoom => "move-with-room",
        }
    }
}

impl ForbiddenAct {
    /// Every act that a file can forbid.
    pub const ALL: [ForbiddenAct; 3] = [ForbiddenAct::Eject, ForbiddenAct::Return, ForbiddenAct::EjectTwo];

    /// Its word in files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            ForbiddenAct::Eject => "eject",
            ForbiddenAct::Return => "return",
            ForbiddenAct::EjectTwo => "eject-two",
        }
    }
}

impl Role {
    /// Its word in files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Role::A => "A",
            Role::B => "B",
            Role::C => "C",
        }
    }

    pub(super) fn of(word: &str) -> Option<Self> {
        Role::ALL.into_iter().find(|role| role.word() == word)
    }
}

macro_rules! as_its_word {
    ($($name:ident),*) => {
        $(impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        })*
    };
}

as_its_word!(Kind, Component, Act, Call, ForbiddenAct, Role);
