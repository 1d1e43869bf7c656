//! What a deployment says about itself. Read once at start from a lookup that is passed in, so that no test sets a
//! process variable.

use std::fmt;

/// The variable with the region. Set by Lambda.
pub const REGION: &str = "AWS_REGION";
/// The variable with the name of the messages table.
pub const MESSAGES_TABLE: &str = "CHAT_MESSAGES_TABLE";
/// The variable with the name of the connections table.
pub const CONNECTIONS_TABLE: &str = "CHAT_CONNECTIONS_TABLE";
/// The variable with the secrets that sign probe tickets, separated by commas; optional.
pub const PROBE_SECRETS: &str = "CHAT_PROBE_SECRETS";

/// The shortest probe secret accepted from the environment, in bytes: 128 bits.
const SECRET_BYTES_MIN: usize = 16;

/// The most probe secrets at a time: the current one, the next one, and some slack for a rotation gone wrong.
const SECRETS_MAX: usize = 4;

/// One region's chat API.
#[derive(Clone)]
pub struct Settings {
    /// The region this API runs in: the `region` of messages written here and of envelopes served from here.
    pub region: String,
    /// The messages table: a global table, one replica per region.
    pub messages_table: String,
    /// The connections table: of this region alone.
    pub connections_table: String,
    /// Secrets that sign probe tickets. A ticket is good when any of them signed it; several make rotation possible.
    /// Empty strings are ignored. Without any, no ticket is good.
    pub probe_secrets: Vec<String>,
}

/// The environment does not describe a chat API.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SettingsError {
    /// A variable is missing or empty.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// A probe secret could be guessed.
    #[error("{PROBE_SECRETS} holds a secret of {bytes} bytes, at least {SECRET_BYTES_MIN} are needed")]
    WeakSecret {
        /// Its length in bytes.
        bytes: usize,
    },
    /// More secrets than a rotation needs.
    #[error("{PROBE_SECRETS} holds {count} secrets, at most {SECRETS_MAX} are allowed")]
    TooManySecrets {
        /// How many.
        count: usize,
    },
}

impl Settings {
    /// Reads [`REGION`], [`MESSAGES_TABLE`], [`CONNECTIONS_TABLE`] and, optional, [`PROBE_SECRETS`].
    ///
    /// # Errors
    /// A required variable is missing, or a secret is too weak.
    pub fn from_lookup(lookup: impl Fn(&'static str) -> Option<String>) -> Result<Self, SettingsError> {
        let required = |name| lookup(name).filter(|value| !value.is_empty()).ok_or(SettingsError::Missing(name));
        let secrets = lookup(PROBE_SECRETS).unwrap_or_default();
        let probe_secrets: Vec<String> = secrets.split(',').map(str::trim).filter(|secret| !secret.is_empty()).map(str::to_owned).collect();
        if probe_secrets.len() > SECRETS_MAX {
            return Err(SettingsError::TooManySecrets { count: probe_secrets.len() });
        }
        if let Some(weak) = probe_secrets.iter().find(|secret| secret.len() < SECRET_BYTES_MIN) {
            return Err(SettingsError::WeakSecret { bytes: weak.len() });
        }
        Ok(Self {
            region: required(REGION)?,
            messages_table: required(MESSAGES_TABLE)?,
            connections_table: required(CONNECTIONS_TABLE)?,
            probe_secrets,
        })
    }
}

/// Without the secrets: settings are logged at start.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("region", &self.region)
            .field("messages_table", &self.messages_table)
            .field("connections_table", &self.connections_table)
            .field("probe_secrets", &self.probe_secrets.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup<'a>(pairs: &'a [(&'static str, &'a str)]) -> impl Fn(&'static str) -> Option<String> + 'a {
        |wanted| pairs.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
    }

    const TABLES: [(&str, &str); 3] =
        [("AWS_REGION", "eu-west-2"), ("CHAT_MESSAGES_TABLE", "messages"), ("CHAT_CONNECTIONS_TABLE", "connections")];

    #[test]
    fn settings_are_read_and_never_print_a_secret() {
        let mut pairs = TABLES.to_vec();
        pairs.push(("CHAT_PROBE_SECRETS", "0123456789abcdef, fedcba9876543210,"));
        let settings = Settings::from_lookup(lookup(&pairs)).unwrap();
        assert_eq!(settings.probe_secrets, ["0123456789abcdef", "fedcba9876543210"]);
        insta::assert_snapshot!(
            format!("{settings:?}"),
            @r#"Settings { region: "eu-west-2", messages_table: "messages", connections_table: "connections", probe_secrets: 2 }"#
        );
    }

    #[test]
    fn what_is_missing_or_weak_is_named() {
        for missing in 0..TABLES.len() {
            let mut pairs = TABLES.to_vec();
            let (name, _) = pairs.remove(missing);
            assert_eq!(Settings::from_lookup(lookup(&pairs)).unwrap_err(), SettingsError::Missing(name));
            pairs.push((name, ""));
            assert_eq!(Settings::from_lookup(lookup(&pairs)).unwrap_err(), SettingsError::Missing(name));
        }
        let weak = [&TABLES[..], &[("CHAT_PROBE_SECRETS", "short")]].concat();
        insta::assert_snapshot!(
            Settings::from_lookup(lookup(&weak)).unwrap_err(),
            @"CHAT_PROBE_SECRETS holds a secret of 5 bytes, at least 16 are needed"
        );
        let five = ["0123456789abcdef"; 5].join(",");
        let many = [&TABLES[..], &[("CHAT_PROBE_SECRETS", five.as_str())]].concat();
        insta::assert_snapshot!(
            Settings::from_lookup(lookup(&many)).unwrap_err(),
            @"CHAT_PROBE_SECRETS holds 5 secrets, at most 4 are allowed"
        );
    }
}
