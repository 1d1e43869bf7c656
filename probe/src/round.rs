//! One round: every check of every region at once, each step with its own deadline, all of it with one more.
//!
//! The same work on a good day and a bad one. What it says is `conclude`; when the next one starts is not known here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use decision::{REGIONS_MAX, RegionName};
use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::conclude::{RoundMet, conclude};
use crate::connect::Connector;
use crate::delivery::{Delivered, Sender, deliver};
use crate::endpoint::{Endpoint, Scheme};
use crate::frame::Frame;
use crate::lag::LagMeter;
use crate::matrix::{Limits, Patience};
use crate::nonce::{Session, is_probe};
use crate::pace::Pace;
use crate::rest;
use crate::seen::{Distractor, PublicName, RegionSeen, Seen, Step};
use crate::settings::{PUBLIC_NAMES_MAX, Settings, SettingsError};
use crate::ticket::{TICKET_LIFE, sign};
use crate::websocket::{self, Socket};

/// One observer's eyes on one service. Cheap to clone; all clones are one probe.
#[derive(Clone)]
pub struct Probe(Arc<Inner>);

struct Inner {
    settings: Settings,
    regions: Vec<Region>,
    connector: Connector,
    session: Session,
    /// Probe messages that a distractor received while it was being closed, after its round had been told.
    leaked_late: AtomicU32,
    /// Closes that were not answered, after their round had been told.
    unanswered_closes: AtomicU32,
}

/// One region's addresses, parsed.
pub(crate) struct Region {
    pub(crate) name: RegionName,
    rest: Endpoint,
    pub(crate) websocket: Endpoint,
}

impl std::fmt::Debug for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Probe").field(&self.0.settings).finish()
    }
}

