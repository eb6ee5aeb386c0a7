//! Conditions: from where and in which way a key may be used.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::keys::ProofKey;
use crate::{RequestContext, Transport};

/// The language in which a caller speaks to the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// Our own `/v1`, pages, and the command line.
    #[default]
    Native,
    /// The API that Redash's clients know.
    Redash,
    /// The API that Metabase's clients know.
    Metabase,
    /// The API that Braze's clients know.
    Braze,
}

impl Dialect {
    /// The spelling in terms and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Redash => "redash",
            Self::Metabase => "metabase",
            Self::Braze => "braze",
        }
    }
}

/// From where and in which way. An empty list asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conditions {
    /// Networks the caller's address must be in, such as `203.0.113.0/24`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ip_in: Vec<IpNet>,
    /// Networks it must not be in; these win.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ip_not_in: Vec<IpNet>,
    /// Origins of pages that may use it, such as `https://acme.example`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub origin: Vec<String>,
    /// How it may be carried: `header`, `url`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transport: Vec<Transport>,
    /// In which APIs it may be used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dialects: Vec<Dialect>,
    /// The public key that belongs to it: requests must be signed with the private one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<ProofKey>,
}

impl Conditions {
    /// Whether nothing is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What of a request does not fit, as a stable word; `None` if it all does. What is not known
    /// does not fit. A proof is checked for itself, because each counts only once.
    #[must_use]
    pub fn refuse(&self, transport: Transport, context: &RequestContext) -> Option<&'static str> {
        if !(self.ip_in.is_empty() && self.ip_not_in.is_empty()) {
            let address = context.address.as_deref().and_then(|text| text.parse::<IpAddr>().ok());
            let Some(address) = address.map(|address| address.to_canonical()) else {
                return Some("ip_denied");
            };
            let inside = |networks: &[IpNet]| {
                networks.iter().any(|network| canonical(*network).contains(&address))
            };
            if inside(&self.ip_not_in) || !(self.ip_in.is_empty() || inside(&self.ip_in)) {
                return Some("ip_denied");
            }
        }
        if !self.origin.is_empty() {
            let origin = context.origin.as_deref();
            if !origin.is_some_and(|origin| self.origin.iter().any(|known| known == origin)) {
                return Some("origin_denied");
            }
        }
        if !self.transport.is_empty() && !self.transport.contains(&transport) {
            return Some("transport_denied");
        }
        if !self.dialects.is_empty() && !self.dialects.contains(&context.dialect) {
            return Some("dialect_denied");
        }
        None
    }
}

/// A network of v4 addresses mapped into v6 as what it is.
pub(super) fn canonical(network: IpNet) -> IpNet {
    match network {
        IpNet::V6(v6) if v6.prefix_len() >= 96 => match v6.addr().to_ipv4_mapped() {
            Some(address) => {
                ipnet::Ipv4Net::new(address, v6.prefix_len() - 96).map_or(network, IpNet::V4)
            }
            None => network,
        },
        _ => network,
    }
}
