//! The conversation's promise under any interleaving of losses, repeats, reorderings and cuts: no message lost, none doubled.
//!
//! The network and the chat are a model here; the conversation is the real one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use decision::RegionName;
use proptest::prelude::*;
use world::user::conversation::{Conversation, Effect};
use world::user::wire::{Envelope, Frame, Message, MessageId, Text};
use world::user::{Pace, UserEvent};

/// Fewer than the history shows at once, so that nothing can fall out of it.
const STEPS_MAX: usize = 90;

#[derive(Debug, Clone)]
enum Step {
    Say,
    OtherSays,
    /// A frame of ours arrives; not always the oldest.
    Arrive(usize),
    LoseFrame(usize),
    /// A push arrives; not always the oldest.
    Push(usize),
    LosePush(usize),
    DoublePush(usize),
    Cut,
    Connect,
    /// The history arrives; its index trails by so many messages.
    History(usize),
    HistoryFails,
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Say),
        2 => Just(Step::OtherSays),
        4 => (0usize..4).prop_map(Step::Arrive),
        1 => (0usize..4).prop_map(Step::LoseFrame),
        4 => (0usize..4).prop_map(Step::Push),
        1 => (0usize..4).prop_map(Step::LosePush),
        1 => (0usize..4).prop_map(Step::DoublePush),
        2 => Just(Step::Cut),
        4 => Just(Step::Connect),
        2 => (0usize..4).prop_map(Step::History),
        1 => Just(Step::HistoryFails),
        2 => (1u64..8_000).prop_map(Step::Pass),
    ]
}

struct Net {
    user: Conversation,
    now: Duration,
    up: bool,
    loading: bool,
    ids: usize,
    said: Vec<MessageId>,
    /// Frames of ours under way; they may arrive after their socket is gone.
    frames: VecDeque<MessageId>,
    /// Pushes under way on the present socket.
    pushes: VecDeque<Message>,
    table: Vec<Message>,
    /// What the user was shown and told.
    shown: Vec<MessageId>,
    confirmed: Vec<MessageId>,
    /// What was sent on the present socket.
    sent_here: Vec<MessageId>,
}

impl Net {
    fn new() -> Self {
        Self {
            user: Conversation::new(Pace::default()),
            now: Duration::ZERO,
            up: false,
            loading: false,
            ids: 0,
            said: Vec::new(),
            frames: VecDeque::new(),
            pushes: VecDeque::new(),
            table: Vec::new(),
            shown: Vec::new(),
            confirmed: Vec::new(),
            sent_here: Vec::new(),
        }
    }

    fn fresh_id(&mut self, whose: &str) -> MessageId {
        self.ids += 1;
        MessageId::try_from(format!("{whose}-{}", self.ids)).unwrap()
    }

    fn store(&mut self, id: MessageId) {
        if self.table.iter().any(|row| row.id == id) {
            return;
        }
        let ts = i64::try_from(self.table.len()).unwrap();
        let region = RegionName::new("eu-west-2").unwrap();
        let row = Message { id, ts, message: "x".to_owned(), source: String::new(), region };
        if self.up {
            self.pushes.push_back(row.clone());
        }
        self.table.push(row);
    }

    fn envelope(messages: Vec<Message>) -> Envelope {
        Envelope { messages, region: RegionName::new("eu-west-1").unwrap() }
    }

    fn push(&mut self, row: Message) {
        self.user.heard(self.now);
        self.user.frame(Frame::Envelope(Self::envelope(vec![row])), self.now);
    }

    fn history(&mut self, lag: usize) {
        if self.loading {
            self.loading = false;
            let until = self.table.len().saturating_sub(lag);
            let page = self.table[..until].iter().rev().take(100).cloned().collect();
            self.user.history(Some(Self::envelope(page)), self.now);
        }
    }

    fn cut(&mut self) {
        if self.up {
            self.up = false;
            self.loading = false;
            self.pushes.clear();
            self.sent_here.clear();
            self.user.lost();
        }
    }

    fn connect(&mut self) {
        if !self.up {
            self.up = true;
            self.user.connected(self.now);
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Say => {
                let id = self.fresh_id("own");
                self.user.say(id.clone(), Text::new("x").unwrap(), self.now).unwrap();
                self.said.push(id);
            }
            Step::OtherSays => {
                let id = self.fresh_id("other");
                self.store(id);
            }
            Step::Arrive(at) => {
                if let Some(id) = pick(&mut self.frames, at) {
                    self.store(id);
                }
            }
            Step::LoseFrame(at) => drop(pick(&mut self.frames, at)),
            Step::Push(at) => {
                if let Some(row) = pick(&mut self.pushes, at) {
                    self.push(row);
                }
            }
            Step::LosePush(at) => drop(pick(&mut self.pushes, at)),
            Step::DoublePush(at) => {
                if let Some(row) = self.pushes.get(at).cloned() {
                    self.pushes.push_back(row);
                }
            }
            Step::Cut => self.cut(),
            Step::Connect => self.connect(),
            Step::History(lag) => self.history(lag),
            Step::HistoryFails => {
                if self.loading {
                    self.loading = false;
                    self.user.history(None, self.now);
                }
            }
            Step::Pass(millis) => {
                self.now += Duration::from_millis(millis);
                self.user.tick(self.now);
            }
        }
        self.obey()
    }

