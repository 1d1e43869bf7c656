//! One idle ticketed socket per region between rounds. Losing it proves nothing, but the next round starts at once.
//!
//! Nothing that arrives here is read as evidence; rounds alone make observations.

use decision::RegionName;
use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::Message;

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
