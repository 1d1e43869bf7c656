//! Draws that a random incident is made of: how long, how bad, where.

use fastrand::Rng;

use crate::incident::{Place, Role};

/// One generator, with the shapes that faults have.
#[derive(Debug)]
pub(super) struct Dice(pub(super) Rng);

impl Dice {
    /// One of these.
    pub(super) fn one_of<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.0.usize(..among.len())]
    }

    /// Evenly between two.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.f64()
    }

    /// Between two, every order of magnitude alike.
    pub(super) fn log_between(&mut self, low: f64, high: f64) -> f64 {
        self.between(low.ln(), high.ln()).exp()
    }

    /// With this chance.
    pub(super) fn chance(&mut self, of: f64) -> bool {
        self.0.f64() < of
    }

    /// A share: often all of it, else anything from a hundredth on. Two digits.
    pub(super) fn share(&mut self) -> f64 {
        if self.chance(0.4) { 1.0 } else { two_digits(self.log_between(0.01, 1.0)) }
    }

    /// Minutes that a fault lasts: from a few seconds to an hour and a half.
    pub(super) fn length(&mut self) -> f64 {
        self.log_between(0.15, 90.0)
    }

    pub(super) fn role(&mut self) -> Role {
        self.one_of(&Role::ALL)
    }

    /// The three roles in any order.
    pub(super) fn roles(&mut self) -> [Role; 3] {
        let mut roles = Role::ALL;
        self.0.shuffle(&mut roles);
        roles
    }

    /// Mostly one region, sometimes all.
    pub(super) fn place(&mut self) -> Place {
        if self.chance(0.15) { Place::Everywhere } else { Place::Region(self.role()) }
    }

    /// Any end or way of a network.
    pub(super) fn link(&mut self) -> Place {
        let [from, to, _] = self.roles();
        match self.0.u8(..5) {
            0 => Place::Region(to),
            1 => Place::Path(from, to),
            2 => Place::Vantage(self.0.u8(1..=3), None),
            3 => Place::Vantage(self.0.u8(1..=3), Some(to)),
            _ => self.place(),
        }
    }
}

/// Rounded, so that a file reads well and says exactly what was meant.
pub(super) fn two_digits(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
