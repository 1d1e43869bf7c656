//! `failover`: parse, run, exit code. Everything else is in the modules.

mod args;
mod command;
mod config;
mod demo;
mod doctor;
mod failure;
mod intent;
mod moment;
mod out;
#[cfg(test)]
mod sample;
mod service;
mod table;
mod world_commands;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use clap::error::ErrorKind;

use crate::args::Cli;
use crate::failure::Failure;
use crate::out::Out;

/// How long what still runs in the background may take to end.
const LEFTOVERS: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let out = Out::new(&cli.global);
    log_to_stderr(cli.global.verbose);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(command::run(&cli, &out));
            // A name that the system still looks up would hold the process for as long as that takes, past every deadline.
            runtime.shutdown_timeout(LEFTOVERS);
            result
        }
        Err(error) => Err(Failure::failed(format!("no runtime: {error}"))),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            out.error(&if out.is_json() { failure.json().to_string() } else { failure.text() });
            ExitCode::from(failure.exit_code())
        }
    }
}

/// What clap has to say: help and version on stdout, anything else as bad usage, in the form that was asked for.
fn usage(error: &clap::Error) -> ExitCode {
    let wants_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let words: Vec<String> = std::env::args().collect();
    let wants_json = std::env::var("FAILOVER_OUTPUT").is_ok_and(|form| form == "json")
        || words.iter().any(|word| word == "--output=json")
        || words.windows(2).any(|pair| pair == ["--output", "json"]);
    if wants_json && !wants_help {
        let text = error.render().to_string();
        let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let failure = Failure::Usage { message, hint: Some("see --help".to_owned()) };
        let mut stderr = anstream::stderr().lock();
        let _ = std::io::Write::write_all(&mut stderr, format!("{}\n", failure.json()).as_bytes());
    } else {
        let _ = error.print();
    }
    ExitCode::from(if wants_help { 0 } else { 2 })
}

/// `-v` shows what our crates do, `-vv` everything. `RUST_LOG` outranks both.
fn log_to_stderr(verbose: u8) {
    let level = match verbose {
        0 => "off",
        1 => "failover=debug,store=debug,probe=debug,world=info",
        _ => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| level.into());
    let installed = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    debug_assert!(installed.is_ok(), "main installs the only subscriber");
}
