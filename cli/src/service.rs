//! The service as this command reaches it: its configuration, the SSM of every observer, and one reading of all of it.
//!
//! Reading only. What is written is in `intent`.

mod gather;
mod past;

use std::collections::BTreeMap;

use std::time::Duration;

use decision::{Intent, Policy, RegionName, ServiceView, Votes};
use jiff::Timestamp;
use store::{Observers, Store, StoreError, in_one_line};

use self::gather::gather;
pub(crate) use self::past::Histories;

use crate::args::Global;
use crate::config::{self, Config};
use crate::failure::Failure;
use crate::out::Out;

/// How long the slowest observers are waited for once a majority has answered: a region that swallows packets must not slow every look at the others.
const GRACE: Duration = Duration::from_millis(500);

/// Per observer what was read, or why not.
pub(crate) type Read<T> = BTreeMap<RegionName, Result<T, StoreError>>;

/// A configured service and its observers.
pub(crate) struct Service {
    /// The configuration.
    pub(crate) config: Config,
    /// The SSM of every observer.
    pub(crate) observers: Observers,
}

/// Everything that was read at one moment.
pub(crate) struct Reading {
    /// When.
    pub(crate) at: Timestamp,
    /// The intents as every observer has them.
    pub(crate) intents: Read<BTreeMap<RegionName, Intent>>,
    /// The votes of every observer.
    pub(crate) votes: Read<Option<Votes>>,
}

/// Finds the configuration, and says so when a demo's was passed over.
pub(crate) fn config(global: &Global, out: &Out) -> Result<Config, Failure> {
    let folder = std::env::current_dir().map_err(|error| Failure::failed(format!("this folder cannot be read: {error}")))?;
    let home = || std::env::home_dir().map(|home| home.join(".config"));
    let user = std::env::var_os("XDG_CONFIG_HOME").filter(|dir| !dir.is_empty()).map(Into::into).or_else(home);
    let located = config::locate(global.config.as_deref(), &folder, user.as_deref())?;
    if let Some(stale) = located.stale {
        out.hint(&format!(
            "{} is of a demo that does not run and was passed over; using {}",
            stale.display(),
            located.config.path.display()
        ));
    }
    tracing::info!(path = %located.config.path.display(), service = %located.config.policy.service(), "configuration found");
    Ok(located.config)
}

impl Service {
    /// Finds the configuration and prepares a client per observer. Nothing is asked yet.
    pub(crate) async fn connect(global: &Global, out: &Out) -> Result<Self, Failure> {
        let config = config(global, out)?;
        let shared = match &global.profile {
            None => store::aws_config().await,
            Some(profile) => {
                aws_config::defaults(aws_config::BehaviorVersion::latest())
                    .profile_name(profile)
                    .region(aws_config::Region::new("us-east-1"))
                    .http_client(store::http_client())
                    .load()
                    .await
            }
        };
        let stores = config.policy.observers().iter().map(|observer| {
            let client = store::ssm_client(&shared, observer, config.ssm(observer));
            Store::new(config.policy.service().clone(), observer.clone(), client)
        });
        let observers = Observers::new(stores.collect());
        Ok(Self { config, observers })
    }

    /// The policy.
    pub(crate) fn policy(&self) -> &Policy {
        &self.config.policy
    }

    /// Reads intents and votes of every observer at once. Who is much slower than a majority counts as silent.
    pub(crate) async fn read(&self) -> Reading {
        let asked = self.observers.iter().map(|store| async move {
            let (intents, votes) = tokio::join!(store.intents(), store.votes());
            (store.observer().clone(), (intents, votes))
        });
        let mut answers = gather(asked, self.policy().majority(), |(intents, votes)| intents.is_ok() && votes.is_ok(), GRACE).await;
        let (mut intents, mut votes) = (Read::new(), Read::new());
        for observer in self.policy().observers() {
            let (of_intents, of_votes) = answers.remove(observer).unwrap_or_else(|| (Err(slow(observer)), Err(slow(observer))));
            intents.insert(observer.clone(), of_intents);
            votes.insert(observer.clone(), of_votes);
        }
        Reading { at: Timestamp::now(), intents, votes }
    }

    /// As [`Service::read`], and a failure unless a majority of observers answered both.
    pub(crate) async fn read_majority(&self) -> Result<Reading, Failure> {
        let reading = self.read().await;
        majority(self.policy(), &reading.intents)?;
        majority(self.policy(), &reading.votes)?;
        Ok(reading)
    }
}

impl Reading {
    /// The reading as people see it.
    pub(crate) fn view(&self, policy: &Policy) -> ServiceView {
        ServiceView::new(policy, &self.votes, &self.intents, self.at)
    }

    /// The highest generation in anything that was read: one more is newer than all of it.
    pub(crate) fn generation(&self) -> u64 {
        let stored = self.intents.values().flatten().flat_map(BTreeMap::values).map(|intent| intent.generation);
        let remembered = self.votes.values().flatten().flatten().flat_map(|votes| votes.regions.values());
        let remembered = remembered.filter_map(|vote| vote.intent.as_ref()).map(|intent| intent.generation);
        stored.chain(remembered).max().unwrap_or(0)
    }

