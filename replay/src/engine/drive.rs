//! The run itself: what is due next, and what follows from it.
//!
//! Users and the truth live on from event to event under the answers of the moment. Polls of checkers need neither: what they meet is taken in
//! whenever the truth or a gate may say otherwise.

use std::time::Duration;

use decision::{Policy, RegionName};

use super::answers::{Answers, Asked, Names};
use super::broken::Broken;
use super::clock::{Due, For, Queue, draws, moment};
use super::control::{Control, Decided, TICK};
use super::gates::Gate;
use super::operators::Operators;
use super::people::{People, Who};
use super::report::{Detail, Invariant, Report};
use super::rest::{Standing, next_tick};
use super::round::Attempts;
use super::transcript::Happening;
use super::watch::Watch;
use super::{Setup, Strategy};
use crate::incident::{Component, Effect, Place, Tuple};
use crate::service::{Truth, Users};

/// The shortest time that users live on between two rounds that look at what has become of them.
const CHUNK: Duration = Duration::from_secs(1);
/// The longest step while somebody moves.
const STEP: Duration = Duration::from_secs(5);
/// Between two looks at documents in which nothing moved: one in so many writes.
const LOOK_EVERY: u64 = 64;
const MINUTE: Duration = Duration::from_secs(60);
/// Just after: acts are asked for up to before a moment.
const AFTER: Duration = Duration::from_nanos(1);

/// Everything in one run.
pub(super) struct Drive<'a> {
    setup: &'a Setup,
    truth: Truth,
    users: Users,
    answers: Answers,
    people: People,
    names: Option<Names>,
    control: Option<Box<Control>>,
    operators: Operators,
    watch: Watch,
    queue: Queue,
    /// Acts before this moment were carried out.
    acted: Duration,
    /// By observer: the generation of the votes that stood last.
    generations: [u64; 3],
    /// Whether hours in which nothing happens are passed over.
    rests: bool,
    /// What stood at the last minute, if it was all at rest.
    stood: Option<Standing>,
    /// Until when time is passed over.
    rests_until: Duration,
    end: Duration,
}

impl<'a> Drive<'a> {
    pub(super) fn new(setup: &'a Setup, strategy: &Strategy, detail: Detail, broken: Option<Broken>, rests: bool) -> Self {
        let who = match strategy {
            Strategy::Nothing | Strategy::Talk | Strategy::Failover(_) => Who::Nobody,
            Strategy::Manual => Who::Operator,
            Strategy::ActAt(minutes) => Who::Oracle(moment(*minutes)),
        };
        let (asked, policy): (Option<Asked>, Option<&Policy>) = match strategy {
            Strategy::Failover(policy) => (Some(Asked::Ours), Some(policy)),
            Strategy::Talk => (Some(Asked::Talks), None),
            Strategy::Nothing | Strategy::Manual | Strategy::ActAt(_) => (None, None),
        };
        Self {
            setup,
            truth: Truth::new(setup),
            users: Users::new(setup, policy.is_some()),
            answers: Answers::HOME,
            people: People::new(who, setup.seed),
            names: asked.map(|asked| records(&setup.regions, asked, setup.seed)),
            control: policy.map(|policy| Box::new(Control::new(policy.clone(), &setup.regions, &setup.incident, setup.seed, broken))),
            operators: Operators::default(),
            watch: Watch::new(&setup.regions, &setup.incident, policy, detail == Detail::Transcript),
            queue: Queue::default(),
            acted: Duration::ZERO,
            generations: [0; 3],
            rests,
            stood: None,
            rests_until: Duration::ZERO,
            end: Duration::ZERO,
        }
    }

    /// Goes on to `end`, and tells what came of it. With `keeps`, what is stored then too.
    pub(super) fn run(mut self, end: Duration, keeps: bool) -> Report {
        self.end = end;
        self.begin();
        loop {
            let polls = self.names.as_ref().and_then(Names::next_due);
            let change = self.truth.next_change(self.truth.now());
            let step = (!self.users.is_settled()).then(|| self.truth.now() + STEP);
            let felt = [self.people.next_due(), change, step].into_iter().flatten().min();
            let others = felt.into_iter().chain(self.queue.next()).min();
            let Some(now) = others.into_iter().chain(polls).min().filter(|at| *at <= end) else { break };
            if others == Some(now) {
                if felt == Some(now) || (self.queue.starts_a_round() && now >= self.truth.now() + CHUNK && !self.is_peaceful()) {
                    self.live(now);
                    self.act(now);
                }
                while self.queue.next().is_some_and(|at| at <= now) {
                    let Some(due) = self.queue.take() else { break };
                    self.happen(due, now);
                }
                if felt == Some(now) && self.people.look(&self.truth, &self.users) {
                    self.answer(self.people.answers, now);
                }
            }
            self.poll(now);
        }
        self.live(end);
        let documents = self.control.as_ref().filter(|_| keeps).map(|control| control.stored(end));
        Report { documents, ..self.watch.report(&self.users) }
    }

