//! `failover replay`: incidents in virtual time, how this policy fares in them, and who else would have.
//!
//! Here: which files, which policy, where the results go. What is run is `campaign`'s, or `random`'s where there are no files; what is shown `table`'s, `shape`'s, `timeline`'s and `svg`'s.

mod campaign;
mod draw;
mod figures;
mod picture;
mod pool;
mod progress;
mod random;
mod row;
mod shape;
mod svg;
mod table;
#[cfg(test)]
mod tests;
mod timeline;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use replay::incident::{Incident, load_all};

use self::campaign::Campaign;
pub(super) use self::draw::Draw;
use self::progress::Progress;
use self::row::{Row, Side};
use self::table::View;
use crate::args::ReplayArgs;
use crate::config::Trial;
use crate::failure::Failure;
use crate::out::Out;

/// Where incidents are looked for when none are named.
const FOLDER: &str = "incidents";
/// How wide lines are where nothing says how wide the terminal is.
const WIDTH: usize = 120;

/// Replays, shows, and judges: exit code 1 when something happened that must not.
pub(crate) async fn run(args: &ReplayArgs, out: &Out) -> Result<u8, Failure> {
    if let Some(count) = args.random {
        return random::run(args, count, out).await;
    }
    let incidents = incidents(&args.paths)?;
    let svg = args.svg.as_deref().map(|path| svg_paths(path, &incidents)).transpose()?;
    let campaign = campaign(args, incidents)?;
    let sides = campaign.sides().to_vec();
    let rows = finished(campaign, out).await?;
    if let Some(paths) = svg {
        for (row, path) in rows.iter().zip(&paths) {
            draw(row, path, out)?;
        }
    }
    let view = View { sides: &sides, runs: args.runs, wide: args.wide, width: width(), look: out.look };
    if out.is_json() {
        out.json(&shape::Shape::new(args, &sides, &rows))?;
    } else {
        text(args, &rows, &view, out)?;
    }
    Ok(u8::from(rows.iter().any(|row| !row.offences.is_empty())))
}

/// The incidents that are named, or those of the folder.
fn incidents(paths: &[PathBuf]) -> Result<Vec<Incident>, Failure> {
    let folder = [PathBuf::from(FOLDER)];
    let paths = if paths.is_empty() { &folder[..] } else { paths };
    if let Some(missing) = paths.iter().find(|path| !path.exists()) {
        let named = missing != Path::new(FOLDER);
        let message = if named {
            format!("{} does not exist", missing.display())
        } else {
            "no incident is named, and there is no folder incidents here".to_owned()
        };
        let hint = "name files or folders: failover replay path/to/incidents; docs/incidents.md says how a file is written";
        return Err(Failure::Usage { message, hint: Some(hint.to_owned()) });
    }
    load_all(paths).map_err(Failure::Incidents)
}

/// What the arguments ask for.
fn campaign(args: &ReplayArgs, incidents: Vec<Incident>) -> Result<Campaign, Failure> {
    let trial = args.policy.as_deref().map_or_else(|| Ok(Trial::defaults()), Trial::read)?;
    let others = args.against.iter().filter(|_| !args.alone);
    let mut sides = vec![Side::Ours];
    for other in others.map(|other| Side::Other(*other)) {
        if !sides.contains(&other) {
            sides.push(other);
        }
    }
    let runs = args.run.map_or_else(|| (0..args.runs).collect(), |run| vec![run]);
    Ok(Campaign::new(incidents, trial, sides, runs, args.seed)?.drawing(args.timeline || args.svg.is_some()).on(threads(args)))
}

/// How many threads may run.
fn threads(args: &ReplayArgs) -> usize {
    args.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, usize::from)
}

/// Runs everything beside the terminal's signals.
async fn finished(campaign: Campaign, out: &Out) -> Result<Vec<Row>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let progress = Arc::new(Progress::new(campaign.minutes(), out));
    let work = {
        let (stop, progress) = (Arc::clone(&stop), Arc::clone(&progress));
        tokio::task::spawn_blocking(move || campaign.rows(&stop, |minutes| progress.adds(minutes)))
    };
    tokio::select! {
        rows = work => {
            progress.ends();
            let rows = rows.map_err(|_| Failure::failed("a run broke off; this is a flaw of ours"))?;
            rows.ok_or_else(|| Failure::failed("not every run came to its end"))
        }
        _ = tokio::signal::ctrl_c() => {
            // Runs under way end within their second, unseen.
            stop.store(true, Ordering::Relaxed);
            progress.ends();
            Err(Failure::BrokenOff { what: format!("{}; nothing is shown", progress.text()) })
        }
    }
}

/// One file per incident: the file named, or its own in the folder named.
fn svg_paths(path: &Path, incidents: &[Incident]) -> Result<Vec<PathBuf>, Failure> {
    if path.is_dir() {
        return Ok(incidents.iter().map(|incident| path.join(format!("{}.svg", incident.id))).collect());
    }
    if incidents.len() == 1 {
        return Ok(vec![path.to_owned()]);
    }
    let message = format!("--svg {} is one file, and these are {} incidents", path.display(), incidents.len());
    Err(Failure::Usage { message, hint: Some("name one incident, or a folder that exists".to_owned()) })
}

fn draw(row: &Row, path: &Path, out: &Out) -> Result<(), Failure> {
    let Some(picture) = &row.picture else { return Ok(()) };
    std::fs::write(path, svg::svg(picture)).map_err(|error| Failure::failed(format!("{} cannot be written: {error}", path.display())))?;
    out.note(&format!("{}: drawn in {}", row.id, path.display()));
    Ok(())
}

/// For people: drawings, the table, and what its columns mean.
fn text(args: &ReplayArgs, rows: &[Row], view: &View, out: &Out) -> Result<(), Failure> {
    if args.timeline {
        for picture in rows.iter().filter_map(|row| row.picture.as_ref()) {
            out.data(&format!("{}\n", timeline::timeline(picture, view.width, out.look)))?;
        }
    }
    out.data(&table::table(rows, view))?;
    if !out.quiet {
        out.data(&format!("\n{}", table::legend(view)))?;
    }
    Ok(())
}

/// How many characters a line of stdout has.
fn width() -> usize {
    let named = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let seen = || terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0));
    named.or_else(seen).unwrap_or(WIDTH).clamp(60, 400)
}
