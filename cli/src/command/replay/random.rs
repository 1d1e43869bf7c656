//! `failover replay --random`: incidents that nobody had, and whether a promise is broken in any of them.
//!
//! Here: the running and the telling. What is drawn, and what a promise is, lives in the `replay` crate.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use replay::engine::Setup;
use replay::random::{Finding, Outcome, Sofar, campaign, incident};
use serde_json::{Value, json};

use super::progress::Line;
use super::threads;
use crate::args::ReplayArgs;
use crate::config::Trial;
use crate::failure::Failure;
use crate::moment;
use crate::out::{Look, Mark, Out};

/// The most sentences that are shown of one incident.
const SENTENCES: usize = 3;
/// After Ctrl-C.
const INTERRUPTED: u8 = 130;

/// What came of it all.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) outcome: Outcome,
    /// The first seed.
    pub(super) seed: u64,
    /// How many were asked for.
    pub(super) of: u32,
    pub(super) took: Duration,
    /// Each finding's file, and the command that replays it.
    pub(super) kept: Vec<(String, String)>,
}

/// Draws, replays, and tells: exit code 1 when a promise was broken.
pub(super) async fn run(args: &ReplayArgs, of: u32, out: &Out) -> Result<u8, Failure> {
    let folder = args.keep.as_deref().unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(Failure::usage(format!("--keep {} is no folder", folder.display())));
    }
    let trial = args.policy.as_deref().map_or_else(|| Ok(Trial::defaults()), Trial::read)?;
    trial.policy(&incident(args.seed))?;
    let started = Instant::now();
    let outcome = played(args, of, trial, out).await?;
    let kept = outcome.findings.iter().map(|finding| keep(finding, folder, args)).collect::<Result<_, _>>()?;
    let told = Told { outcome, seed: args.seed, of, took: started.elapsed(), kept };
    if out.is_json() {
        out.json(&told.json())?;
    } else {
        out.data(&told.text(out.look))?;
    }
    Ok(told.exit_code())
}

/// Plays everything beside the terminal's signals; after the first Ctrl-C what is under way is finished, and no more begun.
async fn played(args: &ReplayArgs, of: u32, trial: Trial, out: &Out) -> Result<Outcome, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let line = Arc::new(Line::new(out));
    let (seed, jobs, started) = (args.seed, threads(args), Instant::now());
    let mut work = {
        let (stop, line) = (Arc::clone(&stop), Arc::clone(&line));
        tokio::task::spawn_blocking(move || {
            let under = |setup: &Setup| trial.policy(setup).ok();
            campaign(seed, of as usize, jobs, &stop, under, |sofar| line.shows(|| progress(sofar, started.elapsed())))
        })
    };
    let outcome = tokio::select! {
        outcome = &mut work => outcome,
        _ = tokio::signal::ctrl_c() => {
            stop.store(true, Ordering::Relaxed);
            work.await
        }
    };
    line.ends();
    outcome.map_err(|_| Failure::failed("a run broke off; this is a flaw of ours"))
}

/// How far it is, in one line.
pub(super) fn progress(sofar: Sofar, took: Duration) -> String {
    let seconds = took.as_secs_f64().max(0.001);
    let left = (sofar.of - sofar.done) as f64 * seconds / (sofar.done.max(1)) as f64;
    let found = if sofar.found == 0 { "no promise broken".to_owned() } else { format!("{} broke a promise", sofar.found) };
    format!(
        "{} of {} incidents, {} hours, {} hours a second; {found}; {} left",
        number(sofar.done as f64),
        number(sofar.of as f64),
        number(sofar.hours),
        number(sofar.hours / seconds),
        length(Duration::from_secs_f64(left)),
    )
}

