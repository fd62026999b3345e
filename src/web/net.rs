//! Who counts as one on the network: an address, or what one household has of IPv6.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// An address of IPv4, or 64 bits of one of IPv6: whoever has one address of those has all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Net(IpAddr);

impl From<IpAddr> for Net {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                let prefix = u128::from(address) & !u128::from(u64::MAX);
                IpAddr::V6(Ipv6Addr::from(prefix))
            }
            address => address,
        })
    }
}

impl Net {
    /// Whether it is this machine.
    #[must_use]
    pub const fn is_loopback(self) -> bool {
        // The prefix of `::1` is `::`.
        self.0.is_loopback() || self.0.is_unspecified()
    }
}

impl fmt::Display for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(prefix) => write!(f, "{prefix}/64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_household_is_one_net() {
        let net = |text: &str| Net::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(net("2001:db8:1:2::1"), net("2001:db8:1:2:ffff::9"));
        assert_ne!(net("2001:db8:1:2::1"), net("2001:db8:1:3::1"));
        assert_ne!(net("192.0.2.1"), net("192.0.2.2"));
        assert_eq!(net("::ffff:192.0.2.1"), net("192.0.2.1"));
        assert_eq!(net("2001:db8:1:2::1").to_string(), "2001:db8:1:2::/64");
        assert!(net("127.0.0.9").is_loopback() && net("::1").is_loopback());
        assert!(!net("2001:db8::1").is_loopback());
    }
}
