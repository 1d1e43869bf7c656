//! The dashboards of a demo: its own, and more that are started beside it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::running::{Demo, until};

/// How long a region may take to serve, to be ejected, drained or back, on a busy machine.
pub(crate) const MOVED: Duration = Duration::from_secs(150);

/// A demo in which every region serves, at a speed at which a browser beside it still sees every step.
pub(crate) fn demo() -> Demo {
    let demo = Demo::start(&["--speed", "2"]);
    until(MOVED, "three regions serve", || {
        let status: Value = serde_json::from_str(&demo.failover(&["status", "--output", "json"]).stdout).unwrap_or_default();
        status["regions"].as_array().is_some_and(|all| all.len() == 3 && all.iter().all(|region| region["answers"] == "serving"))
            && demo.dig("api.chat.test", &[]) == "127.0.11.1"
    });
    demo
}

/// Where its own dashboard is.
pub(crate) fn url(demo: &Demo) -> String {
    demo.up()["dashboard"]["url"].as_str().unwrap().to_owned()
}

/// The link that opens it once.
pub(crate) fn link(demo: &Demo) -> String {
    demo.up()["dashboard"]["link"].as_str().unwrap().to_owned()
}

/// `failover dashboard` in the demo's folder. Killed when dropped.
pub(crate) struct Beside {
    child: Child,
    pub(crate) url: String,
    pub(crate) link: String,
}

impl Beside {
    pub(crate) fn start(demo: &Demo, actor: &str, args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_failover"))
            .args(["dashboard", "--port", "0", "--output", "json"])
            .args(args)
            .current_dir(demo.folder())
            .env_remove("FAILOVER_CONFIG")
            .env("FAILOVER_ACTOR", actor)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let up: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        let text = |name: &str| up[name].as_str().unwrap().to_owned();
        Self { child, url: text("url"), link: text("link") }
    }

    /// The memory that its process holds, in kB.
    pub(crate) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// The number of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
