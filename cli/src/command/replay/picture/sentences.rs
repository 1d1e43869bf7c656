//! What happened, told: who did what, and why.

use decision::{RegionName, Verdict, Vote};
use replay::engine::{Event, Happening};
use replay::incident::{Effect, Incident};

use super::Told;
use crate::out::Mark;

/// One event as a sentence, with the names of regions.
pub(super) fn told(event: &Event, incident: &Incident, regions: &[RegionName; 3]) -> Option<Told> {
    let name = |role: &usize| regions.get(*role).map_or("?", RegionName::as_str);
    let (kind, mark, what) = match &event.what {
        Happening::Fault { index, line } => {
            let tuple = incident.faults.get(*index)?;
            let over = is_over(&tuple.effect);
            let mark = if over { Mark::Good } else { Mark::Bad };
            ("fault", mark, format!("{} {} in {} (line {line})", tuple.component, tuple.effect, tuple.place))
        }
        Happening::Verdict { observer, region, from, to } => {
            let mark = match to {
                Verdict::Healthy => Mark::Good,
                Verdict::Degraded => Mark::Warn,
                Verdict::Unhealthy => Mark::Bad,
                Verdict::Unknown => Mark::Unknown,
            };
            ("verdict", mark, format!("{} finds {} {to}, no longer {from}", name(observer), name(region)))
        }
        Happening::Vote { observer, region, to, reason } => {
            let mark = if *to == Vote::Serve { Mark::Good } else { Mark::Warn };
            ("vote", mark, format!("{} votes {to} on {}: {reason}", name(observer), name(region)))
        }
        Happening::Majority { region, ejected: true, hurt, .. } => {
            let hurt = (hurt * 100.0).round();
            ("majority", Mark::Warn, format!("{} is ejected; {hurt} % of what a user does there fails", name(region)))
        }
        Happening::Majority { region, ejected: false, hurt, .. } => {
            let hurt = (hurt * 100.0).round();
            ("majority", Mark::Good, format!("{} is no longer ejected; {hurt} % of what a user does there fails", name(region)))
        }
        Happening::Answer { home, to: None, .. } => ("answers", Mark::Bad, format!("users of {} get no answer", name(home))),
        Happening::Answer { home, to: Some(to), last_resort: true, .. } => {
            ("answers", Mark::Bad, format!("users of {} are answered with {}, as a last resort", name(home), name(to)))
        }
        Happening::Answer { home, to: Some(to), last_resort: false, .. } => {
            let mark = if to == home { Mark::Good } else { Mark::Warn };
            ("answers", mark, format!("users of {} are answered with {}", name(home), name(to)))
        }
        Happening::Act { act, result } => ("act", Mark::Going, format!("{act}: {result}")),
        Happening::Refused { observer, why } => ("refused", Mark::Unknown, format!("at {}: {why}", name(observer))),
    };
    Some(Told { seconds: event.at.as_secs_f64(), mark, kind, what })
}

/// Whether a fault ends with it.
fn is_over(effect: &Effect) -> bool {
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
        Effect::Mult(factor) => (*factor - 1.0).abs() < f64::EPSILON,
        Effect::Stall(on) => !on,
        Effect::Act(_) => false,
    }
}
