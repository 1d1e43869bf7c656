//! What happens in the world, as it happens: one value per thing worth telling, with its sentence.
//!
//! Told, never acted on: no part of the world takes an event as an order.

use std::fmt;

use decision::{RegionName, Vote};
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::broadcast;

use crate::fault::Component;

/// How many events a slow listener may be behind before it misses some.
const BACKLOG: usize = 1024;

/// Something that happened, and when.
#[derive(Debug, Clone, Serialize)]
pub struct Told {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A fault was switched.
    Fault {
        /// Where.
        region: RegionName,
        /// What, as its word.
        component: &'static str,
        /// On or off.
        on: bool,
    },
    /// A controller changed its vote.
    Voted {
        /// Whose vote.
        observer: RegionName,
        /// On which region.
        region: RegionName,
        /// The vote.
        vote: Vote,
        /// The sentence that says why.
        reason: String,
    },
    /// Enough votes turned for a region to be ejected, or to serve again.
    Majority {
        /// The region.
        region: RegionName,
        /// What the majority says.
        vote: Vote,
        /// How many observers vote `eject`.
        ejects: usize,
        /// How many observers there are.
        observers: usize,
    },
    /// An operator's intent reached a controller.
    Intent {
        /// The region.
        region: RegionName,
        /// Who.
        actor: String,
        /// What, as words: `drains`, `holds`, `ends the drain of`.
        what: String,
        /// The intent's generation.
        generation: u64,
    },
    /// DNS answers a place with another region.
    Answers {
        /// The name asked for.
        name: String,
        /// Who asks.
        place: String,
        /// The region answered before.
        from: Option<RegionName>,
        /// The region answered now.
        to: Option<RegionName>,
    },
    /// What a user went through.
    User {
        /// Where the user is.
        place: String,
        /// The region that serves the user from now on; none when the user lost it.
        region: Option<RegionName>,
        /// What happened, as a sentence.
        what: String,
    },
}

impl Event {
    /// A fault, by component.
    #[must_use]
    pub fn fault(region: &RegionName, component: Component, on: bool) -> Self {
        Event::Fault { region: region.clone(), component: component.as_str(), on }
    }
}

fn or_nowhere(region: Option<&RegionName>) -> &str {
    region.map_or("nowhere", RegionName::as_str)
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Fault { region, component, on: true } => write!(f, "fault      {region}: {component} breaks"),
            Event::Fault { region, component, on: false } => write!(f, "healed     {region}: {component} works again"),
            Event::Voted { observer, region, vote, reason } => write!(f, "vote       {observer} says {vote} {region}: {reason}"),
            Event::Majority { region, vote: Vote::Eject, ejects, observers } => {
                write!(f, "ejected    {region}: {ejects} of {observers} observers say so")
            }
            Event::Majority { region, vote: Vote::Serve, ejects, observers } => {
                write!(f, "serves     {region}: {} of {observers} observers say so", observers - ejects)
            }
            Event::Intent { region, actor, what, generation } => write!(f, "operator   {actor} {what} {region}, generation {generation}"),
            Event::Answers { name, place, from, to } => {
                write!(f, "answers    {name} for {place}: {} → {}", or_nowhere(from.as_ref()), or_nowhere(to.as_ref()))
            }
            Event::User { place, what, .. } => write!(f, "user       {place}: {what}"),
        }
    }
}

/// Where events are told and heard. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Events(broadcast::Sender<Told>);

impl Default for Events {
    fn default() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }
}

impl Events {
    /// Tells everyone who listens.
    pub fn tell(&self, at: Timestamp, event: Event) {
        // Nobody listening is fine: events are for people.
        let _ = self.0.send(Told { at, event });
    }

    /// Hears everything from here on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Told> {
        self.0.subscribe()
    }
}
