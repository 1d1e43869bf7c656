//! One observer: its real probe, its real controller and its gate, each lost and started anew as faults say.
//!
//! This file plays what AWS plays: the schedules, EventBridge, and the listener before the gate. It decides nothing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use controller::{Controller, Gate};
use decision::{Policy, RegionName};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;
use probe::Probe;
use store::{Observers, Store, in_one_line};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use crate::aws::{AwsRegion, ParameterChange};
use crate::event::{Event, Events};
use crate::fault::{Component, FaultSet, Faults};
use crate::net;
use crate::process::run_while_up;
use crate::speed::Speed;
use crate::tally::Tally;

/// EventBridge's schedule: the controller is woken at least this often.
const TICK: Duration = Duration::from_secs(60);
/// How long after a change the controller is woken: EventBridge gathers, and so do we.
const GATHER: Duration = Duration::from_millis(20);
/// A connection to the gate that asks nothing is closed after this long.
const GATE_IDLE: Duration = Duration::from_secs(10);

/// What one observer is made of.
#[derive(Clone)]
pub(crate) struct Observer {
    pub(crate) policy: Policy,
    pub(crate) name: RegionName,
    pub(crate) observers: Observers,
    pub(crate) store: Store,
    pub(crate) probe: probe::Settings,
    pub(crate) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(crate) faults: Faults,
    pub(crate) events: Events,
    pub(crate) tally: Arc<Tally>,
    pub(crate) speed: Speed,
    pub(crate) stop: CancellationToken,
}

impl Observer {
    /// Starts all three; they run until `stop`.
    pub(crate) fn start(self, aws: &AwsRegion, gate: TcpListener) {
        tokio::spawn(self.clone().probe());
        tokio::spawn(self.clone().controller(aws.clone()));
        tokio::spawn(self.gate(gate));
    }

    fn down_with(&self, more: &'static [Component]) -> impl Fn(&FaultSet) -> bool + use<> {
        let name = self.name.clone();
        move |on: &FaultSet| [Component::Region, Component::Observer].iter().chain(more).any(|fault| on.contains(&(name.clone(), *fault)))
    }

    async fn probe(self) {
        let (up, network) = watch::channel(true);
        let settings = probe::Settings { network: probe::Network::Switch(network), ..self.probe.clone() };
        let blinded = follow_blindness(self.faults.clone(), self.name.clone(), up, self.stop.clone());
        let down = self.down_with(&[]);
        let running = run_while_up(self.faults.clone(), down, self.stop.clone(), || async {
            match Probe::new(settings.clone()) {
                Ok(probe) => {
                    let until = self.stop.clone().cancelled_owned();
                    probe::run(probe, self.store.clone(), Some(self.cloudwatch.clone()), until).await;
                }
                Err(error) => tracing::error!(observer = %self.name, %error, "the probe cannot start"),
            }
        });
        tokio::join!(blinded, running);
    }

    async fn controller(self, aws: AwsRegion) {
        let controller = Controller::new(self.policy.clone(), self.name.clone(), self.observers.clone());
        let down = self.down_with(&[Component::Controller]);
        run_while_up(self.faults.clone(), down, self.stop.clone(), || async {
            let mut changes = aws.changes();
            loop {
                match controller.reconcile(Timestamp::now()).await {
                    Ok(decision) => self.tell(&decision),
                    Err(error) => {
                        tracing::warn!(observer = %self.name, error = %in_one_line(&error), "not reconciled; the next tick tries again")
                    }
                }
                woken(&mut changes, self.speed.scale(TICK)).await;
            }
        })
        .await;
    }

    fn tell(&self, decision: &decision::Decision) {
        for (region, standing) in &decision.votes.regions {
            if let Some(event) = standing.intent.as_ref().and_then(|intent| self.tally.notice(region, intent)) {
                self.events.tell(decision.votes.decided_at, event);
            }
        }
        for change in &decision.changes {
            let at = decision.votes.decided_at;
            let (observer, region) = (self.name.clone(), change.region.clone());
            let reason = change.reason.to_string();
            self.events.tell(at, Event::Voted { observer, region, vote: change.to, reason });
        }
        for (region, standing) in &decision.votes.regions {
            if let Some(event) = self.tally.count(&self.name, region, standing.vote) {
                self.events.tell(Timestamp::now(), event);
            }
        }
    }

    async fn gate(self, listener: TcpListener) {
        let fresh = || {
            let cache = self.speed.scale(Duration::from_secs(1));
            Gate::new(self.policy.clone(), self.store.clone(), Timestamp::now).cached_for(cache).router()
        };
        // A crash loses what the gate remembered, so every start gets a router of its own.
        let router = Arc::new(Mutex::new(fresh()));
        let renew = run_while_up(self.faults.clone(), self.down_with(&[Component::Controller]), self.stop.clone(), || {
            *router.lock().unwrap_or_else(PoisonError::into_inner) = fresh();
            std::future::pending()
        });
        let serve = net::serve(listener, self.faults.clone(), self.down_with(&[Component::Controller]), self.stop.clone(), |stream| {
            let router = router.lock().unwrap_or_else(PoisonError::into_inner).clone();
            answer(stream, router)
        });
        tokio::join!(renew, serve);
    }
}

/// Turns the probe's network off while the fault `probe` is on.
async fn follow_blindness(faults: Faults, name: RegionName, up: watch::Sender<bool>, stop: CancellationToken) {
    let mut watching = faults.watch();
    loop {
        let blind = watching.borrow_and_update().contains(&(name.clone(), Component::Probe));
        up.send_if_modified(|is_up| std::mem::replace(is_up, !blind) == blind);
        tokio::select! {
            () = stop.cancelled() => return,
            changed = watching.changed() => if changed.is_err() { return },
        }
    }
}

/// Waits for a change that is not the controller's own writing, or for the tick; then lets a burst of changes pass.
async fn woken(changes: &mut broadcast::Receiver<ParameterChange>, tick: Duration) {
    let change = async {
        loop {
            match changes.recv().await {
                Ok(change) if change.name.ends_with("/votes") || change.name.contains("/turns/") => {}
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => break,
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
        tokio::time::sleep(GATHER).await;
    };
    let _ = tokio::time::timeout(tick, change).await;
    *changes = changes.resubscribe();
}

/// Serves one connection to the gate.
async fn answer(stream: TcpStream, router: Router) {
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(GATE_IDLE)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // A checker that hangs up early is no event.
    let _ = connection.await;
}
