//! The zone's own name servers, found through the system's resolver: what Route 53 answers now, not what a cache remembers.

use std::net::{IpAddr, SocketAddr};

use hickory_proto::rr::{Name, RData, RecordType};

use super::{AskError, Question, addresses, ask};

/// How many of the zone's servers are kept. They answer alike; the second is for when the first does not.
const SERVERS: usize = 2;

/// The servers of the zone that holds `name`.
///
/// # Errors
/// A sentence saying which step of the search failed.
pub(crate) async fn servers_of(name: &Name) -> Result<Vec<SocketAddr>, String> {
    let text = std::fs::read_to_string("/etc/resolv.conf").map_err(|error| format!("/etc/resolv.conf cannot be read: {error}"))?;
    let resolver = resolver(&text).ok_or("no name server in /etc/resolv.conf; give one as dns.server in the configuration")?;
    servers_by(resolver, name).await
}

/// The first name server of a resolver configuration.
fn resolver(text: &str) -> Option<SocketAddr> {
    let addresses = text.lines().filter_map(|line| line.trim().strip_prefix("nameserver")).map(str::trim);
    addresses.filter_map(|address| address.parse::<IpAddr>().ok()).map(|ip| SocketAddr::new(ip, 53)).next()
}

async fn servers_by(resolver: SocketAddr, name: &Name) -> Result<Vec<SocketAddr>, String> {
    let question = |name: Name, kind| Question { name, kind, subnet: None };
    let mut zone = name.clone();
    // Below two labels are only top-level domains, whose servers know nothing of ours.
    while zone.num_labels() >= 2 {
        let answer = match ask(resolver, &question(zone.clone(), RecordType::NS)).await {
            Ok(answer) => answer,
            Err(AskError::Code(_)) => {
                zone = zone.base_name();
                continue;
            }
            Err(error) => return Err(format!("the resolver {resolver} on {zone}: {error}")),
        };
        let servers = answer.answers.iter().filter_map(|record| if let RData::NS(ns) = &record.data { Some(ns.0.clone()) } else { None });
        let mut found = Vec::new();
        for server in servers.take(SERVERS * 2) {
            if let Ok(answer) = ask(resolver, &question(server, RecordType::A)).await {
                found.extend(addresses(&answer).first().map(|ip| SocketAddr::new(*ip, 53)));
            }
            if found.len() == SERVERS {
                break;
            }
        }
        if !found.is_empty() {
            return Ok(found);
        }
        zone = zone.base_name();
    }
    Err(format!("no name servers found for {name}; give one as dns.server in the configuration"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_usable_name_server_is_taken() {
        let text = "# written by hand\nsearch example.com\nnameserver fe80::1%eth0\nnameserver 192.0.2.1\nnameserver 192.0.2.2\n";
        assert_eq!(resolver(text), Some("192.0.2.1:53".parse().unwrap()));
        assert_eq!(resolver("search example.com"), None);
    }
}
