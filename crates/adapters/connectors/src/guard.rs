//! Where data sources may be: the address that a name leads to is checked, and then used as it is,
//! so that a second look at the name cannot lead elsewhere.

use std::net::{IpAddr, SocketAddr};

use tessera_kernel::{Code, Fault, Result};

use crate::ConnectorSettings;

impl ConnectorSettings {
    /// Whether a data source may be at an address.
    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        tessera_kernel::is_open(address, &self.denied_networks, &self.allowed_networks)
    }

    /// The addresses of a host that a data source may be at.
    ///
    /// # Errors
    /// `SourceFailed` if the name leads nowhere, `Forbidden` if it leads to closed addresses.
    pub(crate) async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>> {
        let found = tokio::net::lookup_host((host, port)).await.map_err(|error| {
            Fault::new(
                Code::SourceFailed,
                format!("could not translate host name \"{host}\" to address: {error}"),
            )
        })?;
        let mut found: Vec<SocketAddr> = found.collect();
        // One closed address closes the name: it may be tried at any time.
        if let Some(closed) = found.iter().find(|address| !self.allows(address.ip())) {
            return Err(refused(host, closed.ip()));
        }
        found.dedup();
        Ok(found)
    }

    /// Refuses a host that is a closed address itself, before anything is saved.
    pub(crate) fn check_literal(&self, host: &str) -> Result<()> {
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) if !self.allows(address) => Err(refused(host, address)),
            _ => Ok(()),
        }
    }
}

/// Whether an address is not one of the public internet: this machine, a private or a special network.
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_documentation()
                || a == 0
                || a >= 240
                || (a == 100 && b & 0xc0 == 64)
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && b & 0xfe == 18)
        }
        IpAddr::V6(v6) => {
            let parts = v6.segments();
            let within = |high: u16, low: u16| {
                let [a, b] = [high.to_be_bytes(), low.to_be_bytes()];
                is_private(IpAddr::from([a[0], a[1], b[0], b[1]]))
            };
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || parts[0] == 0x0100
                || (parts[0] == 0x2001 && parts[1] == 0x0db8)
                // Forms that lead to an IPv4 address.
                || (parts[0] == 0x0064 && parts[1] == 0xff9b && within(parts[6], parts[7]))
                || (parts[0] == 0x2002 && within(parts[1], parts[2]))
                || (parts[..6] == [0; 6] && within(parts[6], parts[7]))
        }
    }
}

fn refused(host: &str, address: IpAddr) -> Fault {
    Fault::new(
        Code::Invalid,
        format!("{host} is at {address}, which is closed to data sources (sources.denied_networks, sources.allowed_networks)"),
    )
    .with_field("options.host")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_networks_are_private_in_every_spelling() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "::127.0.0.1",
            "255.255.255.255",
            "224.0.0.1",
        ] {
            assert!(is_private(address.parse().unwrap()), "{address}");
        }
        for address in
            ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::808:808"]
        {
            assert!(!is_private(address.parse().unwrap()), "{address}");
        }
    }

    #[track_caller]
    fn check(settings: &ConnectorSettings, address: &str, allowed: bool) {
        assert_eq!(settings.allows(address.parse().expect("an address")), allowed, "{address}");
    }

    #[test]
    fn the_addresses_of_cloud_metadata_are_closed_in_every_spelling() {
        let settings = ConnectorSettings::default();
        check(&settings, "169.254.169.254", false);
        check(&settings, "::ffff:169.254.169.254", false);
        check(&settings, "fd00:ec2::254", false);
        check(&settings, "fe80::1", false);
        check(&settings, "10.1.2.3", true);
        check(&settings, "127.0.0.1", true);
    }

    #[test]
    fn a_list_of_networks_closes_all_others() {
        let settings = ConnectorSettings {
            allowed_networks: vec!["10.0.0.0/8".parse().expect("a network")],
            ..ConnectorSettings::default()
        };
        check(&settings, "10.1.2.3", true);
        check(&settings, "::ffff:10.1.2.3", true);
        check(&settings, "192.168.0.1", false);
        check(&settings, "127.0.0.1", false);
    }

    #[tokio::test]
    async fn a_name_is_checked_by_where_it_leads() {
        let settings = ConnectorSettings {
            denied_networks: vec![
                "127.0.0.0/8".parse().expect("a network"),
                "::1/128".parse().expect("a network"),
            ],
            ..ConnectorSettings::default()
        };
        for host in ["localhost", "127.0.0.1", "0x7f.1", "2130706433", "0.0.0.0", "::"] {
            let resolved = settings.resolve(host, 5432).await;
            assert!(resolved.is_err(), "{host} leads to {resolved:?}");
        }
        assert!(settings.check_literal("[::ffff:127.0.0.1]").is_err());
    }
}
