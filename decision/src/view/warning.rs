//! What a person should know beside the table: one loss from the edge, silence, ends that come near.

use std::collections::BTreeSet;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};

use super::preview::{is_taken, last_of, serving};
use super::{Answers, Heard, IntentState, ObserverView, RegionView};
use crate::intent::{IntentKind, SafetyRule};
use crate::name::RegionName;
use crate::policy::Policy;
use crate::vote::{Verdict, Votes};

/// A drain or hold whose end is nearer than this is announced.
const ENDS_SOON: SignedDuration = SignedDuration::from_mins(15);

/// Something a person should know beside the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// One region serves; losing it makes Route 53 answer with every region.
    OneLossFromEverywhere(RegionName),
    /// Nothing serves by the votes: Route 53 answers with every region, sick ones included.
    EveryRegionAnswered,
    /// One healthy region is left among those that serve.
    OneHealthyLeft(RegionName),
    /// Fewer than a majority of controllers are known to be alive.
    PlainCheckDecides {
        /// How many have fresh votes.
        fresh: usize,
        /// How many a majority is.
        majority: usize,
    },
    /// An observer's votes cannot be read, or there are none, or they are old.
    Silent {
        /// The observer.
        observer: RegionName,
        /// Why.
        heard: Heard,
        /// How old its votes are, if there are any.
        age: Option<SignedDuration>,
    },
    /// Controllers decide under different policies.
    PoliciesDiffer,
    /// A drain or hold is about to end.
    EndsSoon {
        /// The region.
        region: RegionName,
        /// Drain or hold.
        kind: IntentKind,
        /// Time left.
        left: SignedDuration,
    },
    /// A drain is in force, but no majority has turned to `eject`.
    NotTurned(RegionName),
    /// A drain is recorded at too few observers.
    DrainPending {
        /// The region.
        region: RegionName,
        /// At how many observers it was seen.
        seen: usize,
        /// At how many it must be seen.
        needed: usize,
    },
    /// A drain is recorded, and a safety rule refuses it.
    DrainRefused {
        /// The region.
        region: RegionName,
        /// The rule.
        rule: SafetyRule,
    },
}

impl Warning {
    /// The word for it in JSON.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Warning::OneLossFromEverywhere(_) => "one-loss-from-everywhere",
            Warning::EveryRegionAnswered => "every-region-answered",
            Warning::OneHealthyLeft(_) => "one-healthy-left",
            Warning::PlainCheckDecides { .. } => "plain-check-decides",
            Warning::Silent { .. } => "silent-observer",
            Warning::PoliciesDiffer => "policies-differ",
            Warning::EndsSoon { .. } => "ends-soon",
            Warning::NotTurned(_) => "not-turned",
            Warning::DrainPending { .. } => "drain-pending",
            Warning::DrainRefused { .. } => "drain-refused",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::OneLossFromEverywhere(region) => {
                write!(f, "{region} is the only region serving: one more loss makes Route 53 answer with every region (fail-open)")
            }
            Warning::EveryRegionAnswered => {
                f.write_str("no region passes: Route 53 answers with every region, sick ones included (fail-open)")
            }
            Warning::OneHealthyLeft(region) => write!(f, "{region} is the only healthy region among those that serve"),
            Warning::PlainCheckDecides { fresh, majority } => {
                write!(
                    f,
                    "{fresh} of the {majority} controllers needed are known to be alive: below that each region's own /health decides"
                )
            }
            Warning::Silent { observer, heard: Heard::Unreachable, .. } => {
                write!(f, "observer {observer} does not answer; its votes count as unknown")
            }
            Warning::Silent { observer, heard: Heard::Absent, .. } => {
                write!(f, "observer {observer} has published no votes; its gate ejects nobody")
            }
            Warning::Silent { observer, heard: Heard::Stale | Heard::Fresh, age } => {
                write!(f, "votes of observer {observer} are {} s old; its verdicts count as unknown", age.map_or(0, |age| age.as_secs()))
            }
            Warning::PoliciesDiffer => f.write_str("the controllers decide under different policies; deploy them alike"),
            Warning::EndsSoon { region, kind, left } => {
                write!(f, "the {kind} of {region} ends in {} min", (left.as_secs() + 59) / 60)
            }
            Warning::NotTurned(region) => write!(f, "a drain of {region} is in force, but no majority votes eject yet"),
            Warning::DrainPending { region, seen, needed } => {
                write!(f, "a drain of {region} is recorded at {seen} of the {needed} observers it needs")
            }
            Warning::DrainRefused { region, rule } => write!(f, "a drain of {region} is recorded and refused by {rule}"),
        }
    }
}

impl Serialize for Warning {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire {
            kind: &'static str,
            text: String,
        }
        Wire { kind: self.kind(), text: self.to_string() }.serialize(s)
    }
}

/// Everything worth a warning, the gravest first.
pub(super) fn warnings(policy: &Policy, regions: &[RegionView], heard: &[(ObserverView, Option<&Votes>)], now: Timestamp) -> Vec<Warning> {
    let mut found = Vec::new();
    let serving_now = serving(regions);
    if serving_now.is_empty() && regions.iter().all(|view| view.answers.is_out()) {
        found.push(Warning::EveryRegionAnswered);
    } else if let Some(last) = last_of(&serving_now) {
        found.push(Warning::OneLossFromEverywhere(last.clone()));
    } else {
        let sick = |view: &&RegionView| view.answers == Answers::Serving && view.verdict == Verdict::Unhealthy;
        let well: BTreeSet<RegionName> =
            serving_now.iter().filter(|name| !regions.iter().filter(sick).any(|view| view.region == **name)).cloned().collect();
        found.extend(last_of(&well).map(|last| Warning::OneHealthyLeft(last.clone())));
    }
    for view in regions {
        let Some(standing) = &view.intent else { continue };
        let (region, kind) = (view.region.clone(), standing.intent.kind);
        match standing.state {
            IntentState::Refused { rule } => found.push(Warning::DrainRefused { region: region.clone(), rule }),
            IntentState::Pending { seen, needed } => found.push(Warning::DrainPending { region: region.clone(), seen, needed }),
            IntentState::InForce if is_taken(view) && view.answers == Answers::Serving => found.push(Warning::NotTurned(region.clone())),
            IntentState::InForce => {}
        }
        let left = standing.intent.ends_at.duration_since(now);
        if left <= ENDS_SOON {
            found.push(Warning::EndsSoon { region, kind, left });
        }
    }
    let fresh = heard.iter().filter(|(observer, _)| observer.heard == Heard::Fresh).count();
    if fresh < policy.majority() {
        found.push(Warning::PlainCheckDecides { fresh, majority: policy.majority() });
    }
    for (observer, votes) in heard {
        if observer.heard != Heard::Fresh {
            found.push(Warning::Silent {
                observer: observer.observer.clone(),
                heard: observer.heard,
                age: votes.map(|votes| now.duration_since(votes.decided_at)),
            });
        }
    }
    let policies: BTreeSet<&str> = heard.iter().filter_map(|(_, votes)| votes.map(|votes| votes.policy.as_str())).collect();
    if policies.len() > 1 {
        found.push(Warning::PoliciesDiffer);
    }
    found
}