impl Probe {
    /// Checks the settings and builds what rounds share: resolver and TLS. Connects to nothing.
    ///
    /// # Errors
    /// The first thing in the settings that cannot work.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        if settings.targets.is_empty() || settings.targets.len() > REGIONS_MAX {
            return Err(SettingsError::Targets(settings.targets.len()));
        }
        if settings.public_names.len() > PUBLIC_NAMES_MAX || settings.public_names.iter().any(|name| !(1..=253).contains(&name.len())) {
            return Err(SettingsError::PublicNames);
        }
        if settings.secret.is_empty() {
            return Err(SettingsError::Secret);
        }
        let mut regions: Vec<Region> = Vec::new();
        for target in &settings.targets {
            let name = target.region.clone();
            if regions.iter().any(|region| region.name == name) {
                return Err(SettingsError::Twice(name));
            }
            let rest = Endpoint::parse(&name, &target.rest, Scheme::Rest)?;
            let websocket = Endpoint::parse(&name, &target.websocket, Scheme::WebSocket)?;
            regions.push(Region { name, rest, websocket });
        }
        let connector = Connector::new(&settings)?;
        let session = Session::new(settings.observer.clone());
        let (leaked_late, unanswered_closes) = (AtomicU32::new(0), AtomicU32::new(0));
        Ok(Self(Arc::new(Inner { settings, regions, connector, session, leaked_late, unanswered_closes })))
    }

    /// The settings it was built from.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn regions(&self) -> &[Region] {
        &self.0.regions
    }

    /// One round. Takes [`Pace::deadline`] at the most, and usually as long as the slowest delivery.
    pub async fn round(&self, number: u64) -> Seen {
        self.round_with(number, Patience::Full).await
    }

    /// One round with the patience that its occasion asks for.
    pub async fn round_with(&self, number: u64, patience: Patience) -> Seen {
        let started = Instant::now();
        let outer = started + self.pace().deadline;
        let meter = LagMeter::start();
        let ticket = self.ticket();
        let (rest, tables, heard, public_names) = tokio::join!(
            self.read_all(outer),
            self.table_all(&ticket, outer),
            self.deliver_all((number, patience), &ticket, outer),
            self.public_names(outer),
        );

        let Heard { sockets, distractor, delivered } = heard;
        let Delivered { matrix, waited, cut, mut counts, skews, distractor: ordinary, sockets: open } = delivered;
        let distractor = Some(Distractor { region: distractor, stood: ordinary.is_some() });
        self.close_all(open, ordinary);
        counts.leaked += self.0.leaked_late.swap(0, Ordering::Relaxed);
        counts.unanswered_closes = self.0.unanswered_closes.swap(0, Ordering::Relaxed);
        let mut regions = BTreeMap::new();
        for (((region, (rest, leaked)), table), mut websocket) in self.0.regions.iter().zip(rest).zip(tables).zip(sockets) {
            counts.leaked += leaked;
            if let Some(failure) = cut.get(&region.name) {
                websocket.failure = Some(failure.clone());
            }
            regions.insert(region.name.clone(), RegionSeen { rest, websocket, table });
        }
        if counts.leaked > 0 {
            tracing::warn!(leaked = counts.leaked, "probe messages reached a place where users are");
        }
        let loop_lag = meter.worst();
        let met = RoundMet { number, at: Timestamp::now(), regions: &regions, matrix: &matrix, waited, patience, loop_lag };
        let (round, blamed) = conclude(&met, self.pace());
        let took = started.elapsed();
        Seen { round, regions, matrix, blamed, counts, skews, public_names, distractor, loop_lag, took }
    }

    /// Only the REST reads, for measurements. Returns whether all passed.
    #[doc(hidden)]
    pub async fn read_only(&self) -> bool {
        let reads = self.read_all(Instant::now() + self.pace().deadline).await;
        reads.iter().all(|(step, _)| step.failure.is_none())
    }

    /// Only the sockets and the matrix, for measurements. Returns whether everything arrived.
    #[doc(hidden)]
    pub async fn deliver_only(&self, number: u64) -> bool {
        let heard = self.deliver_all((number, Patience::Full), &self.ticket(), Instant::now() + self.pace().deadline).await;
        let Delivered { matrix, distractor, sockets, .. } = heard.delivered;
        self.close_all(sockets, distractor);
        matrix.regions().len() == self.0.regions.len()
            && matrix.judge(self.pace().across, &Limits::of(self.pace(), Patience::Full)).blamed.is_empty()
    }

    fn pace(&self) -> &Pace {
        &self.0.settings.pace
    }

    /// A ticket for the sockets that are opened next.
    fn ticket(&self) -> String {
        let settings = &self.0.settings;
        sign(&settings.secret, &settings.observer, Timestamp::now().saturating_add(TICKET_LIFE).unwrap_or(Timestamp::MAX))
    }

    async fn read_all(&self, outer: Instant) -> Vec<(Step, u32)> {
        let reads = self.0.regions.iter();
        join_all(reads.map(|region| rest::read(&self.0.connector, &region.rest, &region.name, self.pace(), outer))).await
    }

    async fn table_all(&self, ticket: &str, outer: Instant) -> Vec<Step> {
        let tables = self.0.regions.iter().map(|region| async move {
            let nonce = format!("{:032x}", fastrand::u128(..));
            rest::table(&self.0.connector, &region.rest, &region.name, (ticket, &nonce), self.pace(), outer).await
        });
        join_all(tables).await
    }

    /// What the public names resolve to from here, at present.
    async fn public_names(&self, outer: Instant) -> BTreeMap<String, PublicName> {
        let names = self.0.settings.public_names.iter();
        join_all(names.map(|name| async move { (name.clone(), self.0.connector.public_name(name, outer).await) }))
            .await
            .into_iter()
            .collect()
    }

    /// A ticketed socket to one region.
    pub(crate) async fn socket(&self, region: &Region) -> (Step, Option<Socket>) {
        let pace = self.pace();
        websocket::open(&self.0.connector, &region.websocket, Some(&self.ticket()), pace.upgrade, Instant::now() + pace.socket).await
    }

    /// Opens all sockets, and when the last has come or failed, sends and listens.
    async fn deliver_all(&self, (number, patience): (u64, Patience), ticket: &str, outer: Instant) -> Heard {
        let pace = self.pace();
        let ready = outer.min(Instant::now() + pace.socket);
        let (connector, regions) = (&self.0.connector, &self.0.regions);
        let ticketed = regions.iter().map(|region| websocket::open(connector, &region.websocket, Some(ticket), pace.upgrade, ready));
        // The distractor visits each region in turn.
        let visited = &regions[usize::try_from(number % regions.len() as u64).unwrap_or(0)];
        let ordinary = websocket::open(connector, &visited.websocket, None, pace.upgrade, ready);
        let (opened, (_, distractor)) = tokio::join!(join_all(ticketed), ordinary);

        let (mut sockets, mut ready) = (Vec::new(), Vec::new());
        for (region, (step, socket)) in regions.iter().zip(opened) {
            sockets.push(step);
            if let Some(socket) = socket {
                ready.push((region.name.clone(), socket));
            }
        }
        let sender = Sender { session: &self.0.session, round: number, patience };
        let delivered = deliver(sender, ready, distractor, pace, outer).await;
        Heard { sockets, distractor: visited.name.clone(), delivered }
    }

    /// Closes sockets in the background: nobody waits for a goodbye. What the distractor still
    /// receives, and closes that are not answered, are counted in the next round.
    fn close_all(&self, sockets: Vec<Socket>, distractor: Option<Socket>) {
        for socket in sockets {
            let probe = self.clone();
            tokio::spawn(async move {
                let answered = websocket::close(socket, probe.pace().close, |_| {}).await;
                probe.0.unanswered_closes.fetch_add(u32::from(!answered), Ordering::Relaxed);
            });
        }
        if let Some(socket) = distractor {
            let probe = self.clone();
            tokio::spawn(async move {
                let leaked = |text: &str| {
                    if let Frame::Messages(messages) = Frame::parse(text) {
                        let leaked = messages.iter().filter(|message| is_probe(&message.text)).count();
                        probe.0.leaked_late.fetch_add(u32::try_from(leaked).unwrap_or(u32::MAX), Ordering::Relaxed);
                    }
                };
                let answered = websocket::close(socket, probe.pace().close, leaked).await;
                probe.0.unanswered_closes.fetch_add(u32::from(!answered), Ordering::Relaxed);
            });
        }
    }
}

struct Heard {
    /// One per region, in their order.
    sockets: Vec<Step>,
    /// Where the distractor was.
    distractor: RegionName,
    delivered: Delivered,
}
