//! What DNS answers users of each home: the real model of Route 53, polled as its checkers poll.
//!
//! Who is where: users of a home live beside its region, and the other two follow in an order of their own, [`NEAREST`]: B is nearest to A, as
//! the corpus says. A checker stands behind no carrier, and lies about a region's own health alone.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use decision::RegionName;
use route53::{
    Address, Answered, AwsRegion, CheckId, CheckerId, Checkers, Client, ClockSpeed, Deadlines, DomainName, Encoding, Facts, Failure, Fate,
    Kind, NoConnection, Observer, Outcome, Purpose, RecordType, Response, Serving, Steady, TreeSpec, Zone, judge, tree,
};

use super::clock::{For, draws};
use super::gates::Gate;
use crate::service::{Truth, Vantage};

/// By home: the regions in order of nearness, by role.
pub(super) const NEAREST: [[usize; 3]; 3] = [[0, 1, 2], [1, 0, 2], [2, 1, 0]];
/// Milliseconds to the nearest region, the next, and the last.
const LATENCY_MS: [u32; 3] = [10, 80, 160];
/// How long a poll takes that is answered.
const ANSWERED_IN: Duration = Duration::from_millis(60);
const ZONE: &str = "chat.test";
const NAME: &str = "api";
const GATEWAY_TTL_S: u32 = 60;
/// How many polls of a check are made between two looks at whether it may coast.
const LOOK_EVERY: u32 = 8;

/// What users of each home are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answers {
    /// By home.
    pub(super) regions: [Option<usize>; 3],
    /// By home: nothing was healthy, so that one of all was taken.
    pub(super) last_resort: [bool; 3],
    /// Some home is answered nothing, or a last resort, and would not be if nobody were ejected: the votes emptied the answer, and not Route 53's own checks.
    pub(super) emptied: bool,
}

impl Answers {
    /// Everybody at home.
    pub(super) const HOME: Self = Self { regions: [Some(0), Some(1), Some(2)], last_resort: [false; 3], emptied: false };

    /// Whether some home is answered nothing, or a last resort.
    pub(super) fn nothing_served(&self) -> bool {
        self.regions.contains(&None) || self.last_resort.contains(&true)
    }
}

/// Which names users ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// The service's own, whose answers follow the votes.
    Ours,
    /// The talk's, whose answers follow `/health` alone.
    Talks,
}

/// Whose endpoint a check polls, and what it wants to hear there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endpoint {
    Eject { region: usize, observer: usize },
    Alive { observer: usize },
    Health { region: usize },
}

/// What polls of an endpoint meet at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Met {
    /// What is wanted is said.
    says_so: bool,
    /// Share of polls that get no answer.
    silent: f64,
    /// Share of polls that get no answer or an error.
    fails: f64,
    /// How many checkers say `unhealthy` whatever they met.
    liars: usize,
}

impl Met {
    /// Whether every poll of one checker meets the same.
    fn is_steady(&self) -> bool {
        let certain = |share: f64| share <= 0.0 || share >= 1.0;
        certain(self.silent) && certain(self.fails)
    }
}

/// One check that is polled.
#[derive(Debug, Clone)]
struct Polled {
    check: CheckId,
    endpoint: Endpoint,
    met: Met,
    /// What a poll comes to that hears what is wanted, hears something else, hears an error, hears nothing.
    outcomes: [Outcome; 4],
    polls: u32,
}

/// The records, the checkers, and who asks.
#[derive(Debug, Clone)]
pub(super) struct Names {
    zone: Zone,
    checkers: Checkers,
    polled: Vec<Polled>,
    asked: DomainName,
    clients: [Client; 3],
    /// The checks that follow the votes.
    not_ejected: Vec<CheckId>,
    /// Ranks of the checkers: the first so many of them lie.
    liars: Vec<CheckerId>,
    connect: Duration,
    seed: u64,
}

