//! `probe` as text: one row per region, the delivery matrix, whom it blames.

use decision::{Check, CheckResult, Outcome, RegionName};
use probe::Seen;

use crate::out::{Look, Mark};
use crate::table::Rows;

/// Everything that was seen.
pub(super) fn text(seen: &Seen, look: Look) -> String {
    let mut headings = vec!["REGION".to_owned()];
    headings.extend(Check::ALL.iter().map(|check| check.as_str().to_uppercase()));
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    let mut rows = Rows::new(look, &headings);
    for (region, observation) in &seen.round.regions {
        let results: Vec<Option<&CheckResult>> = Check::ALL.iter().map(|check| observation.get(check)).collect();
        let cells = results.iter().map(|result| result.map_or_else(|| "-".to_owned(), cell));
        rows.row(mark(results.iter().flatten().map(|result| &result.outcome)), std::iter::once(region.to_string()).chain(cells));
    }
    let mut blocks = vec![rows.text()];
    blocks.extend(matrix(seen, look));
    let mut notes: Vec<String> = seen.blamed.iter().map(|blame| format!("blamed: {blame}")).collect();
    for (region, steps) in &seen.regions {
        for check in Check::ALL {
            let failure = steps.step(check).and_then(|step| step.failure.as_ref());
            notes.extend(failure.map(|failure| format!("{region} {check}: {} ({})", failure.cause, failure.detail)));
        }
    }
    match &seen.round.self_check {
        Outcome::Pass | Outcome::Degraded(_) => {}
        unfit @ (Outcome::Fail(_) | Outcome::Unknown(_)) => {
            notes.push(format!("this machine itself: {unfit}; what it saw counts for nothing"))
        }
    }
    if seen.counts.leaked > 0 {
        notes.push(format!("{} probe messages were seen where users are: a broken promise", seen.counts.leaked));
    }
    if !notes.is_empty() {
        blocks.push(notes.join("\n"));
    }
    blocks.push(format!("one round from here in {:.1} s", seen.took.as_secs_f64()));
    blocks.join("\n\n")
}

fn cell(result: &CheckResult) -> String {
    let retried = if result.attempts > 1 { " (retried)" } else { "" };
    match &result.outcome {
        Outcome::Unknown(cause) => format!("unknown: {cause}"),
        outcome @ (Outcome::Pass | Outcome::Degraded(_) | Outcome::Fail(_)) => match outcome.cause() {
            None => format!("{} {} ms{retried}", outcome.word(), result.millis),
            Some(cause) => format!("{}: {cause} {} ms{retried}", outcome.word(), result.millis),
        },
    }
}

/// The worst of several outcomes.
fn mark<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Mark {
    let severity = |outcome: &Outcome| match outcome {
        Outcome::Pass => (0, Mark::Good),
        Outcome::Unknown(_) => (1, Mark::Unknown),
        Outcome::Degraded(_) => (2, Mark::Warn),
        Outcome::Fail(_) => (3, Mark::Bad),
    };
    outcomes.map(severity).max_by_key(|(rank, _)| *rank).map_or(Mark::Unknown, |(_, mark)| mark)
}

/// Arrival times in milliseconds: sent into the row's region, seen in the column's.
fn matrix(seen: &Seen, look: Look) -> Option<String> {
    let regions = seen.matrix.regions();
    if regions.is_empty() {
        return None;
    }
    let headings: Vec<&str> = std::iter::once("SENT INTO / SEEN IN").chain(regions.iter().map(RegionName::as_str)).collect();
    let mut rows = Rows::new(look, &headings);
    for from in regions {
        let arrivals: Vec<Option<u128>> = regions.iter().map(|to| seen.matrix.arrival(from, to).map(|after| after.as_millis())).collect();
        let mark = if arrivals.iter().all(Option::is_some) { Mark::Good } else { Mark::Bad };
        let cells = arrivals.into_iter().map(|after| after.map_or_else(|| "lost".to_owned(), |after| format!("{after} ms")));
        rows.row(mark, std::iter::once(from.to_string()).chain(cells));
    }
    Some(rows.text())
}
