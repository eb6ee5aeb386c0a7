//! Addresses of networks and of network cards as text.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tessera_kernel::Result;

use super::values::malformed;

/// An address, with the length of its prefix unless it is one host.
pub(super) fn address(raw: &[u8], always_prefix: bool, out: &mut String) -> Result<()> {
    let (head, address) = raw.split_at_checked(4).ok_or_else(malformed)?;
    let prefix = head[1];
    let (address, whole) = match address.len() {
        4 => {
            let bytes: [u8; 4] = address.try_into().map_err(|_| malformed())?;
            (IpAddr::V4(Ipv4Addr::from(bytes)), 32)
        }
        16 => {
            let bytes: [u8; 16] = address.try_into().map_err(|_| malformed())?;
            (IpAddr::V6(Ipv6Addr::from(bytes)), 128)
        }
        _ => return Err(malformed()),
    };
    write!(out, "{address}").map_err(|_| malformed())?;
    if always_prefix || prefix != whole {
        write!(out, "/{prefix}").map_err(|_| malformed())?;
    }
    Ok(())
}

/// The number of a network card, with colons.
pub(super) fn card(raw: &[u8], out: &mut String) -> Result<()> {
    for (place, byte) in raw.iter().enumerate() {
        let colon = if place == 0 { "" } else { ":" };
        write!(out, "{colon}{byte:02x}").map_err(|_| malformed())?;
    }
    Ok(())
}
