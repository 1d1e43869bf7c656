//! `failover man`, from the clap tree.

use clap::CommandFactory;
use clap_mangen::Man;

use crate::args::{Cli, ManArgs};
use crate::failure::Failure;
use crate::out::Out;

/// Prints the main page, or writes all pages into a folder.
pub(crate) fn run(args: &ManArgs, out: &Out) -> Result<(), Failure> {
    let command = Cli::command();
    match &args.dir {
        Some(dir) => clap_mangen::generate_to(command, dir)
            .map_err(|error| Failure::failed(format!("{} cannot be written to: {error}", dir.display()))),
        None => {
            let mut page = Vec::new();
            Man::new(command).render(&mut page).map_err(Failure::Output)?;
            out.data(String::from_utf8_lossy(&page).trim_end())
        }
    }
}