    /// Plans what comes by itself. Controllers have run before: their gates are read at once.
    fn begin(&mut self) {
        for (index, tuple) in self.setup.incident.faults.iter().enumerate() {
            self.queue.plan(moment(tuple.minute), Due::Line(index));
        }
        self.queue.plan(MINUTE, Due::Minute);
        self.watch.lived(&self.truth, Duration::ZERO);
        for index in 0..3 {
            self.reconcile(index, Duration::ZERO);
            let Some(control) = &mut self.control else { continue };
            let (_, again) = control.gate_reads(index, &self.truth, Duration::ZERO);
            control.controllers[index].gate_reads = Some(again);
            self.queue.plan(again, Due::Gate(index));
            self.queue.plan(control.first_tick(index), Due::Tick(index));
            let observer = &control.observers[index];
            self.queue.plan(observer.due, Due::Round(index, observer.plan));
        }
        self.meet(Duration::ZERO);
    }

    /// Users live on under the present answers.
    fn live(&mut self, to: Duration) {
        let now = self.truth.now();
        if to > now {
            self.users.step(&self.truth, &self.answers.regions, to - now);
            self.truth.advance(to, &self.users);
            if let Some(control) = &self.control {
                self.watch.heard(&control.gates, &self.truth);
            }
            self.watch.lived(&self.truth, to - now);
            self.meet(to);
        }
    }

    /// Checkers meet what stands now.
    fn meet(&mut self, now: Duration) {
        let nobody: [Gate; 3] = Default::default();
        let gates = self.control.as_ref().map_or(&nobody, |control| &control.gates);
        if let Some(names) = &mut self.names {
            names.meet(&self.truth, gates, now);
        }
    }

    fn poll(&mut self, now: Duration) {
        let Some(names) = &mut self.names else { return };
        if names.next_due().is_some_and(|due| due <= now) && names.poll(now) {
            let answers = names.answers(now);
            if answers != self.answers {
                self.live(now);
                self.answer(answers, now);
            }
        }
    }

    fn answer(&mut self, answers: Answers, now: Duration) {
        self.answers = answers;
        self.watch.answered(now, &answers);
        if self.control.is_none() {
            let out = std::array::from_fn(|region| answers.regions[region] != Some(region));
            self.watch.moved(&self.truth, out, now);
        }
        // Users are on the move from here on, which they know only when they have made a step.
        self.users.step(&self.truth, &answers.regions, Duration::ZERO);
    }

    fn happen(&mut self, due: Due, now: Duration) {
        match due {
            Due::Line(index) => self.line(index, now),
            Due::Round(index, plan) => self.start_round(index, plan, now),
            Due::Ended(index) => self.end_round(index, now),
            Due::Woken(index) => self.reconcile(index, now),
            Due::Tick(index) => {
                self.queue.plan(now + TICK, Due::Tick(index));
                self.reconcile(index, now);
            }
            Due::Gate(index) => self.read_gate(index, now),
            Due::Minute => {
                self.live(now);
                self.watch.minute(&self.truth, &self.users);
                self.queue.plan(now + MINUTE, Due::Minute);
                self.rest(now, true);
            }
            Due::Rest => self.rest(now, false),
        }
    }

    /// Nothing fails and nobody moves: users need no steps in between.
    fn is_peaceful(&self) -> bool {
        self.truth.is_quiet() && self.users.is_settled()
    }

