//! A real SMTP server (aiosmtpd, which `dev/setup` installs) as a process, on a free port.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The password that the server takes, whoever signs in.
pub const SMTP_PASSWORD: &str = "smtp password";

/// Longest wait for a start or a mail.
const WAIT: Duration = Duration::from_secs(30);

const PROGRAM: &str = include_str!("smtp_server.py");

/// A running server; ends when dropped, or when this process ends.
pub struct Smtp {
    child: Child,
    port: u16,
    mails: Receiver<Value>,
    folder: tempfile::TempDir,
}

impl Smtp {
    /// Starts a server. `mode` is how it encrypts: `none`, `starttls` or `implicit`; the latter two
    /// take mail only from those who sign in with [`SMTP_PASSWORD`].
    ///
    /// # Errors
    /// If aiosmtpd or openssl is not installed, or it does not start.
    pub fn start(mode: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (certificate, key) = certificate(folder.path())?;
        let mut child = Command::new(python()?)
            .args(["-c", PROGRAM, mode])
            .args([&certificate, &key])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the mail server")?;
        let out = BufReader::new(child.stdout.take().context("standard output")?);
        let (sender, mails) = channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let Ok(value) = serde_json::from_str(&line) else { return };
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        let first: Value = mails.recv_timeout(WAIT).context("run dev/setup: no mail server")?;
        let port = first.as_u64().and_then(|port| u16::try_from(port).ok()).context("a port")?;
        Ok(Self { child, port, mails, folder })
    }

    /// The port on 127.0.0.1; its certificate is for `localhost`.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate to trust, in PEM.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// Waits for the next mail: `from`, `to`, `data`, `encrypted`, `user`.
    ///
    /// # Errors
    /// If none comes.
    pub fn next(&self) -> Result<Value> {
        self.mails.recv_timeout(WAIT).context("no mail came")
    }

    /// The mails that came and were not taken yet.
    #[must_use]
    pub fn waiting(&self) -> Vec<Value> {
        self.mails.try_iter().collect()
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing more to do then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A certificate for `localhost` that signs itself, and its key.
///
/// # Errors
/// If openssl is not installed.
pub fn certificate(folder: &Path) -> Result<(PathBuf, PathBuf)> {
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .stderr(Stdio::null())
        .status()
        .context("openssl")?;
    ensure!(made.success(), "openssl made no certificate");
    Ok((certificate, key))
}

/// The interpreter of the environment that `dev/setup` makes.
fn python() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    own.ancestors()
        .map(|folder| folder.join("clients/bin/python"))
        .find(|python| python.is_file())
        .context("there is no environment for Python; run dev/setup")
}
