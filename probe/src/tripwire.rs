//! One idle ticketed socket per region between rounds. Losing it proves nothing, but the next round starts at once.
//!
//! Nothing that arrives here is read as evidence; rounds alone make observations.

use std::collections::VecDeque;
use std::time::Duration;

use decision::RegionName;
use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::Message;

use crate::pace::Pace;
use crate::round::Probe;
use crate::websocket::{Socket, close};

/// Losses that are waiting to be heard. More say nothing new.
const LOST_MAX: usize = 16;

/// A tripwire that was lost.
#[derive(Debug, Clone)]
pub(crate) struct Lost {
    pub(crate) region: RegionName,
    pub(crate) at: Instant,
}

/// The tripwires of all regions. Dropping it cuts them without an alarm.
pub(crate) struct Tripwires {
    lost: mpsc::Receiver<Lost>,
    _wires: JoinSet<()>,
}

impl Tripwires {
    /// Strings one to every region.
    pub(crate) fn string(probe: &Probe) -> Self {
        let (alarm, lost) = mpsc::channel(LOST_MAX);
        let mut wires = JoinSet::new();
        for index in 0..probe.regions().len() {
            wires.spawn(keep(probe.clone(), index, alarm.clone()));
        }
        Self { lost, _wires: wires }
    }

    /// Waits for the next loss.
    pub(crate) async fn lost(&mut self) -> Lost {
        match self.lost.recv().await {
            Some(lost) => lost,
            // Only without any region, which a probe never is.
            None => std::future::pending().await,
        }
    }
}

/// Keeps one wire strung for ever.
async fn keep(probe: Probe, index: usize, alarm: mpsc::Sender<Lost>) {
    let region = &probe.regions()[index];
    let pace = &probe.settings().pace;
    let network = &probe.settings().network;
    let mut wait = pace.rewire;
    loop {
        network.becomes(true).await;
        if let (_, Some(socket)) = probe.socket(region).await {
            let strung = Instant::now();
            tokio::select! {
                () = hold(&probe, index, socket) => {}
                // Without a network no socket stands.
                () = network.becomes(false) => {}
            }
            tracing::info!(region = %region.name, "the tripwire was lost");
            // A full channel has woken the loop already.
            let _ = alarm.try_send(Lost { region: region.name.clone(), at: Instant::now() });
            if strung.elapsed() >= pace.rewire_max {
                wait = pace.rewire;
            }
            // Nothing has failed that would need time to recover: it is strung again when the network is back.
            if !network.is_up() {
                continue;
            }
        }
        sleep(wait.mul_f64(0.75 + 0.5 * fastrand::f64())).await;
        wait = (wait * 2).min(pace.rewire_max);
    }
}

/// Returns when the socket is lost; renews it in time, so that neither idleness nor age ever ends it.
async fn hold(probe: &Probe, index: usize, mut socket: Socket) {
    let region = &probe.regions()[index];
    let pace = &probe.settings().pace;
    loop {
        tokio::select! {
            () = end_of(&mut socket) => return,
            () = sleep(pace.renew) => {}
        }
        let renewed = tokio::select! {
            () = end_of(&mut socket) => return,
            (_, renewed) = probe.socket(region) => renewed,
        };
        // If it cannot be renewed, the old one is as good a tripwire as before.
        if let Some(renewed) = renewed {
            let (old, deadline) = (std::mem::replace(&mut socket, renewed), pace.close);
            tokio::spawn(async move { close(old, deadline, |_| {}).await });
        }
    }
}

/// Drops whatever arrives, until nothing more can.
async fn end_of(socket: &mut Socket) {
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Close(_) = message {
            return;
        }
    }
}

/// How many rounds tripwires may start: a flapping socket must not become a storm.
#[derive(Debug)]
pub(crate) struct EarlyRounds {
    gap: Duration,
    max: usize,
    window: Duration,
    starts: VecDeque<Instant>,
}

impl EarlyRounds {
    pub(crate) fn new(pace: &Pace) -> Self {
        Self { gap: pace.early, max: pace.early_max, window: pace.early_window, starts: VecDeque::new() }
    }

    /// When the early round may start that a loss at `now` asks for; `None` = there were enough.
    pub(crate) fn admit(&mut self, now: Instant) -> Option<Instant> {
        while self.starts.front().is_some_and(|start| now.saturating_duration_since(*start) >= self.window) {
            self.starts.pop_front();
        }
        let last = self.starts.back().copied();
        // One that is still to come serves this loss too.
        if let Some(planned) = last.filter(|last| *last > now) {
            return Some(planned);
        }
        if self.starts.len() >= self.max {
            return None;
        }
        let start = last.map_or(now, |last| now.max(last + self.gap));
        self.starts.push_back(start);
        Some(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn early_rounds_are_a_second_apart_and_ten_a_minute() {
        let mut early = EarlyRounds::new(&Pace::default());
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        assert_eq!(early.admit(at(0)), Some(at(0)), "the first at once");
        assert_eq!(early.admit(at(100)), Some(at(1000)), "the second a second later");
        assert_eq!(early.admit(at(200)), Some(at(1000)), "one round serves both");
        let admitted = (2..58).filter(|second| early.admit(at(second * 1000)).is_some()).count();
        assert_eq!(admitted, 8, "ten in the first minute");
        assert_eq!(early.admit(at(61_500)), Some(at(61_500)), "and again when the minute is over");
    }
}
