//! What a browser does: cookies, redirects, forms, and the proof against forged requests.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha1::Sha1;
use tessera_testkit::client::{Answer, Client};
use tessera_testkit::server::Server;

/// Somebody in a browser, with a jar of cookies.
pub struct Browser {
    pub client: Client,
    csrf: String,
}

impl Browser {
    pub fn new(server: &Server) -> Self {
        Self { client: server.anonymous(), csrf: String::new() }
    }

    /// Signs in with a password; the answer may ask for more.
    pub fn sign_in(&mut self, email: &str, password: &str) -> Result<Answer> {
        let body = json!({ "email": email, "password": password });
        let answer = self.client.post("/v1/session", &body)?;
        self.begun(answer)
    }

    /// Goes on with the code of a second factor.
    pub fn code(&mut self, challenge: &Value, code: &str) -> Result<Answer> {
        let body = json!({ "challenge": challenge, "code": code });
        let answer = self.client.post("/v1/session/second-factor", &body)?;
        self.begun(answer)
    }

    /// Notes the proof of a session that began without this program: by a redirect.
    pub fn arrived(&mut self) -> Result<()> {
        self.csrf = self.client.cookie("csrf_token").context("a proof")?;
        Ok(())
    }

    fn begun(&mut self, answer: Answer) -> Result<Answer> {
        if let Some(token) = answer.json()["csrf_token"].as_str() {
            self.csrf = token.to_owned();
        }
        Ok(answer)
    }

    pub fn get(&self, path: &str) -> Result<Answer> {
        self.client.get(path)
    }

    /// A request that changes something.
    pub fn change(&self, method: &str, path: &str, body: &Value) -> Result<Answer> {
        let bytes = body.to_string().into_bytes();
        let proof = [("x-csrf-token", self.csrf.as_str())];
        self.client.send(method, path, Some("application/json"), Some(bytes), &proof)
    }

    /// Who the server takes this browser for; `None` for nobody.
    pub fn email(&self) -> Result<Option<String>> {
        let answer = self.get("/v1/session")?;
        Ok(answer.json()["user"]["email"].as_str().map(str::to_owned))
    }
}

/// Sends a form.
pub fn form(client: &Client, path: &str, fields: &[(&str, &str)]) -> Result<Answer> {
    let body = serde_urlencoded::to_string(fields)?;
    let kind = "application/x-www-form-urlencoded";
    client.send("POST", path, Some(kind), Some(body.into_bytes()), &[])
}

/// Adds a person with a password; returns the number.
pub fn person(server: &Server, admin: &Client, name: &str, password: &str) -> Result<i64> {
    let body = json!({ "name": name, "email": format!("{name}@example.com") });
    let made = admin.post("/v1/users", &body)?.ok()?;
    let body = json!({ "token": made["invitation"]["token"], "password": password });
    let accepted = server.anonymous().post("/v1/invitations/accept", &body)?;
    ensure!(accepted.status == 201, "{}", accepted.text());
    made["user"]["id"].as_i64().context("a number")
}

/// An authenticator.
pub struct Authenticator {
    key: Vec<u8>,
    used: u64,
}

impl Authenticator {
    /// One that was told a secret in base 32.
    pub fn new(secret: &Value) -> Result<Self> {
        let secret = secret.as_str().context("a secret")?;
        let (mut key, mut number, mut bits) = (Vec::new(), 0_u64, 0);
        for letter in secret.bytes() {
            let place =
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter);
            number = (number << 5 | place.context("base 32")? as u64) & 0xffff;
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                key.push((number >> bits & 0xff) as u8);
            }
        }
        Ok(Self { key, used: 0 })
    }

    /// A code that was not given before: of the step before, of this one, or of the next one. All of
    /// them count, so no test has to wait.
    pub fn code(&mut self) -> Result<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() / 30;
        let step = (self.used + 1).max(now - 1);
        ensure!(step <= now + 1, "three codes are all there are at a time");
        self.used = step;
        Ok(self.code_of(step))
    }

    /// A code of long ago.
    pub fn old_code(&self) -> Result<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() / 30;
        Ok(self.code_of(now - 3))
    }

    fn code_of(&self, step: u64) -> String {
        let mut mac = <Hmac<Sha1> as Mac>::new_from_slice(&self.key).expect("any length is a key");
        mac.update(&step.to_be_bytes());
        let digest = mac.finalize().into_bytes();
        let at = usize::from(digest[19] & 15);
        let number = u32::from_be_bytes(digest[at..at + 4].try_into().expect("four bytes"));
        format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
    }
}
