//! A real PostgreSQL server of Debian's package, in a folder of its own, on a free port.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};

use crate::certificates::{CERTIFIED, Certificates};
use crate::daemon::{self, Daemon};

/// The name of the superuser, and its password.
const SUPERUSER: &str = "postgres";
const PASSWORD: &str = "postgres";

/// The user of the package.
const OWNER: &str = "postgres";

/// Who may come in where there are certificates: one user with a certificate only, and the others with a
/// password.
const RULES: &str = "hostssl all certified 127.0.0.1/32 cert\n\
                     host all all 127.0.0.1/32 scram-sha-256\n";

/// A running server; stopped when dropped, or when this process ends.
pub struct Postgres {
    daemon: Daemon,
    certificates: Option<Certificates>,
    _folder: tempfile::TempDir,
}

impl Postgres {
    /// One server for all tests of this process.
    ///
    /// # Panics
    /// If it does not start.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| Self::start().unwrap_or_else(|error| panic!("PostgreSQL: {error:#}")))
    }

    /// Starts a server.
    ///
    /// # Errors
    /// If it is not installed or does not start.
    pub fn start() -> Result<Self> {
        Self::start_with(false)
    }

    /// Starts a server that can encrypt. Its certificate is for `localhost`; the user
    /// [`CERTIFIED`] comes in with a certificate only.
    ///
    /// # Errors
    /// If it is not installed or does not start.
    pub fn start_encrypted() -> Result<Self> {
        let server = Self::start_with(true)?;
        server.sql("postgres", &format!("create role {CERTIFIED} login"))?;
        Ok(server)
    }

    fn start_with(encrypted: bool) -> Result<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("tessera-postgres-").tempdir()?;
        let place = |name: &str| folder.path().join(name);
        let (data, password) = (place("data"), place("password"));
        std::fs::write(&password, PASSWORD)?;
        let certificates = encrypted.then(|| Certificates::make(folder.path())).transpose()?;
        daemon::give_to(OWNER, folder.path())?;
        let made = daemon::run_as(OWNER, &programs.join("initdb"))
            .arg("--pgdata")
            .arg(&data)
            .arg("--pwfile")
            .arg(&password)
            .args(["--username", SUPERUSER, "--auth", "scram-sha-256", "--encoding", "UTF8"])
            .args(["--locale", "C", "--no-sync"])
            .stdout(Stdio::null())
            .status()
            .context("initdb")?;
        ensure!(made.success(), "initdb failed");
        let port = daemon::free_port()?;
        let mut server = daemon::watched(OWNER, &programs.join("postgres"), "QUIT", folder.path());
        server
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k"])
            .arg(folder.path())
            .args(["-c", "fsync=off", "-c", "max_connections=200", "-c", "log_min_messages=fatal"]);
        if encrypted {
            std::fs::write(data.join("pg_hba.conf"), RULES)?;
            let files = [("cert", "server.pem"), ("key", "server.key"), ("ca", "authority.pem")];
            server.args(["-c", "ssl=on"]);
            for (name, file) in files {
                server.arg("-c").arg(format!("ssl_{name}_file={}", place(file).display()));
            }
        }
        let daemon = Daemon::start(server, port, || sql(port, "postgres", "select 1").is_ok());
        Ok(Self { daemon: daemon.context("PostgreSQL")?, certificates, _folder: folder })
    }

    /// The certificates of a server that can encrypt.
    #[must_use]
    pub fn certificates(&self) -> Option<&Certificates> {
        self.certificates.as_ref()
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.daemon.port
    }

    /// The name of the superuser.
    #[must_use]
    pub fn user(&self) -> &'static str {
        SUPERUSER
    }

    /// The password of the superuser.
    #[must_use]
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// The address of a database.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        url(self.daemon.port, database)
    }

    /// Makes a database with a name of its own that begins with `prefix`; returns the name.
    ///
    /// # Errors
    /// If the server refuses.
    pub fn create_database(&self, prefix: &str) -> Result<String> {
        let name = daemon::name_of_its_own(prefix);
        self.sql("postgres", &format!("create database {name}"))?;
        Ok(name)
    }

    /// Runs statements with the package's own client; returns what it prints.
    ///
    /// # Errors
    /// With the client's words, if one fails.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String> {
        sql(self.daemon.port, database, statements)
    }

    /// Runs a file of statements with the package's own client.
    ///
    /// # Errors
    /// With the client's words, if one fails.
    pub fn sql_file(&self, database: &str, file: &Path) -> Result<()> {
        let out = Command::new("psql")
            .arg(self.url(database))
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f"])
            .arg(file)
            .output()
            .context("psql")?;
        ensure!(out.status.success(), "psql: {}", String::from_utf8_lossy(&out.stderr));
        Ok(())
    }
}

fn url(port: u16, database: &str) -> String {
    format!("postgres://{SUPERUSER}:{PASSWORD}@127.0.0.1:{port}/{database}")
}

fn sql(port: u16, database: &str, statements: &str) -> Result<String> {
    let out = Command::new("psql")
        .arg(url(port, database))
        .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statements])
        .output()
        .context("psql")?;
    ensure!(out.status.success(), "psql: {}", String::from_utf8_lossy(&out.stderr));
    Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

/// The newest version that is installed.
fn programs() -> Result<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .context("PostgreSQL is not installed; run dev/setup")?
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            let folder = entry.path().join("bin");
            folder.join("initdb").is_file().then_some((version, folder))
        })
        .collect();
    versions.sort();
    Ok(versions.pop().context("PostgreSQL is not installed; run dev/setup")?.1)
}
