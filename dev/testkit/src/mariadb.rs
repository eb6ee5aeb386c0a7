//! A real MariaDB server of Debian's package, in a folder of its own, on a free port.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};

use crate::certificates::{CERTIFIED, Certificates};
use crate::daemon::{self, Daemon};

/// The name of a user who may do everything, and the password.
const USER: &str = "tessera";
const PASSWORD: &str = "mariadb";

/// The user of the package.
const OWNER: &str = "mysql";

/// A running server; stopped when dropped, or when this process ends.
pub struct MariaDb {
    daemon: Daemon,
    certificates: Certificates,
    _folder: tempfile::TempDir,
}

impl MariaDb {
    /// One server for all tests of this process.
    ///
    /// # Panics
    /// If it does not start.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<MariaDb> = OnceLock::new();
        SHARED.get_or_init(|| Self::start().unwrap_or_else(|error| panic!("MariaDB: {error:#}")))
    }

    /// Starts a server. Its certificate is for `localhost`; the user [`CERTIFIED`] comes in with a
    /// certificate only.
    ///
    /// # Errors
    /// If it is not installed or does not start.
    pub fn start() -> Result<Self> {
        let program_of_server = program("mariadbd")?;
        let folder = tempfile::Builder::new().prefix("tessera-mariadb-").tempdir()?;
        let data = folder.path().join("data");
        let place = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(
            place("init.sql"),
            format!(
                "CREATE USER '{USER}'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n\
                 GRANT ALL ON *.* TO '{USER}'@'127.0.0.1' WITH GRANT OPTION;\n\
                 CREATE USER '{CERTIFIED}'@'127.0.0.1' REQUIRE SUBJECT '/CN={CERTIFIED}';\n\
                 GRANT SELECT ON *.* TO '{CERTIFIED}'@'127.0.0.1';\n"
            ),
        )?;
        let certificates = Certificates::make(folder.path())?;
        std::fs::create_dir(&data)?;
        let made = Command::new(program("mariadb-install-db")?)
            .arg("--no-defaults")
            .arg(format!("--datadir={}", data.display()))
            .args(["--auth-root-authentication-method=normal", "--skip-test-db"])
            .args(["--skip-name-resolve", "--innodb-flush-method=nosync"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .context("mariadb-install-db")?;
        ensure!(made.success(), "mariadb-install-db failed");
        daemon::give_to(OWNER, folder.path())?;
        let port = daemon::free_port()?;
        let mut server = daemon::watched(OWNER, &program_of_server, "KILL", folder.path());
        server
            .args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve"])
            .arg(format!("--datadir={}", data.display()))
            .arg(format!("--port={port}"))
            .arg(format!("--socket={}", place("socket")))
            .arg(format!("--pid-file={}", place("pid")))
            .arg(format!("--init-file={}", place("init.sql")))
            .arg(format!("--ssl-ca={}", place("authority.pem")))
            .arg(format!("--ssl-cert={}", place("server.pem")))
            .arg(format!("--ssl-key={}", place("server.key")))
            .args(["--innodb-flush-method=nosync", "--innodb-flush-log-at-trx-commit=0"])
            .args(["--innodb-buffer-pool-size=64M", "--innodb-log-file-size=64M"])
            .args(["--character-set-server=utf8mb4", "--max-connections=200"]);
        let daemon = Daemon::start(server, port, || sql(port, "mysql", "select 1").is_ok());
        Ok(Self { daemon: daemon.context("MariaDB")?, certificates, _folder: folder })
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.daemon.port
    }

    /// The name of a user who may do everything.
    #[must_use]
    pub fn user(&self) -> &'static str {
        USER
    }

    /// The password of that user.
    #[must_use]
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// Certificates for those who come in.
    #[must_use]
    pub fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    /// Makes a database with a name of its own that begins with `prefix`; returns the name.
    ///
    /// # Errors
    /// If the server refuses.
    pub fn create_database(&self, prefix: &str) -> Result<String> {
        let name = daemon::name_of_its_own(prefix);
        self.sql("mysql", &format!("create database {name}"))?;
        Ok(name)
    }

    /// Runs statements with the package's own client; returns what it prints.
    ///
    /// # Errors
    /// With the client's words, if one fails.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String> {
        sql(self.daemon.port, database, statements)
    }

    /// The package's own client, connected to a database; it prints rows only.
    #[must_use]
    pub fn client(&self, database: &str) -> Command {
        client(self.daemon.port, database)
    }
}

fn client(port: u16, database: &str) -> Command {
    let mut client = Command::new("mariadb");
    client
        .args(["--no-defaults", "--protocol=tcp", "-h", "127.0.0.1", "-u", USER, "-N", "-B"])
        .args(["-P", &port.to_string(), "--default-character-set=utf8mb4", database])
        .env("MYSQL_PWD", PASSWORD);
    client
}

fn sql(port: u16, database: &str, statements: &str) -> Result<String> {
    let out = client(port, database).args(["-e", statements]).output().context("mariadb")?;
    ensure!(out.status.success(), "mariadb: {}", String::from_utf8_lossy(&out.stderr));
    Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

/// Where a program of the package is.
fn program(name: &str) -> Result<PathBuf> {
    ["/usr/sbin", "/usr/bin", "/usr/local/bin"]
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.is_file())
        .context("MariaDB is not installed; run dev/setup")
}
