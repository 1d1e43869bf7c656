//! SSM of every observer: can it be read, can a drain be written, is what stands there in order.

use jiff::Timestamp;

use super::names;
use crate::config::Config;
use crate::doctor::facts::{Facts, State, Unread, Why};
use crate::doctor::finding::{Anchor, Finding, Findings, Section};
use crate::moment::length;

pub(super) fn judge(facts: &Facts, config: &Config, now: Timestamp) -> Vec<Finding> {
    let mut found = Findings::of(Section::State);
    let (mut readable, mut writable, mut first) = (Vec::new(), Vec::new(), Vec::new());
    for (observer, state) in &facts.state {
        let observer = observer.as_str();
        match unreadable(state) {
            // Who cannot be reached at all can neither be read nor written: one thing, said once.
            Some(why) if why.why == Why::NoAnswer => {
                found.error(
                    Anchor::StateUnreadable,
                    format!("SSM in {observer} does not answer from here: {}", why.what),
                    format!("see whether its endpoint can be reached; a majority ({}) is needed to drain", config.policy.majority()),
                );
                continue;
            }
            Some(why) => found.error(
                Anchor::StateUnreadable,
                format!("the documents in SSM of {observer} cannot be read: {}", why.what),
                "attach the operator policy of that region's stack (output OperatorPolicyArn) to these credentials",
            ),
            None => readable.push(observer),
        }
        match &state.write {
            Ok(store::Rehearsal::Allowed) => writable.push(observer),
            Ok(store::Rehearsal::Written) => {
                writable.push(observer);
                first.push(observer);
            }
            Err(why) => found.error(
                Anchor::StateNotWritable,
                format!("no intent can be written to SSM in {observer}: {}", why.what),
                "attach the operator policy of that region's stack (output OperatorPolicyArn) to these credentials",
            ),
        }
    }
    if !readable.is_empty() {
        found.ok(
            Anchor::StateUnreadable,
            format!("{} of {} observers can be read, with their histories", readable.len(), facts.state.len()),
        );
    }
    if !writable.is_empty() {
        let how = if first.is_empty() {
            "a dry write, which changes nothing".to_owned()
        } else {
            format!("the first dry write, which stays in {}", names(first))
        };
        found.ok(
            Anchor::StateNotWritable,
            format!("intents can be written at {} of {} observers ({how})", writable.len(), facts.state.len()),
        );
    }
    documents(&mut found, facts, config, now);
    found.into_list()
}

/// Why something of an observer cannot be read.
fn unreadable(state: &State) -> Option<&Unread> {
    let State { votes, intents, history, .. } = state;
    votes.as_ref().err().or(intents.as_ref().err()).or(history.as_ref().err())
}

/// What stands there.
fn documents(found: &mut Findings, facts: &Facts, config: &Config, now: Timestamp) {
    let silent: Vec<&str> =
        facts.state.iter().filter(|(_, state)| matches!(state.votes, Ok(None))).map(|(observer, _)| observer.as_str()).collect();
    if !silent.is_empty() {
        found.error(
            Anchor::VotesStale,
            format!("there are no votes in SSM of {}: its controller has never decided", names(silent)),
            "see the log of its controller; the first votes come within a minute of its deployment",
        );
    }
    for (observer, state) in &facts.state {
        let Ok((intents, malformed)) = &state.intents else { continue };
        if !malformed.is_empty() {
            found.warning(
                Anchor::IntentOverdue,
                format!("{observer} holds parameters among its intents that are none: {}", names(malformed.iter().map(String::as_str))),
                "delete them: controllers leave them out and say so in their logs",
            );
        }
        for intent in intents.iter().filter(|intent| intent.ended.is_none() && !config.policy.regions().contains(&intent.region)) {
            found.warning(
                Anchor::IntentOverdue,
                format!("{observer} holds a standing intent for {}, which is not a region of the service", intent.region),
                "nothing follows it; delete the parameter, or add the region to failover.toml",
            );
        }
    }
    let overdue = facts.state.values().filter_map(|state| state.intents.as_ref().ok()).flat_map(|(intents, _)| intents);
    let overdue =
        overdue.filter(|intent| intent.ended.is_none() && intent.ends_at < now && config.policy.regions().contains(&intent.region));
    let newest: std::collections::BTreeMap<&str, _> = overdue.map(|intent| (intent.region.as_str(), intent)).collect();
    let votes = |region: &str| {
        let entries = facts.state.values().filter_map(|state| state.votes.as_ref().ok()?.as_ref());
        entries
            .filter(|votes| votes.regions.iter().any(|(name, entry)| name.as_str() == region && entry.vote == decision::Vote::Eject))
            .count()
    };
    for (region, intent) in newest.into_iter().filter(|(region, _)| votes(region) >= config.policy.majority()) {
        found.warning(
            Anchor::IntentOverdue,
            format!("{region} is still out, {} after the end of its drain", length(now.duration_since(intent.ends_at))),
            format!("failover explain {region} says what it waits for; failover resume {region} lets it back"),
        );
    }
}
