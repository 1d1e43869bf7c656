//! How far an intent has come in the votes, looked at once. Asking again and again, and DNS, are for those who follow.
//!
//! Pure.

use decision::{Intent, Policy, SafetyRule};

use super::record::Outpaced;
use super::turned::{Turned, ejecting, turned};
use crate::reading::Reading;

/// Which way a region is expected to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Out, by this drain.
    Out,
    /// Back in, after this drain or hold was ended.
    In,
}

/// What the votes of one reading make of an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// Someone else's document stands over it: there is nothing left to follow.
    Outpaced(Box<Outpaced>),
    /// The controllers refuse the drain by this rule.
    Refused(SafetyRule),
    /// The votes have turned, with the sentence that says so.
    Turned(String),
    /// They have not, with the sentence of how far they are.
    NotYet(String),
}

/// What the votes of `reading` make of `intent`.
#[must_use]
pub fn health(policy: &Policy, intent: &Intent, way: Way, reading: &Reading) -> Health {
    let of = policy.observers().len();
    if let Some(other) = reading.newest(&intent.region) {
        let moved_on = other.id != intent.id || other.ended.is_some() != intent.ended.is_some();
        if other.generation > intent.generation && moved_on {
            return Health::Outpaced(Box::new(Outpaced::by(other, reading)));
        }
    }
    match way {
        Way::Out => match turned(policy, intent, &reading.votes) {
            Turned::Refused(rule) => Health::Refused(rule),
            turned @ Turned::Yes { .. } => Health::Turned(turned.sentence(of)),
            turned @ Turned::NotYet { .. } => Health::NotYet(turned.sentence(of)),
        },
        Way::In => {
            let (out, unread) = ejecting(policy, &intent.region, &reading.votes);
            if out + unread < policy.majority() {
                return Health::Turned(format!("{} of {of} observers vote serve", of - out - unread));
            }
            let why = reading.view(policy).region(&intent.region).map(|view| view.reason.clone()).unwrap_or_default();
            Health::NotYet(format!("{out} of {of} observers vote eject: {why}"))
        }
    }
}
