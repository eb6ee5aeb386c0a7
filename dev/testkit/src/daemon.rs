//! A server of Debian's packages as a process of its own: it runs as the package's user, on a free port,
//! and ends with this process in whatever way that ends.

use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// Longest wait for a start.
const START: Duration = Duration::from_secs(60);

/// A running server; stopped when dropped.
pub(crate) struct Daemon {
    child: Child,
    pub(crate) port: u16,
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A name that no other test of this machine uses.
pub(crate) fn name_of_its_own(prefix: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{prefix}_{}_{number}", std::process::id())
}

/// Gives a folder to the package's user where this process is root: servers do not run as root.
pub(crate) fn give_to(user: &str, folder: &Path) -> Result<()> {
    if is_root() {
        let owned = Command::new("chown").args(["-R", user]).arg(folder).status()?;
        ensure!(owned.success(), "chown");
    }
    Ok(())
}

/// A program that runs as the package's user where this process is root.
pub(crate) fn run_as(user: &str, program: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", user, "--regid", user, "--init-groups"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/").process_group(0);
    command
}

/// A server that ends, by a signal, when its standard input does; then its folder is removed.
pub(crate) fn watched(user: &str, program: &Path, signal: &str, folder: &Path) -> Command {
    let script = format!(
        "\"$0\" \"$@\" & server=$!; cat >/dev/null; kill -{signal} $server; wait $server; \
         rm -rf \"$FOLDER\""
    );
    let mut command = run_as(user, Path::new("sh"));
    command.args(["-c", &script]).env("FOLDER", folder).arg(program);
    command
}

impl Daemon {
    /// Starts what [`watched`] gave and waits until it is ready.
    ///
    /// # Errors
    /// If it does not start in time.
    pub(crate) fn start(
        mut command: Command,
        port: u16,
        is_ready: impl Fn() -> bool,
    ) -> Result<Self> {
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("starting the server")?;
        let daemon = Self { child, port };
        let end = Instant::now() + START;
        while Instant::now() < end {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() && is_ready() {
                return Ok(daemon);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("the server did not start in time");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It may have ended already.
        let _reaped = self.child.wait();
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout == b"0\n")
}
