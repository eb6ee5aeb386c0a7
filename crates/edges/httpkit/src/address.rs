//! Whose address a request came from. Headers are believed only from trusted proxies.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use ipnet::IpNet;

/// Whether an address is that of a trusted proxy.
#[must_use]
pub fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    let address = address.to_canonical();
    trusted.iter().any(|network| network.contains(&address))
}

/// The address of the caller: the peer's own, unless that is a trusted proxy; then the rightmost
/// address in `X-Forwarded-For` that is not one. A header that cannot be read is as good as none.
#[must_use]
pub fn caller_address(
    peer: Option<SocketAddr>,
    headers: &HeaderMap,
    trusted: &[IpNet],
) -> Option<IpAddr> {
    let peer = peer?.ip().to_canonical();
    let is_trusted = |address: &IpAddr| is_trusted(*address, trusted);
    if !is_trusted(&peer) {
        return Some(peer);
    }
    let mut chain = Vec::new();
    for value in headers.get_all("x-forwarded-for") {
        let Ok(text) = value.to_str() else { return Some(peer) };
        chain.extend(text.split(',').map(str::trim));
    }
    for entry in chain.into_iter().rev() {
        match parse(entry) {
            Some(address) if is_trusted(&address) => {}
            Some(address) => return Some(address),
            None => return Some(peer),
        }
    }
    Some(peer)
}

/// An address with or without port, IPv6 with or without brackets.
fn parse(entry: &str) -> Option<IpAddr> {
    let address = entry
        .parse::<IpAddr>()
        .ok()
        .or_else(|| entry.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
        .or_else(|| entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok())?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(peer: &str, forwarded: &[&str], expected: &str) {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().expect("a header value"));
        }
        let trusted = ["10.0.0.0/8".parse().expect("a network")];
        let peer = format!("{peer}:1").parse().ok();
        let got = caller_address(peer, &headers, &trusted).map(|address| address.to_string());
        assert_eq!(got.as_deref(), Some(expected), "{forwarded:?}");
    }

    #[test]
    fn only_a_trusted_peer_is_believed() {
        check("203.0.113.9", &[], "203.0.113.9");
        check("203.0.113.9", &["1.2.3.4"], "203.0.113.9");
        check("203.0.113.9", &["1.2.3.4, 10.0.0.1"], "203.0.113.9");
        check("10.0.0.1", &[], "10.0.0.1");
        check("10.0.0.1", &["1.2.3.4"], "1.2.3.4");
        check("[::ffff:10.0.0.1]", &["1.2.3.4"], "1.2.3.4");
    }

    #[test]
    fn what_the_caller_wrote_itself_is_skipped() {
        check("10.0.0.1", &["6.6.6.6, 1.2.3.4"], "1.2.3.4");
        check("10.0.0.1", &["6.6.6.6, 1.2.3.4, 10.0.0.2"], "1.2.3.4");
        check("10.0.0.1", &["6.6.6.6", "1.2.3.4"], "1.2.3.4");
        check("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.1");
    }

    #[test]
    fn odd_spellings() {
        check("10.0.0.1", &["1.2.3.4:80"], "1.2.3.4");
        check("10.0.0.1", &["[2001:db8::1]:80"], "2001:db8::1");
        check("10.0.0.1", &["[2001:db8::1]"], "2001:db8::1");
        check("10.0.0.1", &["::ffff:1.2.3.4"], "1.2.3.4");
        check("10.0.0.1", &["unknown"], "10.0.0.1");
        check("10.0.0.1", &["1.2.3.4, unknown"], "10.0.0.1");
        check("10.0.0.1", &[""], "10.0.0.1");
    }
}
