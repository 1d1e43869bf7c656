//! One observer's documents, read and written whole.

mod rehearsal;
mod turns;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_ssm::Client;
use decision::{DOCUMENT_BYTES_MAX, Intent, Observed, RegionName, ServiceName, Votes};

use crate::document::{Address, Document, Flaw, parse, print};
use crate::error::{StoreError, in_one_line};
use crate::history::{History, Version};
use crate::parameter::{self, Parameter};
use crate::replace::Replace;
use crate::ssm::{Listing, Ssm};

pub use self::rehearsal::Rehearsal;
pub use self::turns::{Turned, Turns};

/// How long one operation on one observer may take, unless [`Store::with_deadline`] says otherwise.
pub const DEADLINE: Duration = Duration::from_secs(2);

/// The documents of one observer, in the SSM of its region. Cheap to clone.
///
/// Every operation ends within the deadline (a write that has to repair what it overwrote: within twice that). Reads are
/// tried twice by the SDK. Writes are compare-and-set by generation: a document that does not rank above the stored one
/// fails with [`StoreError::Behind`], and writing a document that already stands succeeds without a write.
#[derive(Debug, Clone)]
pub struct Store(Arc<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    service: ServiceName,
    observer: RegionName,
    client: Client,
    deadline: Duration,
}

/// The intents of one observer, the unreadable ones beside the good ones.
#[derive(Debug, Default)]
pub struct Intents {
    /// The valid ones.
    pub by_region: BTreeMap<RegionName, Intent>,
    /// By full parameter name, those that are no valid intent. One bad one never hides the others.
    pub malformed: BTreeMap<String, Flaw>,
}

impl Store {
    /// The documents of `service` in the SSM of `observer`'s region, which `client` talks to.
    #[must_use]
    pub fn new(service: ServiceName, observer: RegionName, client: Client) -> Self {
        Self(Arc::new(Inner { service, observer, client, deadline: DEADLINE }))
    }

