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
    /// Some of the last rounds failed, not enough to eject.
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
    /// Clean, but its replication fails or its streams are late: it returns once they have caught up.
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
    /// A person drained it, and it cannot leave yet: as long as the rule does not let it.
    DrainWaits {
        /// Who (shortened).
        by: String,
        /// The generation of the intent.
        generation: u64,
        /// The rule.
        rule: SafetyRule,
    },
    /// It is about to be ejected: the other observers are told before.
    Announced {
        /// Why it is ejected.
        because: Box<Reason>,
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

/// What speaks against a region, strongest first: the stronger it is, the sooner it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Failing {
    /// Nothing of it worked, round after round.
    Gone {
        /// How many rounds in a row.
        rounds: u8,
        /// How the first of its checks failed, if a document still says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<Cause>,
    },
    /// One and the same check failed in some of its last rounds, retries and all.
    Count {
        /// The check.
        check: Check,
        /// How it failed last, if a document still says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<Cause>,
        /// Rounds in which it failed.
        failed: u8,
        /// Rounds looked at.
        of: u8,
    },
    /// Grey failure: the first attempts of one check use up its error budget too fast.
    Burn {
        /// The check.
        check: Check,
        /// How it failed last, if a document still says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<Cause>,
        /// How much of it. In JSON `[153, 1200, 77]`: permille, seconds, tenths.
        share: Share,
    },
}

/// A share of first attempts that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u16, u32, u16)", into = "(u16, u32, u16)")]
pub struct Share {
    /// Of a thousand so many.
    pub permille: u16,
    /// Over this window, in seconds.
    pub seconds: u32,
    /// How many times the error budget that is, in tenths.
    pub burn: u16,
}

impl From<(u16, u32, u16)> for Share {
    fn from((permille, seconds, burn): (u16, u32, u16)) -> Self {
        Self { permille, seconds, burn }
    }
}

impl From<Share> for (u16, u32, u16) {
    fn from(share: Share) -> Self {
        (share.permille, share.seconds, share.burn)
    }
}

impl Failing {
    /// How it failed, if that is known.
    #[must_use]
    pub fn cause(&self) -> Option<&Cause> {
        match self {
            Failing::Gone { cause, .. } | Failing::Count { cause, .. } | Failing::Burn { cause, .. } => cause.as_ref(),
        }
    }

    /// The check that it is about; all of them, if none.
    #[must_use]
    pub fn check(&self) -> Option<Check> {
        match self {
            Failing::Gone { .. } => None,
            Failing::Count { check, .. } | Failing::Burn { check, .. } => Some(*check),
        }
    }
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failing::Gone { rounds: 1, .. } => write!(f, "every critical check failed in the last round")?,
            Failing::Gone { rounds, .. } => write!(f, "every critical check failed in {rounds} rounds in a row")?,
            Failing::Count { check, failed, of, .. } => write!(f, "{check} failed in {failed} of its last {of} rounds")?,
            Failing::Burn { check, share: Share { permille, seconds, burn }, .. } => {
                let (minutes, seconds) = (seconds / 60, seconds % 60);
                let window = if seconds == 0 { format!("{minutes} min") } else { format!("{} s", minutes * 60 + seconds) };
                let (percent, tenth) = (permille / 10, permille % 10);
                write!(
                    f,
                    "{percent}.{tenth} % of first attempts at {check} failed over {window}, {}.{} times its error budget",
                    burn / 10,
                    burn % 10
                )?;
            }
        }
        self.cause().map_or(Ok(()), |cause| write!(f, " ({cause})"))
    }
}

impl Reason {
    /// The person it names, if it names one.
    pub(crate) fn actor(&self) -> Option<&str> {
        match self {
            Reason::Drained { by, .. }
            | Reason::DrainPending { by, .. }
            | Reason::DrainRefused { by, .. }
            | Reason::DrainWaits { by, .. }
            | Reason::Held { by, .. } => Some(by),
            Reason::Refused { because, .. } | Reason::Announced { because } => because.actor(),
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
            Reason::Suspect(failing) => write!(f, "{failing}, not enough to eject"),
            Reason::Failing(failing) => write!(f, "{failing}"),
            Reason::HeldDown { until, clean, needed } => {
                write!(f, "held down until {} UTC, {clean} of {needed} clean rounds", second(until))
            }
            Reason::Returning { clean, needed } => write!(f, "no longer drained, waits for clean rounds: {clean} of {needed}"),
            Reason::Replication { cause } => write!(f, "clean, but waits for streams and replication to catch up ({cause})"),
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
            Reason::DrainWaits { by, generation, rule } => {
                write!(f, "drain by {by}, generation {generation}, waits until {rule} lets it")
            }
            Reason::Announced { because } => write!(f, "about to be ejected: {because}"),
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
