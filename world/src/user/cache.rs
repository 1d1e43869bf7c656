//! What a resolver remembers, and until when. Bounded; answers and absences alike.
//!
//! Pure: the time comes in as an argument.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::time::Instant;

use super::host::HostName;
use super::lookup::Failure;

/// The longest that anything is kept, whatever its TTL says (RFC 8767 suggests a week at most; a day is plenty here).
pub const KEEP_MAX: Duration = Duration::from_secs(24 * 3600);

/// What was learned of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its addresses, in the order of the answer, or why there are none.
    pub outcome: Result<Vec<Ipv4Addr>, Failure>,
    /// Up to when it may be used.
    pub until: Instant,
}

/// The resolver's memory.
#[derive(Debug)]
pub struct Cache {
    entries: BTreeMap<HostName, Entry>,
    max: usize,
}

impl Cache {
    /// Holds at most `max` names.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self { entries: BTreeMap::new(), max: max.max(1) }
    }

    /// What may still be used of a name.
    #[must_use]
    pub fn get(&self, name: &HostName, now: Instant) -> Option<&Entry> {
        self.entries.get(name).filter(|entry| now < entry.until)
    }

    /// Keeps what was learned for `ttl`; a TTL of zero is used once and never kept as valid.
    pub fn put(&mut self, name: HostName, outcome: Result<Vec<Ipv4Addr>, Failure>, ttl: Duration, now: Instant) -> Entry {
        let entry = Entry { outcome, until: now + ttl.min(KEEP_MAX) };
        if !self.entries.contains_key(&name) && self.entries.len() >= self.max {
            self.evict();
        }
        self.entries.insert(name, entry.clone());
        entry
    }

    /// Forgets everything.
    pub fn flush(&mut self) {
        self.entries.clear();
    }

    /// The last outcome of each name, expired ones included: what was last answered, and until when it held.
    pub fn all(&self) -> impl Iterator<Item = (&HostName, &Entry)> {
        self.entries.iter()
    }

    fn evict(&mut self) {
        // The one that expires first is worth the least.
        if let Some(name) = self.entries.iter().min_by_key(|(_, entry)| entry.until).map(|(name, _)| name.clone()) {
            self.entries.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(n: u8) -> HostName {
        format!("n{n}.test").parse().unwrap()
    }

    #[test]
    fn an_entry_holds_until_its_ttl_ends_and_not_a_moment_longer() {
        let start = Instant::now();
        let mut cache = Cache::new(4);
        cache.put(name(1), Ok(vec![Ipv4Addr::LOCALHOST]), Duration::from_secs(60), start);
        assert!(cache.get(&name(1), start + Duration::from_millis(59_999)).is_some());
        assert!(cache.get(&name(1), start + Duration::from_secs(60)).is_none());
        assert_eq!(cache.all().count(), 1, "what was last answered stays visible");
    }

    #[test]
    fn a_ttl_of_zero_is_never_valid() {
        let start = Instant::now();
        let mut cache = Cache::new(4);
        cache.put(name(1), Err(Failure::NoSuchName), Duration::ZERO, start);
        assert!(cache.get(&name(1), start).is_none());
    }

    proptest! {
        #[test]
        fn it_never_grows_beyond_its_bound_and_keeps_what_was_put_last(puts in prop::collection::vec((0u8..20, 0u64..100), 1..60)) {
            let start = Instant::now();
            let mut cache = Cache::new(5);
            for (n, ttl) in puts {
                cache.put(name(n), Ok(Vec::new()), Duration::from_secs(ttl), start);
                prop_assert!(cache.all().count() <= 5);
                prop_assert_eq!(cache.get(&name(n), start).is_some(), ttl > 0);
            }
        }
    }
}
