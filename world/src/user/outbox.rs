//! What the user said and has not seen back yet, in the order it was said.
//!
//! Pure; when to send is decided here, how is not.

use std::collections::VecDeque;
use std::time::Duration;

use super::wire::{MessageId, Text};

/// The most messages that wait at a time. Saying more is refused: nothing is dropped in silence.
pub const OUTBOX_MAX: usize = 512;
/// A message sent so often without ever coming back is given up, and said to be.
pub const SENDS_MAX: u32 = 100;

/// A message on its way.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Its id, the same at every attempt: that is what keeps it from being doubled.
    pub id: MessageId,
    /// The text.
    pub text: Text,
    /// When it was said.
    pub said_at: Duration,
    /// How often it was sent, on any socket.
    pub sends: u32,
    /// When it was sent on the present socket.
    pub sent_here: Option<Duration>,
}

/// The outbox is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{OUTBOX_MAX} messages already wait to be sent")]
pub struct OutboxFull;

/// Messages on their way.
#[derive(Debug, Default)]
pub struct Outbox(VecDeque<Outgoing>);

impl Outbox {
    /// Takes a message in.
    ///
    /// # Errors
    /// [`OutboxFull`]; it was not taken.
    pub fn say(&mut self, id: MessageId, text: Text, now: Duration) -> Result<(), OutboxFull> {
        if self.0.len() >= OUTBOX_MAX {
            return Err(OutboxFull);
        }
        self.0.push_back(Outgoing { id, text, said_at: now, sends: 0, sent_here: None });
        Ok(())
    }

    /// The message came back, or is refused for good: it is off our hands.
    pub fn take_out(&mut self, id: &MessageId) -> Option<Outgoing> {
        let at = self.0.iter().position(|message| message.id == *id)?;
        self.0.remove(at)
    }

    /// The next message to send now, marked as sent. `caught_up`: the history was looked at since the socket opened.
    ///
    /// In order: one that was sent before (and may have arrived) waits until the history has had its say, and all later ones behind it.
    pub fn next(&mut self, caught_up: bool, now: Duration) -> Option<&Outgoing> {
        let message = self.0.iter_mut().find(|message| message.sent_here.is_none())?;
        if message.sends > 0 && !caught_up {
            return None;
        }
        message.sends += 1;
        message.sent_here = Some(now);
        Some(message)
    }

    /// Takes out one that was sent [`SENDS_MAX`] times in vain.
    pub fn give_up(&mut self) -> Option<Outgoing> {
        let at = self.0.iter().position(|message| message.sends >= SENDS_MAX && message.sent_here.is_none())?;
        self.0.remove(at)
    }

    /// The socket is gone: whatever was sent on it may or may not have arrived.
    pub fn lost(&mut self) {
        for message in &mut self.0 {
            message.sent_here = None;
        }
    }

    /// When the longest unanswered message was sent on this socket.
    #[must_use]
    pub fn oldest_sent_here(&self) -> Option<Duration> {
        self.0.iter().filter_map(|message| message.sent_here).min()
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1);

    fn say(outbox: &mut Outbox, id: &str) -> MessageId {
        let id = MessageId::try_from(id.to_owned()).unwrap();
        outbox.say(id.clone(), Text::new("x").unwrap(), NOW).unwrap();
        id
    }

    fn sent(outbox: &mut Outbox, caught_up: bool) -> Vec<String> {
        std::iter::from_fn(|| outbox.next(caught_up, NOW).map(|message| message.id.to_string())).collect()
    }

    #[test]
    fn after_a_loss_all_wait_for_the_history_and_keep_their_order() {
        let mut outbox = Outbox::default();
        let first = say(&mut outbox, "a");
        say(&mut outbox, "b");
        assert_eq!(sent(&mut outbox, false), ["a", "b"], "nothing was sent before: nothing to wait for");
        assert!(sent(&mut outbox, true).is_empty(), "one socket, one send");
        outbox.lost();
        say(&mut outbox, "c");
        assert!(sent(&mut outbox, false).is_empty());
        assert!(outbox.take_out(&first).is_some() && outbox.take_out(&first).is_none());
        assert_eq!(sent(&mut outbox, true), ["b", "c"]);
    }

    #[test]
    fn it_refuses_rather_than_drops_and_gives_up_after_its_cap() {
        let mut outbox = Outbox::default();
        for n in 0..OUTBOX_MAX {
            say(&mut outbox, &n.to_string());
        }
        let id = MessageId::random();
        assert_eq!(outbox.say(id, Text::new("x").unwrap(), NOW), Err(OutboxFull));
        for _ in 0..SENDS_MAX {
            assert!(outbox.give_up().is_none());
            assert_eq!(sent(&mut outbox, true).len(), OUTBOX_MAX);
            outbox.lost();
        }
        assert_eq!(std::iter::from_fn(|| outbox.give_up()).count(), OUTBOX_MAX);
    }
}
