//! Encryption of connections: how far a server is believed, and what proves who asks.

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

/// The options that certificates come from, for those who gave a wrong one.
pub(crate) struct Names {
    pub(crate) root: &'static str,
    pub(crate) certificate: &'static str,
    pub(crate) key: &'static str,
}

impl Names {
    fn refuse(option: &str, error: impl std::fmt::Display) -> Fault {
        Fault::invalid(format!("options.{option}"), error.to_string())
    }
}

/// What a server has to prove.
pub(crate) enum Proof {
    /// Nothing.
    None,
    /// That one of these authorities knows it, under whatever name.
    Known(RootCertStore),
    /// That one of these authorities knows it by the name that was asked for.
    Named(RootCertStore),
}

/// The public authorities.
pub(crate) fn public_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    roots
}

/// Adds authorities in PEM form.
///
/// # Errors
/// `Invalid`, with the name of the option, if there is none in it.
pub(crate) fn add_roots(roots: &mut RootCertStore, pem: &str, names: &Names) -> Result<()> {
    let before = roots.len();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| Names::refuse(names.root, error))?;
        roots.add(certificate).map_err(|error| Names::refuse(names.root, error))?;
    }
    if roots.len() == before {
        return Err(Names::refuse(names.root, "must be a certificate in PEM form"));
    }
    Ok(())
}

/// The settings of the encryption; `client` is what proves who asks, and the key to it, in PEM form.
///
/// # Errors
/// `Invalid`, with the name of the option, for certificates and keys that cannot be used.
pub(crate) fn config(
    proof: Proof,
    client: Option<&(String, Secret)>,
    names: &Names,
) -> Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Fault::internal("encryption cannot be set up", error))?;
    let inner = match proof {
        Proof::Named(roots) => return proved(config.with_root_certificates(roots), client, names),
        Proof::None => None,
        Proof::Known(roots) => {
            let provider = Arc::clone(&provider);
            let built =
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
            Some(built.map_err(|error| Names::refuse(names.root, error))?)
        }
    };
    let lenient = Arc::new(Lenient { provider, inner });
    proved(config.dangerous().with_custom_certificate_verifier(lenient), client, names)
}

fn proved(
    config: rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>,
    client: Option<&(String, Secret)>,
    names: &Names,
) -> Result<ClientConfig> {
    let Some((certificate, key)) = client else { return Ok(config.with_no_client_auth()) };
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(certificate.as_bytes())
            .collect::<std::result::Result<_, _>>()
            .map_err(|error| Names::refuse(names.certificate, error))?;
    let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
        .map_err(|error| Names::refuse(names.key, error))?;
    config
        .with_client_auth_cert(chain, key)
        .map_err(|error| Names::refuse(names.certificate, error))
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
