//! Where a user is, as DNS sees it: a name for people and the client subnet that a resolver tells.
//!
//! Which region is near which subnet is Route 53's business, never decided here.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// An IPv4 network as EDNS client subnet carries it (RFC 7871): no address bits beyond the prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subnet {
    address: Ipv4Addr,
    prefix: u8,
}

/// Text or numbers that are no subnet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an IPv4 subnet; one looks like 81.2.69.0/24")]
pub struct InvalidSubnet(pub String);

impl Subnet {
    /// The network of `address` with `prefix` bits; the address bits beyond them are dropped.
    ///
    /// # Errors
    /// [`InvalidSubnet`] when `prefix` exceeds 32.
    pub fn new(address: Ipv4Addr, prefix: u8) -> Result<Self, InvalidSubnet> {
        if prefix > 32 {
            return Err(InvalidSubnet(format!("{address}/{prefix}")));
        }
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
        Ok(Self { address: Ipv4Addr::from(u32::from(address) & mask), prefix })
    }

    /// The network address.
    #[must_use]
    pub fn address(self) -> Ipv4Addr {
        self.address
    }

    /// How many bits of it are told.
    #[must_use]
    pub fn prefix(self) -> u8 {
        self.prefix
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Subnet {
    type Err = InvalidSubnet;

    fn from_str(raw: &str) -> Result<Self, InvalidSubnet> {
        let invalid = || InvalidSubnet(raw.chars().take(40).collect());
        let (address, prefix) = raw.split_once('/').ok_or_else(invalid)?;
        Self::new(address.parse().map_err(|_| invalid())?, prefix.parse().map_err(|_| invalid())?).map_err(|_| invalid())
    }
}

/// Where a user is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// As people say it: `London`.
    pub name: String,
    /// What the user's resolver tells the name server.
    pub subnet: Subnet,
}

impl Place {
    /// A place of that name.
    #[must_use]
    pub fn new(name: &str, subnet: Subnet) -> Self {
        Self { name: name.to_owned(), subnet }
    }

    /// London, in a network that geolocation puts there.
    #[must_use]
    pub fn london() -> Self {
        Self::new("London", Subnet { address: Ipv4Addr::new(81, 2, 69, 0), prefix: 24 })
    }

    /// Portland, Oregon, in the network of its university.
    #[must_use]
    pub fn portland() -> Self {
        Self::new("Portland", Subnet { address: Ipv4Addr::new(131, 252, 1, 0), prefix: 24 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subnet_tells_no_bit_beyond_its_prefix() {
        let subnet: Subnet = "81.2.69.142/24".parse().unwrap();
        assert_eq!(subnet.to_string(), "81.2.69.0/24");
        assert_eq!(subnet, Place::london().subnet);
        assert_eq!("1.2.3.4/0".parse::<Subnet>().unwrap().to_string(), "0.0.0.0/0");
        assert_eq!("1.2.3.4/32".parse::<Subnet>().unwrap().to_string(), "1.2.3.4/32");
    }

    #[test]
    fn anything_else_is_refused() {
        for raw in ["", "81.2.69.0", "81.2.69.0/33", "81.2.69/24", "::1/64", "81.2.69.0/-1"] {
            assert!(raw.parse::<Subnet>().is_err(), "{raw:?} passed");
        }
    }
}
