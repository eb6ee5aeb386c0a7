//! The real binary as a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::client::Client;

/// Longest wait for a start: the sample shop is made in it.
const START: Duration = Duration::from_secs(60);

/// The password of the administrator that [`Server::set_up`] makes.
pub const PASSWORD: &str = "correct horse battery";

/// How to start a server.
#[derive(Clone, Default)]
pub struct Options {
    /// The data folder; a temporary one if there is none.
    pub data: Option<PathBuf>,
    /// `TESSERA_…` settings.
    pub settings: Vec<(String, String)>,
    /// Make the demo.
    pub demo: bool,
    /// The metadata store; SQLite in the data folder if there is none.
    pub database_url: Option<String>,
}

impl Options {
    /// The same with one more setting, such as `("JOBS_WORKERS", "1")`.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((format!("TESSERA_{name}"), value.to_owned()));
        self
    }
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    url: String,
    ready: Value,
    setup_token: Option<String>,
    log: Arc<Mutex<String>>,
    options: Options,
    folder: Arc<tempfile::TempDir>,
}

/// The binary that cargo built: beside this test, or the one named at build time.
///
/// # Errors
/// If it is not there.
pub fn binary() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let mut folder = own.parent();
    while let Some(candidate) = folder {
        let binary = candidate.join("tessera");
        if binary.is_file() {
            return Ok(binary);
        }
        folder = candidate.parent();
    }
    bail!("the binary is not built; run: cargo build --package tessera-app")
}

impl Server {
    /// Starts a server on a free port and waits until it is ready.
    ///
    /// # Errors
    /// With its log, if it does not start.
    pub fn start(options: Options) -> Result<Self> {
        Self::start_in(options, Arc::new(tempfile::tempdir()?))
    }

    /// Starts a server, does the setup, and returns it with its administrator.
    ///
    /// # Errors
    /// If it does not start.
    pub fn set_up(options: Options) -> Result<(Self, Client)> {
        let server = Self::start(options)?;
        let admin = server.do_setup()?;
        Ok((server, admin))
    }

    fn start_in(mut options: Options, folder: Arc<tempfile::TempDir>) -> Result<Self> {
        let data = options.data.get_or_insert_with(|| folder.path().join("data")).clone();
        let mut command = Command::new(binary()?);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(&data)
            .current_dir(folder.path())
            .envs(options.settings.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if options.demo {
            command.arg("--demo");
        }
        if let Some(url) = &options.database_url {
            command.args(["--database-url", url]);
        }
        let mut child = command.spawn().context("starting the server")?;
        let out = child.stdout.take().context("standard output")?;
        let err = child.stderr.take().context("standard error")?;
        let log = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(err).lines().map_while(Result::ok) {
                if let Ok(mut log) = kept.lock() {
                    log.push_str(&line);
                    log.push('\n');
                }
            }
        });
        let mut server = Self {
            child,
            url: String::new(),
            ready: Value::Null,
            setup_token: None,
            log,
            options,
            folder,
        };
        server.wait(out, reader)?;
        Ok(server)
    }

    fn wait(&mut self, out: impl Read + Send + 'static, log: JoinHandle<()>) -> Result<()> {
        let (sender, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let end = Instant::now() + START;
        let mut reader = Some(log);
        loop {
            let log = self.log();
            if self.url.is_empty()
                // Not `url`, which is what callers are told (`server.base_url`).
                && let Some(at) = log.find("address=127.0.0.1:").map(|at| at + 8)
                && log[at..].contains('\n')
            {
                let address = log[at..].split_whitespace().next().unwrap_or_default();
                self.url = format!("http://{address}");
            }
            self.setup_token =
                log.lines().find_map(|line| line.strip_prefix("setup_token=")).map(str::to_owned);
            if self.options.demo
                && let Ok(line) = lines.try_recv()
            {
                self.ready = serde_json::from_str(&line)?;
            }
            if !self.url.is_empty() && (!self.options.demo || !self.ready.is_null()) {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                // Its last words may still be on the way.
                if let Some(reader) = reader.take()
                    && reader.join().is_err()
                {
                    bail!("the server ended with {status}, and its log was not read");
                }
                bail!("the server ended with {status}:\n{}", self.log());
            }
            ensure!(Instant::now() < end, "the server did not start in time:\n{log}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Does the first setup; returns the administrator with its key.
    ///
    /// # Errors
    /// If it is refused.
    pub fn do_setup(&self) -> Result<Client> {
        let body = json!({
            "name": "Ada Admin", "email": "admin@example.com", "password": PASSWORD,
            "org_name": "Acme", "setup_token": self.setup_token,
        });
        let answer = self.anonymous().post("/setup", &body)?;
        ensure!(answer.status < 400, "setup: {} {}", answer.status, answer.text());
        self.sign_in("admin@example.com", PASSWORD)
    }

    /// Signs a person in and returns a caller with that person's key.
    ///
    /// # Errors
    /// If it is refused.
    pub fn sign_in(&self, email: &str, password: &str) -> Result<Client> {
        let browser = self.anonymous();
        let body = json!({ "email": email, "password": password });
        browser.post("/v1/session", &body)?.ok()?;
        let me = browser.get("/api/session")?.ok()?;
        let user = browser.get(&format!("/api/users/{}", me["user"]["id"]))?.ok()?;
        let key = user["api_key"].as_str().context("the user has a key")?;
        Ok(self.anonymous().with_key(key))
    }

    /// A caller without credential.
    #[must_use]
    pub fn anonymous(&self) -> Client {
        Client::anonymous(&self.url)
    }

    /// The administrator of the demo, with its key.
    ///
    /// # Errors
    /// If this is no demo.
    pub fn demo_admin(&self) -> Result<Client> {
        let key = self.ready["api_key"].as_str().context("this is no demo")?;
        Ok(self.anonymous().with_key(key))
    }

    /// The address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The line that a demo prints when it is ready.
    #[must_use]
    pub fn ready(&self) -> &Value {
        &self.ready
    }

    /// The one-time token of the setup.
    #[must_use]
    pub fn setup_token(&self) -> Option<&str> {
        self.setup_token.as_deref()
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.options.data.as_deref().unwrap_or_else(|| self.folder.path())
    }

    /// The number of the process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What was logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.lock().map(|log| log.clone()).unwrap_or_default()
    }

    /// Ends the process without warning (SIGKILL).
    ///
    /// # Errors
    /// If it cannot be reached.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Ends the process without warning (SIGKILL) and starts it again on the same data.
    ///
    /// # Errors
    /// If it does not start.
    pub fn kill_and_restart(mut self) -> Result<Self> {
        // It may have been killed before.
        let _ended = self.child.kill();
        self.child.wait()?;
        self.again()
    }

    /// Asks the process to end (SIGTERM), waits for that, and starts it again on the same data.
    ///
    /// # Errors
    /// If it does not end well or does not start.
    pub fn stop_and_restart(mut self) -> Result<Self> {
        self.terminate()?;
        self.again()
    }

    /// Asks the process to end (SIGTERM), and waits for that.
    ///
    /// # Errors
    /// If it does not end well.
    pub fn terminate(&mut self) -> Result<()> {
        let pid = self.child.id().to_string();
        ensure!(Command::new("kill").args(["-TERM", &pid]).status()?.success(), "kill");
        let status = self.child.wait()?;
        ensure!(status.success(), "the server ended with {status}:\n{}", self.log());
        Ok(())
    }

    fn again(&self) -> Result<Self> {
        Self::start_in(self.options.clone(), Arc::clone(&self.folder))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
