//! The model with a clock: what is shared between checkers and name server, and who is told of what turned.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use decision::RegionName;
use jiff::Timestamp;
use route53::{
    Answer, Answered, Change, CheckId, Checkers, Client, ClockSpeed, Deadlines, DomainName, Fate, Purpose, RecordType, Tree, Zone,
};
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::Settings;
use super::geography::{TOWNS, Town};
use crate::event::{Event, Events};
use crate::speed::Speed;
use crate::user::Place;

/// No deadline of a poll is shorter than this: below it, a poll measures this machine and not the endpoint.
const DEADLINE_FLOOR: Duration = Duration::from_millis(100);
/// How many turns a slow listener may be behind before it misses some.
const BACKLOG: usize = 1024;

/// Something that turned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// A check counts as healthy now, or no longer.
    Check {
        /// The check.
        check: CheckId,
        /// What it counts as, inversion and all.
        healthy: bool,
    },
    /// A name is answered with another region in a town.
    Answer {
        /// The name.
        name: String,
        /// The town.
        town: &'static str,
        /// The region before.
        from: Option<RegionName>,
        /// The region now.
        to: Option<RegionName>,
    },
}

/// A check as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckView {
    /// The check.
    pub check: CheckId,
    /// What it is for.
    pub purpose: Purpose,
    /// What it counts as, inversion and all.
    pub healthy: bool,
    /// Checkers that say that its endpoint passes.
    pub passing: usize,
    /// Checkers that say that it fails.
    pub failing: usize,
    /// Checkers without enough data.
    pub undecided: usize,
}

type Answers = BTreeMap<(DomainName, &'static str), Option<RegionName>>;

/// The model, the clock, and who listens.
pub(super) struct Model {
    began: Instant,
    speed: Speed,
    state: Mutex<State>,
    zone: Zone,
    names: Vec<DomainName>,
    purposes: BTreeMap<CheckId, Purpose>,
    by_ip: BTreeMap<IpAddr, RegionName>,
    /// Each town as the model sees it, in the order of [`TOWNS`].
    clients: Vec<Client>,
    /// The towns in which the world's users live: only what they meet is told as an event.
    lived_in: [String; 2],
    events: Events,
    turns: broadcast::Sender<Turn>,
}

struct State {
    checkers: Checkers,
    answers: Answers,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("names", &self.names).field("speed", &self.speed).finish_non_exhaustive()
    }
}

impl Model {
    pub(super) fn new(tree: Tree, settings: &Settings) -> Self {
        let speed = ClockSpeed::new(settings.speed.factor()).unwrap_or(ClockSpeed::REAL);
        let Tree { checks, zone, purposes, names } = tree;
        // The checks were made long ago, and all was well: no gate has said to eject anything, and everything else passed.
        let passed = |check: &CheckId| !matches!(purposes.get(check), Some(Purpose::Eject { .. }));
        let deadlines = Deadlines::at(speed, DEADLINE_FLOOR);
        let checkers = Checkers::established(checks, settings.seed, speed, deadlines, passed);
        let model = Self {
            began: Instant::now(),
            speed: settings.speed,
            state: Mutex::new(State { checkers, answers: Answers::new() }),
            zone,
            names,
            purposes,
            by_ip: settings.regions.iter().map(|(region, addr)| (addr.ip(), region.clone())).collect(),
            clients: TOWNS.iter().map(Town::client).collect(),
            lived_in: [Place::london().name, Place::portland().name],
            events: settings.events.clone(),
            turns: broadcast::Sender::new(BACKLOG),
        };
        {
            let mut state = model.state();
            let answers = model.answers(&state.checkers, model.now());
            state.answers = answers;
        }
        model
    }

