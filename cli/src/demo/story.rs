//! The whole story, played by itself: what breaks, what must follow, and how long it took.
//!
//! Each step causes one thing, waits for what must come of it, and puts the world back. Measuring is here, deciding nowhere.

use std::path::PathBuf;
use std::time::Duration;

use decision::{RegionName, Vote};
use jiff::Timestamp;
use world::World;
use world::event::{Event, Told};
use world::fault::Component;

use super::hearing::Hearing;
use super::operator;
use super::scores::{Score, world_seconds};

/// The city whose user is watched when eu-west-2 breaks.
const LONDON: &str = "London";

/// Longest waits, on the world's clock. None is a target: past them, the step has failed.
const STEADY: Duration = Duration::from_secs(120);
const TO_VOTE: Duration = Duration::from_secs(60);
const TO_ANSWERS: Duration = Duration::from_secs(30);
/// A resolver may keep the old answer for a TTL of 60 s; then the backoff.
const TO_USER: Duration = Duration::from_secs(120);
const TO_TALK: Duration = Duration::from_secs(75);
const TO_RETURN: Duration = Duration::from_secs(420);
const TO_PLAIN_CHECK: Duration = Duration::from_secs(90);
/// How many reasons are given why a world is not steady.
const REASONS_MAX: usize = 3;
/// Messages may take this long to be everywhere.
const TO_SETTLE: Duration = Duration::from_secs(60);
/// How many messages a region may take with it: those of one user within the replication lag, and one on its way.
const LAST_MOMENTS_MAX: usize = 2;
/// How long answers are watched to stand still.
const STAND: Duration = Duration::from_secs(12);
/// Machines do not get faster with the clock: no wait is shorter than this in real time.
const WAIT_MIN: Duration = Duration::from_secs(8);

/// Plays the story in a world that has just come up.
pub(super) struct Story<'a> {
    pub(super) world: &'a World,
    pub(super) hearing: Hearing,
    /// The configuration that the operator's commands use.
    pub(super) config: PathBuf,
    /// Tells people what is being done.
    pub(super) tell: &'a dyn Fn(&str),
}

