//! The confirmation ladder: what must be typed before something is written, and the command that says it in a script.

use std::io::{self, BufRead, Write};

use decision::{RegionName, SafetyRule};
pub(crate) use store::intent::quoted;

use crate::failure::Failure;
use crate::out::Out;

/// What has to be confirmed, from nothing to much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    /// Yes or no; `--yes` in a script.
    Yes,
    /// The region's name; `--confirm REGION` in a script.
    Region(&'a RegionName),
    /// What follows from going past a rule; `--confirm REGION` in a script, beside `--override RULE`.
    Consequence(&'a RegionName, SafetyRule),
}

/// What was given on the command line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given<'a> {
    /// `--yes`.
    pub(crate) yes: bool,
    /// `--confirm REGION`.
    pub(crate) confirm: Option<&'a RegionName>,
}

/// What follows from going past a rule, to be typed.
pub(crate) fn consequence(rule: SafetyRule) -> &'static str {
    match rule {
        SafetyRule::LastRegion => "users go to a region that was taken out",
        SafetyRule::Capacity => "fewer regions serve than the policy wants",
        SafetyRule::TooManyEjected | SafetyRule::EveryoneLooksSick | SafetyRule::TooSoon => "automation goes past its own limit",
    }
}

impl Step<'_> {
    /// Whether the command line confirms it already.
    ///
    /// # Errors
    /// `--confirm` names another region than the command is about.
    fn is_given(&self, given: Given<'_>) -> Result<bool, Failure> {
        let region = match self {
            Step::Yes => return Ok(given.yes || given.confirm.is_some()),
            Step::Region(region) | Step::Consequence(region, _) => *region,
        };
        match given.confirm {
            Some(named) if named == region => Ok(true),
            Some(named) => Err(Failure::usage(format!("--confirm names {named}, but this is about {region}. Nothing was changed."))),
            None => Ok(false),
        }
    }

    /// The question, and the answer that confirms.
    fn question(&self) -> (String, &str) {
        match self {
            Step::Yes => ("Go on? [y/N] ".to_owned(), "y"),
            Step::Region(region) => ("Type the region to go on: ".to_owned(), region.as_str()),
            Step::Consequence(_, rule) => (format!("Type what follows to go on ({}): ", consequence(*rule)), consequence(*rule)),
        }
    }

    /// Whether an answer confirms.
    fn accepts(&self, answer: &str) -> bool {
        let answer = answer.trim();
        match self {
            Step::Yes => answer.eq_ignore_ascii_case("y") || answer.eq_ignore_ascii_case("yes"),
            Step::Region(_) | Step::Consequence(..) => answer == self.question().1,
        }
    }

    /// What a script adds to the command.
    fn flag(&self) -> String {
        match self {
            Step::Yes => "--yes".to_owned(),
            Step::Region(region) | Step::Consequence(region, _) => format!("--confirm {region}"),
        }
    }
}

/// Asks, unless the command line has said it. `explain` is printed before the question, and only then.
///
/// # Errors
/// Nobody to ask, another answer, or a `--confirm` for another region.
pub(crate) fn confirm(out: &Out, step: &Step<'_>, given: Given<'_>, explain: &str) -> Result<(), Failure> {
    if step.is_given(given)? {
        return Ok(());
    }
    if !out.can_ask() {
        return Err(Failure::Unconfirmed { command: command_with(std::env::args(), &step.flag()) });
    }
    out.error(explain);
    let mut stderr = anstream::stderr().lock();
    let mut answer = String::new();
    let asked =
        write!(stderr, "{}", step.question().0).and_then(|()| stderr.flush()).and_then(|()| io::stdin().lock().read_line(&mut answer));
    if asked.is_ok() && step.accepts(&answer) { Ok(()) } else { Err(Failure::Declined) }
}

/// The command that was typed, with one thing more, to be typed again.
fn command_with(mut typed: impl Iterator<Item = String>, more: &str) -> String {
    let _program = typed.next();
    let words: Vec<String> = typed.map(|word| quoted(&word)).collect();
    format!("failover {} {more}", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(name: &str) -> RegionName {
        RegionName::new(name).unwrap()
    }

    #[test]
    fn a_yes_never_confirms_what_needs_the_regions_name() {
        let here = region("eu-west-2");
        let yes = Given { yes: true, confirm: None };
        assert!(Step::Yes.is_given(yes).unwrap());
        assert!(!Step::Region(&here).is_given(yes).unwrap());
        assert!(!Step::Consequence(&here, SafetyRule::LastRegion).is_given(yes).unwrap());
        let named = Given { yes: false, confirm: Some(&here) };
        assert!(Step::Yes.is_given(named).unwrap() && Step::Region(&here).is_given(named).unwrap());
    }

    #[test]
    fn an_edited_history_line_does_not_pass() {
        let (here, there) = (region("eu-west-2"), region("eu-west-1"));
        let failure = Step::Region(&here).is_given(Given { yes: false, confirm: Some(&there) }).unwrap_err();
        assert_eq!(failure.exit_code(), 2);
        insta::assert_snapshot!(failure.text(), @"error: --confirm names eu-west-1, but this is about eu-west-2. Nothing was changed.");
    }

    #[test]
    fn only_the_answer_itself_confirms() {
        let here = region("eu-west-2");
        assert!(Step::Region(&here).accepts("eu-west-2\n"));
        for other in ["", "y", "yes", "eu-west-1", "EU-WEST-2"] {
            assert!(!Step::Region(&here).accepts(other), "{other:?} passed");
        }
        assert!(Step::Yes.accepts("Y\n") && Step::Yes.accepts("yes") && !Step::Yes.accepts("") && !Step::Yes.accepts("yeah"));
        assert!(Step::Consequence(&here, SafetyRule::LastRegion).accepts("users go to a region that was taken out\n"));
        assert!(!Step::Consequence(&here, SafetyRule::LastRegion).accepts("eu-west-2"));
    }

    #[test]
    fn the_command_to_run_is_the_one_that_was_typed_and_its_confirmation() {
        let typed = ["target/debug/failover", "drain", "eu-west-2", "--reason", "it's slow", "--for", "1h"].map(str::to_owned);
        insta::assert_snapshot!(command_with(typed.into_iter(), "--confirm eu-west-2"), @r#"failover drain eu-west-2 --reason 'it'\''s slow' --for 1h --confirm eu-west-2"#);
    }
}
