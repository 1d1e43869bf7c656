//! One nonce into each region's socket, and every arrival on one clock.
//!
//! Judging is the matrix's. Nothing is sent here but the nonces.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use decision::RegionName;
use futures_util::future::join_all;
use futures_util::{SinkExt as _, StreamExt as _};
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::connect::within;
use crate::frame::Frame;
use crate::matrix::{Limits, Matrix, Patience};
use crate::nonce::{Kin, Nonce, Session, is_probe};
use crate::pace::Pace;
use crate::seen::{Counts, Failure, Phase, Skew};
use crate::websocket::{Socket, cut};

/// What came of it.
pub(crate) struct Delivered {
    /// Of the regions whose sockets stood to the end.
    pub(crate) matrix: Matrix,
    /// Since the nonces were sent.
    pub(crate) waited: Duration,
    /// Regions whose sockets ended before their time.
    pub(crate) cut: BTreeMap<RegionName, Failure>,
    pub(crate) counts: Counts,
    /// The clocks of the regions that took a nonce.
    pub(crate) skews: BTreeMap<RegionName, Skew>,
    /// The distractor's socket, if it stood to the end.
    pub(crate) distractor: Option<Socket>,
    /// The other sockets that are left to close.
    pub(crate) sockets: Vec<Socket>,
}

/// The round that a nonce belongs to.
pub(crate) struct Sender<'a> {
    pub(crate) session: &'a Session,
    pub(crate) round: u64,
    pub(crate) patience: Patience,
}

/// Sends a nonce into each socket and waits until nothing more can be learnt. Never longer than `pace.across`, nor past `outer`.
pub(crate) async fn deliver(
    sender: Sender<'_>,
    sockets: Vec<(RegionName, Socket)>,
    distractor: Option<Socket>,
    pace: &Pace,
    outer: Instant,
) -> Delivered {
    let (regions, sockets): (Vec<RegionName>, Vec<Socket>) = sockets.into_iter().unzip();
    let nonces: Vec<Nonce> = regions.iter().map(|region| sender.session.nonce(sender.round, region)).collect();
    let limits = Limits::of(pace, sender.patience);
    let mut round = Listening {
        matrix: Matrix::new(regions),
        gone: vec![None; sockets.len()],
        ears: sockets.into_iter().map(Some).collect(),
        counts: Counts::default(),
        sent_at: Timestamp::now(),
        skews: BTreeMap::new(),
        turn: 0,
    };
    round.ears.push(distractor);

    let started = Instant::now();
    round.sent_at = Timestamp::now();
    round.send(&nonces, pace.connect, outer).await;
    loop {
        let waited = started.elapsed();
        if round.matrix().is_settled(waited, &limits) || Instant::now() >= outer {
            break;
        }
        // Both deadlines change what is still worth waiting for.
        let next = if waited < limits.own { limits.own } else { limits.across };
        if let Ok((ear, event)) = timeout_at(outer.min(started + next), round.next()).await {
            round.hear(&sender, &nonces, ear, event, started.elapsed());
        }
    }
    let waited = started.elapsed();
    let matrix = round.matrix();
    let distractor = round.ears.pop().flatten();
    let names = round.matrix.regions().iter().cloned();
    let cut = names.zip(round.gone).filter_map(|(region, failure)| Some((region, failure?))).collect();
    let sockets = round.ears.into_iter().flatten().collect();
    Delivered { matrix, waited, cut, counts: round.counts, skews: round.skews, distractor, sockets }
}

/// The state of a round while it listens. The last ear is the distractor's.
struct Listening {
    matrix: Matrix,
    gone: Vec<Option<Failure>>,
    ears: Vec<Option<Socket>>,
    counts: Counts,
    /// By this observer's wall clock; only skews are measured against it.
    sent_at: Timestamp,
    skews: BTreeMap<RegionName, Skew>,
    /// Which ear is asked first: a flood at one must not deafen the others.
    turn: usize,
}

impl Listening {
    /// The matrix of the regions that still have a socket.
    fn matrix(&self) -> Matrix {
        let gone: Vec<bool> = self.gone.iter().map(Option::is_some).collect();
        self.matrix.without(&gone)
    }

