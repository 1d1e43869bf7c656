//! Values on the command line, parsed once into types: durations, lines of text, rules, components.

use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use decision::SafetyRule;
pub(crate) use decision::moment::span;
use jiff::SignedDuration;
use world::fault::Component;

/// The longest drain or hold.
pub(crate) const LENGTH_MAX: SignedDuration = SignedDuration::from_hours(72);
/// The longest drain that goes past a safety rule.
pub(crate) const OVERRIDE_MAX: SignedDuration = SignedDuration::from_hours(1);
/// How long a drain or hold stands.
pub(crate) fn drain_length(raw: &str) -> Result<SignedDuration, String> {
    let length = span(raw)?;
    if length > LENGTH_MAX { Err("at most 72h; extend it later if it takes longer".to_owned()) } else { Ok(length) }
}

/// One line of text of at most `MAX` characters, without the blanks around it.
pub(crate) fn line<const MAX: usize>(raw: &str) -> Result<String, String> {
    let text = raw.trim();
    if text.is_empty() {
        return Err("must not be empty".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("must be one line without control characters".to_owned());
    }
    match text.chars().count() {
        length if length > MAX => Err(format!("{length} characters; at most {MAX}")),
        _ => Ok(text.to_owned()),
    }
}

/// A safety rule that a person may go past.
pub(crate) fn rule_parser() -> impl TypedValueParser<Value = SafetyRule> {
    PossibleValuesParser::new([SafetyRule::LastRegion, SafetyRule::Capacity].map(SafetyRule::as_str))
        .try_map(|word| SafetyRule::from_str(&word))
}

/// A component of the demo world.
pub(crate) fn component_parser() -> impl TypedValueParser<Value = Component> {
    let values = Component::ALL.map(|(_, word, about)| PossibleValue::new(word).help(about));
    PossibleValuesParser::new(values).try_map(|word| Component::from_str(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (raw, seconds) in [("90s", 90), ("4h", 14_400), ("2h30m", 9_000), ("7d", 604_800), ("1 hour", 3_600)] {
            assert_eq!(span(raw), Ok(SignedDuration::from_secs(seconds)), "{raw}");
        }
        for raw in ["", "4", "soon", "-4h", "0s", "2 months", "400d"] {
            assert!(span(raw).is_err(), "{raw:?} passed");
        }
        assert!(drain_length("72h").is_ok() && drain_length("73h").is_err() && drain_length("3d").is_ok());
    }

    #[test]
    fn a_line_is_one_trimmed_line_of_bounded_length() {
        assert_eq!(line::<5>(" abc "), Ok("abc".to_owned()));
        assert_eq!(line::<5>("äöüßé"), Ok("äöüßé".to_owned()));
        for raw in ["", "  ", "abcdef", "a\nb", "a\u{1b}[2J"] {
            assert!(line::<5>(raw).is_err(), "{raw:?} passed");
        }
    }
}
