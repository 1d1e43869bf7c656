//! The command line: one clap tree, from which help, completions and man pages are made too.
//!
//! Only shapes and words. What a value may be is `args/value.rs`; what a command does is in its own file.

pub(crate) mod help;
mod replay;
#[cfg(test)]
mod tests;
pub(crate) mod value;

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use decision::{RegionName, SafetyRule};
use jiff::SignedDuration;
use world::fault::Component;

pub(crate) use self::replay::{Against, Asked, ReplayArgs, Replayed};
use crate::args::value::{component_parser, drain_length, line, rule_parser, span};
use crate::moment::{Given, given};

/// Health checks and failover for serverless services that run in several AWS regions.
#[derive(Debug, Parser)]
#[command(
    name = "failover",
    version,
    about,
    long_about = help::LONG_ABOUT,
    after_long_help = help::EXIT_CODES,
    propagate_version = true,
    max_term_width = 110
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command understands.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// How results are written to stdout, and errors to stderr.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text, env = "FAILOVER_OUTPUT")]
    pub(crate) output: Format,
    /// The configuration. Without it: a demo running in this folder, ./failover.toml, then the user's own.
    #[arg(long, global = true, value_name = "FILE", env = "FAILOVER_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// The AWS profile whose credentials are used.
    #[arg(long, global = true, value_name = "NAME", env = "FAILOVER_PROFILE")]
    pub(crate) profile: Option<String>,
    /// Never ask: fail with exit code 2 where a question would be asked.
    #[arg(long, global = true, env = "FAILOVER_NO_INPUT", value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub(crate) no_input: bool,
    /// Colours. NO_COLOR and CLICOLOR_FORCE are honoured.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,
    /// No progress and no hints on stderr; errors only.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Say more of what happens underneath, on stderr. Twice for everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    pub(crate) verbose: u8,
}

/// Forms of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Tables and sentences.
    Text,
    /// One JSON object with `"schema":"failover/v1"`; one per line where a command follows changes.
    Json,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// What users get now, and why.
    #[command(after_help = help::STATUS)]
    Status(StatusArgs),
    /// Stop sending users to a region, until a time.
    #[command(after_help = help::DRAIN)]
    Drain(DrainArgs),
    /// Let a region serve again, through its failback gates.
    #[command(after_help = help::RESUME)]
    Resume(ResumeArgs),
    /// Freeze automation, for one region or for all; people may still act.
    #[command(after_help = help::HOLD)]
    Hold(HoldArgs),
    /// Move the end of a drain or hold. Never shortens it.
    #[command(after_help = help::EXTEND)]
    Extend(ExtendArgs),
    /// Which observers, checks and rules decided about a region.
    #[command(after_help = help::EXPLAIN)]
    Explain(ExplainArgs),
    /// Who did what, when and why: intents, changed votes and refusals, newest first.
    #[command(after_help = help::LOG)]
    Log(LogArgs),
    /// Probe every region once from here, as an observer does. Exit code 1 when something failed.
    #[command(after_help = help::PROBE)]
    Probe(ProbeArgs),
    /// Incidents in virtual time: how this policy fares, beside nobody, the talk's check and an operator. Needs no service.
    #[command(after_help = help::REPLAY)]
    Replay(ReplayArgs),
    /// A page with all of it: on this machine by a one-time sign-in link, elsewhere behind a sign-in proxy.
    #[command(after_help = help::DASHBOARD)]
    Dashboard(DashboardArgs),
    /// Whether failover itself is ready: records, checks, certificates, gates, SSM, quotas, as deployed. Changes nothing.
    #[command(after_help = help::DOCTOR)]
    Doctor(DoctorArgs),
    /// Write failover.toml from what is deployed, with every endpoint pinned.
    #[command(after_help = help::INIT)]
    Init(InitArgs),
    /// Three regions on this machine: real sockets, the AWS wire protocol, real DNS answers.
    #[command(after_help = help::DEMO)]
    Demo(DemoArgs),
    /// Break or mend one component of the demo.
    #[command(after_help = help::FAULT)]
    Fault(FaultArgs),
    /// Mend everything in the demo, or everything in one region of it.
    Heal(HealArgs),
    /// Write a completion script for a shell to stdout.
    #[command(after_help = help::COMPLETIONS)]
    Completions(CompletionsArgs),
    /// Write the man page to stdout, or all man pages into a folder.
    Man(ManArgs),
    /// The version, also as JSON.
    Version,
}

