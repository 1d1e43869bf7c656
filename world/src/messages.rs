//! Whether every message that was said reached everyone, once.
//!
//! Pure: ledgers in, verdict out.

use std::collections::BTreeSet;
use std::fmt;

use crate::user::Ledger;
use crate::user::wire::MessageId;

/// What became of the messages said up to some moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivered {
    /// How many were said.
    pub said: usize,
    /// Said, and not yet (or never) received by everyone; with who misses how many.
    pub missing: Vec<(String, usize)>,
    /// Shown twice to somebody; with who saw how many.
    pub doubled: Vec<(String, usize)>,
}

impl Delivered {
    /// Nothing lost, nothing doubled.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.missing.is_empty() && self.doubled.is_empty()
    }

    /// Judges `said` by what each user received.
    #[must_use]
    pub fn judge(said: &BTreeSet<MessageId>, users: &[(String, Ledger)]) -> Self {
        let said_list: Vec<MessageId> = said.iter().cloned().collect();
        let count = |of: fn(&Ledger, &[MessageId]) -> usize| {
            let counts = users.iter().map(|(who, ledger)| (who.clone(), of(ledger, &said_list)));
            counts.filter(|(_, count)| *count > 0).collect()
        };
        Self {
            said: said.len(),
            missing: count(|ledger, said| ledger.missing(said).len()),
            doubled: count(|ledger, _| ledger.doubled().len()),
        }
    }
}

impl fmt::Display for Delivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_fine() {
            return write!(f, "{} messages, none lost, none doubled", self.said);
        }
        let list = |who: &[(String, usize)]| who.iter().map(|(who, count)| format!("{count} at {who}")).collect::<Vec<_>>().join(", ");
        match (self.missing.is_empty(), self.doubled.is_empty()) {
            (false, true) => write!(f, "messages lost: {}", list(&self.missing)),
            (true, false) => write!(f, "messages doubled: {}", list(&self.doubled)),
            (false, false) | (true, true) => write!(f, "messages lost: {}; doubled: {}", list(&self.missing), list(&self.doubled)),
        }
    }
}
