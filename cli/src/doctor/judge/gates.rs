//! The gates, as they answer from here: the lines that Route 53 matches, fresh votes, one policy.

use std::collections::{BTreeMap, BTreeSet};

use decision::{RegionName, Votes};
use jiff::Timestamp;

use super::names;
use crate::config::Config;
use crate::doctor::facts::{Answer, Fact, Facts, Gate};
use crate::doctor::finding::{Anchor, Finding, Findings, Section};
use crate::moment::length;

pub(super) fn judge(facts: &Facts, config: &Config, now: Timestamp) -> Vec<Finding> {
    let mut found = Findings::of(Section::Gates);
    let mut good = Vec::new();
    for (observer, gate) in &facts.gates {
        let mut of_gate = Findings::of(Section::Gates);
        one(&mut of_gate, observer, gate, config, now);
        if of_gate.all_ok() {
            good.push(observer.as_str());
        }
        found.extend(of_gate);
    }
    if !good.is_empty() {
        found.ok(Anchor::GateLine, format!("the gates of {} answer with the right lines and fresh votes", names(good)));
    }
    policies(&mut found, facts, config);
    found.into_list()
}

fn one(found: &mut Findings, observer: &RegionName, gate: &Gate, config: &Config, now: Timestamp) {
    let service = config.policy.service();
    let silent = |answer: &Fact<Answer>| match answer {
        Ok(Answer { status: 200, .. }) => None,
        Ok(answer) => Some(format!("{} ({})", answer.status, answer.line)),
        Err(why) => Some(why.what.clone()),
    };
    // A gate that answers nothing is said once.
    if let Some(why) = gate.lines.values().map(silent).collect::<Option<Vec<String>>>().filter(|all| !all.is_empty()) {
        found.error(
            Anchor::GateSilent,
            format!("the gate of {observer} does not answer from here: {}", why.first().map_or("", String::as_str)),
            format!("see the log of its function, and whether {} leads to it", gate.url),
        );
        return;
    }
    for (region, answer) in &gate.lines {
        let lines = ["serve", "eject"].map(|vote| format!("{vote} {service} {region}"));
        match answer {
            Ok(Answer { status: 200, line }) if lines.contains(line) => {}
            other => found.error(
                Anchor::GateLine,
                format!("the gate of {observer} says {} for {region}; \"{}\" or \"{}\" is right", said(other), lines[0], lines[1]),
                "deploy its stack again with the Service and Regions of failover.toml",
            ),
        }
    }
    let limit = config.policy.thresholds().votes_fresh();
    let age = gate.votes.as_ref().ok().map(|votes| now.duration_since(votes.decided_at));
    let alive = format!("alive {service}");
    match (&gate.alive, age) {
        (_, Some(age)) if age > limit => found.error(
            Anchor::VotesStale,
            format!("the votes of {observer} are {} old; its controller decides no more", length(age)),
            "see the log of its controller, and its dead-letter queue",
        ),
        (Ok(Answer { status: 200, line }), _) if *line == alive => {}
        (other, _) => found.error(
            Anchor::VotesStale,
            format!("the gate of {observer} says {} to /alive; \"{alive}\" is right", said(other)),
            "see the log of its controller",
        ),
    }
}

fn said(answer: &Fact<Answer>) -> String {
    match answer {
        Ok(Answer { status: 200, line }) => format!("{line:?}"),
        Ok(Answer { status, line }) => format!("{line:?} with status {status}"),
        Err(why) => format!("nothing ({})", why.what),
    }
}

/// Every controller decides by the same numbers, and they are the ones that this command previews with.
fn policies(found: &mut Findings, facts: &Facts, config: &Config) {
    let mut by: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (observer, votes) in votes(facts) {
        by.entry(votes.policy.as_str()).or_default().insert(observer.as_str());
    }
    let here = config.policy.fingerprint();
    match by.len() {
        0 => {}
        1 if by.contains_key(here.as_str()) => {
            found.ok(Anchor::PoliciesDiffer, "every controller decides by the policy of failover.toml");
        }
        1 => found.warning(
            Anchor::PoliciesDiffer,
            "the controllers decide by another policy than failover.toml says: previews and `replay` tell of numbers that nobody uses",
            "copy regions, observers, [thresholds], [failback] and [capacity] as deployed, or deploy every stack with these",
        ),
        _ => {
            let groups: Vec<String> = by.values().map(|group| names(group.iter().copied())).collect();
            found.error(
                Anchor::PoliciesDiffer,
                format!("the controllers decide by different policies: {}", groups.join("; and otherwise ")),
                "deploy every stack with the same Regions, Observers and thresholds",
            );
        }
    }
}

/// The votes of every observer: from its SSM, else as its gate shows them.
fn votes(facts: &Facts) -> BTreeMap<&RegionName, &Votes> {
    let shown = facts.gates.iter().filter_map(|(observer, gate)| Some((observer, gate.votes.as_ref().ok()?)));
    let stored = facts.state.iter().filter_map(|(observer, state)| Some((observer, state.votes.as_ref().ok()?.as_ref()?)));
    shown.chain(stored).collect()
}