/// `failover status`
#[derive(Debug, Clone, Args)]
pub(crate) struct StatusArgs {
    /// Only this region.
    #[arg(value_name = "REGION")]
    pub(crate) region: Option<RegionName>,
    /// Follow: redraw on a terminal, else one line per change. Ctrl-C ends it.
    #[arg(long)]
    pub(crate) watch: bool,
    /// Exit code 1 unless every region shown serves.
    #[arg(long, conflicts_with = "watch")]
    pub(crate) check: bool,
}

/// `failover drain`
#[derive(Debug, Clone, Args)]
pub(crate) struct DrainArgs {
    /// The region to take out.
    #[arg(value_name = "REGION")]
    pub(crate) region: RegionName,
    /// Why, in at most 200 characters. It is shown to everybody and kept in the log.
    #[arg(long, value_name = "TEXT", value_parser = line::<{ decision::REASON_MAX }>)]
    pub(crate) reason: String,
    /// How long it stands, at most 72h. 1h, and no more, when it goes past a safety rule.
    #[arg(long = "for", value_name = "DURATION", value_parser = drain_length, default_value = "4h", default_value_if("overrides", clap::builder::ArgPredicate::IsPresent, Some("1h")))]
    pub(crate) length: SignedDuration,
    /// A ticket to go with the reason.
    #[arg(long, value_name = "TICKET", value_parser = line::<{ decision::TICKET_MAX }>)]
    pub(crate) ticket: Option<String>,
    /// Go past this safety rule, by name. May be given more than once; ends within 1h.
    #[arg(long = "override", id = "overrides", value_name = "RULE", value_parser = rule_parser())]
    pub(crate) overrides: Vec<SafetyRule>,
    /// Replace what is in force, if its generation is this one.
    #[arg(long, value_name = "N")]
    pub(crate) expect_generation: Option<u64>,
    /// Show what would happen and which rules have a say; change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
    #[command(flatten)]
    pub(crate) confirm: ConfirmArgs,
}

/// How far a command waits.
#[derive(Debug, Clone, Args)]
pub(crate) struct WaitArgs {
    /// The stage to wait for, in scripts as on a terminal; --detach does not wait. The clients' sockets are not followed.
    #[arg(long, value_enum, value_name = "STAGE", default_value_t = Stage::Answers)]
    pub(crate) wait: Stage,
    /// How long to wait. It ends the waiting, never the drain.
    #[arg(long, value_name = "DURATION", value_parser = span, default_value = "5m")]
    pub(crate) timeout: SignedDuration,
    /// Return as soon as it is recorded: the same as --wait recorded.
    #[arg(long, conflicts_with = "wait")]
    pub(crate) detach: bool,
}

impl WaitArgs {
    /// The last stage that is waited for.
    pub(crate) fn until(&self) -> Stage {
        if self.detach { Stage::Recorded } else { self.wait }
    }
}

/// A stage of a drain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Stage {
    /// A majority of observers holds the intent.
    Recorded,
    /// A majority of votes has turned.
    Health,
    /// DNS answers have moved, for every client subnet asked.
    Answers,
}

impl Stage {
    /// The word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Stage::Recorded => "recorded",
            Stage::Health => "health",
            Stage::Answers => "answers",
        }
    }
}

/// How a command is confirmed without a question.
#[derive(Debug, Clone, Args)]
pub(crate) struct ConfirmArgs {
    /// The region's name once more, instead of typing it when asked.
    #[arg(long, value_name = "REGION")]
    pub(crate) confirm: Option<RegionName>,
}

