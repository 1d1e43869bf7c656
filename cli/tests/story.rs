//! The whole story, played fast by the real binary: it must end with every step as it must be.

use std::process::{Command, Stdio};

#[test]
fn the_story_plays_to_its_end_at_ten_times_the_speed() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_failover"))
        .args(["demo", "--story", "--speed", "10"])
        .current_dir(folder.path())
        .env_remove("FAILOVER_CONFIG")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert!(stdout.contains("none lost, none doubled"), "{stdout}");
}
