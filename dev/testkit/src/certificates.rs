//! Certificates for a server and for one of its users, by an authority of their own.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

/// The user that [`Certificates::client`] is for.
pub const CERTIFIED: &str = "certified";

/// What a client may need, in PEM form.
pub struct Certificates {
    /// The authority's certificate.
    pub authority: String,
    /// A certificate for the user [`CERTIFIED`].
    pub client: String,
    /// The key to it.
    pub client_key: String,
}

impl Certificates {
    /// Makes them in a folder: `authority.pem`, and `server.pem` with `server.key` for `localhost`.
    ///
    /// # Errors
    /// If openssl is not installed.
    pub(crate) fn make(folder: &Path) -> Result<Self> {
        let mut authority = vec!["req", "-x509", "-days", "2", "-subj", "/CN=authority"];
        authority.extend(KEY);
        authority.extend(["-keyout", "authority.key", "-out", "authority.pem"]);
        openssl(folder, &authority)?;
        signed(folder, "server", "localhost")?;
        signed(folder, "client", CERTIFIED)?;
        let read = |name: &str| std::fs::read_to_string(folder.join(name));
        Ok(Self {
            authority: read("authority.pem")?,
            client: read("client.pem")?,
            client_key: read("client.key")?,
        })
    }
}

const KEY: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/// A key and a certificate by the authority.
fn signed(folder: &Path, file: &str, name: &str) -> Result<()> {
    let (key, request) = (format!("{file}.key"), format!("{file}.csr"));
    let subject = format!("/CN={name}");
    let mut asked = vec!["req", "-subj", &subject];
    asked.extend(KEY);
    asked.extend(["-keyout", &key, "-out", &request]);
    openssl(folder, &asked)?;
    let names = format!("{file}.names");
    std::fs::write(folder.join(&names), format!("subjectAltName=DNS:{name}\n"))?;
    let certificate = format!("{file}.pem");
    let mut given = vec!["x509", "-req", "-days", "2", "-in", &request, "-CA", "authority.pem"];
    given.extend(["-CAkey", "authority.key", "-CAcreateserial", "-extfile", &names]);
    given.extend(["-out", &certificate]);
    openssl(folder, &given)
}

fn openssl(folder: &Path, arguments: &[&str]) -> Result<()> {
    let out = Command::new("openssl").args(arguments).current_dir(folder).output()?;
    ensure!(out.status.success(), "openssl: {}", String::from_utf8_lossy(&out.stderr));
    Ok(())
}
