//! Between text and documents: parsing, printing, and whether a document belongs where it is.
//!
//! What is inside a document is the decision core's: its limits are part of parsing, and are asked for before writing.

use decision::{DOCUMENT_BYTES_MAX, Intent, InvalidName, Observed, RegionName, ServiceName, Votes};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::BoxError;
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
    /// It breaks one of the decision core's limits. Only when it is offered: what is read is checked while it is parsed.
    #[error("it breaks a limit")]
    Limit(#[source] BoxError),
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
    /// Whether it is about what its parameter's name says.
    fn belongs(&self, at: Address<'_>) -> Result<(), Flaw>;

    /// The decision core's own check.
    fn limits(&self) -> Result<(), BoxError>;
}

/// Parses what SSM returned.
pub(crate) fn parse<D: Document>(text: &str, at: Address<'_>) -> Result<D, Flaw> {
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(Flaw::Long(text.len()));
    }
    let document: D = serde_json::from_str(text).map_err(Flaw::Json)?;
    document.belongs(at)?;
    Ok(document)
}

/// Prints a document as it is stored. One document has one text.
///
/// SSM refuses a value that contains `{{…}}` ([AWS-DOC] PutParameter, `Value`). In compact JSON two opening braces only
/// meet inside a string (a reason that somebody typed), where an escape says the same.
pub(crate) fn print<D: Document>(document: &D, at: Address<'_>) -> Result<String, Flaw> {
    document.belongs(at)?;
    document.limits().map_err(Flaw::Limit)?;
    let text = serde_json::to_string(document).map_err(Flaw::Json)?;
    Ok(text.replace("{{", "{\\u007b"))
}

fn same<T: PartialEq + ToString>(field: &'static str, found: &T, wanted: &T) -> Result<(), Flaw> {
    if found == wanted { Ok(()) } else { Err(Flaw::Foreign { field, found: found.to_string(), wanted: wanted.to_string() }) }
}

impl Document for Observed {
    fn belongs(&self, at: Address<'_>) -> Result<(), Flaw> {
        same("service", &self.service, at.service)?;
        same("observer", &self.observer, at.observer)
    }

    fn limits(&self) -> Result<(), BoxError> {
        Ok(self.check()?)
    }
}

impl Document for Votes {
    fn belongs(&self, at: Address<'_>) -> Result<(), Flaw> {
        same("service", &self.service, at.service)?;
        same("observer", &self.observer, at.observer)
    }

    fn limits(&self) -> Result<(), BoxError> {
        Ok(self.check()?)
    }
}

impl Document for Intent {
    fn belongs(&self, at: Address<'_>) -> Result<(), Flaw> {
        same("service", &self.service, at.service)?;
        match at.parameter {
            Parameter::Intent(region) => same("region", &self.region, region),
            Parameter::Observed | Parameter::Votes | Parameter::TurnedVotes | Parameter::TurnedObserved | Parameter::Rehearsal => Ok(()),
        }
    }

    fn limits(&self) -> Result<(), BoxError> {
        Ok(self.check()?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn intent(reason: &str) -> Intent {
        let text = serde_json::json!({
            "schema": "failover/v1", "service": "chat", "region": "eu-west-2", "id": "a", "generation": 1, "kind": "drain", "actor": "ada",
            "reason": reason, "recorded_at": "2026-01-01T00:00:00Z", "ends_at": "2026-01-01T04:00:00Z"
        });
        Intent { reason: reason.to_owned(), ..serde_json::from_value(text).unwrap_or_else(|_| intent("plain")) }
    }

    proptest! {
        #[test]
        fn what_is_printed_holds_no_double_braces_and_reads_back_the_same(reason in "([{}]|[a-z\\\\\"é🔥 ]){1,40}") {
            let (service, region) = ("chat".parse().unwrap(), "eu-west-2".parse().unwrap());
            let at = Address { service: &service, observer: &region, parameter: Parameter::Intent(&region) };
            let document = intent(&reason);
            prop_assume!(document.check().is_ok());
            let text = print(&document, at).unwrap();
            prop_assert!(!text.contains("{{"), "{text}");
            prop_assert_eq!(parse::<Intent>(&text, at).unwrap(), document);
        }

        #[test]
        fn no_text_from_outside_makes_parsing_panic(text in ".{0,300}") {
            let (service, region) = ("chat".parse().unwrap(), "eu-west-2".parse().unwrap());
            let at = Address { service: &service, observer: &region, parameter: Parameter::Votes };
            prop_assert!(parse::<Votes>(&text, at).is_err());
        }
    }
}
