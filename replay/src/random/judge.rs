//! What must hold in every incident, whatever its lines say. The promises that a run watches as it goes are its `violations`; here is what can be
//! said afterwards, from the lines and the transcript alone.

use crate::engine::{Event, Happening, Report, Setup};
use crate::incident::{Component, Effect, Place, Tuple};

/// The longest window of the policy's memory, in minutes, with a little to spare: what is further back decides nothing any more.
const MEMORY: f64 = 25.0;
/// From this share on, that all regions fail alike shows in a few rounds, whoever looks.
const PLAIN: f64 = 0.5;

/// Everything that was wrong with a run, as sentences. The report must have a transcript.
#[must_use]
pub fn judge(setup: &Setup, report: &Report) -> Vec<String> {
    let mut wrong: Vec<String> = report
        .violations
        .iter()
        .map(|violation| format!("at minute {:.2}: {:?}: {}", violation.at.as_secs_f64() / 60.0, violation.invariant, violation.what))
        .collect();
    wrong.extend(report.forbidden.iter().cloned());
    let Some(transcript) = &report.transcript else { return wrong };
    let alike = Alike::new(&setup.incident.faults);
    for Event { at, what } in &transcript.events {
        let minute = at.as_secs_f64() / 60.0;
        match what {
            Happening::Vote { reason, observer, region, .. } if reason.trim().is_empty() => {
                wrong.push(format!("at minute {minute:.2}: observer {observer} does not say why it votes on region {region}"));
            }
            Happening::Majority { region, ejected: true, .. } if alike.at(minute) => {
                wrong.push(format!("at minute {minute:.2}: region {region} is ejected while all fail alike"));
            }
            _ => {}
        }
    }
    wrong
}

/// When every region fails alike, and has done nothing else for as long as anybody remembers.
struct Alike {
    /// Minutes at which something began or ended that is not the same everywhere, or that people and machines did.
    apart: Vec<(f64, f64)>,
    /// From when to when all regions fail plainly and alike.
    plain: Vec<(f64, f64)>,
}

impl Alike {
    fn new(faults: &[Tuple]) -> Self {
        let (mut apart, mut plain) = (Vec::new(), Vec::new());
        for (index, tuple) in faults.iter().enumerate() {
            let same =
                |later: &&Tuple| (later.component, later.place, later.effect.kind()) == (tuple.component, tuple.place, tuple.effect.kind());
            let until = faults.iter().skip(index + 1).find(same).map_or(f64::INFINITY, |later| later.minute);
            if !matters(tuple) || is_at_rest(&tuple.effect) {
                continue;
            }
            match (tuple.component, tuple.place, &tuple.effect) {
                (
                    Component::Rest | Component::Wsconn | Component::Lambda | Component::Ddb | Component::Probe,
                    Place::Everywhere,
                    Effect::Err(share),
                ) if *share >= PLAIN => {
                    plain.push((tuple.minute, until));
                }
                // Acts and lags leave something behind: whoever was drained for hours returns at any time.
                (Component::Control, ..) => apart.push((tuple.minute, f64::INFINITY)),
                (Component::Stream | Component::Repl, ..) => apart.push((tuple.minute, until + (until - tuple.minute) + MEMORY)),
                _ => apart.push((tuple.minute, until)),
            }
        }
        Self { apart, plain }
    }

    fn at(&self, minute: f64) -> bool {
        self.plain.iter().any(|(from, to)| (*from..*to).contains(&minute))
            && self.apart.iter().all(|(from, to)| *to + MEMORY < minute || *from > minute)
    }
}

/// Whether probes or controllers can notice it.
fn matters(tuple: &Tuple) -> bool {
    !matches!(tuple.component, Component::Metrics | Component::Auth | Component::R53ctl | Component::R53hc | Component::Dns)
}

fn is_at_rest(effect: &Effect) -> bool {
    match effect {
        Effect::Err(level)
        | Effect::Lat(level)
        | Effect::Hole(level)
        | Effect::Stale(level)
        | Effect::Miss(level)
        | Effect::Wrong(level)
        | Effect::Drop(level)
        | Effect::Skew(level)
        | Effect::Deny(level) => *level == 0.0,
        Effect::Mult(level) => *level == 1.0,
        Effect::Stall(stalled) => !stalled,
        Effect::Act(_) => false,
    }
}
