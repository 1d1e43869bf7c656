//! A running demo for tests: started from the real binary, asked through the real commands, ended with the test.

#![expect(clippy::unwrap_used, reason = "a test that cannot start its demo has failed, and says where")]

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a world may take to come up on a busy machine.
const UP: Duration = Duration::from_secs(60);
/// How long a command may take to notice that nobody reads it.
const ENDED: Duration = Duration::from_secs(20);

/// Waits for a condition, looking again and again; fails with what was waited for.
pub(crate) fn until(within: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + within;
    while !holds() {
        assert!(Instant::now() < deadline, "not within {within:?}: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Runs a command in this folder, reads the beginning of what it writes and goes away, as `head` does; its exit code.
pub(crate) fn abandoned(folder: &Path, args: &[&str]) -> i32 {
    let mut child = Command::new(env!("CARGO_BIN_EXE_failover"))
        .args(args)
        .current_dir(folder)
        .env_remove("FAILOVER_CONFIG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let read = child.stdout.take().unwrap().read(&mut [0; 1]).unwrap();
    assert_eq!(read, 1, "{args:?} writes nothing");
    let mut ended = None;
    let deadline = Instant::now() + ENDED;
    while ended.is_none() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(100));
        ended = child.try_wait().unwrap();
    }
    // It must not outlive the test either way.
    let _ = child.kill();
    let _ = child.wait();
    ended.unwrap_or_else(|| panic!("{args:?} goes on, and nobody reads it")).code().unwrap_or(-1)
}

/// What a command said, and how it ended.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {}\n--- stdout\n{}\n--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}

/// A running demo. Killed when dropped.
pub(crate) struct Demo {
    child: Child,
    folder: PathBuf,
    up: Value,
    _own: Option<tempfile::TempDir>,
}

impl Demo {
    /// Starts a demo in a folder of its own.
    pub(crate) fn start(args: &[&str]) -> Self {
        let own = tempfile::tempdir().unwrap();
        let mut demo = Self::start_in(own.path(), args);
        demo._own = Some(own);
        demo
    }

    /// Starts a demo in this folder, as a person who stands in it would.
    pub(crate) fn start_in(folder: &Path, args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_failover"))
            .args(["demo", "--json"])
            .args(args)
            .current_dir(folder)
            .env_remove("FAILOVER_CONFIG")
            .env("FAILOVER_ACTOR", "ana")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let (first, line) = std::sync::mpsc::channel();
        let stdout = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = first.send(line);
            }
        });
        let up = line.recv_timeout(UP).expect("the demo says where everything is");
        Self { child, folder: folder.to_owned(), up: serde_json::from_str(&up).unwrap(), _own: None }
    }

    /// What the demo printed first: where everything is.
    pub(crate) fn up(&self) -> &Value {
        &self.up
    }

    /// Where a person stands who works with the demo.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends the demo as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Runs a command in the demo's folder, without any flag that leads to it.
    pub(crate) fn failover(&self, args: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_failover"));
        command.args(args).current_dir(&self.folder).env_remove("FAILOVER_CONFIG").env("FAILOVER_ACTOR", "ana").env("LANG", "C.UTF-8");
        said(command)
    }

    /// Waits until every region serves and is healthy for every observer; the status that says so.
    pub(crate) fn until_steady(&self) -> Value {
        let mut last = Value::Null;
        until(UP, "three regions serve, three of three observers say healthy", || {
            let status = self.failover(&["status", "--output", "json"]);
            last = serde_json::from_str(&status.stdout).unwrap_or(Value::Null);
            let regions = last["regions"].as_array().cloned().unwrap_or_default();
            regions.len() == 3
                && regions.iter().all(|region| region["answers"] == "serving" && region["verdict"] == "healthy" && region["says"] == 3)
                && self.dig("api.chat.test", &[]) == "127.0.11.1"
        });
        last
    }

    /// Runs a command in the demo's folder and goes away while it writes; its exit code.
    pub(crate) fn abandoned(&self, args: &[&str]) -> i32 {
        abandoned(&self.folder, args)
    }

    /// One region of the status.
    pub(crate) fn region(&self, name: &str) -> Value {
        let status = self.failover(&["status", "--output", "json"]);
        let status: Value = serde_json::from_str(&status.stdout).unwrap_or(Value::Null);
        let regions = status["regions"].as_array().cloned().unwrap_or_default();
        regions.into_iter().find(|region| region["region"] == name).unwrap_or(Value::Null)
    }

    /// The address that a user in London is answered with.
    pub(crate) fn dig(&self, name: &str, more: &[&str]) -> String {
        let (host, port) = self.up["dns"].as_str().unwrap().rsplit_once(':').unwrap();
        let mut command = Command::new("dig");
        command.args([&format!("@{host}"), "-p", port, name, "+subnet=81.2.69.0/24", "+short", "+time=2", "+tries=2"]).args(more);
        said(command).stdout.trim().to_owned()
    }

    /// The ordinary AWS CLI, pointed at a region of the world.
    pub(crate) fn aws(&self, region: &str, args: &[&str]) -> Said {
        let endpoints = self.up["aws"].as_array().unwrap();
        let endpoint = endpoints.iter().find(|endpoint| endpoint["region"] == region).unwrap()["endpoint"].as_str().unwrap();
        let mut command = Command::new("aws");
        command.args(["--region", region, "--endpoint-url", endpoint, "--output", "json"]).args(args);
        command.env("AWS_ACCESS_KEY_ID", "x").env("AWS_SECRET_ACCESS_KEY", "x").env("AWS_EC2_METADATA_DISABLED", "true");
        said(command)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn said(mut command: Command) -> Said {
    let program = command.get_program().to_string_lossy().into_owned();
    let output =
        command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{program} cannot be run ({error}); scripts/test installs it"));
    Said {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