/// A name of a run that is no AWS region, or two that are one.
#[derive(Debug, thiserror::Error)]
#[error("the records of a run cannot be made")]
pub(super) struct NoRecords(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Names {
    /// The records of a service in these regions, with checks that were made long ago.
    pub(super) fn new(names: &[RegionName; 3], asked: Asked, seed: u64) -> Result<Self, NoRecords> {
        let made = Made::new(names, asked).map_err(NoRecords)?;
        let Made { zone, checks, polled, asked, clients, not_ejected } = made;
        let passed = |id: &CheckId| polled.iter().any(|polled| polled.check == *id && !matches!(polled.endpoint, Endpoint::Eject { .. }));
        let checkers = Checkers::established(checks, seed, ClockSpeed::REAL, Deadlines::AWS, passed);
        let mut liars: Vec<CheckerId> = CheckerId::all().collect();
        draws(seed, For::Liars, 0, Duration::ZERO).shuffle(&mut liars);
        Ok(Self { zone, checkers, polled, asked, clients, not_ejected, liars, connect: Deadlines::AWS.connect, seed })
    }

    /// When something is polled next.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.checkers.next_due()
    }

    /// Whether no poll can come to anything new.
    pub(super) fn is_idle(&self) -> bool {
        self.next_due().is_none()
    }

    /// Takes in what polls meet from now on.
    pub(super) fn meet(&mut self, truth: &Truth, gates: &[Gate; 3], now: Duration) {
        let checkers = self.liars.len();
        for polled in &mut self.polled {
            let met = met(polled.endpoint, truth, gates, checkers);
            if met != polled.met {
                let was_steady = polled.met.is_steady();
                polled.met = met;
                if was_steady {
                    self.checkers.wake(&polled.check, now);
                    polled.polls = 0;
                }
            }
        }
    }

    /// Makes the polls that are due, each ending when it does. Returns whether anything changed.
    pub(super) fn poll(&mut self, now: Duration) -> bool {
        let mut changed = false;
        for poll in self.checkers.due(now) {
            let id = self.checkers.check_of(&poll).id();
            let Some(place) = self.polled.iter().position(|polled| polled.check == *id) else { continue };
            let (checker, due) = (poll.checker(), poll.due());
            let polled = &mut self.polled[place];
            polled.polls = polled.polls.wrapping_add(1);
            let rank = self.liars.iter().position(|liar| *liar == checker).unwrap_or(usize::MAX);
            let u = if polled.met.is_steady() { 0.5 } else { draws(self.seed, For::Poll, place * self.liars.len() + rank, due).f64() };
            let steady = polled.answer(rank, u, self.connect);
            changed |= !self.checkers.record(poll, steady.outcome, due + steady.took).is_empty();
            let polled = &self.polled[place];
            if polled.met.is_steady() && polled.polls.is_multiple_of(LOOK_EVERY) {
                let (liars, connect) = (&self.liars, self.connect);
                let rank = |checker| liars.iter().position(|liar| *liar == checker).unwrap_or(usize::MAX);
                self.checkers.coast(&polled.check, |checker| polled.answer(rank(checker), 0.5, connect));
            }
        }
        changed
    }

    /// What users of each home are answered now.
    pub(super) fn answers(&self, now: Duration) -> Answers {
        let answers = self.answers_by(|check| self.checkers.is_healthy(check, now));
        let unvoted = |check: &CheckId| self.not_ejected.contains(check) || self.checkers.is_healthy(check, now);
        let emptied = answers.nothing_served() && !self.answers_by(unvoted).nothing_served();
        Answers { emptied, ..answers }
    }

    /// What users of each home are answered where these checks are healthy.
    fn answers_by(&self, healthy: impl Fn(&CheckId) -> bool) -> Answers {
        let mut answers = Answers { regions: [None; 3], last_resort: [false; 3], emptied: false };
        for (home, client) in self.clients.iter().enumerate() {
            let answer = self.zone.answer(&self.asked, RecordType::A, client, &healthy, 0);
            if let Answered::Records { values, .. } = &answer.answered {
                let address = values.first().and_then(route53::Value::address);
                answers.regions[home] = (0..3).find(|region| address == Some(address_of(*region)));
            }
            answers.last_resort[home] = answer.trail.iter().any(|step| matches!(step.fate, Fate::LastResort(_)));
        }
        answers
    }
}

impl Polled {
    /// What a poll by the checker of this rank comes to, where the lot falls on `u`.
    fn answer(&self, rank: usize, u: f64, connect: Duration) -> Steady {
        let Met { says_so, silent, fails, liars } = self.met;
        let (outcome, took) = if u < silent {
            (3, connect)
        } else if u < fails {
            (2, ANSWERED_IN)
        } else {
            (usize::from(!says_so), ANSWERED_IN)
        };
        let outcome = if rank < liars { Outcome::Failed(Failure::Mistaken) } else { self.outcomes[outcome] };
        Steady { outcome, took }
    }
}

fn met(endpoint: Endpoint, truth: &Truth, gates: &[Gate; 3], checkers: usize) -> Met {
    // A gate is a function behind an API, as `/health` is.
    let (says_so, at, wrong) = match endpoint {
        Endpoint::Eject { region, observer } => (gates[observer].ejects(region), observer, 0.0),
        Endpoint::Alive { observer } => (gates[observer].is_alive(), observer, 0.0),
        Endpoint::Health { region } => (true, region, truth.checkers_wrong(region)),
    };
    let met = truth.met(Vantage::Checker, at);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 16; the cast saturates")]
    let liars = (wrong * checkers as f64).round() as usize;
    Met { says_so, silent: met.hole, fails: met.hole.max(met.health), liars }
}