    /// The same documents with another deadline for each operation.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self(Arc::new(Inner { deadline, ..Inner::clone(&self.0) }))
    }

    /// The observer whose documents these are.
    #[must_use]
    pub fn observer(&self) -> &RegionName {
        &self.0.observer
    }

    /// The service that they are about.
    #[must_use]
    pub fn service(&self) -> &ServiceName {
        &self.0.service
    }

    /// What the probe saw. `None` if it never wrote.
    ///
    /// # Errors
    /// Unreachable, throttled, denied or malformed.
    pub async fn observed(&self) -> Result<Option<Observed>, StoreError> {
        self.read(Parameter::Observed).await
    }

    /// What the controller votes, with its memory. `None` if it never voted.
    ///
    /// # Errors
    /// Unreachable, throttled, denied or malformed.
    pub async fn votes(&self) -> Result<Option<Votes>, StoreError> {
        self.read(Parameter::Votes).await
    }

    /// The intents that can be read. A malformed one is left out and logged; [`Store::intents_with_flaws`] returns it.
    ///
    /// # Errors
    /// Unreachable, throttled or denied; malformed only if there is no end to the list.
    pub async fn intents(&self) -> Result<BTreeMap<RegionName, Intent>, StoreError> {
        let Intents { by_region, malformed } = self.intents_with_flaws().await?;
        for (parameter, flaw) in malformed {
            tracing::warn!(observer = %self.0.observer, parameter, flaw = %in_one_line(&flaw), "an intent is left out: it is not a valid document");
        }
        Ok(by_region)
    }

    /// The intents, and beside them those that cannot be read.
    ///
    /// # Errors
    /// Unreachable, throttled or denied; malformed only if there is no end to the list.
    pub async fn intents_with_flaws(&self) -> Result<Intents, StoreError> {
        let path = parameter::intents(&self.0.service);
        let listing = self.ssm().list(&path).await.map_err(|failure| failure.into_error(&self.0.observer, &path))?;
        let Listing::Whole(found) = listing else { return Err(self.malformed(path, Flaw::Endless)) };
        let mut intents = Intents::default();
        for (name, text) in found {
            let region = RegionName::new(name.rsplit('/').next().unwrap_or_default()).map_err(Flaw::Name);
            let intent = region.and_then(|region| parse::<Intent>(&text, self.address(Parameter::Intent(&region))));
            match intent {
                Ok(intent) => drop(intents.by_region.insert(intent.region.clone(), intent)),
                Err(flaw) => drop(intents.malformed.insert(name, flaw)),
            }
        }
        Ok(intents)
    }

    /// Stores what the probe saw.
    ///
    /// # Errors
    /// [`StoreError::Behind`] if a newer generation is stored, and every other case of [`StoreError`].
    pub async fn put_observed(&self, observed: &Observed) -> Result<(), StoreError> {
        self.write(Parameter::Observed, observed).await
    }

    /// Stores votes.
    ///
    /// # Errors
    /// [`StoreError::Behind`] if a newer generation is stored, and every other case of [`StoreError`].
    pub async fn put_votes(&self, votes: &Votes) -> Result<(), StoreError> {
        self.write(Parameter::Votes, votes).await
    }

    /// Stores an intent under its region.
    ///
    /// # Errors
    /// [`StoreError::Behind`] if a newer generation is stored (of one generation: recorded later, then the greater id),
    /// and every other case of [`StoreError`].
    pub async fn put_intent(&self, intent: &Intent) -> Result<(), StoreError> {
        self.write(Parameter::Intent(&intent.region), intent).await
    }

    /// What was ever asked for this region and SSM still has (its last 100 writes): the audit log.
    ///
    /// # Errors
    /// Unreachable, throttled or denied.
    pub async fn intent_history(&self, region: &RegionName) -> Result<History<Intent>, StoreError> {
        self.history(Parameter::Intent(region)).await
    }

    /// The last votes that SSM still has (100 writes).
    ///
    /// # Errors
    /// Unreachable, throttled or denied.
    pub async fn votes_history(&self) -> Result<History<Votes>, StoreError> {
        self.history(Parameter::Votes).await
    }

    /// What the probe saw lately, as far as SSM still has it (100 writes, of a few rounds each).
    ///
    /// # Errors
    /// Unreachable, throttled or denied.
    pub async fn observed_history(&self) -> Result<History<Observed>, StoreError> {
        self.history(Parameter::Observed).await
    }

    async fn read<D: Document>(&self, parameter: Parameter<'_>) -> Result<Option<D>, StoreError> {
        let name = parameter.name(&self.0.service);
        let stored = self.ssm().get(&name).await.map_err(|failure| failure.into_error(&self.0.observer, &name))?;
        let Some(stored) = stored else { return Ok(None) };
        parse(&stored.text, self.address(parameter)).map(Some).map_err(|flaw| self.malformed(name, flaw))
    }

    async fn write<D: Document>(&self, parameter: Parameter<'_>, document: &D) -> Result<(), StoreError> {
        let (name, text) = self.printed(parameter, document)?;
        let replace = Replace { ssm: self.ssm(), observer: &self.0.observer, name: &name, repair_within: self.0.deadline };
        replace.run(&text).await
    }

    /// The parameter's full name and what goes into it.
    fn printed<D: Document>(&self, parameter: Parameter<'_>, document: &D) -> Result<(String, String), StoreError> {
        let name = parameter.name(&self.0.service);
        let text = match print(document, self.address(parameter)) {
            Ok(text) => text,
            Err(flaw) => return Err(self.malformed(name, flaw)),
        };
        if text.len() > DOCUMENT_BYTES_MAX {
            return Err(StoreError::TooLarge { observer: self.0.observer.clone(), parameter: name, bytes: text.len() });
        }
        Ok((name, text))
    }

    /// Every version, the unreadable ones too: they stood as the others did.
    async fn history<D: Document>(&self, parameter: Parameter<'_>) -> Result<History<D>, StoreError> {
        let name = parameter.name(&self.0.service);
        let found = self.ssm().history(&name).await.map_err(|failure| failure.into_error(&self.0.observer, &name))?;
        let address = self.address(parameter);
        let versions = found.into_iter().map(|(stored_at, stored)| {
            let (document, number) = (parse(&stored.text, address), stored.version);
            if let Err(flaw) = &document {
                tracing::warn!(observer = %self.0.observer, parameter = name, version = number, flaw = %in_one_line(flaw), "a version is no valid document");
            }
            (Version { number, stored_at, late: false, document }, stored.text)
        });
        Ok(History::new(versions))
    }

    fn ssm(&self) -> Ssm<'_> {
        Ssm::new(&self.0.client, self.0.deadline)
    }

    fn address<'a>(&'a self, parameter: Parameter<'a>) -> Address<'a> {
        Address { service: &self.0.service, observer: &self.0.observer, parameter }
    }

    fn malformed(&self, parameter: String, source: Flaw) -> StoreError {
        StoreError::Malformed { observer: self.0.observer.clone(), parameter, source }
    }
}
