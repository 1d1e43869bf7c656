//! Who acts: the name that stands in drains and in the log.
//!
//! A name for people, not a proof: what may be written is decided by AWS credentials, and CloudTrail has those.

use std::os::unix::fs::MetadataExt;

use decision::ACTOR_MAX;

/// `FAILOVER_ACTOR`, else the user of this machine.
pub(crate) fn actor() -> String {
    let from_env = ["FAILOVER_ACTOR", "USER", "LOGNAME"].into_iter().filter_map(|name| std::env::var(name).ok());
    from_env.map(|raw| sanitise(&raw)).find(|name| !name.is_empty()).or_else(user_of_this_process).unwrap_or_else(|| "unknown".to_owned())
}

/// One line of printable characters, short enough to be stored.
fn sanitise(raw: &str) -> String {
    let printable = raw.trim().chars().map(|c| if c.is_control() { '?' } else { c });
    printable.take(ACTOR_MAX).collect()
}

/// The name of the user that runs this process, where the environment does not say it (cron, containers).
fn user_of_this_process() -> Option<String> {
    let uid = std::fs::metadata("/proc/self").ok()?.uid();
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    name_of(uid, &users).map(sanitise).filter(|name| !name.is_empty())
}

fn name_of(uid: u32, users: &str) -> Option<&str> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse::<u32>().ok()? == uid).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_short_printable_line() {
        assert_eq!(sanitise(" ana\u{1b}[31m\n"), "ana?[31m");
        assert_eq!(sanitise(&"é".repeat(100)).chars().count(), ACTOR_MAX);
    }

    #[test]
    fn a_user_is_found_by_its_number() {
        let users = "root:x:0:0:root:/:/bin/sh\nbroken\nana:x:1000:1000::/:/bin/sh\n";
        assert_eq!((name_of(1000, users), name_of(0, users), name_of(7, users)), (Some("ana"), Some("root"), None));
    }
}
