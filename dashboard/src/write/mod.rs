//! Doing what a person confirmed: what they saw is held against what is, then written as the command line writes it, then seen through.
//!
//! Nothing is written that a person has not seen the outcome of: where the world moved since, they are shown what moved. Sent twice is written once.

mod attempts;
mod keys;
mod plan;

use std::collections::BTreeMap;
use std::time::Duration;

use decision::{Intent, IntentKind, RegionName, SafetyRule};
use store::intent::{Health, RecordError, Way, health, new_id, record, withdraw};
use tokio::time::{Instant, sleep, timeout};

pub(crate) use self::attempts::Attempts;
pub(crate) use self::keys::Keys;
use self::keys::Turn;
use self::plan::Plan;
use crate::app::App;
use crate::guard::Operator;
use crate::model::{self, Act, Attempt, Fields, Given, Line, Outcome, Preview, Problem, Scene};
use crate::state::Snapshot;

/// How long a drain is watched for a refusal by the controllers.
const SEEN_THROUGH: Duration = Duration::from_secs(60);
/// The same where nothing runs between two requests.
const SEEN_AT_ONCE: Duration = Duration::from_secs(6);

impl App {
    /// Does it, or says why not; none where there is no such region.
    pub(crate) async fn act(&self, operator: &Operator, act: Act, region: &RegionName, fields: Fields) -> Option<Outcome> {
        if !self.settings.policy.regions().contains(region) {
            return None;
        }
        let asked = Asked { app: self, operator, act, region, fields: &fields };
        let key = fields.key.trim().to_owned();
        let outcome = if is_key(&key) {
            let what = format!("{act:?} {region} {}", operator.0.actor);
            match self.keys.turn(&key, &what).await {
                Turn::First(seat) => {
                    let outcome = asked.run(&key).await;
                    if let Outcome::Done { .. } = outcome {
                        seat.keep(outcome.clone());
                    }
                    outcome
                }
                Turn::Again(outcome) => return Some(unchanged(outcome)),
                Turn::Other => asked.invalid(vec![Problem { field: "key", text: "was used for something else".to_owned() }]).await,
            }
        } else {
            asked.invalid(vec![Problem { field: "key", text: "must be 1 to 32 of a-z, 0-9 and -".to_owned() }]).await
        };
        self.attempts.add(attempt(self, operator, act, region, &fields, &outcome));
        Some(outcome)
    }
}

/// Whether it can name an intent.
fn is_key(key: &str) -> bool {
    (1..=decision::ID_MAX).contains(&key.len()) && key.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
}

/// The same, of which nothing was written this time.
fn unchanged(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Done { text, intent, recorded_at_observers, missing, at, progress, .. } => {
            Outcome::Done { changed: false, text, intent, recorded_at_observers, missing, at, progress }
        }
        other => other,
    }
}

/// One act that somebody asked for.
struct Asked<'a> {
    app: &'a App,
    operator: &'a Operator,
    act: Act,
    region: &'a RegionName,
    fields: &'a Fields,
}

