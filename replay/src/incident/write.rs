//! An incident written as a file: what is read again is the same incident. A campaign leaves what it found this way.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Forbidden, Incident, Role, Tuple};

impl Incident {
    /// The text of a file that says this.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut out = String::new();
        let texts = [
            ("id", self.id.as_str()),
            ("title", &self.title),
            ("source", &self.source),
            ("chat", &self.chat),
            ("right", &self.right),
            ("trap", &self.trap),
            ("call", self.call.word()),
        ];
        for (key, text) in texts {
            line(&mut out, key, &in_quotes(text));
        }
        line(&mut out, "horizon", &self.horizon.to_string());
        let regions: Vec<String> = self.regions.iter().map(|(role, name)| format!("{role} = {}", in_quotes(name.as_str()))).collect();
        line(&mut out, "regions", &format!("{{ {} }}", regions.join(", ")));
        timeline(&mut out, "faults", &self.faults);
        if !self.history.is_empty() {
            timeline(&mut out, "history", &self.history);
        }
        for forbidden in &self.forbidden {
            forbid(&mut out, forbidden);
        }
        let levels = [("headroom", &self.shape.headroom), ("overload_error", &self.shape.overload_error), ("share", &self.shape.share)];
        if levels.iter().any(|(_, levels)| !levels.is_empty()) {
            out.push_str("\n[service]\n");
            levels.iter().filter(|(_, levels)| !levels.is_empty()).for_each(|(key, levels)| line(&mut out, key, &by_role(levels)));
        }
        out
    }
}

fn line(out: &mut String, key: &str, value: &str) {
    // Writing to a String does not fail.
    let _ = writeln!(out, "{key} = {value}");
}

fn timeline(out: &mut String, key: &str, tuples: &[Tuple]) {
    let lines: String = tuples.iter().map(|tuple| format!("{tuple}\n")).collect();
    let _ = write!(out, "\n{key} = \"\"\"\n{lines}\"\"\"\n");
}

fn forbid(out: &mut String, Forbidden { act, region, from, to }: &Forbidden) {
    out.push_str("\n[[forbid]]\n");
    line(out, "act", &in_quotes(act.word()));
    if let Some(region) = region {
        line(out, "region", &in_quotes(region.word()));
    }
    line(out, "from", &from.to_string());
    if let Some(to) = to {
        line(out, "to", &to.to_string());
    }
}

fn by_role(levels: &BTreeMap<Role, f64>) -> String {
    let levels: Vec<String> = levels.iter().map(|(role, level)| format!("{role} = {level}")).collect();
    format!("{{ {} }}", levels.join(", "))
}

fn in_quotes(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
