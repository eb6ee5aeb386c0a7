//! Reads the address of a PostgreSQL server and prepares encryption for it.
//!
//! `sslmode=disable`: none. `prefer` (the default): encrypted where the server can, but nothing is
//! proved, as an attacker could answer that it cannot. `require` and `verify-full`: encrypted, and
//! the server's certificate must be good for its name, under `sslrootcert=<file>` or public roots.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tessera_kernel::{Fault, Result};
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// The configuration, and how to encrypt unless that is off.
pub(super) fn read(url: &str) -> Result<(Config, Option<MakeRustlsConnect>)> {
    let (url, root) = take_option(url, "sslrootcert");
    let (url, mode) = match take_option(&url, "sslmode") {
        (url, Some(mode)) if mode == "verify-full" => (url, Some("require".to_owned())),
        other => other,
    };
    // The error may repeat parts of the address, so it is not passed on.
    let mut config: Config = url.parse().map_err(|_| {
        Fault::invalid("metadata", "the address of the metadata server cannot be read")
    })?;
    match mode.as_deref() {
        None | Some("prefer") => config.ssl_mode(SslMode::Prefer),
        Some("disable") => config.ssl_mode(SslMode::Disable),
        Some("require") => config.ssl_mode(SslMode::Require),
        Some(_) => {
            return Err(Fault::invalid(
                "metadata",
                "sslmode is one of disable, prefer, require and verify-full",
            ));
        }
    };
    let connector = match config.get_ssl_mode() {
        SslMode::Disable => None,
        SslMode::Require => Some(MakeRustlsConnect::new(verifying(root.as_deref())?)),
        _ => Some(MakeRustlsConnect::new(opportunistic()?)),
    };
    Ok((config, connector))
}

/// Takes an option out of the query of an address. Values are plain words and paths.
fn take_option(url: &str, name: &str) -> (String, Option<String>) {
    let Some((base, query)) = url.split_once('?') else { return (url.to_owned(), None) };
    let mut found = None;
    let mut kept = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some((key, value)) if key == name => found = Some(value.replace("%2F", "/")),
            _ => kept.push(pair),
        }
    }
    let url = if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) };
    (url, found)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>> {
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| Fault::internal("encryption could not be set up", error))
}

fn verifying(root: Option<&str>) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    match root {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            let bad = |what: String| {
                Fault::invalid("metadata", format!("sslrootcert {path} cannot be used: {what}"))
            };
            let certificates =
                CertificateDer::pem_file_iter(path).map_err(|error| bad(error.to_string()))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| bad(error.to_string()))?;
                roots.add(certificate).map_err(|error| bad(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(bad("it holds no certificate".to_owned()));
            }
        }
    }
    Ok(builder()?.with_root_certificates(roots).with_no_client_auth())
}

fn opportunistic() -> Result<ClientConfig> {
    let verifier = Arc::new(Unproved(provider()));
    Ok(builder()?.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

/// Believes any certificate: for `prefer`, which promises nothing.
#[derive(Debug)]
struct Unproved(Arc<CryptoProvider>);

impl ServerCertVerifier for Unproved {
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
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_of_encryption_is_read() {
        let base = "postgres://a:b@localhost/x";
        assert!(read(&format!("{base}?sslmode=disable")).unwrap().1.is_none());
        for mode in
            ["", "?sslmode=prefer", "?sslmode=require", "?sslmode=verify-full&options=-c%20x=1"]
        {
            assert!(read(&format!("{base}{mode}")).unwrap().1.is_some(), "{mode}");
        }
        assert!(read(&format!("{base}?sslmode=maybe")).is_err());
        let fault = read(&format!("{base}?sslmode=require&sslrootcert=/nowhere")).err().unwrap();
        assert!(fault.detail().contains("/nowhere"));
    }
}
