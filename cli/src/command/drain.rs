//! `failover drain`: preview, confirm, record, follow. A region is out when this says so, and not before.

pub(super) mod text;

use std::collections::BTreeMap;
use std::time::Instant;

use decision::{Answers, DrainPreview, Intent, IntentKind, IntentView, RegionName, RegionView, SafetyRule, ServiceView};
use jiff::Timestamp;
use serde::Serialize;
use store::intent::{Before, Wanted, new_id, withdraw};

use crate::args::value::OVERRIDE_MAX;
use crate::args::{DrainArgs, Global, Stage};
use crate::failure::Failure;
use crate::intent::actor::actor;
use crate::intent::confirm::{Given, Step, confirm, quoted};
use crate::intent::follow::{End, Follow, Interrupt, Reached, Way, seconds};
use crate::intent::progress::Progress;
use crate::intent::record::{Standing, outpaced, record};
use crate::moment;
use crate::out::{Mark, Out};
use crate::service::{Reading, Service};

/// What is printed as JSON when the drain came as far as was asked.
#[derive(Serialize)]
struct Done<'a> {
    command: &'static str,
    /// Whether anything was written: a drain that was there already is seen through, not written again.
    changed: bool,
    stage: Stage,
    stages: &'a [Reached],
    intent: &'a Intent,
    recorded_at_observers: &'a [RegionName],
    missing: &'a BTreeMap<RegionName, String>,
}

/// What is printed as JSON by `--dry-run`.
#[derive(Serialize)]
struct DryRun<'a> {
    command: &'static str,
    dry_run: bool,
    changed: bool,
    until: Timestamp,
    refused_by: Option<SafetyRule>,
    #[serde(flatten)]
    preview: &'a DrainPreview,
}

/// Takes a region out.
pub(crate) async fn run(args: &DrainArgs, global: &Global, out: &Out) -> Result<u8, Failure> {
    let started = Instant::now();
    if !args.overrides.is_empty() && args.length > OVERRIDE_MAX {
        return Err(Failure::usage("a drain that goes past a safety rule ends within 1h; give --for 1h or less"));
    }
    let service = Service::connect(global, out).await?;
    service.config.check_region(&args.region)?;
    let reading = service.read_majority().await?;
    let view = reading.view(service.policy());
    let standing = view.region(&args.region).and_then(|region| region.intent.as_ref());
    expected(args.expect_generation, &args.region, &reading)?;

    let wanted = wanted(args, &service);
    let before = wanted.before(standing);
    let preview = view.preview_drain(service.policy(), &args.region, &args.overrides);
    let sheet = text::Sheet {
        api: &service.config.file.names.api,
        region: &args.region,
        length: args.length,
        now: reading.at,
        of: service.policy().regions().len(),
        preview: &preview,
        before: standing,
    };
    if args.dry_run {
        return dry_run(&sheet, out);
    }
    let replaces = match before {
        Before::Free => standing,
        Before::Same(same) => return see_through(args, &service, &same.intent, &view, started, out).await,
        Before::Other(other) if args.expect_generation.is_some() => Some(other),
        Before::Other(other) => return Err(taken(other, &reading, args)),
    };
    if let Some(rule) = preview.refused_by() {
        return Err(refused(&service, &preview, &view, rule, args, "Nothing was changed."));
    }
    let given = Given { yes: false, confirm: args.confirm.confirm.as_ref() };
    for rule in preview.rules.iter().filter(|check| !check.passes && check.overridden) {
        confirm(out, &Step::Consequence(&args.region, rule.rule), given, &text::preview(&sheet, out.err_look))?;
    }
    if preview.rules.iter().all(|check| check.passes) {
        confirm(out, &Step::Region(&args.region), given, &text::preview(&sheet, out.err_look))?;
    }

    let generation = reading.generation() + 1;
    tracing::info!(region = %args.region, generation, replaces = replaces.map(|old| old.intent.generation), "recording a drain");
    let intent = wanted.document(new_id(), generation, Timestamp::now());
    let mut interrupt = Interrupt::catch()?;
    let stands = record(&service, &intent).await?;
    Seeing { args, service: &service, intent: &intent, view: &view, started, out, changed: true }.run(stands, &mut interrupt).await
}

