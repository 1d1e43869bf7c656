//! Both public names, asked as from every configured place: which regions do answers send people to?
//!
//! Addresses become regions by asking the regional names. Those of API Gateway rotate, so what was learnt is kept, and an
//! address that nobody knows counts as anybody's: a drain is never called moved on a guess.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use decision::RegionName;
use futures_util::future::join_all;
use hickory_proto::rr::rdata::opt::ClientSubnet;
use hickory_proto::rr::{Name, RecordType};
use serde::Serialize;

use super::{Question, addresses, ask, servers_of};

/// Whom to ask, what, and as whom.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The server to ask. Without one: the zone's own, found through the system's resolver.
    pub server: Option<SocketAddr>,
    /// The public names, absolute.
    pub names: [Name; 2],
    /// The regional names, absolute, each with its region.
    pub regional: Vec<(RegionName, Name)>,
    /// The clients as whom to ask.
    pub places: Vec<Place>,
}

/// A place from which users come: a name for it and the subnet that stands for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The name that is shown.
    pub label: String,
    /// What DNS is told about the client.
    pub subnet: ClientSubnet,
}

/// Places that are asked for where none are configured: consumer networks in cities far apart.
const PLACES: [(&str, &str); 8] = [
    ("London", "81.2.69.0/24"),
    ("Dublin", "86.40.0.0/24"),
    ("Frankfurt", "91.64.0.0/24"),
    ("New York", "74.72.0.0/24"),
    ("Portland", "131.252.1.0/24"),
    ("São Paulo", "177.32.0.0/24"),
    ("Singapore", "119.74.0.0/24"),
    ("Tokyo", "126.0.0.0/24"),
];

/// The places that are asked for where none are configured.
#[must_use]
pub fn default_places() -> Vec<Place> {
    // Written above, and held by a test: none is left out.
    PLACES.iter().filter_map(|(label, subnet)| Some(Place { label: (*label).to_owned(), subnet: subnet.parse().ok()? })).collect()
}

/// What one lookup was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Said {
    /// These regions, and nothing else.
    Regions(BTreeSet<RegionName>),
    /// At least one address that no regional name has been seen to have.
    Stranger(IpAddr),
    /// No address.
    Nothing(String),
}

/// One lookup: a name, as from a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lookup {
    /// The public name.
    pub name: String,
    /// The place.
    pub client: String,
    /// What it was told.
    pub said: Said,
}

/// All lookups of one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Survey {
    /// One per name and place.
    pub lookups: Vec<Lookup>,
}

impl Survey {
    /// How many lookups certainly say `region`.
    pub fn saying(&self, region: &RegionName) -> usize {
        self.lookups.iter().filter(|lookup| matches!(&lookup.said, Said::Regions(regions) if regions.contains(region))).count()
    }

    /// How many lookups say nothing that can be read as regions.
    pub fn unclear(&self) -> usize {
        self.lookups.iter().filter(|lookup| !matches!(lookup.said, Said::Regions(_))).count()
    }

    /// Whether every lookup says other regions only.
    pub fn left(&self, region: &RegionName) -> bool {
        !self.lookups.is_empty() && self.saying(region) == 0 && self.unclear() == 0
    }

    /// The sentence for progress.
    pub fn sentence(&self, region: &RegionName) -> String {
        let (saying, of, unclear) = (self.saying(region), self.lookups.len(), self.unclear());
        let first = self.lookups.iter().find_map(|lookup| match &lookup.said {
            Said::Regions(_) => None,
            Said::Stranger(address) => Some(format!("{} for {}: {address} is no region's", lookup.name, lookup.client)),
            Said::Nothing(why) => Some(format!("{} for {}: {why}", lookup.name, lookup.client)),
        });
        match first {
            None => format!("{saying} of {of} lookups say {region}"),
            Some(first) => format!("{saying} of {of} lookups say {region}, {unclear} unclear ({first})"),
        }
    }
}

/// Asks, and remembers which address is whose.
pub struct Surveyor {
    servers: Vec<SocketAddr>,
    names: [Name; 2],
    regional: Vec<(RegionName, Name)>,
    places: Vec<Place>,
    known: BTreeMap<IpAddr, RegionName>,
}

impl Surveyor {
    /// Prepares to ask the configured server, or the zone's own.
    ///
    /// # Errors
    /// A sentence when there is no server to ask.
    pub async fn new(asking: Asking) -> Result<Self, String> {
        let servers = match asking.server {
            Some(server) => vec![server],
            None => servers_of(&asking.names[0]).await?,
        };
        let Asking { names, regional, places, .. } = asking;
        Ok(Self { servers, names, regional, places, known: BTreeMap::new() })
    }