    fn obey(&mut self) -> Result<(), TestCaseError> {
        let mut cut = false;
        while let Some(effect) = self.user.effect() {
            match effect {
                Effect::Send(id, _) => {
                    prop_assert!(self.up, "sent without a socket");
                    prop_assert!(!self.sent_here.contains(&id), "{} sent twice on one socket", id);
                    prop_assert!(!self.confirmed.contains(&id), "{} sent after it was confirmed", id);
                    self.sent_here.push(id.clone());
                    self.frames.push_back(id);
                }
                Effect::LoadHistory => {
                    prop_assert!(self.up && !self.loading, "two loads at a time");
                    self.loading = true;
                }
                Effect::Ping => self.user.heard(self.now),
                Effect::Cut(_) => cut = true,
                Effect::Tell(UserEvent::Received { message, .. }) => self.shown.push(message.id),
                Effect::Tell(UserEvent::Confirmed { id, .. }) => self.confirmed.push(id),
                Effect::Tell(_) => {}
            }
        }
        if cut {
            self.cut();
            self.obey()?;
        }
        let said_before: BTreeMap<&MessageId, usize> = self.said.iter().enumerate().map(|(at, id)| (id, at)).collect();
        let order: Vec<usize> = self.sent_here.iter().map(|id| said_before[id]).collect();
        prop_assert!(order.is_sorted(), "sent out of order: {:?}", order);
        Ok(())
    }

    /// The trouble is over: everything under way arrives, sockets stay, the history is whole.
    fn recover(&mut self) -> Result<(), TestCaseError> {
        for _ in 0..60 {
            self.step(&Step::Connect)?;
            while !self.frames.is_empty() {
                self.step(&Step::Arrive(0))?;
            }
            while !self.pushes.is_empty() {
                self.step(&Step::Push(0))?;
            }
            self.step(&Step::History(0))?;
            self.step(&Step::Pass(1_000))?;
        }
        Ok(())
    }
}

fn pick<T>(queue: &mut VecDeque<T>, at: usize) -> Option<T> {
    let at = at.min(queue.len().checked_sub(1)?);
    queue.remove(at)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_message_is_lost_or_doubled(steps in prop::collection::vec(step(), 1..STEPS_MAX)) {
        let mut net = Net::new();
        for step in &steps {
            net.step(step)?;
        }
        net.recover()?;

        let stored: Vec<&MessageId> = net.table.iter().map(|row| &row.id).collect();
        let stored_once: BTreeSet<&MessageId> = stored.iter().copied().collect();
        prop_assert_eq!(stored.len(), stored_once.len());
        for id in &net.said {
            prop_assert!(stored_once.contains(id), "{} was said and never arrived", id);
        }
        let shown: BTreeSet<&MessageId> = net.shown.iter().collect();
        prop_assert_eq!(shown.len(), net.shown.len(), "shown twice: {:?}", &net.shown);
        prop_assert_eq!(&shown, &stored_once, "shown is not what was stored");
        let confirmed: BTreeSet<&MessageId> = net.confirmed.iter().collect();
        prop_assert_eq!(confirmed.len(), net.confirmed.len());
        prop_assert_eq!(confirmed, net.said.iter().collect::<BTreeSet<_>>());
        let counts = net.user.counts();
        prop_assert_eq!((counts.said, counts.confirmed, counts.lost()), (net.said.len() as u64, net.said.len() as u64, 0));
        prop_assert_eq!(counts.received, stored_once.len() as u64);
    }

    #[test]
    fn a_socket_on_which_nothing_comes_back_is_cut_in_bounded_time(said in prop::bool::ANY, wait in 0u64..30_000) {
        let pace = Pace::default();
        let mut user = Conversation::new(pace);
        user.connected(Duration::ZERO);
        let mut now = Duration::from_millis(wait);
        // A live socket up to here; silence from here on.
        user.heard(now);
        if said {
            user.say(MessageId::random(), Text::new("x").unwrap(), now).unwrap();
        }
        let silent_since = now;
        loop {
            let mut cut = false;
            while let Some(effect) = user.effect() {
                match effect {
                    Effect::Cut(_) => cut = true,
                    Effect::LoadHistory => user.history(None, now),
                    Effect::Send(..) | Effect::Ping | Effect::Tell(_) => {}
                }
            }
            if cut {
                break;
            }
            let wake = user.wake_at().expect("a connected user always has something to wait for");
            now = now.max(wake);
            user.tick(now);
        }
        let bound = if said { pace.echo_within } else { pace.ping_every + pace.pong_within };
        prop_assert!(now - silent_since <= bound, "{:?}", now - silent_since);
    }
}

/// 100 new messages in one page mean that more may lie before it.
#[test]
fn a_gap_longer_than_the_history_is_said() {
    let region = RegionName::new("eu-west-2").unwrap();
    let page = |range: std::ops::Range<i64>| Envelope {
        messages: range
            .rev()
            .map(|ts| Message {
                id: MessageId::try_from(format!("m-{ts}")).unwrap(),
                ts,
                message: "x".to_owned(),
                source: String::new(),
                region: region.clone(),
            })
            .collect(),
        region: region.clone(),
    };
    let gaps = |last: std::ops::Range<i64>| {
        let mut user = Conversation::new(Pace::default());
        user.connected(Duration::ZERO);
        user.history(Some(page(0..100)), Duration::ZERO);
        user.lost();
        user.connected(Duration::from_secs(1));
        user.history(Some(page(last)), Duration::from_secs(1));
        user.counts().gaps
    };
    assert_eq!(gaps(99..199), 0);
    assert_eq!(gaps(150..200), 0, "a page that is not full holds all there is");
    assert_eq!(gaps(101..201), 1);
}
