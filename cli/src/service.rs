//! The service as this command reaches it: its configuration, the SSM of every observer, and one reading of all of it.
//!
//! Reading only. What is written is in `intent`.

use aws_config::SdkConfig;
use decision::Policy;
use jiff::Timestamp;
use store::{Observers, Store, answered};
pub(crate) use store::{Read, Reading, failures};

use crate::args::Global;
use crate::config::{self, Config};
use crate::failure::Failure;
use crate::out::Out;

/// A configured service and its observers.
pub(crate) struct Service {
    /// The configuration.
    pub(crate) config: Config,
    /// The SSM of every observer.
    pub(crate) observers: Observers,
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

/// What every AWS client of this command shares: credentials of the profile, or by the default chain.
pub(crate) async fn aws(profile: Option<&str>) -> SdkConfig {
    match profile {
        None => store::aws_config().await,
        Some(profile) => {
            aws_config::defaults(aws_config::BehaviorVersion::latest())
                .profile_name(profile)
                .region(aws_config::Region::new("us-east-1"))
                .http_client(store::http_client())
                .load()
                .await
        }
    }
}

impl Service {
    /// Finds the configuration and prepares a client per observer. Nothing is asked yet.
    pub(crate) async fn connect(global: &Global, out: &Out) -> Result<Self, Failure> {
        Ok(Self::of(config(global, out)?, global.profile.as_deref()).await)
    }

    /// Prepares a client per observer of a configuration.
    pub(crate) async fn of(config: Config, profile: Option<&str>) -> Self {
        let shared = aws(profile).await;
        let stores = config.policy.observers().iter().map(|observer| {
            let client = store::ssm_client(&shared, observer, config.ssm(observer));
            Store::new(config.policy.service().clone(), observer.clone(), client)
        });
        let observers = Observers::new(stores.collect());
        Self { config, observers }
    }

    /// The policy.
    pub(crate) fn policy(&self) -> &Policy {
        &self.config.policy
    }

    /// Reads intents and votes of every observer at once. Who is much slower than a majority counts as silent.
    pub(crate) async fn read(&self) -> Reading {
        self.observers.read(self.policy().majority(), Timestamp::now).await
    }

    /// As [`Service::read`], and a failure unless a majority of observers answered both.
    pub(crate) async fn read_majority(&self) -> Result<Reading, Failure> {
        Ok(self.read().await.by_majority(self.policy())?)
    }
}

/// Fails unless a majority of observers answered. When all the others refused the credentials, that is the failure.
pub(crate) fn majority<T>(policy: &Policy, read: &Read<T>) -> Result<(), Failure> {
    Ok(answered(policy, read)?)
}

#[cfg(test)]
mod tests {
    use decision::Intent;
    use store::StoreError;

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
