//! Whose credentials these are, how long they last, and whether this machine's clock is right.

use jiff::{SignedDuration, Timestamp};

use crate::doctor::facts::{Account, Facts, Why};
use crate::doctor::finding::{Anchor, Finding, Findings, Section};
use crate::moment::length;

/// A drain, watched to its end, and the resume after it.
const LIFE_MIN: SignedDuration = SignedDuration::from_mins(30);
/// From here on an intent's end is not when the operator meant it.
const SKEW_WARN_MS: i64 = 2_000;
/// From here on votes look old that are not. AWS itself refuses signatures that are five minutes off.
const SKEW_MAX_MS: i64 = 30_000;

pub(super) fn judge(facts: &Facts, now: Timestamp) -> Vec<Finding> {
    let mut found = Findings::of(Section::Account);
    match &facts.account {
        Some(Ok(account)) => credentials(&mut found, account, now),
        Some(Err(why)) => match why.why {
            Why::Denied => found.error(
                Anchor::Credentials,
                format!("there are no usable AWS credentials: {}", why.what),
                "sign in, or choose others with --profile NAME: without them nothing can be drained",
            ),
            Why::NoAnswer | Why::Refused => super::unread(&mut found, "whose credentials these are", why),
        },
        None => {}
    }
    clock(&mut found, facts);
    found.into_list()
}

fn credentials(found: &mut Findings, account: &Account, now: Timestamp) {
    let Account { arn, expires } = account;
    let Some(expires) = expires else {
        found.ok(Anchor::CredentialsLife, format!("{arn}: credentials without an end"));
        return;
    };
    let left = expires.duration_since(now);
    if left <= SignedDuration::ZERO {
        found.error(Anchor::CredentialsLife, format!("{arn}: the credentials have ended"), "sign in again");
    } else if left < LIFE_MIN {
        found.warning(
            Anchor::CredentialsLife,
            format!("{arn}: the credentials last {}, less than a drain and its resume may take", length(left)),
            "sign in again before you need them",
        );
    } else {
        found.ok(Anchor::CredentialsLife, format!("{arn}: the credentials last {}", length(left)));
    }
}

/// One finding, from the observer whose answer says most surely how far off this clock is.
fn clock(found: &mut Findings, facts: &Facts) {
    let surest = facts.state.iter().filter_map(|(observer, state)| Some((observer, state.ahead?))).min_by_key(|(_, ahead)| ahead.give);
    let Some((observer, ahead)) = surest else { return };
    let off = (ahead.millis.abs() - ahead.give).max(0);
    let word = if ahead.millis < 0 { "behind" } else { "ahead of" };
    let seconds = |millis: i64| format!("{}.{} s", millis / 1000, millis % 1000 / 100);
    let text = format!("this machine's clock is {} {word} SSM's in {observer}", seconds(ahead.millis.abs()));
    let fix = "let the clock be set by NTP: the times of intents, and which votes are old, are judged by it";
    if off >= SKEW_MAX_MS {
        found.error(Anchor::ClockSkew, text, fix);
    } else if off >= SKEW_WARN_MS {
        found.warning(Anchor::ClockSkew, text, fix);
    } else {
        found.ok(
            Anchor::ClockSkew,
            format!("this machine's clock agrees with SSM's in {observer} to within {}", seconds(ahead.millis.abs().max(ahead.give))),
        );
    }
}