/// The request as a document without its number.
fn wanted(args: &DrainArgs, service: &Service) -> Wanted {
    let mut overrides = args.overrides.clone();
    overrides.sort_unstable();
    overrides.dedup();
    Wanted {
        service: service.policy().service().clone(),
        region: args.region.clone(),
        kind: IntentKind::Drain,
        actor: actor(),
        reason: args.reason.clone(),
        ticket: args.ticket.clone(),
        length: args.length,
        overrides,
    }
}

/// Fails when `--expect-generation` names another generation than the newest document has.
pub(super) fn expected(expected: Option<u64>, region: &RegionName, reading: &Reading) -> Result<(), Failure> {
    let Some(expected) = expected else { return Ok(()) };
    let newest = reading.newest(region);
    let found = newest.map_or(0, |intent| intent.generation);
    match newest {
        _ if found == expected => Ok(()),
        Some(newest) => Err(outpaced(newest, reading)),
        None => Err(Failure::Outpaced {
            message: format!("generation {expected} was expected, and there is none for {region}"),
            generation: 0,
            hints: vec![],
        }),
    }
}

fn dry_run(sheet: &text::Sheet<'_>, out: &Out) -> Result<u8, Failure> {
    let refused_by = sheet.preview.refused_by();
    if out.is_json() {
        let until = sheet.now + sheet.length;
        out.json(&DryRun { command: "drain", dry_run: true, changed: false, until, refused_by, preview: sheet.preview })?;
    } else {
        out.data(&text::preview(sheet, out.look))?;
        out.note("dry run: nothing was changed");
    }
    Ok(if refused_by.is_some() { 3 } else { 0 })
}

/// Someone's drain is in force. It is not written over by the way.
fn taken(other: &IntentView, reading: &Reading, args: &DrainArgs) -> Failure {
    let Failure::Outpaced { message, generation, .. } = outpaced(&other.intent, reading) else {
        return outpaced(&other.intent, reading);
    };
    let again = format!(
        "failover drain {} --reason {} --expect-generation {generation} --confirm {}",
        args.region,
        quoted(&args.reason),
        args.region
    );
    let hints = vec![
        format!("keep it longer: failover extend {} --for {}", args.region, moment::typed(args.length)),
        format!("replace it: {again}"),
    ];
    Failure::Outpaced { message, generation, hints }
}

/// A refusal with the way to bring a region back and the way past the rule.
fn refused(service: &Service, preview: &DrainPreview, view: &ServiceView, rule: SafetyRule, args: &DrainArgs, effect: &str) -> Failure {
    let region = &preview.region;
    let message = preview.refusal(rule, service.policy().thresholds().min_serving.into());
    let mut hints: Vec<String> = view.regions.iter().filter(|other| other.region != *region).filter_map(way_back).collect();
    hints.push(format!(
        "or go past the rule failover drain {region} --override {rule} --for 15m --reason {} --confirm {region}",
        quoted(&args.reason)
    ));
    Failure::Refused { rule, region: region.clone(), message, effect: effect.to_owned(), hints }
}

/// How a region that is out, or about to be, may be brought back.
fn way_back(other: &RegionView) -> Option<String> {
    let drained = other.intent.as_ref().is_some_and(|standing| standing.intent.kind == IntentKind::Drain);
    match other.answers {
        _ if drained => Some(format!("bring one back      failover resume {}", other.region)),
        Answers::Ejected | Answers::Drained => Some(format!("see why one is out  failover explain {}", other.region)),
        Answers::Serving | Answers::Unknown => None,
    }
}

