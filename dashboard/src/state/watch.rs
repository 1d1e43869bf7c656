//! The one task that looks, and how its looks reach everybody.

use std::collections::BTreeMap;
use std::sync::Arc;

use decision::{RegionName, ServiceView, Votes};
use tokio::sync::watch;

use super::{DnsState, RegionState, Seen, Snapshot};
use crate::settings::Settings;

/// The newest snapshot, and who wants the next.
pub(crate) struct Watch {
    newest: watch::Sender<Arc<Snapshot>>,
    stopped: watch::Sender<bool>,
}

impl Watch {
    pub(crate) fn new(settings: &Settings) -> Self {
        let at = settings.clock.now();
        let votes: BTreeMap<RegionName, Result<Option<Votes>, ()>> = BTreeMap::new();
        let snapshot = Snapshot {
            version: 0,
            changes: 0,
            at,
            heard_at: None,
            view: ServiceView::new::<(), ()>(&settings.policy, &votes, &BTreeMap::new(), at),
            generation: 0,
            newest: BTreeMap::new(),
            observers: settings.policy.observers().iter().map(|observer| (observer.clone(), Seen::default())).collect(),
            regions: settings.policy.regions().iter().map(|region| (region.clone(), RegionState::default())).collect(),
            dns: DnsState::default(),
        };
        Self { newest: watch::Sender::new(Arc::new(snapshot)), stopped: watch::Sender::new(false) }
    }

    /// What is known now.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.newest.borrow().clone()
    }

    /// Every snapshot from now on, or the newest of those that were missed. Somebody watches for as long as it lives.
    pub(crate) fn listen(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.newest.subscribe()
    }

    /// Looks until stopped.
    pub(crate) async fn run(&self) {
        self.stopped().await;
    }

    /// Ends the watch and whatever waits for [`Watch::stopped`].
    pub(crate) fn stop(&self) {
        self.stopped.send_replace(true);
    }

    /// Ends when the dashboard does. Every stream that stays open waits for it too.
    pub(crate) async fn stopped(&self) {
        let mut stopped = self.stopped.subscribe();
        // An error is a sender that is gone, which is the same.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    }
}
