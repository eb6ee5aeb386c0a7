//! Encryption of connections, by the modes that PostgreSQL's own clients know.

use rustls::RootCertStore;
use tessera_kernel::{Fault, Result};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::options::Options;
use crate::tls::{self, Names, Proof};

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

const NAMES: Names =
    Names { root: "sslrootcertFile", certificate: "sslcertFile", key: "sslkeyFile" };

/// What encrypts; `None` without encryption.
pub(super) fn connector(options: &Options) -> Result<Option<MakeRustlsConnect>> {
    let root = options.root.as_deref();
    // Whoever gives an authority wants it to be looked at.
    let mode = match options.mode {
        Mode::Require if root.is_some() => Mode::VerifyCa,
        mode => mode,
    };
    let roots = || match root {
        None => Ok(tls::public_roots()),
        Some(pem) => {
            let mut roots = RootCertStore::empty();
            tls::add_roots(&mut roots, pem, &NAMES).map(|()| roots)
        }
    };
    let proof = match mode {
        Mode::Disable => return Ok(None),
        Mode::VerifyFull => Proof::Named(roots()?),
        Mode::Prefer | Mode::Require => Proof::None,
        Mode::VerifyCa => Proof::Known(roots()?),
    };
    let config = tls::config(proof, options.client.as_ref(), &NAMES)?;
    Ok(Some(MakeRustlsConnect::new(config)))
}
