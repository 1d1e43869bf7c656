//! Where clients are and how far it is from there to AWS's regions: a stand-in for AWS's latency measurements.
//!
//! Latency is taken from the distance over ground. It does not drift, and it knows no undersea cables; it orders regions plausibly.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use route53::{AwsRegion, Client};

/// A town from which users come, with the network that stands for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Town {
    /// As people say it.
    pub name: &'static str,
    /// A subnet of the town, as `dig +subnet` takes it.
    pub subnet: &'static str,
    network: (Ipv4Addr, u8),
    place: Place,
    continent: &'static str,
    country: &'static str,
}

/// Degrees north and east.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Place(f64, f64);

const fn town(
    (name, subnet): (&'static str, &'static str),
    network: ([u8; 4], u8),
    place: Place,
    (continent, country): (&'static str, &'static str),
) -> Town {
    let [a, b, c, d] = network.0;
    Town { name, subnet, network: (Ipv4Addr::new(a, b, c, d), network.1), place, continent, country }
}

/// The towns that are known; any other address counts as [`Town::elsewhere`].
pub const TOWNS: [Town; 11] = [
    town(("London", "81.2.69.0/24"), ([81, 2, 69, 0], 24), Place(51.51, -0.13), ("EU", "GB")),
    town(("Portland", "131.252.1.0/24"), ([131, 252, 0, 0], 16), Place(45.52, -122.68), ("NA", "US")),
    town(("Dublin", "86.40.0.0/24"), ([86, 40, 0, 0], 13), Place(53.35, -6.26), ("EU", "IE")),
    town(("Frankfurt", "91.64.0.0/24"), ([91, 64, 0, 0], 14), Place(50.11, 8.68), ("EU", "DE")),
    town(("New York", "74.72.0.0/24"), ([74, 72, 0, 0], 13), Place(40.71, -74.01), ("NA", "US")),
    town(("Virginia", "3.80.0.0/24"), ([3, 80, 0, 0], 12), Place(38.95, -77.45), ("NA", "US")),
    town(("São Paulo", "177.32.0.0/24"), ([177, 32, 0, 0], 14), Place(-23.55, -46.63), ("SA", "BR")),
    town(("Mumbai", "49.32.0.0/24"), ([49, 32, 0, 0], 13), Place(19.08, 72.88), ("AS", "IN")),
    town(("Singapore", "119.74.0.0/24"), ([119, 74, 0, 0], 16), Place(1.35, 103.82), ("AS", "SG")),
    town(("Tokyo", "126.0.0.0/24"), ([126, 0, 0, 0], 8), Place(35.68, 139.69), ("AS", "JP")),
    town(("Sydney", "1.120.0.0/24"), ([1, 120, 0, 0], 13), Place(-33.87, 151.21), ("OC", "AU")),
];

/// AWS's regions, where they are.
const REGIONS: [(&str, Place); 33] = [
    ("us-east-1", Place(38.95, -77.45)),
    ("us-east-2", Place(40.10, -82.99)),
    ("us-west-1", Place(37.35, -121.96)),
    ("us-west-2", Place(45.84, -119.70)),
    ("ca-central-1", Place(45.50, -73.57)),
    ("ca-west-1", Place(51.05, -114.07)),
    ("mx-central-1", Place(20.59, -100.39)),
    ("sa-east-1", Place(-23.55, -46.63)),
    ("eu-west-1", Place(53.35, -6.26)),
    ("eu-west-2", Place(51.51, -0.13)),
    ("eu-west-3", Place(48.86, 2.35)),
    ("eu-central-1", Place(50.11, 8.68)),
    ("eu-central-2", Place(47.38, 8.54)),
    ("eu-north-1", Place(59.33, 18.07)),
    ("eu-south-1", Place(45.46, 9.19)),
    ("eu-south-2", Place(41.65, -0.88)),
    ("af-south-1", Place(-33.92, 18.42)),
    ("me-south-1", Place(26.07, 50.55)),
    ("me-central-1", Place(24.45, 54.38)),
    ("il-central-1", Place(32.09, 34.78)),
    ("ap-south-1", Place(19.08, 72.88)),
    ("ap-south-2", Place(17.39, 78.49)),
    ("ap-southeast-1", Place(1.35, 103.82)),
    ("ap-southeast-2", Place(-33.87, 151.21)),
    ("ap-southeast-3", Place(-6.21, 106.85)),
    ("ap-southeast-4", Place(-37.81, 144.96)),
    ("ap-southeast-5", Place(3.12, 101.65)),
    ("ap-southeast-7", Place(13.76, 100.50)),
    ("ap-northeast-1", Place(35.68, 139.69)),
    ("ap-northeast-2", Place(37.57, 126.98)),
    ("ap-northeast-3", Place(34.69, 135.50)),
    ("ap-east-1", Place(22.32, 114.17)),
    ("ap-east-2", Place(25.03, 121.57)),
];

