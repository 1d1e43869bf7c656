//! The words that every tool shows a region with: how good its news is, who decided, why.
//!
//! Sentences only. Symbols, colours and tables are for those who show them.

use jiff::Timestamp;
use serde::Serialize;

use super::{Answers, DecidedBy, DrainPreview, IntentState, RegionView, RuleCheck};
use crate::intent::{IntentKind, SafetyRule};
use crate::moment::{length, utc};
use crate::name::RegionName;
use crate::vote::Verdict;

/// How good news is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum News {
    /// As it should be.
    Good,
    /// Worth a look.
    Warn,
    /// Broken.
    Bad,
    /// Not known.
    Unknown,
}

impl News {
    /// How good it is that a region has these answers and this verdict, and whether an intent stands for it.
    #[must_use]
    pub fn of(answers: Answers, verdict: Verdict, stands: bool) -> Self {
        match (answers, verdict) {
            (Answers::Ejected, Verdict::Unhealthy | Verdict::Unknown) | (Answers::Serving, Verdict::Unhealthy) => News::Bad,
            // Out and well: on its way back.
            (Answers::Ejected, Verdict::Healthy | Verdict::Degraded) => News::Warn,
            (Answers::Drained, _) | (Answers::Serving, Verdict::Degraded) => News::Warn,
            (Answers::Unknown, _) | (Answers::Serving, Verdict::Unknown) => News::Unknown,
            (Answers::Serving, Verdict::Healthy) if stands => News::Warn,
            (Answers::Serving, Verdict::Healthy) => News::Good,
        }
    }
}

impl RegionView {
    /// How good the region's news is.
    #[must_use]
    pub fn news(&self) -> News {
        News::of(self.answers, self.verdict, self.intent.is_some())
    }

    /// The observers' sentence, where answers, verdict and intent do not say it already.
    #[must_use]
    pub fn because(&self) -> Option<&str> {
        let plain = self.answers == Answers::Serving && self.verdict == Verdict::Healthy;
        let by_intent_alone = self.answers == Answers::Drained && self.verdict == Verdict::Healthy;
        (!plain && !by_intent_alone && !self.reason.is_empty()).then_some(self.reason.as_str())
    }

    /// How the votes add up: `2 of 3 eject, 0 serve, 1 unknown`.
    #[must_use]
    pub fn votes_sentence(&self) -> String {
        let unknown = if self.votes.unknown > 0 { format!(", {} unknown", self.votes.unknown) } else { String::new() };
        format!("{} of {} eject, {} serve{unknown}", self.votes.eject, self.observers.len(), self.votes.serve)
    }

    /// What is said where there is nothing that a person could end.
    #[must_use]
    pub fn nothing_to_end(&self) -> String {
        let name = &self.region;
        match self.answers {
            Answers::Serving => format!("{name} is neither drained nor held, and serves. Nothing was changed."),
            Answers::Ejected | Answers::Drained | Answers::Unknown => {
                let why = if self.reason.is_empty() { String::new() } else { format!(" ({})", self.reason) };
                format!(
                    "{name} is neither drained nor held; it is {}{why} and returns through its failback gates. Nothing was changed.",
                    self.answers
                )
            }
        }
    }
}

impl DecidedBy {
    /// Who decided, and until when.
    #[must_use]
    pub fn sentence(&self, now: Timestamp) -> String {
        match self {
            DecidedBy::Automatic => "automatic".to_owned(),
            DecidedBy::Person { kind, actor, until } => {
                let what = match kind {
                    IntentKind::Drain => actor.clone(),
                    IntentKind::Hold => format!("{actor} (hold)"),
                };
                format!("{what}, until {} ({})", utc(*until, now), length(until.duration_since(now)))
            }
        }
    }
}

impl IntentState {
    /// What it does: `in force`, `recorded at 1 of the 2 observers it needs`, `refused by last-region`.
    #[must_use]
    pub fn sentence(self) -> String {
        match self {
            IntentState::InForce => "in force".to_owned(),
            IntentState::Pending { seen, needed } => format!("recorded at {seen} of the {needed} observers it needs"),
            IntentState::Refused { rule } => format!("refused by {rule}"),
        }
    }
}

impl RuleCheck {
    /// The word for its answer.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match (self.passes, self.overridden) {
            (true, _) => "ok",
            (false, true) => "gone past",
            (false, false) => "refuses",
        }
    }
}

impl DrainPreview {
    /// What the drain would do, as pairs of a word and a sentence: now, after, moves and, where it applies, but. `of` is how many regions there are.
    #[must_use]
    pub fn lines(&self, of: usize) -> Vec<(&'static str, String)> {
        let mut lines = vec![
            ("now", format!("{} of {of} regions serve: {}", self.now.len(), names(&self.now))),
            ("after", format!("{} of {of} regions serve: {}", self.after.len(), names(&self.after))),
            ("moves", "new lookups; clients that are connected stay until they reconnect".to_owned()),
        ];
        if let Some(other) = &self.gives_way {
            lines.push(("but", format!("one region must serve: the drain of {other} is refused for as long as this one stands")));
        }
        lines
    }

    /// Why `rule` refuses the drain. `min_serving` is the policy's.
    #[must_use]
    pub fn refusal(&self, rule: SafetyRule, min_serving: usize) -> String {
        let region = &self.region;
        match rule {
            SafetyRule::LastRegion if self.now.is_empty() => format!("no region is known to serve, so {region} may be the last"),
            SafetyRule::LastRegion if self.now.len() == 1 && self.now.contains(region) => format!("{region} is the last region serving"),
            SafetyRule::LastRegion => format!("no region would be left serving beside {region}"),
            SafetyRule::Capacity => format!("fewer than {min_serving} regions would be left undrained"),
            SafetyRule::TooManyEjected | SafetyRule::EveryoneLooksSick | SafetyRule::TooSoon => format!("{region} may not be drained now"),
        }
    }
}

fn names(regions: &std::collections::BTreeSet<RegionName>) -> String {
    if regions.is_empty() { "none".to_owned() } else { regions.iter().map(RegionName::as_str).collect::<Vec<_>>().join(", ") }
}
