//! Programs that a story runs as a person would: `failover`, `scripts/deploy`, the AWS CLI. Each ends by a deadline.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

use crate::emulators::root;

/// What probes sign their tickets with, in every region and on every desk.
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Where a person sits: which account, through which endpoint.
#[derive(Clone)]
pub(crate) struct Seat {
    endpoint: String,
    key: String,
    secret: String,
    folder: PathBuf,
}

/// What a program left.
pub(crate) struct Ran {
    said: String,
    pub(crate) exit: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Seat {
    /// A seat in `folder`, which is also its home: nothing of the machine's own configuration is read.
    pub(crate) fn new(endpoint: &str, key: &str, secret: &str, folder: &Path) -> Self {
        Self { endpoint: endpoint.to_owned(), key: key.to_owned(), secret: secret.to_owned(), folder: folder.to_owned() }
    }

    /// The same place with other credentials.
    pub(crate) fn as_somebody(&self, key: &str, secret: &str) -> Self {
        Self { key: key.to_owned(), secret: secret.to_owned(), ..self.clone() }
    }

    /// The folder that `failover` is run in.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The binary `failover` of this build.
    pub(crate) async fn failover(&self, arguments: &[&str]) -> Ran {
        let built = std::env::current_exe().unwrap();
        let binary = built.parent().and_then(Path::parent).unwrap().join("failover");
        assert!(binary.exists(), "{} is not there: cargo build -p cli", binary.display());
        self.run(Command::new(binary).args(arguments).current_dir(&self.folder), Duration::from_secs(120)).await
    }

    /// The AWS CLI of the tools, in a region. What it printed, as JSON.
    pub(crate) async fn aws(&self, region: &str, arguments: &[&str]) -> Value {
        let binary = root().join(".tools/aws/bin/aws");
        assert!(binary.exists(), "{} is not there: run `scripts/test tools`", binary.display());
        let mut command = Command::new(binary);
        command.args(arguments).args(["--region", region, "--output", "json"]);
        let ran = self.run(&mut command, Duration::from_secs(60)).await.passed();
        if ran.stdout.trim().is_empty() { Value::Null } else { serde_json::from_str(&ran.stdout).unwrap() }
    }

    /// A script of this repository.
    pub(crate) async fn script(&self, name: &str, arguments: &[&str], settings: &[(&str, &str)], within: Duration) -> Ran {
        let mut command = Command::new(root().join("scripts").join(name));
        command.args(arguments).envs(settings.iter().copied()).current_dir(root());
        self.run(&mut command, within).await
    }

    async fn run(&self, command: &mut Command, within: Duration) -> Ran {
        let tools = [".tools/aws/bin", ".tools/sam/bin"].map(|folder| root().join(folder).display().to_string()).join(":");
        command
            .env("PATH", format!("{tools}:{}", std::env::var("PATH").unwrap_or_default()))
            .env("HOME", &self.folder)
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", &self.key)
            .env("AWS_SECRET_ACCESS_KEY", &self.secret)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("FAILOVER_PROBE_SECRET", SECRET)
            .env("NO_COLOR", "1")
            .env_remove("AWS_SESSION_TOKEN")
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_REGION")
            .env_remove("AWS_DEFAULT_REGION")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let said = format!("{:?}", command.as_std());
        let output =
            tokio::time::timeout(within, command.output()).await.unwrap_or_else(|_| panic!("not within {within:?}: {said}")).unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ran { said, exit: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Ran {
    /// This, if it ended with exit code 0.
    pub(crate) fn passed(self) -> Self {
        assert_eq!(self.exit, Some(0), "{self}");
        self
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nexit {:?}\n--- stdout\n{}\n--- stderr\n{}", self.said, self.exit, self.stdout, self.stderr)
    }
}