    /// The newest document for a region, ended or not, by generation, then time recorded, then id: the one that stands wherever it has arrived.
    pub(crate) fn newest(&self, region: &RegionName) -> Option<&Intent> {
        self.intents
            .values()
            .flatten()
            .filter_map(|intents| intents.get(region))
            .max_by_key(|intent| (intent.generation, intent.recorded_at, intent.id.as_str()))
    }

    /// The observers that hold this very intent.
    pub(crate) fn holders(&self, intent: &Intent) -> Vec<RegionName> {
        let holds = |read: &Result<BTreeMap<RegionName, Intent>, StoreError>| {
            read.as_ref().is_ok_and(|intents| intents.get(&intent.region).is_some_and(|held| held == intent))
        };
        self.intents.iter().filter(|(_, read)| holds(read)).map(|(observer, _)| observer.clone()).collect()
    }
}

/// An observer that was not waited for.
fn slow(observer: &RegionName) -> StoreError {
    StoreError::Unreachable {
        observer: observer.clone(),
        parameter: "intents and votes".to_owned(),
        source: format!("none within {} ms after a majority had answered", GRACE.as_millis()).into(),
    }
}

/// Fails unless a majority of observers answered. When all the others refused the credentials, that is the failure.
pub(crate) fn majority<T>(policy: &Policy, read: &Read<T>) -> Result<(), Failure> {
    let answered = read.values().filter(|result| result.is_ok()).count();
    if answered >= policy.majority() {
        return Ok(());
    }
    let errors = || read.values().filter_map(|result| result.as_ref().err());
    let all_denied = errors().all(|error| matches!(error, StoreError::Denied { .. }));
    if let (true, Some(failure)) = (all_denied, denied(errors())) {
        return Err(failure);
    }
    Err(Failure::Unreadable { answered, of: policy.observers().len(), needed: policy.majority(), failures: failures(read) })
}

/// Per observer why it could not be read.
pub(crate) fn failures<T>(read: &Read<T>) -> BTreeMap<RegionName, String> {
    read.iter().filter_map(|(observer, result)| result.as_ref().err().map(|error| (observer.clone(), in_one_line(error)))).collect()
}

/// The failure for credentials, if one of the errors is about them.
pub(crate) fn denied<'a>(errors: impl Iterator<Item = &'a StoreError>) -> Option<Failure> {
    errors.into_iter().find_map(|error| match error {
        StoreError::Denied { observer, .. } => Some(Failure::Credentials { observer: observer.clone(), what: in_one_line(error) }),
        StoreError::Behind { .. }
        | StoreError::Unreachable { .. }
        | StoreError::Throttled { .. }
        | StoreError::Refused { .. }
        | StoreError::Malformed { .. }
        | StoreError::TooLarge { .. }
        | StoreError::Indefinite { .. } => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{drain, drained, fine, policy, reading, region, trouble, unreachable, without};

    fn denied_at(name: &str) -> StoreError {
        StoreError::Denied { observer: region(name), parameter: "p".to_owned(), source: "ExpiredTokenException".into() }
    }

    /// The exit code that reading comes to, per observer: `+` answers, `-` does not, `x` refuses the credentials.
    fn code(observers: [char; 3]) -> Option<u8> {
        let read: Read<()> = crate::sample::NAMES
            .into_iter()
            .zip(observers)
            .map(|(name, how)| {
                let result = match how {
                    '+' => Ok(()),
                    'x' => Err(denied_at(name)),
                    _ => Err(unreachable(name)),
                };
                (region(name), result)
            })
            .collect();
        majority(&policy(), &read).err().map(|failure| failure.exit_code())
    }

    #[test]
    fn a_majority_is_enough_and_less_is_told_apart() {
        assert_eq!(code(['+', '+', '+']), None);
        assert_eq!(code(['+', '-', '+']), None);
        assert_eq!(code(['+', 'x', '+']), None);
        assert_eq!(code(['+', '-', '-']), Some(1));
        assert_eq!(code(['x', '-', 'x']), Some(1), "silence may be something else");
        assert_eq!(code(['x', 'x', 'x']), Some(4));
        assert_eq!(code(['+', 'x', 'x']), Some(4));
    }

    #[test]
    fn a_new_generation_is_above_everything_that_anybody_knows() {
        let remembered = reading([fine(), drained(), fine()], &[]);
        assert_eq!(remembered.generation(), 118, "the controllers remember what no store shows");
        let stored = reading([fine(), drained(), fine()], &[Intent { generation: 130, ..drain("us-east-1") }]);
        assert_eq!(stored.generation(), 130);
        assert_eq!(reading([fine(), fine(), fine()], &[]).generation(), 0);
    }

    #[test]
    fn the_newest_document_stands_and_its_holders_are_known() {
        let mut reading = trouble();
        let newer = Intent { generation: 119, ..drain("eu-west-2") };
        reading.intents.insert(region("eu-west-1"), Ok([(newer.region.clone(), newer.clone())].into()));
        assert_eq!(reading.newest(&region("eu-west-2")), Some(&newer));
        assert_eq!(reading.holders(&newer), [region("eu-west-1")]);
        assert_eq!(without(reading, "eu-west-1").newest(&region("eu-west-2")), Some(&drain("eu-west-2")));
    }
}
