//! Whom encrypted connections believe: the public authorities, and those the operator adds.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tessera_kernel::{Fault, Result};
use tokio_rustls::TlsConnector;

/// A connector that believes the public authorities and those in `extra`, a PEM text.
pub(crate) fn connector(setting: &'static str, extra: Option<&[u8]>) -> Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(pem) = extra {
        for certificate in CertificateDer::pem_slice_iter(pem) {
            certificate
                .map_err(|error| error.to_string())
                .and_then(|one| roots.add(one).map_err(|error| error.to_string()))
                .map_err(|error| Fault::invalid(setting, error))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Fault::internal("no version of TLS", error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