/// The parts of [`Names`], before the checkers are at work.
struct Made {
    zone: Zone,
    checks: route53::CheckSet,
    polled: Vec<Polled>,
    asked: DomainName,
    clients: [Client; 3],
    not_ejected: Vec<CheckId>,
}

impl Made {
    fn new(names: &[RegionName; 3], asked: Asked) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let mut regions = Vec::new();
        let mut spec = TreeSpec {
            origin: DomainName::new(ZONE)?,
            service: super::SERVICE.to_owned(),
            names: vec![NAME.to_owned()],
            regions: Vec::new(),
            observers: Vec::new(),
            secure: true,
            gateway_ttl_s: GATEWAY_TTL_S,
        };
        for (role, name) in names.iter().enumerate() {
            let (region, ip) = (AwsRegion::new(name.as_str())?, address_of(role));
            spec.regions.push(Serving { region: region.clone(), ip, health: Address::public(ip, None)?, port: 443 });
            spec.observers.push(Observer { region: region.clone(), gate: Address::public(gate_of(role), None)?, port: 443 });
            regions.push(region);
        }
        let tree = tree(&spec)?;
        let role = |region: &AwsRegion| regions.iter().position(|known| known == region);
        let mut polled = Vec::new();
        for (check, purpose) in &tree.purposes {
            let endpoint = match purpose {
                Purpose::Eject { region, observer } => {
                    role(region).zip(role(observer)).map(|(region, observer)| Endpoint::Eject { region, observer })
                }
                Purpose::Alive { observer } => role(observer).map(|observer| Endpoint::Alive { observer }),
                Purpose::Health { region } => role(region).map(|region| Endpoint::Health { region }),
                Purpose::NotEjected { .. } | Purpose::Controllers => None,
            };
            let Some(endpoint) = endpoint else { continue };
            let found = tree.checks.iter().find(|known| known.id() == check);
            let outcomes = found.map_or([Outcome::Passed; 4], |check| outcomes(check.kind()));
            polled.push(Polled { check: check.clone(), endpoint, met: Met::default(), outcomes, polls: 0 });
        }
        let asked = match asked {
            Asked::Ours => tree.names.first(),
            Asked::Talks => tree.names.last(),
        };
        let asked = asked.cloned().ok_or("the tree has no name")?;
        let client = |order: [usize; 3]| Client {
            latency_ms: order.iter().zip(LATENCY_MS).map(|(role, ms)| (regions[*role].clone(), ms)).collect(),
            ..Client::default()
        };
        let not_ejected =
            tree.purposes.iter().filter(|(_, purpose)| matches!(purpose, Purpose::NotEjected { .. })).map(|(check, _)| check.clone());
        Ok(Self { zone: tree.zone, checks: tree.checks, polled, asked, clients: NEAREST.map(client), not_ejected: not_ejected.collect() })
    }
}

/// What a poll comes to that hears what the check wants, hears something else, hears an error, hears nothing: by the model's own rules.
fn outcomes(kind: &Kind) -> [Outcome; 4] {
    let Kind::Endpoint(endpoint) = kind else { return [Outcome::Passed; 4] };
    let speaks = &endpoint.spec().speaks;
    let wanted = match speaks {
        route53::Speaks::Http { search: Some(search), .. } => search.as_str(),
        route53::Speaks::Http { search: None, .. } | route53::Speaks::Tcp => "",
    };
    let answered = |status, body| Facts::Answered {
        connected_after: Duration::ZERO,
        response: Response {
            status,
            status_after: ANSWERED_IN,
            header_bytes: 100,
            header_valid: true,
            encoding: Encoding::Identity,
            body,
            body_after: Some(Duration::ZERO),
        },
    };
    let facts = [answered(200, wanted.as_bytes()), answered(200, b"-"), answered(503, b""), Facts::NotConnected(NoConnection::TimedOut)];
    facts.map(|facts| judge(speaks, &Deadlines::AWS, &facts))
}

/// Where a region's API answers.
fn address_of(role: usize) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(198, 51, 100, u8::try_from(role).unwrap_or(u8::MAX)))
}

/// Where an observer's gate answers.
fn gate_of(role: usize) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(203, 0, 113, u8::try_from(role).unwrap_or(u8::MAX)))
}
