//! What the network does between two places: a share that is swallowed, or a latency that is added. Either way the worst link of a way counts.
//!
//! A region's own link (`net A`) carries whatever goes in or out, users included; inside the region everything still works, so its own observer sees it.
//! A direction (`net A>B`) is between two regions; a request needs its answer, so both directions count for a call. Users come in by no
//! region's link but that of where they go. A carrier (`net v1>A`) stands before its users and before the observer of its number, that
//! observer's own region included; health checkers and regions do not use it.

use super::met::Vantage;
use crate::incident::Place;

/// One measure of the network, by link.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Paths {
    region: [f64; 3],
    /// `between[from][to]`.
    between: [[f64; 3]; 3],
    /// `carrier[vantage][to]`.
    carrier: [[f64; 3]; 3],
}

impl Paths {
    pub(super) fn set(&mut self, place: Place, level: f64) {
        match place {
            Place::Region(role) => self.region[role.index()] = level,
            Place::Everywhere => self.region = [level; 3],
            Place::Path(from, to) => self.between[from.index()][to.index()] = level,
            Place::Vantage(number, to) => {
                let Some(carrier) = usize::from(number).checked_sub(1).and_then(|index| self.carrier.get_mut(index)) else { return };
                match to {
                    Some(role) => carrier[role.index()] = level,
                    None => *carrier = [level; 3],
                }
            }
        }
    }

    /// The worst link between a vantage and a region, there and back.
    pub(super) fn to(&self, from: Vantage, region: usize) -> f64 {
        match from {
            Vantage::Checker => self.region[region],
            Vantage::Carrier(carrier) => self.region[region].max(self.carrier[carrier][region]),
            Vantage::Observer(observer) if observer == region => self.carrier[observer][region],
            Vantage::Observer(observer) => self.among(observer, region).max(self.carrier[observer][region]),
        }
    }

    /// The worst link between two regions, there and back.
    pub(super) fn among(&self, one: usize, other: usize) -> f64 {
        if one == other {
            return 0.0;
        }
        [self.region[one], self.region[other], self.between[one][other], self.between[other][one]].into_iter().fold(0.0, f64::max)
    }

    /// The link of a region.
    pub(super) fn around(&self, region: usize) -> f64 {
        self.region[region]
    }

    pub(super) fn is_quiet(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::Role;

    const A: usize = 0;
    const B: usize = 1;

    #[test]
    fn an_isolated_region_still_sees_itself_and_nothing_else() {
        let mut paths = Paths::default();
        paths.set(Place::Region(Role::A), 1.0);
        assert_eq!(paths.to(Vantage::Observer(A), A), 0.0);
        assert_eq!(paths.to(Vantage::Observer(A), B), 1.0);
        assert_eq!(paths.to(Vantage::Observer(B), A), 1.0);
        assert_eq!(paths.to(Vantage::Carrier(2), A), 1.0);
        assert_eq!(paths.to(Vantage::Carrier(0), B), 0.0, "a user near A still reaches B");
        assert_eq!(paths.to(Vantage::Checker, A), 1.0);
    }

    #[test]
    fn a_dark_carrier_blinds_its_users_and_its_observer_and_no_checker() {
        let mut paths = Paths::default();
        paths.set(Place::Vantage(1, None), 0.9);
        assert_eq!(paths.to(Vantage::Observer(A), A), 0.9);
        assert_eq!(paths.to(Vantage::Observer(A), B), 0.9);
        assert_eq!(paths.to(Vantage::Observer(B), A), 0.0);
        assert_eq!(paths.to(Vantage::Carrier(0), B), 0.9);
        assert_eq!(paths.to(Vantage::Checker, A), 0.0);
        paths.set(Place::Vantage(1, Some(Role::A)), 0.0);
        assert_eq!((paths.to(Vantage::Carrier(0), A), paths.to(Vantage::Carrier(0), B)), (0.0, 0.9));
        paths.set(Place::Vantage(0, None), 1.0);
        paths.set(Place::Vantage(4, None), 1.0);
        assert_eq!(paths.to(Vantage::Carrier(2), B), 0.0, "carriers are 1 to 3");
    }

    #[test]
    fn one_direction_lost_loses_calls_both_ways() {
        let mut paths = Paths::default();
        paths.set(Place::Path(Role::A, Role::B), 0.5);
        assert_eq!((paths.to(Vantage::Observer(A), B), paths.to(Vantage::Observer(B), A)), (0.5, 0.5));
        assert_eq!(paths.to(Vantage::Carrier(A), B), 0.0);
    }
}
