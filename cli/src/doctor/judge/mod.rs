//! From facts to findings: pure, one file per heading.
//!
//! Nothing is asked here. What could not be read is `unknown`, with what helps: never a pass, never a fail.

mod account;
mod alarms;
mod certificates;
mod checks;
mod config;
mod gates;
mod pre;
mod quotas;
mod records;
mod stacks;
mod state;
mod table;

use jiff::Timestamp;

pub(crate) use self::config::judge as judge_config;
use super::expected::Expected;
use super::facts::{Facts, Unread, Why};
use super::finding::{Finding, Findings};
use crate::config::Config;

/// Everything that can be said about these facts, heading by heading, the worst first under each.
pub(crate) fn judge(facts: &Facts, config: &Config, now: Timestamp) -> Vec<Finding> {
    let expected = Expected::of(config);
    let mut found = account::judge(facts, now);
    found.extend(records::judge(facts, &expected));
    found.extend(alarms::judge(facts));
    found.extend(certificates::judge(facts, &expected));
    found.extend(gates::judge(facts, config, now));
    found.extend(state::judge(facts, config, now));
    found.extend(table::judge(facts, &expected));
    found.extend(quotas::judge(facts, &expected));
    found.extend(stacks::judge(facts, config, &expected));
    in_order(found)
}

/// Everything that can be said before anything is deployed.
pub(crate) fn judge_before(facts: &Facts, config: &Config, now: Timestamp) -> Vec<Finding> {
    let expected = Expected::of(config);
    let mut found = account::judge(facts, now);
    found.extend(pre::judge(facts, &expected));
    in_order(found)
}

/// By heading, then the worst first; otherwise as they were made.
pub(crate) fn in_order(mut found: Vec<Finding>) -> Vec<Finding> {
    found.sort_by_key(|finding| (finding.section, finding.severity));
    found
}

/// Says that something could not be read, and what would help.
fn unread(found: &mut Findings, what: &str, why: &Unread) {
    let fix = match why.why {
        Why::Denied => "let these credentials read it; docs/doctor.md lists what doctor asks for",
        Why::NoAnswer => "try again, with a longer --timeout or from another network",
        Why::Refused => "the words after the colon are the service's own",
    };
    found.unknown(format!("{what} could not be read: {}", why.what), fix);
}

/// Names with commas and an `and`.
fn names<'a>(list: impl IntoIterator<Item = &'a str>) -> String {
    let list: Vec<&str> = list.into_iter().collect();
    match list.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}
