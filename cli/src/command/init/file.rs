//! `failover.toml` as `init` writes it: for people, with what each part is for. Pure.

use std::fmt::Write;

use decision::Thresholds;

use super::found::Found;

/// The whole file.
pub(super) fn text(found: &Found) -> String {
    let policy = &found.policy;
    let mut text = format!(
        "# failover.toml of {service}, written by `failover init --from-stack {stack}` from what is deployed.\n\
         # failover.example.toml explains every key. After a deployment that changes regions, observers or thresholds: write it again with --force.\n\n\
         # Part of parameter names (/failover/{service}/…) and of gate paths.\n\
         service = {service_text}\n\n\
         # Where it serves.\n\
         regions = {regions}\n\n\
         # Who watches.\n\
         observers = {observers}\n\n\
         # The public names. Each region's own are REGION. before these.\n\
         [names]\n\
         api = {api}\n\
         websocket = {websocket}\n",
        service = policy.service,
        stack = found.stack,
        service_text = quoted(policy.service.as_str()),
        regions = list(policy.regions.iter().map(|region| region.as_str())),
        observers = list(policy.observers.iter().map(|observer| observer.as_str())),
        api = quoted(&found.api),
        websocket = quoted(&found.websocket),
    );
    text.push_str("\n# What the controllers decide by, as deployed. What is commented out is the default.\n[thresholds]\n");
    text.push_str(&thresholds(&policy.thresholds));
    text.push_str("\n# How single regions come back: automatic (the default), after-hold, manual.\n[failback]\n");
    for (region, how) in &policy.failback {
        let word = serde_json::to_value(how).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default();
        line(&mut text, &format!("{region} = {}", quoted(&word)));
    }
    text.push_str("\n# How much of the whole service's usual load each region can carry: 1 = all of it. A region that is not named has no known room.\n[capacity]\n");
    for region in &policy.regions {
        match policy.capacity.get(region) {
            Some(share) => line(&mut text, &format!("{region} = {}", number(*share))),
            None => line(&mut text, &format!("# {region} = 1.0")),
        }
    }
    text.push_str("\n# Where each observer is, so that nothing has to be looked up while things are on fire.\n");
    for (observer, ends) in &found.observers {
        line(&mut text, &format!("[observer.{observer}]\nssm = {}\ngate = {}\n", quoted(&ends.ssm), quoted(&ends.gate)));
    }
    text.push_str("# What was deployed: `failover doctor` compares it with this version's template.\n[deployed]\n");
    line(&mut text, &format!("stack = {}", quoted(&found.stack)));
    for (key, value) in [("messages_table", &found.messages_table), ("hosted_zone", &found.hosted_zone)] {
        if let Some(value) = value {
            line(&mut text, &format!("{key} = {}", quoted(value)));
        }
    }
    text
}

fn line(text: &mut String, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn number(value: f64) -> String {
    toml::Value::Float(value).to_string()
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", items.map(quoted).collect::<Vec<_>>().join(", "))
}

/// Every threshold; those with their default commented out.
fn thresholds(ours: &Thresholds) -> String {
    let lines = |thresholds: &Thresholds| toml::to_string(thresholds).unwrap_or_default();
    let (ours, default) = (lines(ours), lines(&Thresholds::default()));
    let one = |line: &str| if default.lines().any(|usual| usual == line) { format!("# {line}\n") } else { format!("{line}\n") };
    ours.lines().map(one).collect()
}
