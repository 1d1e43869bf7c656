//! Why a vote is what it is: reasons as data, and the sentence that people read.
//!
//! No rule lives here. `Display` is what people read; the data is what is stored.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::check::{Cause, Check};
use crate::intent::SafetyRule;
use crate::vote::Vote;

/// Why a vote is what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Reason {
    /// Every critical check passes.
    Healthy,
    /// It serves, not as it should: an advisory check failed or something was late. Never a reason to eject.
    Degraded {
        /// The check that is not as it should be.
        check: Check,
        /// What is wrong with it.
        cause: Cause,
    },
    /// Some of the last rounds failed, too few to eject.
    Suspect(Failing),
    /// Enough of the last rounds failed to eject.
    Failing(Failing),
    /// Out automatically, and not yet back: it must stay clean for so many rounds and until then.
    HeldDown {
        /// When the hold-down ends if it stays clean.
        #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
        until: Timestamp,
        /// Clean rounds so far.
        clean: u8,
        /// Clean rounds that are needed.
        needed: u8,
    },
    /// Its drain is over; it returns once enough rounds in a row were clean.
    Returning {
        /// Clean rounds so far.
        clean: u8,
        /// Clean rounds that are needed.
        needed: u8,
    },
    /// Clean, but its replication fails: it returns once that has caught up.
    Replication {
        /// Which pair, or what.
        cause: Cause,
    },
    /// Clean, and its failback policy waits for a person.
    AwaitsResume,
    /// A person drained it.
    Drained {
        /// Who (shortened).
        by: String,
        /// When it ends.
        #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
        until: Timestamp,
        /// The generation of the intent.
        generation: u64,
    },
    /// A person asked for a drain that is not yet recorded at a majority of observers.
    DrainPending {
        /// Who (shortened).
        by: String,
        /// The generation of the intent.
        generation: u64,
        /// At how many observers it was seen.
        seen: u8,
        /// At how many it must be seen.
        needed: u8,
    },
    /// A person asked for a drain, and a safety rule refuses it.
    DrainRefused {
        /// Who (shortened).
        by: String,
        /// The generation of the intent.
        generation: u64,
        /// The rule.
        rule: SafetyRule,
    },
    /// A person froze automation for it.
    Held {
        /// Who (shortened).
        by: String,
        /// When the hold ends.
        #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
        until: Timestamp,
        /// The generation of the intent.
        generation: u64,
        /// The vote that is kept.
        kept: Vote,
    },
    /// A safety rule refuses the ejection that would follow.
    Refused {
        /// The rule.
        rule: SafetyRule,
        /// Why it would be ejected.
        because: Box<Reason>,
    },
    /// This observer's probe says nothing.
    Silent {
        /// The end of its last round, if there ever was one.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "jiff::fmt::serde::timestamp::millisecond::optional")]
        since: Option<Timestamp>,
        /// The vote that is kept.
        kept: Vote,
    },
    /// This observer's newest round claims to be from the future: one of its two clocks is wrong.
    Future {
        /// When the round claims to have ended.
        #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
        at: Timestamp,
        /// The vote that is kept.
        kept: Vote,
    },
    /// This observer's own check of itself does not pass.
    Unfit {
        /// What is wrong with it.
        cause: Cause,
        /// The vote that is kept.
        kept: Vote,
    },
    /// This observer reached no region at all, which says more about it than about them.
    Blind {
        /// How the first of them failed.
        cause: Cause,
        /// The vote that is kept.
        kept: Vote,
    },
    /// A critical check of this region could not be judged in the newest round.
    NotJudged {
        /// The check.
        check: Check,
        /// The vote that is kept.
        kept: Vote,
    },
}

