//! Following an intent through its stages until the one that was asked for, the deadline, or Ctrl-C.
//!
//! Following changes nothing. What stops here stops the watching; the intent stands.

use std::time::{Duration, Instant};

use dashboard::dns::Surveyor;
use decision::{Intent, SafetyRule};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
pub(crate) use store::intent::Way;
use store::intent::{Health, health};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::args::Stage;
use crate::failure::Failure;
use crate::intent::progress::Progress;
use crate::intent::record::told;
use crate::moment;
use crate::out::{Mark, Out};
use crate::service::Service;

/// Between two looks on real AWS: SSM allows 40 reads a second to a whole account and region.
const LOOK: Duration = Duration::from_secs(1);
/// Between two looks at a demo, whose clock may run fast.
const LOOK_AT_WORLD: Duration = Duration::from_millis(150);

/// A stage that was reached.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Reached {
    /// The stage.
    pub(crate) stage: Stage,
    /// When it was seen.
    pub(crate) at: Timestamp,
    /// Seconds since the command was given.
    pub(crate) seconds: f64,
}

/// Ctrl-C, caught from before the first write on: a half-written intent must not be left to chance.
pub(crate) struct Interrupt(Signal);

impl Interrupt {
    /// From here on Ctrl-C no longer ends the process by itself.
    pub(crate) fn catch() -> Result<Self, Failure> {
        signal(SignalKind::interrupt()).map(Self).map_err(|error| Failure::failed(format!("Ctrl-C cannot be caught: {error}")))
    }

    /// Waits for it.
    pub(crate) async fn wait(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

/// How following ended without failing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// At the stage that was asked for.
    Reached,
    /// The controllers refuse the drain by this rule.
    Refused(SafetyRule),
}

/// One intent on its way.
pub(crate) struct Follow<'a> {
    pub(crate) service: &'a Service,
    pub(crate) out: &'a Out,
    pub(crate) intent: &'a Intent,
    pub(crate) way: Way,
    pub(crate) until: Stage,
    pub(crate) timeout: SignedDuration,
    pub(crate) started: Instant,
    /// What stands whatever becomes of the watching.
    pub(crate) stands: String,
}

impl Follow<'_> {
    /// Follows from `recorded` on. Stages reached are added to `reached`.
    pub(crate) async fn run(&self, reached: &mut Vec<Reached>, interrupt: &mut Interrupt) -> Result<End, Failure> {
        let mut progress = Progress::new(self.out);
        let mut seen = "nothing".to_owned();
        let timeout = Duration::try_from(self.timeout).unwrap_or_default();
        let outcome = tokio::select! {
            end = self.stages(reached, &mut progress, &mut seen) => Some(end),
            () = tokio::time::sleep(timeout.saturating_sub(self.started.elapsed())) => None,
            () = interrupt.wait() => {
                progress.clear();
                return Err(Failure::Interrupted { stands: self.stands.clone() });
            }
        };
        progress.clear();
        let next = reached.last().map_or(Stage::Recorded, |last| last.stage);
        outcome.unwrap_or_else(|| {
            Err(Failure::NotSeen {
                stage: if next == Stage::Recorded { Stage::Health } else { Stage::Answers },
                region: self.intent.region.clone(),
                waited: moment::length(self.timeout),
                seen,
                stands: self.stands.clone(),
            })
        })
    }

    async fn stages(&self, reached: &mut Vec<Reached>, progress: &mut Progress<'_>, seen: &mut String) -> Result<End, Failure> {
        if self.until >= Stage::Health
            && let End::Refused(rule) = self.health(reached, progress, seen).await?
        {
            return Ok(End::Refused(rule));
        }
        if self.until >= Stage::Answers {
            self.answers(reached, progress, seen).await?;
        }
        Ok(End::Reached)
    }

    /// Waits for a majority of votes.
    async fn health(&self, reached: &mut Vec<Reached>, progress: &mut Progress<'_>, seen: &mut String) -> Result<End, Failure> {
        loop {
            let reading = self.service.read().await;
            let sentence = match health(self.service.policy(), self.intent, self.way, &reading) {
                Health::Outpaced(other) => return Err(told(&other)),
                Health::Refused(rule) => return Ok(End::Refused(rule)),
                Health::Turned(sentence) => {
                    self.reach(Stage::Health, &sentence, reached, progress);
                    return Ok(End::Reached);
                }
                Health::NotYet(sentence) => sentence,
            };
            progress.going(reading.at, Stage::Health.as_str(), &sentence);
            *seen = sentence;
            tokio::time::sleep(self.look()).await;
        }
    }

    /// Waits for DNS.
    async fn answers(&self, reached: &mut Vec<Reached>, progress: &mut Progress<'_>, seen: &mut String) -> Result<(), Failure> {
        *seen = "DNS was not asked".to_owned();
        let surveyor = match self.service.config.asking() {
            Ok(asking) => Surveyor::new(asking).await,
            Err(why) => Err(why),
        };
        let mut surveyor = match surveyor {
            Ok(surveyor) => surveyor,
            Err(why) => {
                return Err(Failure::NotSeen {
                    stage: Stage::Answers,
                    region: self.intent.region.clone(),
                    waited: moment::length(SignedDuration::try_from(self.started.elapsed()).unwrap_or_default()),
                    seen: why,
                    stands: self.stands.clone(),
                });
            }
        };
        loop {
            let survey = surveyor.survey().await;
            let sentence = survey.sentence(&self.intent.region);
            let done = match self.way {
                Way::Out => survey.left(&self.intent.region),
                Way::In => survey.saying(&self.intent.region) > 0,
            };
            if done {
                self.reach(Stage::Answers, &sentence, reached, progress);
                return Ok(());
            }
            progress.going(Timestamp::now(), Stage::Answers.as_str(), &sentence);
            *seen = sentence;
            tokio::time::sleep(self.look()).await;
        }
    }

    fn reach(&self, stage: Stage, detail: &str, reached: &mut Vec<Reached>, progress: &mut Progress<'_>) {
        let at = Timestamp::now();
        progress.done(Mark::Good, at, stage.as_str(), detail);
        reached.push(Reached { stage, at, seconds: seconds(self.started) });
    }

    fn look(&self) -> Duration {
        if self.service.config.world().is_some() { LOOK_AT_WORLD } else { LOOK }
    }
}

/// Seconds since then, to the millisecond.
pub(crate) fn seconds(since: Instant) -> f64 {
    (since.elapsed().as_secs_f64() * 1000.0).round() / 1000.0
}
