//! Opens the sign-in link in the browser of this machine.
//!
//! The link is a secret while it works, and every user of a machine sees the arguments of every program: the browser is given a file that only this
//! user can read, which leads on to the link.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How long the file stays: a browser that has to start first takes some seconds.
const KEPT: Duration = Duration::from_secs(30);

/// Opens `link`, which holds nothing but letters, digits and the signs of an address.
///
/// # Errors
/// The file cannot be written, or there is nothing that opens one.
pub(super) fn open(link: &str) -> io::Result<()> {
    let folder = std::env::var_os("XDG_RUNTIME_DIR").filter(|dir| !dir.is_empty()).map_or_else(std::env::temp_dir, PathBuf::from);
    let path = folder.join(format!("failover-sign-in-{:016x}.html", fastrand::u64(..)));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    writeln!(
        file,
        "<!doctype html><meta charset=utf-8><meta name=referrer content=no-referrer><meta http-equiv=refresh content=\"0;url={link}\"><title>failover</title>"
    )?;
    drop(file);
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let started = Command::new(program).arg(&path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut child = started.inspect_err(|_| drop(fs::remove_file(&path)))?;
    std::thread::spawn(move || {
        let _ = child.wait();
        std::thread::sleep(KEPT);
        let _ = fs::remove_file(path);
    });
    Ok(())
}