/// The same request stands already: recorded where it is missing, then followed as if it were new.
async fn see_through(
    args: &DrainArgs,
    service: &Service,
    intent: &Intent,
    view: &ServiceView,
    started: Instant,
    out: &Out,
) -> Result<u8, Failure> {
    out.hint(&format!("this drain stands already, until {}; failover extend moves its end", moment::utc(intent.ends_at, view.at)));
    let mut interrupt = Interrupt::catch()?;
    let stands = record(service, intent).await?;
    Seeing { args, service, intent, view, started, out, changed: false }.run(stands, &mut interrupt).await
}

/// A drain that a majority holds, on its way.
struct Seeing<'a> {
    args: &'a DrainArgs,
    service: &'a Service,
    intent: &'a Intent,
    view: &'a ServiceView,
    started: Instant,
    out: &'a Out,
    changed: bool,
}

impl Seeing<'_> {
    async fn run(&self, stands: Standing, interrupt: &mut Interrupt) -> Result<u8, Failure> {
        let (intent, out) = (self.intent, self.out);
        let until = moment::utc(intent.ends_at, stands.reading.at);
        let of = self.service.policy().observers().len();
        let mut detail = format!("{} of {of} observers, generation {}", stands.acks.len(), intent.generation);
        for (observer, why) in &stands.missing {
            detail.push_str(&format!("; not {observer} ({why})"));
        }
        let at = Timestamp::now();
        Progress::new(out).done(if stands.missing.is_empty() { Mark::Good } else { Mark::Warn }, at, Stage::Recorded.as_str(), &detail);
        let mut reached = vec![Reached { stage: Stage::Recorded, at, seconds: seconds(self.started) }];

        let follow = Follow {
            service: self.service,
            out,
            intent,
            way: Way::Out,
            until: self.args.wait.until(),
            timeout: self.args.wait.timeout,
            started: self.started,
            stands: format!("The drain of {} stands until {until}.", intent.region),
        };
        match follow.run(&mut reached, interrupt).await? {
            End::Reached => {}
            End::Refused(rule) => return Err(self.withdrawn(rule).await),
        }
        let stage = reached.last().map_or(Stage::Recorded, |last| last.stage);
        if out.is_json() {
            let done = Done {
                command: "drain",
                changed: self.changed,
                stage,
                stages: &reached,
                intent,
                recorded_at_observers: &stands.acks,
                missing: &stands.missing,
            };
            out.json(&done)?;
        } else {
            out.data(&text::done(&intent.region, stage, &until))?;
        }
        Ok(0)
    }

    /// The controllers refuse the drain. It is taken back, so that it cannot take effect later, when nobody expects it.
    async fn withdrawn(&self, rule: SafetyRule) -> Failure {
        let (policy, now) = (self.service.policy(), Timestamp::now());
        let effect = match withdraw(&self.service.observers, policy, self.intent, rule, Timestamp::now).await {
            Ok(_) => "It was taken back; nothing was changed.",
            Err(_) => "It could not be taken back everywhere; see failover status.",
        };
        let reading = self.service.read().await;
        // Another person's drain that was not there when this command looked is why: they moved first.
        let rival = self.view.regions.iter().filter(|region| region.region != self.intent.region).find_map(|region| {
            let newest = reading.newest(&region.region)?;
            let new = newest.kind == IntentKind::Drain
                && newest.is_active(now)
                && region.intent.as_ref().is_none_or(|known| known.intent.id != newest.id);
            new.then_some(newest)
        });
        if let Some(rival) = rival {
            let Failure::Outpaced { message, generation, hints } = outpaced(rival, &reading) else { return outpaced(rival, &reading) };
            let message = format!("{message}. With it, {rule} refuses a drain of {}. {effect}", self.intent.region);
            return Failure::Outpaced { message, generation, hints };
        }
        let view = reading.view(self.service.policy());
        let preview = view.preview_drain(self.service.policy(), &self.intent.region, &[]);
        refused(self.service, &preview, &view, rule, self.args, effect)
    }
}
