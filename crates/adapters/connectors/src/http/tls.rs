//! Encryption of requests: the public authorities and those of the data source, or any certificate.

use rustls::ClientConfig;
use tessera_kernel::{Result, Secret};

use crate::tls::{self, Names, Proof};

/// How a server is believed, and how it believes us.
#[derive(Default)]
pub(crate) struct HttpTls {
    /// Whether any certificate of the server is good enough.
    pub(crate) any_certificate: bool,
    /// Authorities besides the public ones, in PEM.
    pub(crate) authorities: Option<String>,
    /// What proves who asks, and the key to it, in PEM.
    pub(crate) client: Option<(String, Secret)>,
}

/// As the only type names them that has such options.
const NAMES: Names = Names { root: "ca_cert_File", certificate: "cert_File", key: "cert_key_File" };

/// The settings of the encryption.
pub(crate) fn config(wanted: &HttpTls) -> Result<ClientConfig> {
    let proof = if wanted.any_certificate {
        Proof::None
    } else {
        let mut roots = tls::public_roots();
        if let Some(authorities) = &wanted.authorities {
            tls::add_roots(&mut roots, authorities, &NAMES)?;
        }
        Proof::Named(roots)
    };
    tls::config(proof, wanted.client.as_ref(), &NAMES)
}
