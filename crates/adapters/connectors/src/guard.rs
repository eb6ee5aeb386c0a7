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
