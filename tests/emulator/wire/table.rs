//! Answers side by side.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// One call as a script tells it: what was asked, what AWS documents, what came.
pub(super) type Asked = (&'static str, &'static str, String);

/// What every peer said to every call, in the order of the scripts.
#[derive(Default)]
pub(super) struct Answers {
    order: Vec<(&'static str, &'static str)>,
    said: BTreeMap<(&'static str, &'static str), String>,
}

impl Answers {
    pub(super) fn note(&mut self, call: &'static str, documented: &'static str, peer: &'static str, answer: String) {
        if !self.order.iter().any(|(known, _)| *known == call) {
            self.order.push((call, documented));
        }
        self.said.insert((call, peer), answer);
    }

    /// Every call with the answer that AWS documents, and who gives it.
    pub(super) fn agreed(&self) -> String {
        let mut text = String::new();
        for (call, documented) in &self.order {
            let who: Vec<_> =
                self.said.iter().filter(|((asked, _), said)| asked == call && said == documented).map(|((_, peer), _)| *peer).collect();
            let _ = writeln!(text, "{call}: {documented} [{}]", who.join(" "));
        }
        text
    }

    /// Every answer that is another one, by call and peer.
    pub(super) fn differences(&self) -> String {
        let mut text = String::new();
        for (call, documented) in &self.order {
            for ((_, peer), said) in self.said.iter().filter(|((asked, _), said)| asked == call && said != documented) {
                let _ = writeln!(text, "{call}: {peer} says {said}, not {documented}");
            }
        }
        text
    }
}