    /// Passes over what is to come, if nothing can come of it. At every minute, and again until nobody is busy.
    fn rest(&mut self, now: Duration, by_the_minute: bool) {
        let Some(control) = self.control.as_mut().filter(|_| self.rests && now >= self.rests_until) else { return };
        let at_rest = self.truth.stays_quiet(&self.users) && self.users.is_settled() && self.names.as_ref().is_none_or(Names::is_idle);
        let standing = if at_rest { control.standing() } else { None };
        let is_long = standing.is_some() && standing == self.stood;
        if by_the_minute || standing.is_none() {
            self.stood = standing;
        }
        if !is_long {
            return;
        }
        if !control.are_calm() {
            self.queue.plan(now + CHUNK, Due::Rest);
            return;
        }
        let until = control.nothing_ends_before(now, self.truth.next_change(now).map_or(self.end, |at| at.min(self.end)));
        if !control.pass_over(&self.truth, now, until) {
            return;
        }
        let planned = self.queue.take_all(|due| matches!(due, Due::Round(..) | Due::Tick(_) | Due::Gate(_)));
        let mut back = until;
        for index in 0..3 {
            let observer = &control.observers[index];
            back = back.min(observer.due);
            self.queue.plan(observer.due, Due::Round(index, observer.plan));
            let from = observer.due.saturating_sub(control.pace.round / 2);
            let tick = planned.iter().find(|(_, due)| *due == Due::Tick(index)).map_or(from, |(at, _)| next_tick(*at, from));
            self.queue.plan(tick, Due::Tick(index));
            let reads = observer.due + CHUNK;
            control.controllers[index].gate_reads = Some(reads);
            self.queue.plan(reads, Due::Gate(index));
            self.generations[index] = control.votes(index).map_or(0, |votes| votes.generation);
        }
        self.watch.rested(back.saturating_sub(now));
        (self.rests_until, self.stood) = (back, None);
    }

    /// A line takes hold: sockets that it cuts wake probes, and gates look at their clocks.
    fn line(&mut self, index: usize, now: Duration) {
        let Some(tuple) = self.setup.incident.faults.get(index) else { return };
        self.watch.tell(now, Happening::Fault { index, line: tuple.line });
        let Some(control) = &mut self.control else { return };
        for observer in 0..3 {
            let mut rng = draws(control.seed, For::Tripwire, index * 3 + observer, now);
            let cut = (0..3).any(|region| rng.f64() < cuts(tuple, region));
            let Control { observers, pace, .. } = &mut **control;
            if cut && observers[observer].wake(now, pace) {
                self.queue.plan(observers[observer].due, Due::Round(observer, observers[observer].plan));
            }
            if tuple.component == Component::Clock {
                control.controllers[observer].gate_reads = Some(now);
                self.queue.plan(now, Due::Gate(observer));
            }
        }
    }

    fn start_round(&mut self, index: usize, plan: u64, now: Duration) {
        let Some(control) = &mut self.control else { return };
        let Control { observers, pace, names, seed, .. } = &mut **control;
        if observers[index].plan == plan {
            let start = observers[index].start(pace);
            let attempts = Attempts::make(&self.truth, names, start, pace, &mut draws(*seed, For::Round, index, now));
            self.queue.plan(now + attempts.took, Due::Ended(index));
            observers[index].run(now, attempts);
        }
    }

    fn end_round(&mut self, index: usize, now: Duration) {
        let Some(control) = &mut self.control else { return };
        let Control { observers, pace, .. } = &mut **control;
        let Some((started, attempts)) = observers[index].end() else { return };
        let at = super::clock::calendar(now, self.truth.clock_ahead(index));
        let made = attempts.conclude(at, pace);
        self.watch.looked(index, &made.round, now);
        observers[index].take(started, now, made, pace);
        self.queue.plan(observers[index].due, Due::Round(index, observers[index].plan));
        if control.publish(index, &self.truth, now) {
            self.wake(index, now);
        }
    }

    /// A change wakes a controller, unless it is to run anyway.
    fn wake(&mut self, index: usize, now: Duration) {
        let Some(control) = &mut self.control else { return };
        if !std::mem::replace(&mut control.controllers[index].woken, true) {
            self.queue.plan(now + control.woken_after(index, now), Due::Woken(index));
        }
    }

    fn reconcile(&mut self, index: usize, now: Duration) {
        let Some(control) = &mut self.control else { return };
        control.controllers[index].woken = false;
        if control.controllers[index].crashed {
            return;
        }
        let (clock, decided) = control.reconcile(index, &self.truth, now);
        let (changes, why) = match decided {
            Decided::Stored(changes) => (changes, None),
            Decided::Unread => (Vec::new(), Some("its votes cannot be read".to_owned())),
            Decided::Unwritten => (Vec::new(), Some("its votes cannot be written".to_owned())),
            Decided::Behind(behind) => (Vec::new(), Some(format!("its votes are behind: generation {} stands", behind.0))),
        };
        let was_failing = std::mem::replace(&mut control.controllers[index].failing, why.is_some());
        if let Some(why) = why {
            if !was_failing {
                self.watch.tell(now, Happening::Refused { observer: index, why });
            }
            return;
        }
        if !changes.is_empty() {
            self.live(now);
        }
        self.stored(index, &changes, clock, now);
    }