const EARTH_RADIUS_KM: f64 = 6371.0;
/// There and back in glass, by a way half as long again as the straight one.
const KM_PER_MS: f64 = 67.0;
/// The first and last mile.
const LAST_MILE_MS: f64 = 4.0;

impl Town {
    /// A town by name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        TOWNS.iter().find(|town| town.name.to_lowercase() == name.to_lowercase())
    }

    /// Where an address is that no town has: in Virginia, as so many are.
    #[must_use]
    pub fn elsewhere() -> &'static Self {
        &TOWNS[5]
    }

    /// The town of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> &'static Self {
        let holds = |&(network, prefix): &(Ipv4Addr, u8)| match address {
            IpAddr::V4(address) => (u32::from(address) ^ u32::from(network)).leading_zeros() >= u32::from(prefix),
            IpAddr::V6(_) => false,
        };
        TOWNS.iter().find(|town| holds(&town.network)).unwrap_or_else(Self::elsewhere)
    }

    /// The town as the model sees a client.
    #[must_use]
    pub fn client(&self) -> Client {
        let regions = REGIONS.iter().filter_map(|(name, place)| Some((AwsRegion::new(name).ok()?, latency_ms(self.place, *place))));
        Client {
            latency_ms: regions.collect::<BTreeMap<_, _>>(),
            continent: Some(self.continent.to_owned()),
            country: Some(self.country.to_owned()),
            subdivision: (self.name == "Portland").then(|| "OR".to_owned()),
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 4 and 303")]
fn latency_ms(from: Place, to: Place) -> u32 {
    let (north_from, north_to) = (from.0.to_radians(), to.0.to_radians());
    let (half_north, half_east) = ((north_to - north_from) / 2.0, (to.1 - from.1).to_radians() / 2.0);
    let haversine = half_north.sin().powi(2) + north_from.cos() * north_to.cos() * half_east.sin().powi(2);
    let km = 2.0 * EARTH_RADIUS_KM * haversine.sqrt().min(1.0).asin();
    (LAST_MILE_MS + km / KM_PER_MS).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nearest(town: &str, regions: &[&'static str]) -> &'static str {
        let client = Town::named(town).unwrap().client();
        regions.iter().min_by_key(|name| client.latency_ms[&AwsRegion::new(name).unwrap()]).unwrap()
    }

    #[test]
    fn towns_are_near_what_they_should_be_near() {
        let regions = ["us-east-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-central-1", "ap-northeast-1", "ap-southeast-1"];
        for (town, region) in [
            ("London", "eu-west-2"),
            ("Dublin", "eu-west-1"),
            ("Frankfurt", "eu-central-1"),
            ("Portland", "us-west-2"),
            ("New York", "us-east-1"),
            ("Virginia", "us-east-1"),
            ("Tokyo", "ap-northeast-1"),
            ("Mumbai", "ap-southeast-1"),
            ("Sydney", "ap-southeast-1"),
            ("são paulo", "us-east-1"),
        ] {
            assert_eq!(nearest(town, &regions), region, "{town}");
        }
        assert_eq!(nearest("Portland", &["eu-west-1", "eu-west-2", "us-east-1"]), "us-east-1");
    }

    #[test]
    fn latencies_are_those_of_the_planet() {
        let london = Town::named("London").unwrap().client();
        let ms = |region: &str| london.latency_ms[&AwsRegion::new(region).unwrap()];
        assert_eq!(ms("eu-west-2"), 4);
        assert!((65..110).contains(&ms("us-east-1")), "{}", ms("us-east-1"));
        assert!((220..300).contains(&ms("ap-southeast-2")), "{}", ms("ap-southeast-2"));
        assert_eq!(london.latency_ms.len(), REGIONS.len());
    }

    #[test]
    fn every_towns_subnet_leads_back_to_it_and_strangers_live_in_virginia() {
        for town in &TOWNS {
            let address: IpAddr = town.subnet.split('/').next().unwrap().parse().unwrap();
            assert_eq!(Town::of(address).name, town.name);
        }
        for stranger in ["127.0.0.1", "203.0.113.9", "2001:db8::1", "81.2.70.1"] {
            assert_eq!(Town::of(stranger.parse().unwrap()), Town::elsewhere());
        }
        assert_eq!(Town::elsewhere().name, "Virginia");
    }
}
