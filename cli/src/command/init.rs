//! `failover init`: asks CloudFormation what is deployed, and writes failover.toml with every endpoint in it.
//!
//! What the stacks say together is `found`, the file's words are `file`. Nothing is changed on AWS.

mod file;
mod found;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use aws_config::SdkConfig;
use decision::RegionName;
use futures_util::future::join_all;

use self::found::{policy_of, together};
use crate::args::{Global, InitArgs};
use crate::config::Config;
use crate::doctor::facts::{Stack, Unread, Why};
use crate::doctor::gather::{Caller, stack_of};
use crate::failure::{Failure, list};
use crate::out::Out;
use crate::service;

/// Asks, and writes.
pub(crate) async fn run(args: &InitArgs, global: &Global, out: &Out) -> Result<(), Failure> {
    let to_stdout = args.to.as_os_str() == "-";
    if !to_stdout && !args.force && args.to.exists() {
        return Err(taken(&args.to));
    }
    let aws = service::aws(global.profile.as_deref()).await;
    let caller = Caller::new(&aws, Duration::try_from(args.timeout).unwrap_or_default());
    let first = first(args, &aws)?;
    let (home, stack) = anywhere(&caller, &args.from_stack, &first).await?;
    let policy = policy_of(&home, &stack).map_err(|why| failed(why, "deploy it with this version's template, or name another stack"))?;
    let observers: Vec<RegionName> = policy.observers.iter().cloned().collect();
    out.note(&format!(
        "{} in {home}: {} serves from {}, watched from {}",
        args.from_stack,
        policy.service,
        list(&policy.regions),
        list(&observers)
    ));
    let stacks = everywhere(&caller, &args.from_stack, &observers).await?;
    let ssm = std::env::var("AWS_ENDPOINT_URL_SSM").ok().filter(|url| !url.is_empty()).or_else(|| aws.endpoint_url().map(str::to_owned));
    let found = together(&stacks, |region| ssm.clone().unwrap_or_else(|| regional_ssm(region))).map_err(|flaws| Failure::Failed {
        message: format!("the stacks contradict each other: {}", flaws.join("; ")),
        hint: Some("deploy all of them with the same parameters (scripts/deploy), then run this again".to_owned()),
    })?;
    if let Some(owner) = &args.owner_stack {
        owned(&caller, owner, &found).await?;
    }
    let text = file::text(&found);
    // What this command writes, this command reads.
    Config::parse(&args.to, &text)?;
    if to_stdout {
        return out.data(text.trim_end());
    }
    write(&args.to, &text, args.force)?;
    out.note(&format!("{} is written: {} observers pinned", args.to.display(), observers.len()));
    out.hint("failover doctor says whether all of it is ready");
    Ok(())
}

/// The regions in which the stack is looked for first.
fn first(args: &InitArgs, aws: &SdkConfig) -> Result<Vec<RegionName>, Failure> {
    if !args.regions.is_empty() {
        return Ok(args.regions.clone());
    }
    let region = aws.region().map(ToString::to_string).unwrap_or_default();
    let region = RegionName::new(&region).map_err(|error| Failure::Usage {
        message: format!("no region to look in: {error}"),
        hint: Some("name one that has the stack with --regions".to_owned()),
    })?;
    Ok(vec![region])
}

/// The stack, in the first of these regions that has it.
async fn anywhere(caller: &Caller, name: &str, regions: &[RegionName]) -> Result<(RegionName, Stack), Failure> {
    let asked = join_all(regions.iter().map(|region| stack_of(caller, name, region, false))).await;
    let mut why = None;
    for (region, answer) in regions.iter().zip(asked) {
        match answer {
            Ok(Some(stack)) => return Ok((region.clone(), stack)),
            Ok(None) => {}
            Err(unread) => {
                why.get_or_insert((region.clone(), unread));
            }
        }
    }
    match why {
        Some((region, unread)) => Err(unasked(&region, &unread)),
        None => Err(failed(
            format!("there is no stack {name} in {}", list(regions)),
            "name a region that has it with --regions; docs/deploy.md says how stacks are made",
        )),
    }
}

/// The stack of every observer.
async fn everywhere(caller: &Caller, name: &str, observers: &[RegionName]) -> Result<BTreeMap<RegionName, Stack>, Failure> {
    let asked = join_all(observers.iter().map(|observer| stack_of(caller, name, observer, false))).await;
    let mut stacks = BTreeMap::new();
    let mut missing = Vec::new();
    for (observer, answer) in observers.iter().zip(asked) {
        match answer {
            Ok(Some(stack)) => drop(stacks.insert(observer.clone(), stack)),
            Ok(None) => missing.push(observer.clone()),
            Err(unread) => return Err(unasked(observer, &unread)),
        }
    }
    if missing.is_empty() {
        return Ok(stacks);
    }
    Err(failed(
        format!("there is no stack {name} in {}, which is an observer", list(&missing)),
        "deploy it there (scripts/deploy), then run this again",
    ))
}

/// The stack that exists once per service is there, and says what the others were given.
async fn owned(caller: &Caller, name: &str, found: &found::Found) -> Result<(), Failure> {
    let regions: Vec<RegionName> = found.policy.regions.iter().cloned().collect();
    let (region, stack) = anywhere(caller, name, &regions).await?;
    match (stack.outputs.get("MessagesTable"), &found.messages_table) {
        (Some(owned), Some(used)) if owned != used => Err(failed(
            format!("{name} in {region} owns the table {owned}, and the stacks were given {used}"),
            "deploy them with the outputs of the owner stack (scripts/deploy does)",
        )),
        _ => Ok(()),
    }
}

/// SSM of a region, as AWS names it.
fn regional_ssm(region: &RegionName) -> String {
    let suffix = if region.as_str().starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://ssm.{region}.{suffix}")
}

/// Writes the file: a new one, or whole over an old one.
fn write(path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let cannot =
        |error: std::io::Error| failed(format!("{} cannot be written: {error}", path.display()), "choose another place with --to FILE");
    if force {
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".{}.new", std::process::id()));
        let beside = Path::new(&beside);
        return std::fs::write(beside, text).and_then(|()| std::fs::rename(beside, path)).map_err(cannot);
    }
    let mut options = std::fs::OpenOptions::new();
    match options.write(true).create_new(true).open(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).map_err(cannot),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(taken(path)),
        Err(error) => Err(cannot(error)),
    }
}

fn taken(path: &Path) -> Failure {
    Failure::Usage {
        message: format!("{} is there already. Nothing was changed.", path.display()),
        hint: Some("--force replaces it, --to FILE writes beside it, --to - shows it".to_owned()),
    }
}

fn failed(message: impl Into<String>, hint: &str) -> Failure {
    Failure::Failed { message: message.into(), hint: Some(hint.to_owned()) }
}

fn unasked(region: &RegionName, unread: &Unread) -> Failure {
    let Unread { why, what } = unread;
    match why {
        Why::Denied => {
            Failure::Credentials { observer: region.clone(), what: format!("CloudFormation does not answer to these credentials: {what}") }
        }
        Why::NoAnswer | Why::Refused => {
            failed(format!("CloudFormation in {region} could not be asked: {what}"), "try again, or name another region with --regions")
        }
    }
}
