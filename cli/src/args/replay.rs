//! What `failover replay` understands.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `failover replay`
#[derive(Debug, Clone, Args)]
pub(crate) struct ReplayArgs {
    /// Incident files, and folders of them. The folder incidents, when left out.
    #[arg(value_name = "FILE|DIR")]
    pub(crate) paths: Vec<PathBuf>,
    /// The policy to try: a failover.toml, or a file with nothing but [thresholds] and [failback]. The defaults, when left out.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Draws everything that is random. The same seed gives the same bytes.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Runs per incident. The first is plain; in the others levels, times, roles, shares, room and phase differ.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) runs: u32,
    /// Only this one of the runs, counted from 0: the one that a table or a failure named.
    #[arg(long, value_name = "K", conflicts_with = "runs", value_parser = clap::value_parser!(u32).range(0..1000))]
    pub(crate) run: Option<u32>,
    /// Whom to compare with.
    #[arg(long, value_enum, value_name = "WHOM,…", value_delimiter = ',', default_values_t = Against::ALL)]
    pub(crate) against: Vec<Against>,
    /// Compare with nobody.
    #[arg(long, conflicts_with = "against")]
    pub(crate) alone: bool,
    /// More columns: users homed in B and C, reconnects.
    #[arg(long)]
    pub(crate) wide: bool,
    /// Draw what happened, as lanes over time, and tell it: of the plain run, or of --run K.
    #[arg(long)]
    pub(crate) timeline: bool,
    /// The same as a picture, into this file; of several incidents, one each into this folder, which must exist.
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) svg: Option<PathBuf>,
    /// Threads. As many as this machine has, when left out.
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
}

/// Whom to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Against {
    /// Nobody moves anybody.
    None,
    /// Somebody who knows all acts 3 minutes after users feel it, where moving helps.
    Act,
    /// The talk's one check of /health per region.
    Talk,
    /// An operator by hand.
    Manual,
}

impl Against {
    /// All of them, in the order of columns.
    pub(crate) const ALL: [Against; 4] = [Against::None, Against::Act, Against::Talk, Against::Manual];
}

impl std::fmt::Display for Against {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Against {
    /// The word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Against::None => "none",
            Against::Act => "act",
            Against::Talk => "talk",
            Against::Manual => "manual",
        }
    }
}