/// `failover resume`
#[derive(Debug, Clone, Args)]
pub(crate) struct ResumeArgs {
    /// The region to let back.
    #[arg(value_name = "REGION")]
    pub(crate) region: RegionName,
    /// Why, in at most 200 characters.
    #[arg(long, value_name = "TEXT", value_parser = line::<{ decision::REASON_MAX }>)]
    pub(crate) reason: Option<String>,
    /// The stage to wait for. `health` and `answers` come only when the failback gates let the region back.
    #[arg(long, value_enum, value_name = "STAGE", default_value_t = Stage::Recorded)]
    pub(crate) wait: Stage,
    /// How long to wait.
    #[arg(long, value_name = "DURATION", value_parser = span, default_value = "5m")]
    pub(crate) timeout: SignedDuration,
    /// Do not ask. Enough while a majority of observers sees the region work; else --confirm is needed.
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Only if the generation in force is this one.
    #[arg(long, value_name = "N")]
    pub(crate) expect_generation: Option<u64>,
    #[command(flatten)]
    pub(crate) confirm: ConfirmArgs,
}

/// `failover hold`
#[derive(Debug, Clone, Args)]
pub(crate) struct HoldArgs {
    /// The region; every region when left out.
    #[arg(value_name = "REGION")]
    pub(crate) region: Option<RegionName>,
    /// Why, in at most 200 characters.
    #[arg(long, value_name = "TEXT", value_parser = line::<{ decision::REASON_MAX }>)]
    pub(crate) reason: String,
    /// How long it stands, at most 72h.
    #[arg(long = "for", value_name = "DURATION", value_parser = drain_length, default_value = "1h")]
    pub(crate) length: SignedDuration,
    /// A ticket to go with the reason.
    #[arg(long, value_name = "TICKET", value_parser = line::<{ decision::TICKET_MAX }>)]
    pub(crate) ticket: Option<String>,
    /// Do not ask.
    #[arg(short, long)]
    pub(crate) yes: bool,
}

/// `failover extend`
#[derive(Debug, Clone, Args)]
pub(crate) struct ExtendArgs {
    /// The drained or held region.
    #[arg(value_name = "REGION")]
    pub(crate) region: RegionName,
    /// How long it stands from now on, at most 72h.
    #[arg(long = "for", value_name = "DURATION", value_parser = drain_length)]
    pub(crate) length: SignedDuration,
    /// Why it takes longer; the reason so far stays when left out.
    #[arg(long, value_name = "TEXT", value_parser = line::<{ decision::REASON_MAX }>)]
    pub(crate) reason: Option<String>,
}

/// `failover explain`
#[derive(Debug, Clone, Args)]
pub(crate) struct ExplainArgs {
    /// The region. In a replay also A, B or C.
    #[arg(value_name = "REGION")]
    pub(crate) region: Asked,
    /// As it stood then: 03:21, 2026-11-23T03:21:40Z, 15m ago or -15m. With --replay, the minute of the incident.
    #[arg(long, value_name = "TIME", value_parser = given, allow_hyphen_values = true)]
    pub(crate) at: Option<Given>,
    #[command(flatten)]
    pub(crate) replayed: Replayed,
}

/// `failover log`
#[derive(Debug, Clone, Args)]
pub(crate) struct LogArgs {
    /// Only this region.
    #[arg(value_name = "REGION")]
    pub(crate) region: Option<RegionName>,
    /// How far back. Votes reach back less far, and the log says so.
    #[arg(long, value_name = "DURATION", value_parser = span, default_value = "7d")]
    pub(crate) since: SignedDuration,
}

/// `failover probe`
#[derive(Debug, Clone, Args)]
pub(crate) struct ProbeArgs {
    /// Only this region.
    #[arg(value_name = "REGION")]
    pub(crate) region: Option<RegionName>,
}

/// `failover dashboard`
#[derive(Debug, Clone, Args)]
pub(crate) struct DashboardArgs {
    /// The address to listen on. Beyond this machine only behind a sign-in proxy.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) listen: IpAddr,
    /// The port; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 8053)]
    pub(crate) port: u16,
    /// One more name under which it is reached, as browsers send it: with the port, unless that is 80 or 443. Every other name is refused.
    #[arg(long = "host", value_name = "NAME")]
    pub(crate) hosts: Vec<String>,
    /// Open the sign-in link in the browser.
    #[arg(long)]
    pub(crate) open: bool,
    /// Nobody who signs in by a link may write.
    #[arg(long)]
    pub(crate) read_only: bool,
    /// People come through the sign-in proxy of the configuration, also on this machine.
    #[arg(long, conflicts_with_all = ["open", "read_only"])]
    pub(crate) proxy: bool,
}

