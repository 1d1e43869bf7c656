//! The checkers' clockwork: makes every poll that the model wants when it wants it, and brings the outcome back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use decision::RegionName;
use route53::{CheckId, Deadlines, Kind, Poll};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::StartError;
use super::model::Model;
use super::poll::Wire;
use crate::fault::{Component, Faults};
use crate::speed::Speed;

/// The most polls under way at a time. Others wait for their turn; there are never more than checkers.
const POLLS_MAX: usize = 256;
/// The longest sleep between two looks at the model, on the world's clock: shorter than any interval.
const LOOK: Duration = Duration::from_secs(5);

/// Checkers that are ready to run.
pub(super) struct Clockwork {
    shared: Arc<Shared>,
    look: Duration,
}

struct Shared {
    model: Arc<Model>,
    faults: Faults,
    deadlines: Deadlines,
    endpoints: BTreeMap<CheckId, Target>,
    turns: Semaphore,
}

struct Target {
    wire: Wire,
    /// The region whose own endpoint this is.
    of: Option<RegionName>,
}

/// Prepares the request of every check.
pub(super) fn prepare(model: Arc<Model>, faults: Faults, speed: Speed) -> Result<Clockwork, StartError> {
    let mut endpoints = BTreeMap::new();
    let (checks, deadlines) = model.with_checkers(|checkers, _| ((checkers.checks().clone(), *checkers.deadlines()), Vec::new()));
    for check in checks.iter() {
        let Kind::Endpoint(endpoint) = check.kind() else { continue };
        let wire = Wire::new(endpoint).ok_or_else(|| StartError::Unpollable(check.id().clone()))?;
        let of = model.purpose(check.id()).and_then(|purpose| purpose.polled_region());
        let of = of.and_then(|region| RegionName::new(region.as_str()).ok());
        endpoints.insert(check.id().clone(), Target { wire, of });
    }
    let shared = Shared { model, faults, deadlines, endpoints, turns: Semaphore::new(POLLS_MAX) };
    Ok(Clockwork { shared: Arc::new(shared), look: speed.scale(LOOK) })
}

impl Clockwork {
    /// Polls until `stop`.
    pub(super) async fn run(self, stop: CancellationToken) {
        let mut under_way = JoinSet::new();
        loop {
            let (polls, next) = self.shared.model.with_checkers(|checkers, now| {
                let polls = checkers.due(now).into_iter().map(|poll| (checkers.check_of(&poll).id().clone(), poll)).collect::<Vec<_>>();
                let next = checkers.next_due().map(|next| next.saturating_sub(now));
                ((polls, next), checkers.tick(now))
            });
            for (check, poll) in polls {
                under_way.spawn(Arc::clone(&self.shared).poll(check, poll));
            }
            while under_way.try_join_next().is_some() {}
            // Checkers that are polling now will be due an interval after they end, which is later than the next look.
            let wait = next.unwrap_or(self.look).min(self.look);
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(wait) => {}
            }
        }
        under_way.shutdown().await;
    }
}

impl Shared {
    async fn poll(self: Arc<Self>, check: CheckId, poll: Poll) {
        let Some(target) = self.endpoints.get(&check) else { return };
        let Ok(_turn) = self.turns.acquire().await else { return };
        let met = target.wire.poll(&self.deadlines).await;
        let lying = target.of.as_ref().is_some_and(|region| self.faults.is_on(region, Component::Checkers));
        let outcome = if lying { met.mistaken() } else { met };
        self.model.with_checkers(|checkers, now| ((), checkers.record(poll, outcome, now)));
    }
}
