//! Encryption of connections, by the modes that PostgreSQL's own clients know.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use tessera_kernel::{Fault, Result};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How far a server is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// No encryption.
    Disable,
    /// Encryption if the server offers it; nothing is proved.
    Prefer,
    /// Encryption; nothing is proved.
    Require,
    /// Encryption with a certificate of a known authority.
    VerifyCa,
    /// The same, and it must be for this host.
    VerifyFull,
}

impl Mode {
    pub(super) fn read(text: &str) -> Result<Self> {
        match text {
            "disable" => Ok(Self::Disable),
            // Encryption at the second try is what a listener can prevent either way.
            "allow" | "prefer" => Ok(Self::Prefer),
            "require" => Ok(Self::Require),
            "verify-ca" => Ok(Self::VerifyCa),
            "verify-full" => Ok(Self::VerifyFull),
            _ => Err(Fault::invalid(
                "options.sslmode",
                "is one of disable, allow, prefer, require, verify-ca and verify-full",
            )),
        }
    }
}

/// What encrypts; `None` without encryption. `root` is a certificate in PEM form.
pub(super) fn connector(mode: Mode, root: Option<&str>) -> Result<Option<MakeRustlsConnect>> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Fault::internal("encryption cannot be set up", error))?;
    let config = match mode {
        Mode::Disable => return Ok(None),
        Mode::VerifyFull => config.with_root_certificates(roots(root)?).with_no_client_auth(),
        Mode::Prefer | Mode::Require => config
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Lenient { provider, inner: None }))
            .with_no_client_auth(),
        Mode::VerifyCa => {
            let inner = WebPkiServerVerifier::builder_with_provider(
                Arc::new(roots(root)?),
                Arc::clone(&provider),
            )
            .build()
            .map_err(|error| Fault::invalid("options.sslrootcertFile", error.to_string()))?;
            config
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Lenient {
                    provider,
                    inner: Some(inner),
                }))
                .with_no_client_auth()
        }
    };
    Ok(Some(MakeRustlsConnect::new(config)))
}

fn roots(root: Option<&str>) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let Some(root) = root else {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        return Ok(roots);
    };
    let refuse = |detail: String| Fault::invalid("options.sslrootcertFile", detail);
    for certificate in CertificateDer::pem_slice_iter(root.as_bytes()) {
        let certificate = certificate.map_err(|error| refuse(error.to_string()))?;
        roots.add(certificate).map_err(|error| refuse(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(refuse("must be a certificate in PEM form".to_owned()));
    }
    Ok(roots)
}

/// Believes any certificate, or any of a known authority whatever host it is for.
#[derive(Debug)]
struct Lenient {
    provider: Arc<CryptoProvider>,
    inner: Option<Arc<WebPkiServerVerifier>>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        let Some(inner) = &self.inner else { return Ok(ServerCertVerified::assertion()) };
        match inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
