//! The lanes of what became of it: verdicts, votes, answers, and users hurt. Built from the moments at which something changed.

use decision::{Verdict, Vote};
use replay::engine::{Event, Happening, Minute, Transcript};

use super::{Group, Lane, Shade, Stretch, letter, minute};

/// The share of a run from which on a verdict other than healthy and unhealthy is told.
const LONG: f64 = 0.01;
/// Users count as hurt from this share of failures on.
const HURT: f64 = 0.005;
/// From this difference on, what they met is told apart from what they would have met at home.
const DIFFERS: f64 = 0.05;

/// A lane under construction: how it looks since when.
struct Line {
    lane: Lane,
    since: f64,
    now: Option<(Shade, String)>,
}

impl Line {
    fn new(group: Group, label: String) -> Self {
        Self { lane: Lane { group, label, stretches: vec![] }, since: 0.0, now: None }
    }

    /// From `at` on it looks like this; like nothing, when all is well.
    fn becomes(&mut self, at: f64, look: Option<(Shade, String)>) {
        if let Some((shade, says)) = self.now.take() {
            // What came and went within the smallest step shows all the same.
            self.lane.stretches.push(Stretch { from: self.since, to: at, shade, says });
        }
        (self.since, self.now) = (at, look);
    }

    fn ends(mut self, at: f64) -> Lane {
        self.becomes(at, None);
        self.lane
    }
}

fn at(event: &Event) -> f64 {
    minute(event.at)
}

/// Nine lanes at most: what each observer thinks of each region, where it is worth a lane.
pub(super) fn verdicts(transcript: &Transcript, end: f64) -> Vec<Lane> {
    let lanes = [0, 1, 2].into_iter().flat_map(|region| {
        let mine: Vec<Lane> = [0, 1, 2].map(|observer| verdict(transcript, observer, region, end)).into();
        if mine.iter().any(|lane| tells(lane, end)) { mine } else { vec![] }
    });
    lanes.collect()
}

/// Whether verdicts are worth a lane: unhealthy ever, or anything but healthy for long. Everybody begins without a verdict.
fn tells(lane: &Lane, end: f64) -> bool {
    let long: f64 = lane.stretches.iter().map(|stretch| stretch.to - stretch.from).sum();
    lane.stretches.iter().any(|stretch| stretch.shade == Shade::Unhealthy) || long > end * LONG
}

fn verdict(transcript: &Transcript, who: usize, which: usize, end: f64) -> Lane {
    let mut line = Line::new(Group::Verdicts, format!("on {} by {}", letter(which), letter(who)));
    for event in &transcript.events {
        if let Happening::Verdict { observer, region, to, .. } = &event.what
            && (*observer, *region) == (who, which)
        {
            let shade = match to {
                Verdict::Healthy => None,
                Verdict::Degraded => Some(Shade::Degraded),
                Verdict::Unhealthy => Some(Shade::Unhealthy),
                Verdict::Unknown => Some(Shade::Unknown),
            };
            line.becomes(at(event), shade.map(|shade| (shade, to.to_string())));
        }
    }
    line.ends(end)
}

/// One lane per region that anybody ever voted to eject: how many did.
pub(super) fn votes(transcript: &Transcript, end: f64) -> Vec<Lane> {
    let lanes = [0, 1, 2].map(|which| {
        let mut line = Line::new(Group::Votes, letter(which).to_owned());
        let mut ejects = [false; 3];
        for event in &transcript.events {
            if let Happening::Vote { observer, region, to, .. } = &event.what
                && *region == which
                && let Some(mine) = ejects.get_mut(*observer)
            {
                *mine = *to == Vote::Eject;
                let count = ejects.iter().filter(|eject| **eject).count();
                let who: Vec<&str> = (0..3).filter(|observer| ejects[*observer]).map(letter).collect();
                let look = (Shade::Votes(u8::try_from(count).unwrap_or(u8::MAX)), format!("{count} of 3: {}", who.join(", ")));
                line.becomes(at(event), (count > 0).then_some(look));
            }
        }
        line.ends(end)
    });
    lanes.into_iter().filter(|lane| !lane.stretches.is_empty()).collect()
}

/// One lane per home that was ever answered with another region.
pub(super) fn answers(transcript: &Transcript, end: f64) -> Vec<Lane> {
    let lanes = [0, 1, 2].map(|whose| {
        let mut line = Line::new(Group::Answers, format!("{} users", letter(whose)));
        for event in &transcript.events {
            if let Happening::Answer { home, to, last_resort, .. } = &event.what
                && *home == whose
            {
                let look = match to {
                    None => Some((Shade::Nothing, "not answered".to_owned())),
                    Some(to) if *last_resort => Some((Shade::LastResort, format!("{}, as a last resort", letter(*to)))),
                    Some(to) if *to == whose => None,
                    Some(to) => Some((Shade::Away(*to), letter(*to).to_owned())),
                };
                line.becomes(at(event), look);
            }
        }
        line.ends(end)
    });
    lanes.into_iter().filter(|lane| !lane.stretches.is_empty()).collect()
}

/// One lane per home whose users were ever hurt, and one of what they would have met had they all been in their own region, where that differs.
pub(super) fn hurt(transcript: &Transcript, end: f64) -> Vec<Lane> {
    let lanes = [0, 1, 2].into_iter().flat_map(|home: usize| {
        let met = shares(transcript, end, format!("{} users", letter(home)), |minute| minute.hurt[home]);
        let at_home = shares(transcript, end, format!("if all in {}", letter(home)), |minute| minute.sick[home]);
        let moved = transcript.minutes.iter().any(|minute| (minute.hurt[home] - minute.sick[home]).abs() > DIFFERS);
        [Some(met), Some(at_home).filter(|_| moved)]
    });
    lanes.flatten().filter(|lane| !lane.stretches.is_empty()).collect()
}

/// A stretch per minute that differs from the one before, to the percent.
fn shares(transcript: &Transcript, end: f64, label: String, of: impl Fn(&Minute) -> f64) -> Lane {
    let mut line = Line::new(Group::Hurt, label);
    let mut shown = 0;
    for (index, minute) in transcript.minutes.iter().enumerate() {
        let share = of(minute);
        let percent = if share < HURT { 0 } else { (share * 100.0).round().clamp(1.0, 100.0) as u32 };
        if percent != shown {
            line.becomes(index as f64, (percent > 0).then(|| (Shade::Hurt(f64::from(percent) / 100.0), format!("{percent} %"))));
            shown = percent;
        }
    }
    line.ends(end)
}
