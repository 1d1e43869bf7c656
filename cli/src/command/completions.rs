//! `failover completions SHELL`, from the clap tree.

use clap::CommandFactory;

use crate::args::{Cli, CompletionsArgs};
use crate::failure::Failure;
use crate::out::Out;

/// Prints the script.
pub(crate) fn run(args: &CompletionsArgs, out: &Out) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "failover", &mut script);
    out.data(String::from_utf8_lossy(&script).trim_end())
}
