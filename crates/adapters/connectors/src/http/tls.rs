//! Encryption of requests: how far a server is believed, and what proves who asks.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tessera_kernel::{Fault, Result, Secret};

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

/// The settings of the encryption.
pub(crate) fn config(tls: &HttpTls) -> Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Fault::internal("encryption cannot be set up", error))?;
    let config = if tls.any_certificate {
        config.dangerous().with_custom_certificate_verifier(Arc::new(Anyone(provider)))
    } else {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        if let Some(authorities) = &tls.authorities {
            for one in CertificateDer::pem_slice_iter(authorities.as_bytes()) {
                let added = one
                    .map_err(|error| error.to_string())
                    .and_then(|one| roots.add(one).map_err(|error| error.to_string()));
                added.map_err(|error| unreadable("certificate of an authority", &error))?;
            }
        }
        config.with_root_certificates(roots)
    };
    let Some((certificate, key)) = &tls.client else { return Ok(config.with_no_client_auth()) };
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(certificate.as_bytes())
            .collect::<std::result::Result<_, _>>()
            .map_err(|error| unreadable("client certificate", &error))?;
    let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
        .map_err(|error| unreadable("client key", &error))?;
    config
        .with_client_auth_cert(chain, key)
        .map_err(|error| unreadable("client certificate", &error))
}

fn unreadable(what: &str, error: &dyn std::fmt::Display) -> Fault {
    Fault::invalid("options", format!("the {what} cannot be used: {error}"))
}

/// Believes any certificate, for whoever asks for that.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
