//! The commands, one file each, and who runs which.

mod completions;
pub(crate) mod dashboard;
mod doctor;
mod drain;
mod explain;
mod extend;
mod hold;
mod init;
mod log;
mod man;
mod probe;
mod replay;
mod resume;
mod status;
mod version;

use crate::args::{Cli, Command};
use crate::failure::Failure;
use crate::out::Out;
use crate::{demo, service, world_commands};

/// Runs a command to its exit code.
pub(crate) async fn run(cli: &Cli, out: &Out) -> Result<u8, Failure> {
    let global = &cli.global;
    match &cli.command {
        Command::Status(args) => status::run(args, global, out).await,
        Command::Drain(args) => drain::run(args, global, out).await,
        Command::Resume(args) => resume::run(args, global, out).await,
        Command::Hold(args) => hold::run(args, global, out).await,
        Command::Extend(args) => extend::run(args, global, out).await,
        Command::Explain(args) => explain::run(args, global, out).await,
        Command::Log(args) => log::run(args, global, out).await,
        Command::Probe(args) => probe::run(args, global, out).await,
        Command::Replay(args) => replay::run(args, out).await,
        Command::Dashboard(args) => dashboard::run(args, global, out).await,
        Command::Doctor(args) => doctor::run(args, global, out).await,
        Command::Init(args) => init::run(args, global, out).await.map(|()| 0),
        Command::Demo(args) => demo::run(args, out).await.map(|()| 0),
        Command::Fault(args) => world_commands::fault(args, &service::config(global, out)?, out).await.map(|()| 0),
        Command::Heal(args) => world_commands::heal(args, &service::config(global, out)?, out).await.map(|()| 0),
        Command::Completions(args) => completions::run(args, out).map(|()| 0),
        Command::Man(args) => man::run(args, out).map(|()| 0),
        Command::Version => version::run(out).map(|()| 0),
    }
}
