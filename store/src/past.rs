//! What every observer's SSM remembers: the last versions of its documents.
//!
//! Reading only; what stood at a moment is for those who ask.

use std::collections::BTreeMap;

use decision::{Intent, Observed, RegionName, Votes};
use futures_util::future::join_all;

use crate::error::StoreError;
use crate::history::History;
use crate::observers::Observers;
use crate::reading::Read;
use crate::store::{Store, Turns};

/// What one observer's SSM remembers.
#[derive(Debug, Default)]
pub struct Histories {
    /// What its controller voted.
    pub votes: History<Votes>,
    /// What its probe saw; empty when that was not asked for.
    pub observed: History<Observed>,
    /// Both as they were when the votes turned: far fewer, and much further back.
    pub turns: Turns,
    /// What people asked for, for the regions that were asked about.
    pub intents: BTreeMap<RegionName, History<Intent>>,
}

impl Observers {
    /// The histories of every observer, with the intents for these regions, and with what the probes saw if `observed`.
    pub async fn histories(&self, regions: impl IntoIterator<Item = &RegionName>, observed: bool) -> Read<Histories> {
        let regions: Vec<RegionName> = regions.into_iter().cloned().collect();
        let asked = self.iter().cloned().map(|store| {
            let regions = &regions;
            async move { (store.observer().clone(), histories(&store, regions, observed).await) }
        });
        join_all(asked).await.into_iter().collect()
    }
}

/// One observer's histories: one after the other to stay below SSM's rate, and no more once one cannot be read.
async fn histories(store: &Store, regions: &[RegionName], observed: bool) -> Result<Histories, StoreError> {
    let mut histories = Histories { votes: store.votes_history().await?, turns: store.turns_history().await?, ..Histories::default() };
    if observed {
        histories.observed = store.observed_history().await?;
    }
    for region in regions {
        histories.intents.insert(region.clone(), store.intent_history(region).await?);
    }
    Ok(histories)
}
