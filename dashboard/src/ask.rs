//! What pages and API ask of the dashboard alike: a model of what is known, for whoever asks.

use std::collections::BTreeMap;
use std::sync::Arc;

use decision::RegionName;
use decision::moment::given;
use jiff::Timestamp;
use store::Histories;
use store::explain::{Documents, Held, account, reach};
use store::intent::new_id;
use store::log::entries;

use crate::app::App;
use crate::guard::{Person, Role};
use crate::model::{self, Act, Fields, Known, LogFilter, LogPage, Overview, Preview, Progress, RegionPage, Scene, Telling};
use crate::state::{Remembered, Snapshot};

/// How far back the last moves on the first screen reach.
const MOVES: jiff::SignedDuration = jiff::SignedDuration::from_hours(7 * 24);

impl App {
    pub(crate) fn scene<'a>(&'a self, snapshot: &'a Snapshot, actor: &'a str, may_write: bool) -> Scene<'a> {
        let settings = &self.settings;
        Scene {
            policy: &settings.policy,
            names: &settings.names,
            here: &settings.here,
            snapshot,
            now: settings.clock.now().max(snapshot.at),
            actor,
            may_write,
        }
    }

    fn scene_of<'a>(&'a self, snapshot: &'a Snapshot, person: &'a Person) -> Scene<'a> {
        self.scene(snapshot, &person.actor, person.role == Role::Operator)
    }

    /// The first screen.
    pub(crate) async fn overview(&self, person: &Person) -> Overview {
        let snapshot = self.watch().current().await;
        let remembered = self.past.plain_soon(snapshot.changes).await;
        let scene = self.scene_of(&snapshot, person);
        let logs = remembered.as_ref().map(|remembered| remembered.logs()).unwrap_or_default();
        let missing = remembered.as_ref().map(|remembered| remembered.missing()).unwrap_or_default();
        let mut notes: Vec<String> = missing.iter().map(|(observer, why)| format!("the history of {observer} is missing: {why}")).collect();
        if remembered.is_none() {
            notes.push("the histories have not been read yet".to_owned());
        }
        let attempts = self.attempts.all();
        let known = Known { logs: &logs, missing, reach: BTreeMap::new(), attempts: &attempts };
        let regions: Vec<RegionName> = scene.policy.regions().iter().cloned().collect();
        let moves = model::lines(&known, &regions, scene.now - MOVES, scene.now);
        model::overview(&scene, moves, notes)
    }

    /// One region in depth, now or at the moment that somebody typed; none where there is no such region.
    pub(crate) async fn region(&self, person: &Person, region: &RegionName, at: &str) -> Option<RegionPage> {
        if !self.settings.policy.regions().contains(region) {
            return None;
        }
        let snapshot = self.watch().current().await;
        let scene = self.scene_of(&snapshot, person);
        let (at, telling, remembered) = self.telling(&scene, region, at).await;
        let remembered = match remembered {
            Some(remembered) => Some(remembered),
            None => self.past.plain_soon(snapshot.changes).await,
        };
        let logs = remembered.map(|remembered| remembered.logs()).unwrap_or_default();
        let moves = entries(&logs, std::slice::from_ref(region), Timestamp::MIN, scene.now);
        model::region_page(&scene, region, at, telling, &moves)
    }

    /// What is told of a region now, or at the moment that somebody typed.
    async fn telling(&self, scene: &Scene<'_>, region: &RegionName, typed: &str) -> (Option<Timestamp>, Telling, Option<Arc<Remembered>>) {
        let told = |documents: &Documents| match account(scene.policy, documents, region) {
            Some(account) => Telling::Account(Box::new(account)),
            None => Telling::Problem(format!("{region} is not a region")),
        };
        if typed.trim().is_empty() {
            return (None, told(&now(scene.snapshot)), None);
        }
        let at = match given(typed).and_then(|given| given.resolve(scene.now).map_err(|why| why.text(scene.now))) {
            Ok(at) => at,
            Err(why) => return (None, Telling::Problem(why), None),
        };
        let remembered = self.past.whole(scene.snapshot.changes).await;
        let documents = Documents::past(&remembered.histories, region, at, scene.now);
        let telling = if documents.tell_of(region) {
            told(&documents)
        } else {
            let reach = reach(&remembered.histories);
            let known: Vec<String> = reach.iter().map(|(observer, far)| format!("{observer}: {far}")).collect();
            Telling::Problem(format!("nothing of {region} is kept from then. {}", known.join("; ")))
        };
        (Some(at), telling, Some(remembered))
    }

    /// What an act would do; none where there is no such region.
    pub(crate) async fn preview(&self, person: &Person, act: Act, region: &RegionName, fields: Fields) -> Option<Preview> {
        let snapshot = self.watch().current().await;
        model::preview(&self.scene_of(&snapshot, person), act, region, fields, new_id(), vec![], vec![])
    }

    /// How far the newest intent of a region has come; none where there is none.
    pub(crate) async fn progress(&self, person: &Person, region: &RegionName) -> Option<Progress> {
        let snapshot = self.watch().current().await;
        model::progress(&self.scene_of(&snapshot, person), region)
    }

    /// The log.
    pub(crate) async fn log(&self, person: &Person, filter: LogFilter) -> LogPage {
        let snapshot = self.watch().current().await;
        let remembered = self.past.plain(snapshot.changes).await;
        let scene = self.scene_of(&snapshot, person);
        let logs = remembered.logs();
        let oldest = |histories: &Histories| {
            let votes = [&histories.turns.votes, &histories.votes];
            votes.into_iter().filter_map(|votes| votes.versions().first()).map(|version| version.stored_at).min()
        };
        let reach = remembered.histories.iter().filter_map(|(observer, read)| Some((observer.clone(), oldest(read.as_ref().ok()?)?)));
        let attempts = self.attempts.all();
        let known = Known { logs: &logs, missing: remembered.missing(), reach: reach.collect(), attempts: &attempts };
        model::log_page(&scene, filter, &known)
    }
}

/// The newest documents, as they were read last.
fn now(snapshot: &Snapshot) -> Documents {
    let observers = snapshot.observers.iter().map(|(observer, seen)| {
        let observed = seen.observed.as_deref().cloned();
        let held = match (&seen.problem, &seen.documents) {
            (Some(problem), _) => Held::silent(problem),
            (None, None) => Held::silent("not read yet"),
            (None, Some(documents)) => Held::plain(observed, documents.votes.clone(), documents.intents.clone()),
        };
        (observer.clone(), held)
    });
    Documents { at: snapshot.at, source: store::explain::Source::Now, observers: observers.collect(), before: vec![] }
}