impl Story<'_> {
    /// Plays every step, in order; a step that fails does not stop the next.
    pub(super) async fn play(&mut self) -> Vec<Score> {
        let region = |name: &str| RegionName::new(name).expect("the story's regions are well formed");
        let (london, ireland, oregon) = (region("eu-west-2"), region("eu-west-1"), region("us-west-2"));
        let mut scores = vec![self.steady(Some(&london)).await];
        scores.push(self.websocket_breaks(&london).await);
        scores.push(self.heals_and_returns(&london, Component::Websocket).await);
        scores.push(self.drained(&london, "practice drain").await);
        scores.push(self.resumed(&london).await);
        scores.push(self.region_gone(&oregon).await);
        scores.push(self.heals_and_returns(&oregon, Component::Region).await);
        scores.push(self.drained_with_an_observer_gone(&london, &ireland).await);
        scores.push(self.plain_check_alone(&london).await);
        // Open sockets stay where they are, so the users may be elsewhere by now.
        scores.push(self.steady(None).await);
        scores
    }

    /// Everything serves, everyone says so, and London's user is connected to its own region, if one is given.
    async fn steady(&mut self, home: Option<&RegionName>) -> Score {
        (self.tell)("steady: three regions serve, every observer says healthy");
        let mut score = Score { step: "steady".into(), talk: "steady".into(), ..Score::default() };
        if !self.world.until_steady(self.within(STEADY)).await {
            score.wrong.extend(self.unsteady().await);
        }
        if let Some(home) = home
            && !self.world.until_user_at(LONDON, home, self.within(TO_USER)).await
        {
            score.wrong.push(format!("London's user is not served by {home}"));
        }
        self.judge_messages(&mut score).await;
        score
    }

    async fn websocket_breaks(&mut self, region: &RegionName) -> Score {
        (self.tell)(&format!("the WebSocket path of {region} breaks; REST and /health stay green"));
        let mut score = Score { step: format!("WebSocket path of {region} breaks"), ..Score::default() };
        let cause = self.world.switch(region, Component::Websocket, true);
        self.measure_ejection(&mut score, region, cause).await;
        self.measure_user(&mut score, LONDON, region, cause).await;
        score.talk = self.talk_since(region, cause, "stayed: it sees REST only");
        self.judge_messages(&mut score).await;
        score
    }

    async fn region_gone(&mut self, region: &RegionName) -> Score {
        (self.tell)(&format!("{region} is gone: every process in it, its observer too"));
        let mut score = Score { step: format!("{region} is gone"), ..Score::default() };
        let place = self.world.place_of(region);
        let cause = self.world.switch(region, Component::Region, true);
        self.measure_ejection(&mut score, region, cause).await;
        self.measure_user(&mut score, &place, region, cause).await;
        let talk = self.world.talk_names().websocket.clone();
        score.talk = match self.answers_left(&talk, &place, region, cause, self.within(TO_TALK)).await {
            Some(at) => self.seconds_text(cause, at),
            None => "not within 75 s".into(),
        };
        self.judge_messages_without(&mut score, region).await;
        score
    }

    async fn heals_and_returns(&mut self, region: &RegionName, fault: Component) -> Score {
        (self.tell)(&format!("{region} is healed; it is held down until it has stayed clean, then returns by itself"));
        let mut score =
            Score { step: format!("{region} is healed and returns"), talk: "returns on 3 of 16 checkers".into(), ..Score::default() };
        let cause = self.world.switch(region, fault, false);
        let voted = self.majority(region, Vote::Serve, cause, self.within(TO_RETURN)).await;
        score.vote = self.since(cause, voted);
        if voted.is_none() {
            score.wrong.push(format!("no majority lets {region} serve again"));
        }
        let place = self.world.place_of(region);
        let name = self.world.names().websocket.clone();
        let back = self.answers_at(&name, &place, region, cause, self.within(TO_ANSWERS)).await;
        score.answers = self.since(cause, back);
        score.vote_to_answers = voted.and_then(|voted| self.since(voted, back));
        if back.is_none() {
            score.wrong.push(format!("{place} is not answered with {region} again"));
        }
        if !self.world.until_steady(self.within(STEADY)).await {
            score.wrong.extend(self.unsteady().await);
        }
        self.judge_return(&mut score, region, cause, voted);
        // What only the region had is everywhere now.
        self.judge_messages(&mut score).await;
        score.talk = self.talk_since(region, cause, "had never left");
        score
    }

    async fn drained(&mut self, region: &RegionName, reason: &str) -> Score {
        (self.tell)(&format!("an operator drains {region}: failover drain {region} --reason {reason:?} --confirm {region}"));
        let mut score = Score { step: format!("drain {region}"), ..Score::default() };
        let cause = Timestamp::now();
        let (config, name, within) = (self.config.clone(), self.world.names().rest, self.within(TO_VOTE));
        let typed = operator::drain(&config, region, reason);
        let moved = self.answers_left(&name, LONDON, region, cause, within);
        let (done, answers) = tokio::join!(typed, moved);
        score.answers = self.since(cause, answers);
        let voted = self.majority(region, Vote::Eject, cause, Duration::from_millis(10)).await;
        score.vote = self.since(cause, voted);
        score.vote_to_answers = voted.and_then(|voted| self.since(voted, answers));
        if voted.is_none() {
            score.wrong.push(format!("no majority votes eject {region}"));
        }
        if answers.is_none() {
            score.wrong.push("the answers did not move".into());
        }
        score.talk = self.talk_since(region, cause, "stayed: it knows no drain");
        if let Err(why) = done {
            score.wrong.push(why);
        }
        score.note = "new lookups moved; open sockets stay until they break".into();
        score
    }

    async fn resumed(&mut self, region: &RegionName) -> Score {
        (self.tell)(&format!("the operator lets it serve again: failover resume {region}"));
        let mut score = Score { step: format!("resume {region}"), ..Score::default() };
        let cause = Timestamp::now();
        let typed = operator::resume(&self.config, region).await;
        let voted = self.majority(region, Vote::Serve, cause, self.within(TO_RETURN)).await;
        let name = self.world.names().rest.clone();
        let back = self.answers_at(&name, LONDON, region, cause, self.within(TO_ANSWERS)).await;
        score.vote = self.since(cause, voted);
        score.answers = self.since(cause, back);
        score.vote_to_answers = voted.and_then(|voted| self.since(voted, back));
        if let Err(why) = typed {
            score.wrong.push(why);
        }
        if voted.is_none() {
            score.wrong.push(format!("no majority lets {region} serve again"));
        }
        score.talk = self.talk_since(region, cause, "had never left");
        if back.is_none() {
            score.wrong.push(format!("London is not answered with {region} again"));
        }
        if !self.world.until_steady(self.within(STEADY)).await {
            score.wrong.extend(self.unsteady().await);
        }
        score
    }

    async fn drained_with_an_observer_gone(&mut self, region: &RegionName, observer: &RegionName) -> Score {
        (self.tell)(&format!("the observer in {observer} is gone; a drain of {region} must still work"));
        let lost = self.world.switch(observer, Component::Observer, true);
        let name = self.world.names().rest;
        let moved = self.answers_left(&name, LONDON, region, lost, self.world.speed().scale(STAND)).await;
        let mut score = self.drained(region, "drain with an observer gone").await;
        score.step = format!("drain {region}, observer {observer} gone");
        if moved.is_some() {
            score.wrong.push("an answer moved because an observer was lost".into());
        }
        if let Err(why) = operator::resume(&self.config, region).await {
            score.wrong.push(why);
        }
        self.world.switch(observer, Component::Observer, false);
        if !self.world.until_steady(self.within(TO_RETURN)).await {
            score.wrong.extend(self.unsteady().await);
        }
        score
    }

    async fn plain_check_alone(&mut self, region: &RegionName) -> Score {
        (self.tell)("every controller is dead: the answers must stand, and what is left is the talk's plain check of /health");
        let mut score = Score { step: format!("all controllers dead, /health of {region} fails"), ..Score::default() };
        let observers: Vec<RegionName> = self.world.policy().observers().iter().cloned().collect();
        let died = Timestamp::now();
        for observer in &observers {
            self.world.switch(observer, Component::Controller, true);
        }
        let name = self.world.names().rest.clone();
        // Route 53 takes three failed polls to see that the gates are gone; nothing may move meanwhile.
        if let Some(at) = self.answers_left(&name, LONDON, region, died, self.within(Duration::from_secs(45))).await {
            score.wrong.push(format!("answers moved {} after the controllers died", self.seconds_text(died, at)));
        }
        let cause = self.world.switch(region, Component::Health, true);
        let moved = self.answers_left(&name, LONDON, region, cause, self.within(TO_PLAIN_CHECK)).await;
        score.answers = self.since(cause, moved);
        if moved.is_none() {
            score.wrong.push("the plain check did not take it out".into());
        }
        let talk = self.world.talk_names().rest.clone();
        let talk_moved = self.answers_left(&talk, LONDON, region, cause, self.within(TO_ANSWERS)).await;
        score.talk = talk_moved.map_or_else(|| "did not move".into(), |at| self.seconds_text(cause, at));
        self.world.switch(region, Component::Health, false);
        for observer in &observers {
            self.world.switch(observer, Component::Controller, false);
        }
        score.note = "no worse than no control plane".into();
        score
    }

    async fn measure_ejection(&mut self, score: &mut Score, region: &RegionName, cause: Timestamp) {
        let (name, place) = (self.world.names().websocket, self.world.place_of(region));
        let voted = self.majority(region, Vote::Eject, cause, self.within(TO_VOTE)).await;
        let moved = self.answers_left(&name, &place, region, cause, self.within(TO_ANSWERS)).await;
        score.vote = self.since(cause, voted);
        score.answers = self.since(cause, moved);
        score.vote_to_answers = voted.and_then(|voted| self.since(voted, moved));
        if voted.is_none() {
            score.wrong.push(format!("no majority ejected {region}"));
        }
        if moved.is_none() {
            score.wrong.push(format!("{place} is still answered with {region}"));
        }
    }

    async fn measure_user(&mut self, score: &mut Score, place: &str, left: &RegionName, cause: Timestamp) {
        let place = place.to_owned();
        let elsewhere =
            |event: &Event| matches!(event, Event::User { place: at, region: Some(region), .. } if *at == place && region != left);
        let moved = self.hearing.first(cause, self.within(TO_USER), elsewhere).await;
        score.user = self.since(cause, moved);
        if moved.is_none() {
            score.wrong.push(format!("{place}'s user did not get away from {left}"));
        }
    }

    /// A region that was ejected returns only after its hold-down, and its answers come back once.
    fn judge_return(&mut self, score: &mut Score, region: &RegionName, cause: Timestamp, voted: Option<Timestamp>) {
        let thresholds = self.world.policy().thresholds();
        // The hold-down runs from the last failed round, which may be a round and its jitter older than the cure.
        let least = thresholds.hold_down_seconds - 1.5 * thresholds.round_seconds;
        let waited = voted.map(|voted| voted.duration_since(cause).as_secs_f64());
        if waited.is_some_and(|waited| waited < least) {
            score.wrong.push(format!("{region} returned before its hold-down was over"));
        }
        let place = self.world.place_of(region);
        match self.moves(&self.world.names().websocket, &place, cause).len() {
            1 => score.note = "held down, then back once".into(),
            moves => score.wrong.push(format!("{place}'s answer moved {moves} times, not once")),
        }
    }

    /// Every move of a name's answer for a place since then, up to now.
    fn moves(&mut self, name: &str, place: &str, since: Timestamp) -> Vec<Told> {
        self.hearing.all(since, |event| matches!(event, Event::Answers { name: of, place: at, .. } if of == name && at == place))
    }

    /// What the talk's check did about `region` since `cause`, up to now: seconds to its first move, or that it did not move.
    fn talk_since(&mut self, region: &RegionName, cause: Timestamp, if_still: &str) -> String {
        let moves = self.moves(&self.world.talk_names().websocket, &self.world.place_of(region), cause);
        moves.first().map_or_else(|| if_still.to_owned(), |told| self.seconds_text(cause, told.at))
    }

    /// Waits until every message that was said has come back to everyone who should have it, then counts.
    async fn judge_messages(&self, score: &mut Score) {
        let verdict = self.world.messages_settled(self.within(TO_SETTLE)).await;
        if !verdict.is_fine() {
            score.wrong.push(verdict.to_string());
        } else if score.note.is_empty() {
            score.note = verdict.to_string();
        }
    }

    /// As [`Self::judge_messages`], while a region is gone: what was written there in its last moments is not elsewhere yet. Tables
    /// replicate behind the writer's back, so that waits for the region to return; nothing may be doubled meanwhile.
    async fn judge_messages_without(&self, score: &mut Score, gone: &RegionName) {
        let verdict = self.world.messages_settled(self.within(TO_SETTLE)).await;
        let waiting: usize = verdict.missing.iter().map(|(_, count)| count).sum();
        if waiting > LAST_MOMENTS_MAX || !verdict.doubled.is_empty() {
            score.wrong.push(verdict.to_string());
        } else if waiting > 0 {
            score.note = format!("none doubled; {waiting} not replicated in time, in {gone} until it returns");
        } else {
            score.note = verdict.to_string();
        }
    }

    async fn majority(&mut self, of: &RegionName, want: Vote, since: Timestamp, within: Duration) -> Option<Timestamp> {
        let is = |event: &Event| matches!(event, Event::Majority { region, vote, .. } if region == of && *vote == want);
        self.hearing.first(since, within, is).await
    }

    async fn answers_left(&mut self, name: &str, place: &str, left: &RegionName, since: Timestamp, within: Duration) -> Option<Timestamp> {
        let is = |event: &Event| matches!(event, Event::Answers { name: of, place: at, from: Some(from), to } if of == name && at == place && from == left && to.as_ref() != Some(left));
        self.hearing.first(since, within, is).await
    }

    async fn answers_at(&mut self, name: &str, place: &str, home: &RegionName, since: Timestamp, within: Duration) -> Option<Timestamp> {
        let is = |event: &Event| matches!(event, Event::Answers { name: of, place: at, to: Some(to), .. } if of == name && at == place && to == home);
        self.hearing.first(since, within, is).await
    }

    /// What keeps the world from being steady: the first things, and how many more.
    async fn unsteady(&self) -> Vec<String> {
        let mut why = self.world.why_not_steady_now().await;
        let more = why.len().saturating_sub(REASONS_MAX);
        why.truncate(REASONS_MAX);
        if more > 0 {
            why.push(format!("and {more} more"));
        }
        why
    }

    /// A wait of the world's clock, in real time.
    fn within(&self, real: Duration) -> Duration {
        self.world.speed().scale(real).max(WAIT_MIN)
    }

    fn since(&self, cause: Timestamp, at: Option<Timestamp>) -> Option<f64> {
        let lived = at?.duration_since(cause).max(jiff::SignedDuration::ZERO).unsigned_abs();
        Some(world_seconds(lived, self.world.speed().factor()))
    }

    fn seconds_text(&self, cause: Timestamp, at: Timestamp) -> String {
        self.since(cause, Some(at)).map_or_else(String::new, |seconds| format!("{seconds:.1} s"))
    }
}
