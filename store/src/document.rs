//! Between text and documents: parsing, printing, and the limits on what comes from outside.
//!
//! What a document means is the decision core's; here is only whether it may be looked at at all.

use decision::{ACTOR_MAX, DOCUMENT_BYTES_MAX, Intent, InvalidName, Observed, REASON_MAX, REGIONS_MAX, ROUNDS_MAX, RegionName};
use decision::{ServiceName, TICKET_MAX, Votes};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::parameter::Parameter;

/// What is wrong with a stored or offered document.
#[derive(Debug, thiserror::Error)]
pub enum Flaw {
    /// Not JSON, or not of this shape, or with a field that nobody knows.
    #[error("it cannot be parsed")]
    Json(#[source] serde_json::Error),
    /// More bytes than any document of ours has.
    #[error("it has {0} bytes; no document of ours has more than {DOCUMENT_BYTES_MAX}")]
    Long(usize),
    /// It is about something else than its parameter's name says.
    #[error("its {field} is {found}, and should be {wanted}")]
    Foreign {
        /// The field.
        field: &'static str,
        /// What it says.
        found: String,
        /// What the parameter name says.
        wanted: String,
    },
    /// A field breaks a rule.
    #[error("{field}: {rule}")]
    Field {
        /// The field.
        field: &'static str,
        /// The rule.
        rule: &'static str,
    },
    /// The last part of an intent's parameter name is no region.
    #[error("its name does not end in a region")]
    Name(#[source] InvalidName),
    /// There are more parameters or pages below a path than there can be documents of ours.
    #[error("the listing does not end")]
    Endless,
}

/// Where a document is, or goes: what its contents have to agree with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Address<'a> {
    pub(crate) service: &'a ServiceName,
    pub(crate) observer: &'a RegionName,
    pub(crate) parameter: Parameter<'a>,
}

/// A document that has a parameter.
pub(crate) trait Document: Serialize + DeserializeOwned {
    /// Whether it may stand at this address.
    fn check(&self, at: Address<'_>) -> Result<(), Flaw>;
}

/// Parses what SSM returned.
pub(crate) fn parse<D: Document>(text: &str, at: Address<'_>) -> Result<D, Flaw> {
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(Flaw::Long(text.len()));
    }
    let document: D = serde_json::from_str(text).map_err(Flaw::Json)?;
    document.check(at)?;
    Ok(document)
}

/// Prints a document as it is stored. One document has one text.
///
/// SSM refuses a value that contains `{{…}}` ([AWS-DOC] PutParameter, `Value`). In compact JSON two opening braces only
/// meet inside a string (a reason that somebody typed), where an escape says the same.
pub(crate) fn print<D: Document>(document: &D, at: Address<'_>) -> Result<String, Flaw> {
    document.check(at)?;
    let text = serde_json::to_string(document).map_err(Flaw::Json)?;
    Ok(text.replace("{{", "{\\u007b"))
}

fn rule(field: &'static str, fine: bool, rule: &'static str) -> Result<(), Flaw> {
    if fine { Ok(()) } else { Err(Flaw::Field { field, rule }) }
}

fn same<T: PartialEq + ToString>(field: &'static str, found: &T, wanted: &T) -> Result<(), Flaw> {
    if found == wanted { Ok(()) } else { Err(Flaw::Foreign { field, found: found.to_string(), wanted: wanted.to_string() }) }
}

impl Document for Observed {
    fn check(&self, at: Address<'_>) -> Result<(), Flaw> {
        same("service", &self.service, at.service)?;
        same("observer", &self.observer, at.observer)?;
        rule("rounds", self.rounds.len() <= ROUNDS_MAX, "too many")?;
        rule("rounds", self.rounds.windows(2).all(|pair| pair[0].number < pair[1].number), "oldest first, each number once")?;
        rule("regions", self.rounds.iter().all(|round| round.regions.len() <= REGIONS_MAX), "too many")?;
        let square = self.matrix.len() <= REGIONS_MAX && self.matrix.values().all(|row| row.len() <= REGIONS_MAX);
        rule("matrix", square, "larger than the regions can make it")
    }
}

impl Document for Votes {
    fn check(&self, at: Address<'_>) -> Result<(), Flaw> {
        same("service", &self.service, at.service)?;
        same("observer", &self.observer, at.observer)?;
        rule("regions", self.regions.len() <= REGIONS_MAX, "too many")?;
        rule("policy", self.policy.len() <= 64, "at most 64 bytes")
    }
}

impl Document for Intent {
    fn check(&self, at: Address<'_>) -> Result<(), Flaw> {
        same("service", &self.service, at.service)?;
        if let Parameter::Intent(region) = at.parameter {
            same("region", &self.region, region)?;
        }
        let id = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        rule("id", (1..=32).contains(&self.id.len()) && self.id.bytes().all(id), "1 to 32 of a-z, 0-9 and -")?;
        let line = |text: &str, longest: usize| text.chars().count() <= longest && !text.chars().any(char::is_control);
        rule("actor", !self.actor.is_empty() && line(&self.actor, ACTOR_MAX), "one line of 1 to 64 characters")?;
        rule("reason", !self.reason.trim().is_empty() && line(&self.reason, REASON_MAX), "one line of 1 to 200 characters")?;
        let ticket = self.ticket.as_deref().is_none_or(|ticket| line(ticket, TICKET_MAX));
        rule("ticket", ticket, "one line of at most 40 characters")?;
        rule("ends_at", self.ends_at > self.recorded_at || self.ended.is_some(), "after it is recorded")?;
        let ended = self.ended.as_ref().is_none_or(|ended| line(&ended.by, ACTOR_MAX) && line(&ended.reason, REASON_MAX));
        rule("ended", ended, "one line of at most 64 characters for who, 200 for why")
    }
}