    /// Looks at the votes that stand after somebody wrote them, or may have.
    fn stored(&mut self, index: usize, changes: &[decision::Change], clock: jiff::Timestamp, now: Duration) {
        let Some(control) = &mut self.control else { return };
        let Some(votes) = control.votes(index) else { return };
        let generation = votes.generation;
        let before = std::mem::replace(&mut self.generations[index], generation);
        if generation == before {
            return;
        }
        if generation < before {
            let what = format!("generation {generation} stands at {} after {before}", self.setup.regions[index]);
            self.watch.violated(now, Invariant::GenerationsGrow, what);
        }
        let moved = self.watch.voted(now, index, votes, changes);
        let reads = now + Gate::next_read(&mut draws(control.seed, For::Gate, index, now));
        if control.controllers[index].gate_reads.is_none_or(|planned| reads < planned) {
            control.controllers[index].gate_reads = Some(reads);
            self.queue.plan(reads, Due::Gate(index));
        }
        // Whoever reads old copies, or not every intent, may decide otherwise on what stands.
        let reads_all = (0..3).all(|store| {
            let state = self.truth.store(store);
            state.stale.is_zero() && state.refused <= 0.0 && state.unreachable <= 0.0 && self.truth.way(index, store) <= 0.0
        });
        if reads_all && (moved || generation.is_multiple_of(LOOK_EVERY)) {
            let mut snapshot = control.snapshot(index);
            self.watch.inspect(now, (&control.policy, control.broken), &mut snapshot, clock);
            control.give_back(index, snapshot);
        }
        if moved {
            let out = self.watch.majorities();
            for (region, is_out) in out.into_iter().enumerate() {
                if self.watch.out[region] && !is_out && self.operators.drain(region, now).is_some() {
                    let what = format!("{} serves again while its drain stands", self.setup.regions[region]);
                    self.watch.violated(now, Invariant::PeopleStand, what);
                }
            }
            self.watch.moved(&self.truth, out, now);
        }
    }

    fn read_gate(&mut self, index: usize, now: Duration) {
        let Some(control) = &mut self.control else { return };
        if control.controllers[index].gate_reads != Some(now) {
            return;
        }
        let (turned, again) = control.gate_reads(index, &self.truth, now);
        control.controllers[index].gate_reads = Some(again);
        self.queue.plan(again, Due::Gate(index));
        if turned {
            self.meet(now);
        }
    }

    /// What people do at this moment.
    fn act(&mut self, now: Duration) {
        let until = now + AFTER;
        let acts = self.truth.acts_in(self.acted, until).to_vec();
        self.acted = until;
        for (_, place, act) in acts {
            let Some(control) = &mut self.control else { return };
            let done = self.operators.act(control, &self.truth, place, &act);
            for done in done {
                self.watch.tell(now, Happening::Act { act: done.act, result: done.result });
            }
            for index in 0..3 {
                self.stored(index, &[], super::clock::calendar(now, self.truth.clock_ahead(index)), now);
                self.wake(index, now);
            }
        }
    }
}

/// The share of sockets in a region that a line cuts.
fn cuts(tuple: &Tuple, region: usize) -> f64 {
    let here = match tuple.place {
        Place::Region(role) => role.index() == region,
        Place::Everywhere => true,
        Place::Path(..) | Place::Vantage(..) => false,
    };
    match tuple.effect {
        Effect::Drop(share) if here => share,
        _ => 0.0,
    }
}

/// The records of a run. Regions that AWS does not have get records of regions that it has: nothing hangs on what they are called.
fn records(names: &[RegionName; 3], asked: Asked, seed: u64) -> Names {
    let stand_ins =
        || ["eu-west-1", "eu-west-2", "us-east-1"].map(|name| RegionName::new(name).unwrap_or_else(|_| unreachable!("a region")));
    let made = Names::new(names, asked, seed).or_else(|_| Names::new(&stand_ins(), asked, seed));
    made.unwrap_or_else(|error| unreachable!("constants of which records can be made: {error}"))
}