    /// The time since the checkers began.
    pub(super) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) fn zone(&self) -> &Zone {
        &self.zone
    }

    pub(super) fn names(&self) -> &[DomainName] {
        &self.names
    }

    pub(super) fn purpose(&self, check: &CheckId) -> Option<&Purpose> {
        self.purposes.get(check)
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<Turn> {
        self.turns.subscribe()
    }

    /// Works with the checkers, then tells what turned.
    pub(super) fn with_checkers<T>(&self, work: impl FnOnce(&mut Checkers, Duration) -> (T, Vec<Change>)) -> T {
        let now = self.now();
        let mut state = self.state();
        let (result, changes) = work(&mut state.checkers, now);
        if !changes.is_empty() {
            let answers = self.answers(&state.checkers, now);
            let former = std::mem::replace(&mut state.answers, answers);
            // Told before the lock is released, so that turns are heard in the order in which they happened.
            self.tell(&changes, &former, &state.answers);
        }
        result
    }

    fn tell(&self, changes: &[Change], former: &Answers, answers: &Answers) {
        let at = Timestamp::now();
        for change in changes {
            tracing::debug!(check = %change.check, healthy = change.healthy, "a check turned");
            // Nobody listening is fine.
            let _ = self.turns.send(Turn::Check { check: change.check.clone(), healthy: change.healthy });
        }
        for ((key, to), (_, from)) in answers.iter().zip(former).filter(|((_, to), (_, from))| to != from) {
            let (name, town) = (key.0.to_string(), key.1);
            if self.lived_in.iter().any(|place| place == town) {
                let event = Event::Answers { name: name.clone(), place: town.to_owned(), from: from.clone(), to: to.clone() };
                self.events.tell(at, event);
            }
            let _ = self.turns.send(Turn::Answer { name, town, from: from.clone(), to: to.clone() });
        }
    }

    /// The zone's answer to a client in a town.
    pub(super) fn ask(&self, name: &DomainName, record_type: RecordType, town: &Town, draw: u64) -> Answer {
        let now = self.now();
        let state = self.state();
        self.zone.answer(name, record_type, self.client(town), |check| state.checkers.is_healthy(check, now), draw)
    }

    pub(super) fn answer(&self, name: &DomainName, town: &Town) -> Option<RegionName> {
        self.region_of(&self.ask(name, RecordType::A, town, 0))
    }

    pub(super) fn explain(&self, name: &DomainName, town: &Town) -> Vec<String> {
        self.ask(name, RecordType::A, town, 0).trail.iter().map(ToString::to_string).collect()
    }

    pub(super) fn away_from_home(&self) -> Vec<String> {
        let mut away = Vec::new();
        for name in &self.names {
            for town in &TOWNS {
                let answer = self.ask(name, RecordType::A, town, 0);
                let home = self.region_of(&self.zone.answer(name, RecordType::A, self.client(town), |_| true, 0));
                let now = self.region_of(&answer);
                if now != home {
                    let text = |region: Option<RegionName>| region.map_or_else(|| "nowhere".to_owned(), |region| region.to_string());
                    away.push(format!("{name} is answered with {} in {}, not with {}", text(now), town.name, text(home)));
                } else if let Some(step) = answer.trail.iter().find(|step| matches!(step.fate, Fate::LastResort(_))) {
                    away.push(format!("{name} is answered in {} as a last resort: nothing at {} is healthy", town.name, step.name));
                }
            }
        }
        away
    }

    pub(super) fn checks(&self) -> Vec<CheckView> {
        let now = self.now();
        let state = self.state();
        let view = |(check, purpose): (&CheckId, &Purpose)| {
            let status = state.checkers.status(check, now)?;
            Some(CheckView {
                check: check.clone(),
                purpose: purpose.clone(),
                healthy: status.healthy,
                passing: status.passing,
                failing: status.failing,
                undecided: status.undecided,
            })
        };
        self.purposes.iter().filter_map(view).collect()
    }

    /// How long an answer may be kept, on the world's clock: whole seconds, and never 0 unless it was, since 0 would switch off
    /// the caches that the world is there to show.
    pub(super) fn ttl_s(&self, real_s: u32) -> u32 {
        let scaled = self.speed.scale(Duration::from_secs(u64::from(real_s))).as_secs_f64().round();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a scaled TTL; the cast saturates")]
        let scaled = scaled as u32;
        if real_s == 0 { 0 } else { scaled.max(1) }
    }

    fn answers(&self, checkers: &Checkers, now: Duration) -> Answers {
        let mut answers = Answers::new();
        for name in &self.names {
            for (town, client) in TOWNS.iter().zip(&self.clients) {
                let answer = self.zone.answer(name, RecordType::A, client, |check| checkers.is_healthy(check, now), 0);
                answers.insert((name.clone(), town.name), self.region_of(&answer));
            }
        }
        answers
    }

    fn region_of(&self, answer: &Answer) -> Option<RegionName> {
        match &answer.answered {
            Answered::Records { values, .. } => self.by_ip.get(&values.first()?.address()?).cloned(),
            Answered::Soa(_) | Answered::NoData | Answered::NoName | Answered::NotOurs => None,
        }
    }

    fn client(&self, town: &Town) -> &Client {
        let place = TOWNS.iter().position(|known| known.name == town.name).unwrap_or_default();
        &self.clients[place]
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds the lock panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