/// `failover doctor`
#[derive(Debug, Clone, Args)]
pub(crate) struct DoctorArgs {
    /// Before a deployment: certificates, hosted zone, quotas, credentials, and whether the names are free.
    #[arg(long, conflicts_with = "offline")]
    pub(crate) pre: bool,
    /// Ask nobody: the configuration, and the templates with it.
    #[arg(long)]
    pub(crate) offline: bool,
    /// Exit code 1 also for warnings, and for what could not be read.
    #[arg(long)]
    pub(crate) strict: bool,
    /// How long all of it may take. What is not read by then is unknown.
    #[arg(long, value_name = "DURATION", value_parser = span, default_value = "1m")]
    pub(crate) timeout: SignedDuration,
}

/// `failover init`
#[derive(Debug, Clone, Args)]
pub(crate) struct InitArgs {
    /// The name of the stacks, the same in every region.
    #[arg(long, value_name = "NAME")]
    pub(crate) from_stack: String,
    /// Where to look first: any region that has the stack, which then tells of the others. The region of the AWS configuration, when left out.
    #[arg(long, value_name = "REGION,…", value_delimiter = ',')]
    pub(crate) regions: Vec<RegionName>,
    /// The name of the stack that exists once per service. Looked for in every serving region.
    #[arg(long, value_name = "NAME")]
    pub(crate) owner_stack: Option<String>,
    /// Where to write it; - for stdout.
    #[arg(long = "to", value_name = "FILE", default_value = "failover.toml")]
    pub(crate) to: PathBuf,
    /// Replace the file if there is one.
    #[arg(long)]
    pub(crate) force: bool,
    /// How long all of it may take.
    #[arg(long, value_name = "DURATION", value_parser = span, default_value = "1m")]
    pub(crate) timeout: SignedDuration,
}

/// `failover demo`
#[derive(Debug, Clone, Args)]
pub(crate) struct DemoArgs {
    /// Play the whole story by itself and end with a table of measured times.
    #[arg(long)]
    pub(crate) story: bool,
    /// The same as --output json: one line of JSON per event.
    #[arg(long)]
    pub(crate) json: bool,
    /// How fast the world's clock runs, from 0.1 to 20: divides every interval, TTL and deadline.
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pub(crate) speed: f64,
    /// The folder in which SSM is kept, and through which the other commands find the demo.
    #[arg(long, value_name = "DIR", default_value = ".failover")]
    pub(crate) state: PathBuf,
    /// The regions, in order. The first is 127.0.10.1, the second 127.0.11.1 and so on. The story is written for the three.
    #[arg(long, value_name = "REGION,…", value_delimiter = ',', default_value = "eu-west-1,eu-west-2,us-west-2")]
    pub(crate) regions: Vec<RegionName>,
    /// The port of the regions' APIs on their loopback addresses; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) port: u16,
    /// The port of the dashboard on 127.0.0.1; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) dashboard_port: u16,
    /// The port of the DNS server on 127.0.0.1, UDP and TCP; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) dns_port: u16,
}

/// `failover fault`
#[derive(Debug, Clone, Args)]
pub(crate) struct FaultArgs {
    /// Where.
    #[arg(value_name = "REGION")]
    pub(crate) region: RegionName,
    /// What.
    #[arg(value_name = "COMPONENT", value_parser = component_parser())]
    pub(crate) component: Component,
    /// Break it or mend it.
    #[arg(value_name = "on|off", value_enum)]
    pub(crate) switch: Switch,
}

/// Break or mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    /// Break it.
    On,
    /// Mend it.
    Off,
}

/// `failover heal`
#[derive(Debug, Clone, Args)]
pub(crate) struct HealArgs {
    /// Only this region.
    #[arg(value_name = "REGION")]
    pub(crate) region: Option<RegionName>,
}

/// `failover completions`
#[derive(Debug, Clone, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// `failover man`
#[derive(Debug, Clone, Args)]
pub(crate) struct ManArgs {
    /// Write one page per command into this folder, which must exist.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}
