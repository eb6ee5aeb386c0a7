//! Which addresses the server may connect to on somebody else's word.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Whether an address is open: in none of the denied networks and, if there are allowed ones, in
/// one of those. An IPv4 address counts as itself however it is written.
#[must_use]
pub fn is_open(address: IpAddr, denied: &[IpNet], allowed: &[IpNet]) -> bool {
    // The address of nowhere in particular leads to this machine.
    let address = match address.to_canonical() {
        IpAddr::V4(v4) if v4.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(v6) if v6.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        other => other,
    };
    let within = |networks: &[IpNet]| networks.iter().any(|network| network.contains(&address));
    !within(denied) && (allowed.is_empty() || within(allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_network_is_closed_in_every_spelling_and_an_allowed_one_closes_the_others() {
        let net = |text: &str| vec![text.parse::<IpNet>().expect("a network")];
        let at = |text: &str| text.parse::<IpAddr>().expect("an address");
        let denied = net("169.254.0.0/16");
        assert!(!is_open(at("169.254.169.254"), &denied, &[]));
        assert!(!is_open(at("::ffff:169.254.169.254"), &denied, &[]));
        assert!(is_open(at("10.0.0.1"), &denied, &[]));
        assert!(is_open(at("10.0.0.1"), &denied, &net("10.0.0.0/8")));
        assert!(!is_open(at("192.168.0.1"), &denied, &net("10.0.0.0/8")));
        assert!(!is_open(at("0.0.0.0"), &net("127.0.0.0/8"), &[]));
    }
}
