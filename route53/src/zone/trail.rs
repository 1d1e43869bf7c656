//! Why an answer is what it is: what was looked at on the way, as data that prints as sentences.

use std::fmt;

use crate::check::CheckId;
use crate::name::DomainName;

/// One record on the way to an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The record's name.
    pub name: DomainName,
    /// Which record of that name.
    pub set_id: String,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Left out.
    Sick(Sickness),
    /// Chosen, by this policy.
    Chosen(&'static str),
    /// Chosen by this policy although sick, because every record of the name is.
    LastResort(&'static str),
}

/// Why a record is sick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sickness {
    /// Its own check.
    Check(CheckId),
    /// `EvaluateTargetHealth`: no record of the target is healthy.
    Target(DomainName),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, set_id, fate } = self;
        let of = if set_id.is_empty() { "the only record" } else { set_id };
        match fate {
            Fate::Sick(Sickness::Check(check)) => write!(f, "{name}: {of} is out, check '{check}' is unhealthy"),
            Fate::Sick(Sickness::Target(target)) => write!(f, "{name}: {of} is out, nothing at {target} is healthy"),
            Fate::Chosen(policy) => write!(f, "{name}: {of} is chosen ({policy})"),
            Fate::LastResort(policy) => write!(f, "{name}: everything is unhealthy, so all count as healthy; {of} is chosen ({policy})"),
        }
    }
}
