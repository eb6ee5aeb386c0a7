//! Encryption of connections, by the modes that PostgreSQL's own clients know.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use tessera_kernel::{Fault, Result, Secret};
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

/// Certificates in PEM form.
#[derive(Default)]
pub(super) struct Certificates {
    /// Authorities to believe; the public ones if there is none.
    pub(super) root: Option<String>,
    /// What proves who we are, and the key to it.
    pub(super) client: Option<String>,
    pub(super) key: Option<Secret>,
}

/// What encrypts; `None` without encryption.
pub(super) fn connector(
    mode: Mode,
    certificates: &Certificates,
) -> Result<Option<MakeRustlsConnect>> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Fault::internal("encryption cannot be set up", error))?;
    let root = certificates.root.as_deref();
    // Whoever gives an authority wants it to be looked at.
    let mode = if mode == Mode::Require && root.is_some() { Mode::VerifyCa } else { mode };
    let config = match mode {
        Mode::Disable => return Ok(None),
        Mode::VerifyFull => config.with_root_certificates(roots(root)?),
        Mode::Prefer | Mode::Require => config
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Lenient { provider, inner: None })),
        Mode::VerifyCa => {
            let inner = WebPkiServerVerifier::builder_with_provider(
                Arc::new(roots(root)?),
                Arc::clone(&provider),
            )
            .build()
            .map_err(|error| Fault::invalid("options.sslrootcertFile", error.to_string()))?;
            let lenient = Lenient { provider, inner: Some(inner) };
            config.dangerous().with_custom_certificate_verifier(Arc::new(lenient))
        }
    };
    let config = match (&certificates.client, &certificates.key) {
        (Some(client), Some(key)) => {
            let refuse = |field: &str, error: &dyn std::fmt::Display| {
                Fault::invalid(format!("options.{field}"), error.to_string())
            };
            let chain: Vec<CertificateDer<'static>> =
                CertificateDer::pem_slice_iter(client.as_bytes())
                    .collect::<std::result::Result<_, _>>()
                    .map_err(|error| refuse("sslcertFile", &error))?;
            let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
                .map_err(|error| refuse("sslkeyFile", &error))?;
            config
                .with_client_auth_cert(chain, key)
                .map_err(|error| refuse("sslcertFile", &error))?
        }
        (None, None) => config.with_no_client_auth(),
        (Some(_), None) => {
            return Err(Fault::invalid("options.sslkeyFile", "is required with a certificate"));
        }
        (None, Some(_)) => {
            return Err(Fault::invalid("options.sslcertFile", "is required with a key"));
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
