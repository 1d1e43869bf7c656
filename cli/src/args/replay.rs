//! What `failover replay` understands, and `failover explain` of replays.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use decision::{InvalidName, RegionName};
use replay::incident::Role;

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
    /// Instead of files: so many random incidents of two days each, of the seeds from --seed on, and whether a promise is broken in any of them.
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=10_000_000),
        conflicts_with_all = ["paths", "runs", "run", "against", "alone", "wide", "timeline", "svg"]
    )]
    pub(crate) random: Option<u32>,
    /// Where --random writes an incident in which a promise was broken. The current folder, when left out.
    #[arg(long, value_name = "DIR", requires = "random")]
    pub(crate) keep: Option<PathBuf>,
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

impl fmt::Display for Against {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

/// The replay that a region is explained in.
#[derive(Debug, Clone, Args)]
pub(crate) struct Replayed {
    /// In a replay of this incident, at the minute --at. Needs no service.
    #[arg(long, value_name = "FILE", requires = "at")]
    pub(crate) replay: Option<PathBuf>,
    /// As in failover replay.
    #[arg(long, value_name = "FILE", requires = "replay")]
    pub(crate) policy: Option<PathBuf>,
    /// As in failover replay.
    #[arg(long, value_name = "N", requires = "replay", default_value_t = 1)]
    pub(crate) seed: u64,
    /// As in failover replay.
    #[arg(long, value_name = "K", requires = "replay", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..1000))]
    pub(crate) run: u32,
}

/// A region as people ask for it: by name, or by the role that it plays in an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// By name.
    Name(RegionName),
    /// By role.
    Role(Role),
}

impl FromStr for Asked {
    type Err = InvalidName;

    fn from_str(raw: &str) -> Result<Self, InvalidName> {
        let role = Role::ALL.into_iter().find(|role| role.to_string().eq_ignore_ascii_case(raw));
        role.map_or_else(|| raw.parse().map(Asked::Name), |role| Ok(Asked::Role(role)))
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Asked::Name(name) => name.fmt(f),
            Asked::Role(role) => role.fmt(f),
        }
    }
}
