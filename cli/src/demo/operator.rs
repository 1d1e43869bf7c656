//! The story's operator: types the same commands as a person would, as processes of their own.
//!
//! No shortcut into the CLI's code: what is measured is what a person waits for.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use decision::RegionName;
use tokio::process::Command;

/// A command that has not ended by then has failed.
const DEADLINE: Duration = Duration::from_secs(120);

/// Who the story says did it.
const ACTOR: &str = "ana";

/// `failover drain REGION --reason … --for 1h --confirm REGION`, until the answers have moved.
pub(super) async fn drain(config: &Path, region: &RegionName, reason: &str) -> Result<(), String> {
    let region = region.as_str();
    run(config, &["drain", region, "--reason", reason, "--for", "1h", "--confirm", region, "--wait", "answers"]).await
}

/// `failover resume REGION --confirm REGION`.
pub(super) async fn resume(config: &Path, region: &RegionName) -> Result<(), String> {
    run(config, &["resume", region.as_str(), "--reason", "practice is over", "--confirm", region.as_str()]).await
}

async fn run(config: &Path, args: &[&str]) -> Result<(), String> {
    let typed = format!("failover {}", args.join(" "));
    let program = std::env::current_exe().map_err(|error| format!("cannot find this program to run {typed:?}: {error}"))?;
    let child = Command::new(program)
        .args(args)
        .arg("--no-input")
        .arg("--config")
        .arg(config)
        .env("FAILOVER_ACTOR", ACTOR)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(DEADLINE, child)
        .await
        .map_err(|_| format!("{typed:?} did not end within {} s", DEADLINE.as_secs()))?
        .map_err(|error| format!("cannot run {typed:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty() && !line.starts_with("hint:")).unwrap_or("it said nothing");
    Err(format!("{typed:?} ended with {}: {last}", output.status))
}
