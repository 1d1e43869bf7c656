//! Parameter names: what SSM accepts, and the `name:version` selector.

use crate::aws::error::AwsError;

/// The longest name accepted, in bytes. AWS allows 1011 for the whole ARN [SSM]; here it also has to fit a file name.
pub(super) const NAME_BYTES_MAX: usize = 240;
/// The most levels of a hierarchy [SSM].
const LEVELS_MAX: usize = 15;

/// Checks a name to be written.
pub(super) fn check(name: &str) -> Result<(), AwsError> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return Err(AwsError::validation(format!("Parameter name must have 1 to {NAME_BYTES_MAX} characters here.")));
    }
    let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-/".contains(&b));
    let first = name.trim_start_matches('/').to_ascii_lowercase();
    let levels: Vec<&str> = name.strip_prefix('/').unwrap_or(name).split('/').collect();
    if !letters || first.starts_with("aws") || first.starts_with("ssm") || levels.iter().any(|level| level.is_empty()) {
        return Err(AwsError::validation(
            "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). If formed as a path, it can consist of \
             sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_",
        ));
    }
    if name.contains('/') && !name.starts_with('/') {
        return Err(AwsError::validation("Parameter name must be a fully qualified name."));
    }
    if levels.len() > LEVELS_MAX {
        return Err(AwsError::new(
            "HierarchyLevelLimitExceededException",
            format!("A hierarchy can have a maximum of {LEVELS_MAX} levels."),
        ));
    }
    Ok(())
}

/// A name as a reader gives it, with the version it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Selector<'a> {
    pub(super) name: &'a str,
    pub(super) version: Option<u64>,
}

impl<'a> Selector<'a> {
    /// Reads `name` or `name:version`. Labels are not offered, so that text after the colon has to be a number.
    pub(super) fn parse(raw: &'a str) -> Result<Self, AwsError> {
        let Some((name, version)) = raw.split_once(':') else { return Ok(Self { name: raw, version: None }) };
        match version.parse() {
            Ok(version) if version > 0 => Ok(Self { name, version: Some(version) }),
            Ok(_) | Err(_) => Err(AwsError::new(
                "ParameterVersionNotFound",
                format!("Systems Manager could not find version {} of {name}.", version.chars().take(40).collect::<String>()),
            )),
        }
    }
}

/// Whether `name` lies under `path`: at any depth, or directly.
pub(super) fn is_under(name: &str, path: &str, recursive: bool) -> bool {
    let path = path.trim_end_matches('/');
    let Some(rest) = name.strip_prefix(path).and_then(|rest| rest.strip_prefix('/')) else { return false };
    recursive || !rest.contains('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_service_pass() {
        for name in ["/failover/chat/votes", "/failover/chat/intents/eu-west-2", "plain", "a.b_c-d", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn names_that_aws_refuses_are_refused() {
        let long = format!("/{}", "a".repeat(NAME_BYTES_MAX));
        for name in ["", "/", "a b", "/aws/x", "awsome", "SSM", "/a//b", "/a/", "a/b", "ü", "/a:1", &long, &"/a".repeat(16)] {
            assert!(check(name).is_err(), "{name:?} passed");
        }
    }

    #[test]
    fn a_path_holds_what_is_below_it_and_nothing_beside_it() {
        assert!(is_under("/failover/chat/votes", "/failover/chat", false));
        assert!(is_under("/failover/chat/votes", "/failover/chat/", false));
        assert!(!is_under("/failover/chat/intents/eu-west-2", "/failover/chat", false));
        assert!(is_under("/failover/chat/intents/eu-west-2", "/failover/chat", true));
        assert!(!is_under("/failover/chatter/votes", "/failover/chat", true));
        assert!(!is_under("/failover/chat", "/failover/chat", true));
        assert!(is_under("/failover/chat", "/", true));
    }

    #[test]
    fn a_selector_is_a_name_with_an_optional_version() {
        assert_eq!(Selector::parse("/a/b"), Ok(Selector { name: "/a/b", version: None }));
        assert_eq!(Selector::parse("/a/b:12"), Ok(Selector { name: "/a/b", version: Some(12) }));
        assert!(Selector::parse("/a/b:0").is_err());
        assert!(Selector::parse("/a/b:latest").is_err());
    }
}