impl Asked<'_> {
    async fn run(&self, key: &str) -> Outcome {
        let snapshot = self.app.watch().refresh().await;
        let scene = self.scene(&snapshot);
        if snapshot.heard_at != Some(snapshot.at) {
            return unheard(&snapshot, self.app.settings.policy.majority());
        }
        let newest = snapshot.newest.get(self.region);
        if let Some(intent) = newest.filter(|intent| intent.id == key && intent.actor == self.operator.0.actor && intent.ended.is_none()) {
            return done(&scene, intent, false, plan::stands_already(intent, scene.now), vec![], BTreeMap::new());
        }
        let (given, mut problems) = self.fields.given(self.act, false);
        let expected = self.fields.generation.trim().parse::<u64>().ok();
        if expected.is_none() {
            problems.push(Problem {
                field: "generation",
                text: "must be the generation of the region's newest document, 0 if there is none".to_owned(),
            });
        }
        let Some(view) = snapshot.view.region(self.region) else { return unheard(&snapshot, self.app.settings.policy.majority()) };
        if model::needs_name(&self.app.settings.policy, self.act, view) && self.fields.confirm.trim() != self.region.as_str() {
            problems.push(Problem { field: "confirm", text: format!("type {} to go on", self.region) });
        }
        let moved = self.moved(&snapshot, expected.unwrap_or_default(), &scene);
        if !moved.is_empty() && expected.is_some() {
            return match self.preview(&snapshot, vec![], moved.clone()) {
                Some(preview) => Outcome::Moved { moved, preview: Box::new(preview) },
                None => unheard(&snapshot, self.app.settings.policy.majority()),
            };
        }
        if !problems.is_empty() {
            return self.told_invalid(&snapshot, problems);
        }
        match plan::plan(&scene, self.act, view, &given, &self.operator.0.actor, key) {
            Plan::Nothing { text, intent } => Outcome::Done {
                changed: false,
                text,
                intent,
                recorded_at_observers: vec![],
                missing: vec![],
                at: scene.now,
                progress: model::path::progress(self.region),
            },
            Plan::Refused(refused) => match self.preview(&snapshot, vec![], vec![]) {
                Some(preview) => Outcome::Refused { refused, preview: Box::new(preview) },
                None => unheard(&snapshot, self.app.settings.policy.majority()),
            },
            Plan::Write { intent, changed, text } => self.write(&scene, *intent, changed, text).await,
        }
    }

    /// What moved since the person looked, as far as it matters for this act.
    fn moved(&self, snapshot: &Snapshot, expected: u64, scene: &Scene<'_>) -> Vec<String> {
        let newest = |region: &RegionName| snapshot.newest.get(region);
        let seen = self.fields.seen.trim();
        let mut moved =
            if seen.is_empty() || self.act != Act::Drain { vec![] } else { model::moved(seen, &snapshot.view, newest, scene.now) };
        if snapshot.generation_of(self.region) != expected {
            let told = newest(self.region).map(|intent| store::intent::moved(intent, scene.now));
            let told = told.unwrap_or_else(|| format!("generation {expected} was expected, and there is none for {}", self.region));
            if !moved.contains(&told) {
                moved.insert(0, told);
            }
        }
        moved
    }

    async fn write(&self, scene: &Scene<'_>, intent: Intent, changed: bool, text: String) -> Outcome {
        if let Err(fault) = intent.check() {
            return self.told_invalid(scene.snapshot, vec![Problem { field: "reason", text: fault.to_string() }]);
        }
        let settings = &self.app.settings;
        // In a task of its own: a person who closes the page in the middle leaves no half-written drain behind.
        let (observers, policy, clock) = (settings.observers.clone(), settings.policy.clone(), settings.clock.clone());
        let document = intent.clone();
        let recording = tokio::spawn(async move { record(&observers, &policy, &document, || clock.now()).await });
        let recorded = match recording.await {
            Ok(recorded) => recorded,
            Err(_) => {
                return Outcome::Failed {
                    kind: "unknown",
                    text: "the dashboard stopped while it was written".to_owned(),
                    missing: vec![],
                    hints: vec![format!("find out with failover explain {}", self.region)],
                };
            }
        };
        let (actor, generation) = (&self.operator.0.actor, intent.generation);
        let outcome = match recorded {
            Ok(stands) => {
                tracing::info!(actor, region = %self.region, act = self.act.as_str(), generation, acks = stands.acks.len(), "recorded");
                if intent.kind == IntentKind::Drain && intent.ended.is_none() {
                    self.see_through(&intent).await;
                }
                done(scene, &intent, changed, text, stands.acks, stands.missing)
            }
            Err(RecordError::Outpaced(outpaced)) => {
                let moved = vec![outpaced.sentence()];
                let snapshot = self.app.watch().refresh().await;
                match self.preview(&snapshot, vec![], moved.clone()) {
                    Some(preview) => return Outcome::Moved { moved, preview: Box::new(preview) },
                    None => unheard(&snapshot, settings.policy.majority()),
                }
            }
            Err(error) => failed(&error, &intent),
        };
        self.app.watch().refresh().await;
        outcome
    }

    /// Watches a drain until its votes turn. One that the controllers refuse is taken back, so that it cannot take effect later.
    async fn see_through(&self, intent: &Intent) {
        let (app, intent) = (self.app.clone(), intent.clone());
        if self.app.watch().is_running() {
            let closing = self.app.guard.closing();
            tokio::spawn(async move {
                tokio::select! {
                    () = closing.cancelled() => {}
                    () = follow(&app, &intent, SEEN_THROUGH) => {}
                }
            });
        } else {
            follow(&app, &intent, SEEN_AT_ONCE).await;
        }
    }

    async fn invalid(&self, problems: Vec<Problem>) -> Outcome {
        let snapshot = self.app.watch().current().await;
        self.told_invalid(&snapshot, problems)
    }

    fn told_invalid(&self, snapshot: &Snapshot, problems: Vec<Problem>) -> Outcome {
        match self.preview(snapshot, problems.clone(), vec![]) {
            Some(preview) => Outcome::Invalid { problems, preview: Box::new(preview) },
            None => unheard(snapshot, self.app.settings.policy.majority()),
        }
    }

    fn preview(&self, snapshot: &Snapshot, problems: Vec<Problem>, moved: Vec<String>) -> Option<Preview> {
        model::preview(&self.scene(snapshot), self.act, self.region, self.fields.clone(), new_id(), problems, moved)
    }

    fn scene<'s>(&'s self, snapshot: &'s Snapshot) -> Scene<'s> {
        self.app.scene(snapshot, &self.operator.0.actor, true)
    }
}

/// Follows a drain until its votes turn, for at most `long`.
async fn follow(app: &App, intent: &Intent, long: Duration) {
    let settings = &app.settings;
    let (policy, pace) = (&settings.policy, settings.pace.watched.max(Duration::from_millis(100)));
    let ends = Instant::now() + long;
    let refused = timeout(long, async {
        loop {
            let reading = settings.observers.read(policy.majority(), || settings.clock.now()).await;
            match health(policy, intent, Way::Out, &reading) {
                Health::Refused(rule) => return Some(rule),
                Health::Turned(_) | Health::Outpaced(_) => return None,
                Health::NotYet(_) if Instant::now() + pace >= ends => return None,
                Health::NotYet(_) => sleep(pace).await,
            }
        }
    });
    if let Ok(Some(rule)) = refused.await {
        take_back(app, intent, rule).await;
    }
}

