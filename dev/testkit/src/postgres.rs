//! A real PostgreSQL server of Debian's package, in a folder of its own, on a free port.

use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// The name of the superuser, and its password.
const SUPERUSER: &str = "postgres";
const PASSWORD: &str = "postgres";

/// Longest wait for a start.
const START: Duration = Duration::from_secs(60);

/// A running server; stopped when dropped, or when this process ends.
pub struct Postgres {
    child: Child,
    port: u16,
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
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("tessera-postgres-").tempdir()?;
        let data = folder.path().join("data");
        let password = folder.path().join("password");
        std::fs::write(&password, PASSWORD)?;
        if is_root() {
            // The server refuses to run as root; the package made a user for it.
            let owned =
                Command::new("chown").args(["-R", "postgres"]).arg(folder.path()).status()?;
            ensure!(owned.success(), "chown");
        }
        let made = as_postgres(&programs.join("initdb"))
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
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        // The server ends when its standard input does: when this value is dropped, or this process
        // ends in whatever way.
        let watched = "\"$0\" \"$@\" & server=$!; cat >/dev/null; kill -QUIT $server; wait $server; \
                       rm -rf \"$FOLDER\"";
        let child = as_postgres(Path::new("sh"))
            .args(["-c", watched])
            .env("FOLDER", folder.path())
            .arg(programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k"])
            .arg(folder.path())
            .args(["-c", "fsync=off", "-c", "max_connections=200", "-c", "log_min_messages=fatal"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("starting postgres")?;
        let server = Self { child, port, _folder: folder };
        server.wait()?;
        Ok(server)
    }

    fn wait(&self) -> Result<()> {
        let end = Instant::now() + START;
        while Instant::now() < end {
            let listens = TcpStream::connect(("127.0.0.1", self.port)).is_ok();
            if listens && self.sql("postgres", "select 1").is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("PostgreSQL did not start in time");
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
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
        format!("postgres://{SUPERUSER}:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes a database with a name of its own that begins with `prefix`; returns the name.
    ///
    /// # Errors
    /// If the server refuses.
    pub fn create_database(&self, prefix: &str) -> Result<String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{prefix}_{}_{number}", std::process::id());
        self.sql("postgres", &format!("create database {name}"))?;
        Ok(name)
    }

    /// Runs statements with the package's own client; returns what it prints.
    ///
    /// # Errors
    /// With the client's words, if one fails.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String> {
        let out = Command::new("psql")
            .arg(self.url(database))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statements])
            .output()
            .context("psql")?;
        ensure!(out.status.success(), "psql: {}", String::from_utf8_lossy(&out.stderr));
        Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
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

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It may have ended already.
        let _reaped = self.child.wait();
    }
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

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout == b"0\n")
}

/// A program that runs as the package's user where this process is root.
fn as_postgres(program: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "postgres", "--regid", "postgres", "--init-groups"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/").process_group(0);
    command
}
