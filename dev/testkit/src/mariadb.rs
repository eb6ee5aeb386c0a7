//! A real MariaDB server of Debian's package, in a folder of its own, on a free port.

use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// The name of a user who may do everything, and the password.
const USER: &str = "tessera";
const PASSWORD: &str = "mariadb";

/// Longest wait for a start.
const START: Duration = Duration::from_secs(60);

/// A running server; stopped when dropped, or when this process ends.
pub struct MariaDb {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
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

    /// Starts a server. Its certificate is for `localhost`, by an authority of its own.
    ///
    /// # Errors
    /// If it is not installed or does not start.
    pub fn start() -> Result<Self> {
        let server = program("mariadbd")?;
        let folder = tempfile::Builder::new().prefix("tessera-mariadb-").tempdir()?;
        let data = folder.path().join("data");
        let init = folder.path().join("init.sql");
        std::fs::write(
            &init,
            format!(
                "CREATE USER '{USER}'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n\
                 GRANT ALL ON *.* TO '{USER}'@'127.0.0.1' WITH GRANT OPTION;\n"
            ),
        )?;
        certificate(folder.path())?;
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
        if is_root() {
            // The server should not run as root; the package made a user for it.
            let owned =
                Command::new("chown").args(["-R", "mysql:mysql"]).arg(folder.path()).status()?;
            ensure!(owned.success(), "chown");
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        // The server ends when its standard input does: when this value is dropped, or this process
        // ends in whatever way.
        let watched = "\"$0\" \"$@\" & server=$!; cat >/dev/null; kill -KILL $server; wait $server; \
                       rm -rf \"$FOLDER\"";
        let place = |name: &str| folder.path().join(name).display().to_string();
        let child = as_mysql(Path::new("sh"))
            .args(["-c", watched])
            .env("FOLDER", folder.path())
            .arg(server)
            .args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve"])
            .arg(format!("--datadir={}", data.display()))
            .arg(format!("--port={port}"))
            .arg(format!("--socket={}", place("socket")))
            .arg(format!("--pid-file={}", place("pid")))
            .arg(format!("--init-file={}", init.display()))
            .arg(format!("--ssl-cert={}", place("server.pem")))
            .arg(format!("--ssl-key={}", place("server.key")))
            .args(["--innodb-flush-method=nosync", "--innodb-flush-log-at-trx-commit=0"])
            .args(["--innodb-buffer-pool-size=64M", "--innodb-log-file-size=64M"])
            .args(["--character-set-server=utf8mb4", "--max-connections=200"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("starting mariadbd")?;
        let server = Self { child, port, folder };
        server.wait()?;
        Ok(server)
    }

    fn wait(&self) -> Result<()> {
        let end = Instant::now() + START;
        while Instant::now() < end {
            let listens = TcpStream::connect(("127.0.0.1", self.port)).is_ok();
            if listens && self.sql("mysql", "select 1").is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("MariaDB did not start in time");
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
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

    /// The certificate of the authority that the server's own is by, in PEM form.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn authority(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.folder.path().join("authority.pem"))?)
    }

    /// Makes a database with a name of its own that begins with `prefix`; returns the name.
    ///
    /// # Errors
    /// If the server refuses.
    pub fn create_database(&self, prefix: &str) -> Result<String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{prefix}_{}_{number}", std::process::id());
        self.sql("mysql", &format!("create database {name}"))?;
        Ok(name)
    }

    /// Runs statements with the package's own client; returns what it prints.
    ///
    /// # Errors
    /// With the client's words, if one fails.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String> {
        let out = self.client(database).args(["-e", statements]).output().context("mariadb")?;
        ensure!(out.status.success(), "mariadb: {}", String::from_utf8_lossy(&out.stderr));
        Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
    }

    /// The package's own client, connected to a database; it prints rows only.
    #[must_use]
    pub fn client(&self, database: &str) -> Command {
        let mut client = Command::new("mariadb");
        client
            .args(["--no-defaults", "--protocol=tcp", "-h", "127.0.0.1", "-u", USER, "-N", "-B"])
            .args(["-P", &self.port.to_string(), "--default-character-set=utf8mb4", database])
            .env("MYSQL_PWD", PASSWORD);
        client
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It may have ended already.
        let _reaped = self.child.wait();
    }
}

/// An authority, and a certificate by it for `localhost`.
fn certificate(folder: &Path) -> Result<()> {
    let openssl = |arguments: &[&str]| -> Result<()> {
        let out = Command::new("openssl").args(arguments).current_dir(folder).output()?;
        ensure!(out.status.success(), "openssl: {}", String::from_utf8_lossy(&out.stderr));
        Ok(())
    };
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let mut authority = vec!["req", "-x509", "-days", "2", "-subj", "/CN=authority"];
    authority.extend(key);
    authority.extend(["-keyout", "authority.key", "-out", "authority.pem"]);
    openssl(&authority)?;
    let mut request = vec!["req", "-subj", "/CN=localhost"];
    request.extend(key);
    request.extend(["-keyout", "server.key", "-out", "server.csr"]);
    openssl(&request)?;
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n")?;
    openssl(&[
        "x509",
        "-req",
        "-days",
        "2",
        "-in",
        "server.csr",
        "-CA",
        "authority.pem",
        "-CAkey",
        "authority.key",
        "-CAcreateserial",
        "-extfile",
        "names",
        "-out",
        "server.pem",
    ])
}

/// Where a program of the package is.
fn program(name: &str) -> Result<PathBuf> {
    ["/usr/sbin", "/usr/bin", "/usr/local/bin"]
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.is_file())
        .context("MariaDB is not installed; run dev/setup")
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout == b"0\n")
}

/// A program that runs as the package's user where this process is root.
fn as_mysql(program: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "mysql", "--regid", "mysql", "--init-groups"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/").process_group(0);
    command
}