    /// Asks everything once.
    pub async fn survey(&mut self) -> Survey {
        let this = &*self;
        let learning = join_all(this.regional.iter().map(|(region, name)| async move {
            let told = this.told(name, None).await.unwrap_or_default();
            told.into_iter().map(|address| (address, region.clone())).collect::<Vec<_>>()
        }));
        let pairs = this.names.iter().flat_map(|name| this.places.iter().map(move |place| (name, place)));
        let asking = join_all(pairs.map(|(name, place)| async move { (name, place, this.told(name, Some(place)).await) }));
        let (learnt, asked) = tokio::join!(learning, asking);
        let lookups: Vec<(String, String, Result<Vec<IpAddr>, String>)> =
            asked.into_iter().map(|(name, place, told)| (plain(name), place.label.clone(), told)).collect();
        self.known.extend(learnt.into_iter().flatten());
        let lookups = lookups.into_iter().map(|(name, client, told)| Lookup { name, client, said: said(&self.known, told) });
        Survey { lookups: lookups.collect() }
    }

    /// The addresses that the first server which answers gives.
    async fn told(&self, name: &Name, place: Option<&Place>) -> Result<Vec<IpAddr>, String> {
        let question = Question { name: name.clone(), kind: RecordType::A, subnet: place.map(|place| place.subnet) };
        let mut outcome = Err("no server".to_owned());
        for server in &self.servers {
            outcome = ask(*server, &question).await.map(|answer| addresses(&answer)).map_err(|error| error.to_string());
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }
}

/// A name as people write it.
fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_owned()
}

/// What addresses mean.
fn said(known: &BTreeMap<IpAddr, RegionName>, told: Result<Vec<IpAddr>, String>) -> Said {
    match told {
        Err(why) => Said::Nothing(why),
        Ok(addresses) if addresses.is_empty() => Said::Nothing("no address".to_owned()),
        Ok(addresses) => match addresses.iter().find(|address| !known.contains_key(*address)) {
            Some(stranger) => Said::Stranger(*stranger),
            None => Said::Regions(addresses.iter().filter_map(|address| known.get(address)).cloned().collect()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_place_has_a_subnet() {
        assert_eq!(default_places().len(), PLACES.len());
    }

    fn region(name: &str) -> RegionName {
        RegionName::new(name).unwrap()
    }

    fn known() -> BTreeMap<IpAddr, RegionName> {
        [("127.0.10.1", "eu-west-1"), ("127.0.11.1", "eu-west-2"), ("127.0.11.2", "eu-west-2")]
            .map(|(address, name)| (address.parse().unwrap(), region(name)))
            .into()
    }

    fn lookup(told: Result<&[&str], &str>) -> Lookup {
        let told = told.map(|addresses| addresses.iter().map(|a| a.parse().unwrap()).collect()).map_err(str::to_owned);
        Lookup { name: "api.chat.test".to_owned(), client: "London".to_owned(), said: said(&known(), told) }
    }

    fn survey(told: &[Result<&[&str], &str>]) -> Survey {
        Survey { lookups: told.iter().map(|told| lookup(*told)).collect() }
    }

    #[test]
    fn a_region_is_left_when_every_lookup_certainly_says_another() {
        let all_moved = survey(&[Ok(&["127.0.10.1"]), Ok(&["127.0.10.1"])]);
        assert!(all_moved.left(&region("eu-west-2")) && !all_moved.left(&region("eu-west-1")));
        insta::assert_snapshot!(all_moved.sentence(&region("eu-west-2")), @"0 of 2 lookups say eu-west-2");
    }

    #[test]
    fn one_answer_that_still_says_it_among_several_addresses_counts() {
        let mixed = survey(&[Ok(&["127.0.10.1", "127.0.11.2"]), Ok(&["127.0.10.1"])]);
        assert!(!mixed.left(&region("eu-west-2")));
        insta::assert_snapshot!(mixed.sentence(&region("eu-west-2")), @"1 of 2 lookups say eu-west-2");
    }

    #[test]
    fn strangers_and_silence_are_never_read_as_moved() {
        for unclear in [survey(&[Ok(&["192.0.2.7"])]), survey(&[Ok(&[])]), survey(&[Err("no answer in time")]), survey(&[])] {
            assert!(!unclear.left(&region("eu-west-2")), "{unclear:?}");
        }
        let unclear = survey(&[Ok(&["127.0.10.1"]), Ok(&["127.0.10.1", "192.0.2.7"])]);
        insta::assert_snapshot!(unclear.sentence(&region("eu-west-2")), @"0 of 2 lookups say eu-west-2, 1 unclear (api.chat.test for London: 192.0.2.7 is no region's)");
    }
}
