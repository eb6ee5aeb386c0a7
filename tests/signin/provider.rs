//! A real OpenID provider as a process of its own: a certified implementation, run by node.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tessera_testkit::client::{Answer, Client};
use tessera_testkit::server::Options;

/// A running provider; killed when dropped.
pub struct Provider {
    child: Child,
    pub url: String,
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// Where `dev/setup` put the provider: beside the built binaries.
fn modules() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let found = own.ancestors().map(|folder| folder.join("provider"));
    found
        .into_iter()
        .find(|folder| folder.join("node_modules/oidc-provider").is_dir())
        .context("the provider is not installed; run: dev/setup")
}

impl Provider {
    pub fn start() -> Result<Self> {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("signin/provider/server.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .arg(modules()?)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("starting node")?;
        let out = child.stdout.take().context("standard output")?;
        let mut provider = Self { child, url: String::new() };
        let mut lines = BufReader::new(out).lines();
        for line in lines.by_ref() {
            if let Some(url) = line?.strip_prefix("ready ") {
                provider.url = url.to_owned();
                // Whatever else it says must go somewhere, or it ends.
                std::thread::spawn(move || lines.for_each(drop));
                return Ok(provider);
            }
        }
        bail!("the provider ended before it was ready")
    }

    /// Settings of a server that sends people here.
    pub fn settings(&self, options: Options) -> Options {
        options
            .with("SIGNIN_OIDC_ISSUER", &self.url)
            .with("SIGNIN_OIDC_CLIENT_ID", "tessera")
            .with("SIGNIN_OIDC_CLIENT_SECRET", "client secret")
            .with("SIGNIN_OIDC_SCOPES", "[\"profile\", \"email\", \"groups\"]")
    }

    /// Says what a person is told to be.
    pub fn account(&self, id: &str, claims: Value) -> Result<()> {
        self.ask("/test/account", json!({ "id": id, "claims": claims })).map(drop)
    }

    /// Signs a token.
    pub fn sign(&self, key: &str, header: Value, claims: &Value) -> Result<String> {
        self.ask("/test/sign", json!({ "key": key, "header": header, "claims": claims }))
    }

    /// Asks one of the additions for tests.
    pub fn ask(&self, path: &str, body: Value) -> Result<String> {
        let answer = Client::anonymous(&self.url).post(path, &body)?;
        ensure!(answer.status == 200, "{path}: {}", answer.text());
        Ok(answer.text())
    }

    /// Does what a person does in a browser, from the page that the server sent it to until the
    /// provider sends it back; gives the address it is sent back to.
    pub fn consent(&self, location: &str, login: &str) -> Result<String> {
        let browser = Client::anonymous(&self.url);
        let path = |location: &str| location.strip_prefix(&self.url).unwrap_or(location).to_owned();
        let mut answer = browser.get(&path(location))?;
        for _ in 0..10 {
            if let Some(next) = answer.header("location") {
                if next.contains("/oauth/oidc/callback") {
                    return Ok(next.to_owned());
                }
                answer = browser.get(&path(next))?;
                continue;
            }
            answer = self.fill_in(&browser, &answer, login)?;
        }
        bail!("the provider never came to an end")
    }

    fn fill_in(&self, browser: &Client, page: &Answer, login: &str) -> Result<Answer> {
        let text = page.text();
        let action = text.split("action=\"").nth(1).and_then(|rest| rest.split('"').next());
        let action = action.with_context(|| format!("no form: {} {text}", page.status))?;
        let action = action.strip_prefix(&self.url).unwrap_or(action);
        let fields: &[(&str, &str)] = if text.contains("name=\"login\"") {
            &[("prompt", "login"), ("login", login), ("password", "any")]
        } else {
            &[("prompt", "consent")]
        };
        crate::browser::form(browser, action, fields)
    }
}