/// Writes a finding's file. Returns its path, and how to replay it.
fn keep(finding: &Finding, folder: &Path, args: &ReplayArgs) -> Result<(String, String), Failure> {
    let name = format!("{}.toml", finding.incident.id);
    let path = if args.keep.is_some() { folder.join(name) } else { name.into() };
    std::fs::write(&path, finding.incident.to_toml())
        .map_err(|error| Failure::failed(format!("{} cannot be written: {error}", path.display())))?;
    let path = path.display().to_string();
    let policy = args.policy.as_ref().map(|policy| format!(" --policy {}", word(&policy.display().to_string()))).unwrap_or_default();
    let command = format!("failover replay {} --seed {}{policy} --timeline", word(&path), finding.seed);
    Ok((path, command))
}

/// As one word of a shell.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if text.chars().all(plain) && !text.starts_with('-') { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

impl Told {
    fn is_whole(&self) -> bool {
        self.outcome.incidents >= self.of as usize
    }

    pub(super) fn exit_code(&self) -> u8 {
        match (self.outcome.found > 0, self.is_whole()) {
            (true, _) => 1,
            (false, true) => 0,
            (false, false) => INTERRUPTED,
        }
    }

    /// For people.
    pub(super) fn text(&self, look: Look) -> String {
        let Outcome { incidents, hours, ejections, wrong_ejects, minutes_nothing_served, found, findings, .. } = &self.outcome;
        let broken_off = if self.is_whole() { String::new() } else { format!("broken off after {} of ", number(*incidents as f64)) };
        let all = number(self.of.into());
        let mut lines = vec![
            format!("{broken_off}{all} random incidents, seeds from {} on: {} hours in {}", self.seed, number(*hours), length(self.took)),
            String::new(),
            format!("  ejections        {:>9}", number(*ejections as f64)),
            format!(
                "  wrong ejects     {:>9}  of regions that did not hurt their users: to be expected where only probes fail",
                number(*wrong_ejects as f64)
            ),
            format!(
                "  nothing answered {:>9}  minutes, or a last resort: to be expected where no controller can be reached",
                number(*minutes_nothing_served)
            ),
            String::new(),
        ];
        let mark = if *found == 0 { Mark::Good } else { Mark::Bad };
        let verdict = match found {
            0 => "no promise is broken".to_owned(),
            1 => "1 incident in which a promise is broken".to_owned(),
            _ => format!("{} incidents in which a promise is broken", number(*found as f64)),
        };
        lines.push(look.paint(mark, &format!("{} {verdict}", look.symbol(mark))));
        for (finding, (_, command)) in findings.iter().zip(&self.kept) {
            lines.push(format!("\nseed {}", finding.seed));
            lines.extend(finding.what.iter().take(SENTENCES).map(|what| format!("  {what}")));
            if finding.what.len() > SENTENCES {
                lines.push(format!("  and {} more", finding.what.len() - SENTENCES));
            }
            lines.push(format!("  {command}"));
        }
        if *found > findings.len() {
            lines.push(format!("\nand {} more incidents, which are not kept", number((found - findings.len()) as f64)));
        }
        lines.join("\n")
    }

    /// For scripts. Fields are added, never renamed.
    pub(super) fn json(&self) -> Value {
        let Outcome { incidents, hours, coasted_hours, ejections, wrong_ejects, minutes_nothing_served, found, findings } = &self.outcome;
        let findings = findings
            .iter()
            .zip(&self.kept)
            .map(|(finding, (file, command))| json!({ "seed": finding.seed, "file": file, "what": finding.what, "replay": command }));
        json!({
            "command": "replay",
            "ok": *found == 0,
            "seed": self.seed,
            "incidents": incidents,
            "of": self.of,
            "hours": hours,
            "coasted_hours": coasted_hours.round(),
            "ejections": ejections,
            "wrong_ejects": wrong_ejects,
            "minutes_nothing_served": (minutes_nothing_served * 10.0).round() / 10.0,
            "violations": found,
            "findings": findings.collect::<Vec<_>>(),
            "seconds": (self.took.as_secs_f64() * 10.0).round() / 10.0,
        })
    }
}

/// A whole number with commas.
fn number(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// To the second.
fn length(time: Duration) -> String {
    moment::length(SignedDuration::from_secs(time.as_secs().try_into().unwrap_or(i64::MAX)))
}
