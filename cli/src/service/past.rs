//! What every observer's SSM remembers: the last versions of its documents.
//!
//! Reading only; what stood at a moment is for those who ask.

use std::collections::BTreeMap;

use decision::{Intent, Observed, RegionName, Votes};
use futures_util::future::join_all;
use store::{History, Store, StoreError, Turns};

use super::{Read, Service};

/// What one observer's SSM remembers.
#[derive(Debug, Default)]
pub(crate) struct Histories {
    /// What its controller voted.
    pub(crate) votes: History<Votes>,
    /// What its probe saw; empty when that was not asked for.
    pub(crate) observed: History<Observed>,
    /// Both as they were when the votes turned: far fewer, and much further back.
    pub(crate) turns: Turns,
    /// What people asked for, for the regions that were asked about.
    pub(crate) intents: BTreeMap<RegionName, History<Intent>>,
}

impl Service {
    /// The histories of every observer, with the intents for these regions, and with what the probes saw if `observed`.
    pub(crate) async fn histories(&self, regions: impl IntoIterator<Item = &RegionName>, observed: bool) -> Read<Histories> {
        let regions: Vec<&RegionName> = regions.into_iter().collect();
        let asked = self.observers.iter().map(|store| async { (store.observer().clone(), histories(store, &regions, observed).await) });
        join_all(asked).await.into_iter().collect()
    }
}

/// One observer's histories: one after the other to stay below SSM's rate, and no more once one cannot be read.
async fn histories(store: &Store, regions: &[&RegionName], observed: bool) -> Result<Histories, StoreError> {
    let mut histories = Histories { votes: store.votes_history().await?, turns: store.turns_history().await?, ..Histories::default() };
    if observed {
        histories.observed = store.observed_history().await?;
    }
    for region in regions {
        histories.intents.insert((*region).clone(), store.intent_history(region).await?);
    }
    Ok(histories)
}