/// A count of failed rounds, with what failed in the newest of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// The first critical check that failed in the newest failed round.
    pub check: Check,
    /// How it failed, if a document still says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// Rounds that failed, any critical check counted.
    pub failed: u8,
    /// Rounds looked at.
    pub of: u8,
    /// Whether not every one of them failed in this check first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mixed: bool,
    /// Whether in each of them only the first attempt failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retried: bool,
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { check, failed, of, .. } = self;
        let what = if self.mixed { format!("critical checks, last of all {check},") } else { check.to_string() };
        let first = if self.retried { " at the first attempt" } else { "" };
        write!(f, "{what} failed{first} in {failed} of the last {of} rounds")?;
        self.cause.as_ref().map_or(Ok(()), |cause| write!(f, " ({cause})"))
    }
}

impl Reason {
    /// The person it names, if it names one.
    pub(crate) fn actor(&self) -> Option<&str> {
        match self {
            Reason::Drained { by, .. } | Reason::DrainPending { by, .. } | Reason::DrainRefused { by, .. } | Reason::Held { by, .. } => {
                Some(by)
            }
            Reason::Refused { because, .. } => because.actor(),
            Reason::Healthy
            | Reason::Degraded { .. }
            | Reason::Suspect(_)
            | Reason::Failing(_)
            | Reason::HeldDown { .. }
            | Reason::Returning { .. }
            | Reason::Replication { .. }
            | Reason::AwaitsResume
            | Reason::Silent { .. }
            | Reason::Future { .. }
            | Reason::Unfit { .. }
            | Reason::Blind { .. }
            | Reason::NotJudged { .. } => None,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Healthy => f.write_str("every critical check passes"),
            Reason::Degraded { check, cause } => write!(f, "{check} is degraded ({cause})"),
            Reason::Suspect(failing) => write!(f, "{failing}, too few to eject"),
            Reason::Failing(failing) => write!(f, "{failing}"),
            Reason::HeldDown { until, clean, needed } => {
                write!(f, "held down until {} UTC, {clean} of {needed} clean rounds", second(until))
            }
            Reason::Returning { clean, needed } => write!(f, "no longer drained, waits for clean rounds: {clean} of {needed}"),
            Reason::Replication { cause } => write!(f, "clean, but waits for replication to catch up ({cause})"),
            Reason::AwaitsResume => f.write_str("clean, but its failback is manual: waits for a person's resume"),
            Reason::Drained { by, until, generation } => {
                write!(f, "drained by {by} until {} UTC, generation {generation}", minute(until))
            }
            Reason::DrainPending { by, generation, seen, needed } => {
                write!(f, "drain by {by}, generation {generation}, is recorded at {seen} of the {needed} observers that it needs")
            }
            Reason::DrainRefused { by, generation, rule } => {
                write!(f, "drain by {by}, generation {generation}, is refused by {rule}")
            }
            Reason::Held { by, until, generation, kept } => {
                write!(f, "held by {by} until {} UTC, generation {generation}; keeping {kept}", minute(until))
            }
            Reason::Refused { rule, because } => write!(f, "refused by {rule}: would be ejected because {because}"),
            Reason::Silent { since: Some(since), kept } => {
                write!(f, "no news from this observer's probe since {} UTC; keeping {kept}", second(since))
            }
            Reason::Silent { since: None, kept } => write!(f, "no news from this observer's probe yet; keeping {kept}"),
            Reason::Future { at, kept } => {
                write!(f, "the newest round claims to be from {} UTC, which is in the future; keeping {kept}", second(at))
            }
            Reason::Unfit { cause, kept } => write!(f, "this observer is unfit ({cause}) and blames itself; keeping {kept}"),
            Reason::Blind { cause, kept } => {
                write!(f, "this observer reached no region at all ({cause}) and blames itself; keeping {kept}")
            }
            Reason::NotJudged { check, kept } => write!(f, "{check} could not be judged; keeping {kept}"),
        }
    }
}

fn second(at: &Timestamp) -> impl fmt::Display {
    at.strftime("%H:%M:%S")
}

/// With the day of the week: intents last up to three days.
fn minute(at: &Timestamp) -> impl fmt::Display {
    at.strftime("%a %H:%M")
}
