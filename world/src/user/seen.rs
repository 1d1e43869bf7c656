//! Which message ids were already taken in: a bounded memory, oldest forgotten first.
//!
//! Pure.

use std::collections::{BTreeSet, VecDeque};

use super::wire::MessageId;

/// The last so-many ids.
#[derive(Debug)]
pub struct Seen {
    ids: BTreeSet<MessageId>,
    order: VecDeque<MessageId>,
    max: usize,
}

impl Seen {
    /// Remembers at most `max` ids.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self { ids: BTreeSet::new(), order: VecDeque::new(), max: max.max(1) }
    }

    /// Takes an id in. True when it is new.
    pub fn insert(&mut self, id: &MessageId) -> bool {
        if !self.ids.insert(id.clone()) {
            return false;
        }
        self.order.push_back(id.clone());
        if self.order.len() > self.max
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> MessageId {
        MessageId::try_from(format!("m{n}")).unwrap()
    }

    #[test]
    fn an_id_is_new_once_while_it_is_remembered() {
        let mut seen = Seen::new(3);
        assert!(seen.insert(&id(1)) && !seen.insert(&id(1)));
        for n in 2..=4 {
            assert!(seen.insert(&id(n)));
        }
        assert!(!seen.insert(&id(4)) && !seen.insert(&id(2)));
        assert!(seen.insert(&id(1)), "the bound holds");
    }
}
