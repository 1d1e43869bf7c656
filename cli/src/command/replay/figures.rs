//! What runs come to: one run's numbers, and the median and worst of many.
//!
//! Values and arithmetic. How they look is `table`'s and `shape`'s.

use replay::engine::Report;
use serde::{Serialize, Serializer};

/// The numbers of one run, or of many taken together.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Figures {
    /// By role: minutes of failure of an average user homed there, reconnects included.
    #[serde(serialize_with = "short_each")]
    pub(super) error_minutes: [f64; 3],
    /// By role: how often such a user was made to reconnect.
    #[serde(serialize_with = "short_each")]
    pub(super) reconnects: [f64; 3],
    /// Regions left while they were fine.
    pub(super) wrong_ejects: u32,
    /// Times that a region went out or came back beyond the first.
    pub(super) flips: u32,
    /// Minutes in which somebody was answered with nothing or with a last resort, and would not have been had nobody been voted out.
    #[serde(serialize_with = "short")]
    pub(super) minutes_nothing_served: f64,
    /// Minutes in which a region that serves carried more than it can.
    #[serde(serialize_with = "short")]
    pub(super) overload_minutes: f64,
    /// From the first moment that users felt to a majority of votes.
    #[serde(serialize_with = "short_if_any")]
    pub(super) seconds_to_vote: Option<f64>,
    /// From there to the answers that follow it.
    #[serde(serialize_with = "short_if_any")]
    pub(super) seconds_to_answers: Option<f64>,
}

impl From<&Report> for Figures {
    fn from(report: &Report) -> Self {
        Self {
            error_minutes: report.score.error_minutes,
            reconnects: report.score.reconnects,
            wrong_ejects: report.wrong_ejects,
            flips: report.flips,
            minutes_nothing_served: report.minutes_nothing_served,
            overload_minutes: report.score.overload_minutes,
            seconds_to_vote: report.vote_after,
            seconds_to_answers: report.answers_after,
        }
    }
}

/// Which of the values that runs gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Take {
    Median,
    Worst,
}

impl Take {
    /// The upper of two in the middle: a value that did occur.
    fn of(self, mut values: Vec<f64>) -> Option<f64> {
        values.sort_by(f64::total_cmp);
        match self {
            Take::Median => values.get(values.len() / 2).copied(),
            Take::Worst => values.last().copied(),
        }
    }
}

impl Figures {
    /// Each number's median over runs, by itself.
    pub(super) fn median(runs: &[Figures]) -> Figures {
        Self::taken(runs, Take::Median)
    }

    /// Each number's worst over runs, by itself.
    pub(super) fn worst(runs: &[Figures]) -> Figures {
        Self::taken(runs, Take::Worst)
    }

    fn taken(runs: &[Figures], take: Take) -> Figures {
        let number = |of: fn(&Figures) -> f64| take.of(runs.iter().map(of).collect()).unwrap_or_default();
        let each = |of: fn(&Figures) -> [f64; 3]| {
            [0, 1, 2].map(|role: usize| take.of(runs.iter().filter_map(|run| of(run).get(role).copied()).collect()).unwrap_or_default())
        };
        let count = |of: fn(&Figures) -> u32| {
            let mut values: Vec<u32> = runs.iter().map(of).collect();
            values.sort_unstable();
            let at = if take == Take::Median { values.len() / 2 } else { values.len().saturating_sub(1) };
            values.get(at).copied().unwrap_or_default()
        };
        Figures {
            error_minutes: each(|run| run.error_minutes),
            reconnects: each(|run| run.reconnects),
            wrong_ejects: count(|run| run.wrong_ejects),
            flips: count(|run| run.flips),
            minutes_nothing_served: number(|run| run.minutes_nothing_served),
            overload_minutes: number(|run| run.overload_minutes),
            seconds_to_vote: take.of(runs.iter().filter_map(|run| run.seconds_to_vote).collect()),
            seconds_to_answers: take.of(runs.iter().filter_map(|run| run.seconds_to_answers).collect()),
        }
    }

    /// Everything that can be added up over incidents; times until something cannot.
    pub(super) fn sum<'a>(all: impl Iterator<Item = &'a Figures>) -> Figures {
        all.fold(Figures::default(), |sum, figures| Figures {
            error_minutes: [0, 1, 2].map(|role: usize| sum.error_minutes[role] + figures.error_minutes[role]),
            reconnects: [0, 1, 2].map(|role: usize| sum.reconnects[role] + figures.reconnects[role]),
            wrong_ejects: sum.wrong_ejects + figures.wrong_ejects,
            flips: sum.flips + figures.flips,
            minutes_nothing_served: sum.minutes_nothing_served + figures.minutes_nothing_served,
            overload_minutes: sum.overload_minutes + figures.overload_minutes,
            seconds_to_vote: None,
            seconds_to_answers: None,
        })
    }
}

/// To a thousandth: what lies below is of the model, not of the world.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0 + 0.0
}

fn short<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(rounded(*value))
}

fn short_if_any<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    value.map(rounded).serialize(serializer)
}

pub(super) fn short_each<S: Serializer>(values: &[f64; 3], serializer: S) -> Result<S::Ok, S::Error> {
    by_role(&values.map(rounded), serializer)
}

/// An object by role, so that nobody has to count.
pub(super) fn by_role<T: Serialize, S: Serializer>(values: &[T; 3], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "UPPERCASE")]
    struct ByRole<'a, T> {
        a: &'a T,
        b: &'a T,
        c: &'a T,
    }
    let [a, b, c] = values;
    ByRole { a, b, c }.serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(a: f64, wrong: u32, vote: Option<f64>) -> Figures {
        Figures { error_minutes: [a, 0.0, 0.0], wrong_ejects: wrong, seconds_to_vote: vote, ..Figures::default() }
    }

    #[test]
    fn median_and_worst_are_taken_number_by_number() {
        let runs = [run(9.0, 0, None), run(1.0, 2, Some(30.0)), run(2.0, 0, Some(20.0))];
        let (median, worst) = (Figures::median(&runs), Figures::worst(&runs));
        assert_eq!((median.error_minutes[0], median.wrong_ejects, median.seconds_to_vote), (2.0, 0, Some(30.0)));
        assert_eq!((worst.error_minutes[0], worst.wrong_ejects, worst.seconds_to_vote), (9.0, 2, Some(30.0)));
    }

    #[test]
    fn one_run_is_its_own_median_and_worst() {
        let runs = [run(3.5, 1, Some(12.0))];
        assert_eq!(Figures::median(&runs), runs[0]);
        assert_eq!(Figures::worst(&runs), runs[0]);
    }

    #[test]
    fn a_sum_has_no_time_until_anything() {
        let sum = Figures::sum([run(1.0, 1, Some(9.0)), run(2.5, 0, None)].iter());
        assert_eq!((sum.error_minutes[0], sum.wrong_ejects, sum.seconds_to_vote), (3.5, 1, None));
    }

    #[test]
    fn numbers_are_written_to_a_thousandth_and_by_role() {
        let json = serde_json::to_string(&run(1.0 / 3.0, 0, Some(10.00049))).unwrap();
        insta::assert_snapshot!(json, @r#"{"error_minutes":{"A":0.333,"B":0.0,"C":0.0},"reconnects":{"A":0.0,"B":0.0,"C":0.0},"wrong_ejects":0,"flips":0,"minutes_nothing_served":0.0,"overload_minutes":0.0,"seconds_to_vote":10.0,"seconds_to_answers":null}"#);
    }
}
