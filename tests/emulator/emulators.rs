//! Starts moto and ministack for one test, from the pinned virtual environment, and ends them with it.
//!
//! Each runs below `front/lifeline.py`, which ends it as soon as this process is gone, however it went. No AWS call is made here.

use std::fmt::Write as _;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::http;

/// How long an emulator may take to answer. It takes a second; on two busy cores, with nothing of Python cached, many.
const UP_WITHIN: Duration = Duration::from_secs(90);
/// How long it may take to go. The lifeline kills after three seconds.
const DOWN_WITHIN: Duration = Duration::from_secs(8);
/// A free port may be taken before the emulator binds it.
const TRIES: usize = 3;
/// Lines of each log that are shown when a test fails.
const LOG_LINES: usize = 60;

/// The account of everything that is signed with [`OPERATOR`].
pub(crate) const ACCOUNT: &str = "000000000000";
/// The key that ministack takes for the account's own, as [`store::ssm_client`] signs what goes over plain `http`. Its secret is the same word.
pub(crate) const OPERATOR: &str = "failover";

/// Both emulators, running until this is dropped.
pub(crate) struct Emulators {
    folder: Option<TempDir>,
    moto: Emulator,
    ministack: Emulator,
}

/// One of them.
struct Emulator {
    name: &'static str,
    url: String,
    process: Child,
    log: PathBuf,
}

impl Emulators {
    /// Starts both. ministack enforces IAM: each function runs with its role's credentials, and no others.
    ///
    /// `functions` tells, by the address of ministack, what every function gets in its environment besides: see front/names.py.
    pub(crate) async fn start(functions: impl Fn(&str) -> Value) -> Self {
        let folder = TempDir::with_prefix("failover-emulators-").unwrap();
        let moto = Emulator::start("moto", folder.path(), "/moto-api/data.json", |port| {
            let mut arguments = vec![tool("moto_server"), PathBuf::from("-H"), "127.0.0.1".into(), "-p".into()];
            arguments.push(port.to_string().into());
            (arguments, Vec::new())
        })
        .await;
        let lambdas = folder.path().join("lambdas");
        std::fs::create_dir(&lambdas).unwrap();
        let ministack = Emulator::start("ministack", folder.path(), "/_ministack/health", |port| {
            let settings = [
                ("GATEWAY_PORT", port.to_string()),
                ("BIND_HOST", "127.0.0.1".to_owned()),
                ("MINISTACK_HOST", "127.0.0.1".to_owned()),
                ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
                ("AWS_ACCESS_KEY_ID", OPERATOR.to_owned()),
                ("AWS_SECRET_ACCESS_KEY", OPERATOR.to_owned()),
                ("MINISTACK_ACCOUNT_ID", ACCOUNT.to_owned()),
                ("LAMBDA_EXECUTOR", "local".to_owned()),
                ("AUTH", "true".to_owned()),
                // Servers of its own on fixed ports, for services that we do not use.
                ("IOT_MTLS_ENABLED", "0".to_owned()),
                ("SFTP_ENABLED", "0".to_owned()),
                ("EMULATOR_MOTO", moto.url.clone()),
                ("EMULATOR_FUNCTIONS", functions(&format!("http://127.0.0.1:{port}")).to_string()),
                ("TMPDIR", lambdas.display().to_string()),
            ];
            (vec![tool("python"), ours("front")], settings.into_iter().collect())
        })
        .await;
        Self { folder: Some(folder), moto, ministack }
    }

    /// Where moto answers.
    pub(crate) fn moto(&self) -> &str {
        &self.moto.url
    }

    /// Where ministack answers, with everything that `front/` adds.
    pub(crate) fn ministack(&self) -> &str {
        &self.ministack.url
    }

    /// A folder that goes with the emulators.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.as_ref().map(TempDir::path).unwrap_or(Path::new("."))
    }
}

impl Drop for Emulators {
    fn drop(&mut self) {
        self.ministack.end();
        self.moto.end();
        if std::thread::panicking() {
            let kept = self.folder.take().map(TempDir::keep);
            eprintln!("{}{}logs are kept in {}", self.ministack.last_words(), self.moto.last_words(), kept.unwrap_or_default().display());
        }
    }
}

impl Emulator {
    async fn start(
        name: &'static str,
        folder: &Path,
        ready: &str,
        command: impl Fn(u16) -> (Vec<PathBuf>, Vec<(&'static str, String)>),
    ) -> Self {
        let log = folder.join(format!("{name}.log"));
        for _ in 0..TRIES {
            let port = free_port();
            let (arguments, settings) = command(port);
            let output = File::create(&log).unwrap();
            let process = Command::new(tool("python"))
                .arg(ours("front/lifeline.py"))
                .args(arguments)
                .env_clear()
                .env("PATH", "/usr/bin:/bin")
                .env("HOME", folder)
                .env("PYTHONDONTWRITEBYTECODE", "1")
                .envs(settings)
                .stdin(Stdio::piped())
                .stdout(output.try_clone().unwrap())
                .stderr(output)
                .spawn()
                .unwrap();
            let mut emulator = Self { name, url: format!("http://127.0.0.1:{port}"), process, log: log.clone() };
            let deadline = Instant::now() + UP_WITHIN;
            while emulator.process.try_wait().unwrap().is_none() {
                if http::get(&format!("{}{ready}", emulator.url)).await.is_ok_and(|answer| answer.status == 200) {
                    return emulator;
                }
                assert!(Instant::now() < deadline, "{name} does not answer after {UP_WITHIN:?}:\n{}", emulator.last_words());
                sleep(Duration::from_millis(100)).await;
            }
        }
        panic!("{name} ended by itself {TRIES} times:\n{}", std::fs::read_to_string(&log).unwrap_or_default());
    }

    /// Closes the lifeline and waits.
    fn end(&mut self) {
        drop(self.process.stdin.take());
        let deadline = std::time::Instant::now() + DOWN_WITHIN;
        while matches!(self.process.try_wait(), Ok(None)) {
            if std::time::Instant::now() > deadline {
                let _ = self.process.kill();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let mut words = format!("--- the end of {}\n", self.name);
        for line in &lines[lines.len().saturating_sub(LOG_LINES)..] {
            let _ = writeln!(words, "{line}");
        }
        words
    }
}

/// A program of the pinned environment.
///
/// # Panics
/// It is not installed as `requirements.txt` says, with the command that installs it.
fn tool(name: &str) -> PathBuf {
    let environment = root().join(".tools/emulators");
    let (wanted, installed) = (ours("requirements.txt"), environment.join("requirements.txt"));
    let is_current = matches!((std::fs::read(wanted), std::fs::read(installed)), (Ok(wanted), Ok(installed)) if wanted == installed);
    assert!(is_current, "the emulators are not installed, or not as tests/emulator/requirements.txt pins them: run `scripts/test tools`");
    environment.join("bin").join(name)
}

/// A file of this folder.
pub(crate) fn ours(path: &str) -> PathBuf {
    root().join("tests/emulator").join(path)
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr()).unwrap().port()
}
