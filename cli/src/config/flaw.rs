//! What can be wrong with a configuration, said with the line it stands on and the nearest thing that would be right.

use std::io;
use std::path::{Path, PathBuf};

use decision::PolicyError;

/// Why there is no usable configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// There is no file anywhere.
    #[error("no configuration{}", looked_at(looked))]
    Nowhere {
        /// Where it was looked for.
        looked: Vec<PathBuf>,
        /// What a demo that no longer runs left behind.
        stale: Option<PathBuf>,
    },
    /// The file cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The file is larger than any configuration is.
    #[error("{} is larger than {max} bytes", path.display())]
    TooLarge { path: PathBuf, max: u64 },
    /// Not TOML, a key that is not known, a value of the wrong kind, or a key that is missing.
    #[error("{}:{line}: {message}", path.display())]
    Syntax {
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        message: String,
        /// The known key nearest to the one that is not.
        nearest: Option<String>,
    },
    /// A value that cannot be.
    #[error("{}: {key}: {rule}", path.display())]
    Value {
        path: PathBuf,
        /// The key, with its tables.
        key: String,
        rule: String,
    },
    /// A policy that cannot hold.
    #[error("{}", path.display())]
    Policy {
        path: PathBuf,
        #[source]
        source: PolicyError,
    },
}

fn looked_at(looked: &[PathBuf]) -> String {
    if looked.is_empty() {
        return String::new();
    }
    format!("; looked at {}", looked.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "))
}

impl ConfigError {
    /// What TOML or serde found, with its line and the key that was probably meant.
    pub(super) fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.get(..start).map_or(1, |before| before.matches('\n').count() + 1);
        // serde names the unknown key first and all known ones after it, each in backquotes.
        let mut quoted = error.message().split('`').skip(1).step_by(2);
        let unknown = error.message().starts_with("unknown ").then(|| quoted.next()).flatten();
        let near = unknown.and_then(|unknown| nearest(unknown, quoted));
        Self::Syntax { path: path.to_owned(), line, message: error.message().replace('\n', " "), nearest: near.map(str::to_owned) }
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            ConfigError::Nowhere { stale: Some(path), .. } => {
                Some(format!("{} is of a demo that does not run; start it again with failover demo", path.display()))
            }
            ConfigError::Nowhere { stale: None, .. } => {
                Some(
                    "run failover demo in this folder, failover init --from-stack NAME for what is deployed, or write failover.toml (failover.example.toml explains every key)"
                        .to_owned(),
                )
            }
            ConfigError::Syntax { nearest, .. } => nearest.as_ref().map(|near| format!("did you mean {near}?")),
            ConfigError::Unreadable { .. } | ConfigError::TooLarge { .. } | ConfigError::Value { .. } | ConfigError::Policy { .. } => None,
        }
    }
}

/// The known word nearest to an unknown one, if one is near.
pub(super) fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|word| (strsim::jaro_winkler(unknown, word), word))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, word)| word)
}