    /// Sends every nonce at once. A fresh socket has room for one small frame, so this does not wait for the far side.
    async fn send(&mut self, nonces: &[Nonce], deadline: Duration, outer: Instant) {
        let sends = self.ears.iter_mut().zip(nonces).map(|(ear, nonce)| async move {
            let socket = ear.as_mut()?;
            let frame = serde_json::json!({ "action": "send", "message": nonce.to_string() }).to_string();
            match within(deadline, outer, socket.send(Message::text(frame))).await {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(cut(Some(Err(error)))),
                Err(_) => Some(Failure::deadline(Phase::Answer, decision::Cause::Timeout)),
            }
        });
        let failures = join_all(sends).await;
        for (index, failure) in failures.into_iter().enumerate() {
            if let Some(failure) = failure {
                self.lose(index, failure);
            }
        }
    }

    fn lose(&mut self, ear: usize, failure: Failure) {
        self.ears[ear] = None;
        if let Some(gone) = self.gone.get_mut(ear) {
            *gone = Some(failure);
        }
    }

    /// The next thing that any ear hears. Waits for ever when no ear is left.
    async fn next(&mut self) -> (usize, Option<Result<Message, Error>>) {
        let Self { ears, turn, .. } = self;
        poll_fn(|context| {
            for step in 0..ears.len() {
                let index = (*turn + step) % ears.len();
                let Some(socket) = &mut ears[index] else { continue };
                if let Poll::Ready(event) = socket.poll_next_unpin(context) {
                    *turn = index + 1;
                    return Poll::Ready((index, event));
                }
            }
            Poll::Pending
        })
        .await
    }

    fn hear(&mut self, sender: &Sender<'_>, nonces: &[Nonce], ear: usize, event: Option<Result<Message, Error>>, after: Duration) {
        let text = match event {
            Some(Ok(Message::Text(text))) => text,
            // The library answers pings by itself.
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return,
            Some(Ok(Message::Binary(_) | Message::Frame(_))) => return self.counts.foreign += 1,
            ended @ (Some(Ok(Message::Close(_)) | Err(_)) | None) => return self.lose(ear, cut(ended)),
        };
        match Frame::parse(&text) {
            Frame::Messages(messages) if ear == nonces.len() => {
                let leaked = messages.iter().filter(|message| is_probe(&message.text)).count();
                self.counts.leaked += u32::try_from(leaked).unwrap_or(u32::MAX);
            }
            Frame::Messages(messages) => {
                for message in &messages {
                    match sender.session.kin(sender.round, nonces, &message.text) {
                        Kin::Ours(from) if self.matrix.arrived(from, ear, after) => self.clock(from, message.ts, after),
                        Kin::Ours(_) => self.counts.duplicates += 1,
                        Kin::Earlier(from) => {
                            self.counts.earlier += 1;
                            self.counts.inversions += u32::from(self.is_overtaken(from, ear));
                        }
                        Kin::Foreign => self.counts.foreign += 1,
                    }
                }
            }
            // Only one thing was sent on this socket, so this is the answer to it.
            Frame::Refused(reason) if ear < nonces.len() => {
                tracing::debug!(region = %self.matrix.regions()[ear], reason, "a region did not take the nonce");
                self.matrix.refused(ear);
            }
            Frame::Refused(_) | Frame::Other => self.counts.foreign += 1,
        }
    }

    /// Reads the clock of the region that took a nonce. The first arrival anywhere leaves the least room for error.
    fn clock(&mut self, from: usize, ts: Option<i64>, after: Duration) {
        if let Some(ts) = ts {
            let region = &self.matrix.regions()[from];
            self.skews.entry(region.clone()).or_insert_with(|| Skew::of(ts, self.sent_at, after));
        }
    }

    /// Whether this round's nonce of the region named `from` has been heard at `ear` already.
    fn is_overtaken(&self, from: &str, ear: usize) -> bool {
        let regions = self.matrix.regions();
        let from = regions.iter().find(|region| region.as_str() == from);
        from.is_some_and(|from| self.matrix.arrival(from, &regions[ear]).is_some())
    }
}