async fn take_back(app: &App, intent: &Intent, rule: SafetyRule) {
    let settings = &app.settings;
    let taken_back = withdraw(&settings.observers, &settings.policy, intent, rule, || settings.clock.now()).await;
    let result = match &taken_back {
        Ok(_) => format!("refused by {rule}; it was taken back, nothing was changed"),
        Err(error) => format!("refused by {rule}; it could not be taken back everywhere: {error}"),
    };
    tracing::warn!(region = %intent.region, actor = intent.actor, result, "the controllers refuse a drain");
    app.attempts.add(Attempt {
        at: settings.clock.now(),
        region: intent.region.clone(),
        act: Act::Drain,
        actor: intent.actor.clone(),
        reason: intent.reason.clone(),
        ticket: intent.ticket.clone().unwrap_or_default(),
        result,
        generation: None,
        done: false,
    });
    app.watch().refresh().await;
}

fn done(
    scene: &Scene<'_>,
    intent: &Intent,
    changed: bool,
    text: String,
    acks: Vec<RegionName>,
    missing: BTreeMap<RegionName, String>,
) -> Outcome {
    Outcome::Done {
        changed,
        text,
        intent: Some(Box::new(intent.clone())),
        recorded_at_observers: acks,
        missing: missing.iter().map(|(observer, why)| Line::new(observer.as_str(), why)).collect(),
        at: scene.now,
        progress: model::path::progress(&intent.region),
    }
}

/// Too few observers answered to do anything.
fn unheard(snapshot: &Snapshot, needed: usize) -> Outcome {
    let of = snapshot.observers.len();
    let missing: Vec<Line> =
        snapshot.observers.iter().filter_map(|(observer, seen)| Some(Line::new(observer.as_str(), seen.problem.as_ref()?))).collect();
    let answered = of.saturating_sub(missing.len());
    Outcome::Failed {
        kind: "failed",
        text: format!("{answered} of {of} observers can be read; {needed} are needed. Nothing was changed."),
        missing,
        hints: vec!["look at the observers on the first screen, and try again".to_owned()],
    }
}

fn failed(error: &RecordError, intent: &Intent) -> Outcome {
    let lines =
        |failures: &BTreeMap<RegionName, String>| failures.iter().map(|(observer, why)| Line::new(observer.as_str(), why)).collect();
    let region = &intent.region;
    match error {
        RecordError::NotRecorded { failures, .. } => {
            Outcome::Failed { kind: "failed", text: format!("{error}. Nothing was changed."), missing: lines(failures), hints: vec![] }
        }
        RecordError::Denied { .. } => Outcome::Failed {
            kind: "credentials",
            text: format!("the dashboard's credentials may not write: {error}. Nothing was changed."),
            missing: vec![],
            hints: vec![format!("failover drain {region} with credentials of your own writes the same")],
        },
        RecordError::Indefinite { failures, .. } => Outcome::Failed {
            kind: "unknown",
            text: format!("{error}. It may stand."),
            missing: lines(failures),
            hints: vec![
                format!("find out with failover explain {region}"),
                format!("if it does not stand, the same again completes it; failover resume {region} takes it back"),
            ],
        },
        RecordError::Outpaced(outpaced) => Outcome::Failed { kind: "failed", text: outpaced.to_string(), missing: vec![], hints: vec![] },
    }
}

/// What the log says of it.
fn attempt(app: &App, operator: &Operator, act: Act, region: &RegionName, fields: &Fields, outcome: &Outcome) -> Attempt {
    let (given, _): (Given, _) = fields.given(act, true);
    let (result, generation, done) = match outcome {
        Outcome::Done { changed: false, text, intent, .. } => (text.clone(), intent.as_ref().map(|intent| intent.generation), true),
        Outcome::Done { intent, recorded_at_observers, .. } => {
            let of = app.settings.policy.observers().len();
            let result = format!("recorded at {} of {of} observers", recorded_at_observers.len());
            (result, intent.as_ref().map(|intent| intent.generation), true)
        }
        Outcome::Invalid { problems, .. } => {
            let told: Vec<String> = problems.iter().map(|problem| format!("{} {}", problem.field, problem.text)).collect();
            (format!("nothing was changed: {}", told.join("; ")), None, false)
        }
        Outcome::Moved { moved, .. } => (format!("nothing was changed; moved since: {}", moved.join("; ")), None, false),
        Outcome::Refused { refused, .. } => (refused.text.clone(), None, false),
        Outcome::Failed { text, .. } => (text.clone(), None, false),
    };
    if !done {
        tracing::warn!(actor = operator.0.actor, %region, act = act.as_str(), result, "an act was not done");
    }
    Attempt {
        at: app.settings.clock.now(),
        region: region.clone(),
        act,
        actor: operator.0.actor.clone(),
        reason: given.reason,
        ticket: given.ticket.unwrap_or_default(),
        result,
        generation,
        done,
    }
}
