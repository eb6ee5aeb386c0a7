//! A caller: an address and a key, or a session in a cookie jar.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Longest time for one request.
const REQUEST: Duration = Duration::from_secs(60);

/// One caller of a server.
#[derive(Clone)]
pub struct Client {
    base: String,
    key: Option<String>,
    agent: ureq::Agent,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; `null` if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The first header with this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The JSON body of a good answer.
    ///
    /// # Errors
    /// With status and body, if it is not a good one.
    pub fn ok(&self) -> Result<Value> {
        if self.status < 300 { Ok(self.json()) } else { bail!("{}: {}", self.status, self.text()) }
    }
}

impl Client {
    /// A caller without any credential.
    #[must_use]
    pub fn anonymous(base: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(REQUEST))
            .build();
        Self { base: base.to_owned(), key: None, agent: config.into() }
    }

    /// A caller with a key, in the header that Redash's clients use.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..Self::anonymous(&self.base) }
    }

    /// The key; empty for nobody.
    #[must_use]
    pub fn key(&self) -> &str {
        self.key.as_deref().unwrap_or_default()
    }

    /// The address of the server.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A cookie that the server set.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<String> {
        let jar = self.agent.cookie_jar_lock();
        jar.iter().find(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned())
    }

    /// Makes a request with a JSON body, or none.
    ///
    /// # Errors
    /// If there is no answer.
    pub fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer> {
        let bytes = body.map(|body| body.to_string().into_bytes());
        let kind = body.map(|_| "application/json");
        self.send(method, path, kind, bytes, &[])
    }

    /// Makes any request.
    ///
    /// # Errors
    /// If there is no answer.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        kind: Option<&str>,
        body: Option<Vec<u8>>,
        headers: &[(&str, &str)],
    ) -> Result<Answer> {
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Key {key}"));
        }
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.unwrap_or_default())?;
        let request =
            self.agent.configure_request(request).allow_non_standard_methods(true).build();
        let mut response = self.agent.run(request).with_context(|| format!("{method} {path}"))?;
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(u64::MAX).read_to_vec()?;
        Ok(Answer { status, headers, body })
    }

    /// GET.
    ///
    /// # Errors
    /// If there is no answer.
    pub fn get(&self, path: &str) -> Result<Answer> {
        self.request("GET", path, None)
    }

    /// POST with a JSON body.
    ///
    /// # Errors
    /// If there is no answer.
    pub fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.request("POST", path, Some(body))
    }

    /// DELETE.
    ///
    /// # Errors
    /// If there is no answer.
    pub fn delete(&self, path: &str) -> Result<Answer> {
        self.request("DELETE", path, None)
    }

    /// Waits for the job in an answer of the Redash dialect; returns it once it is final, and the
    /// answer's result at once if there was one.
    ///
    /// # Errors
    /// If it does not end within a minute.
    pub fn finish(&self, started: &Value) -> Result<Value> {
        if started.get("query_result").is_some() {
            return Ok(started.clone());
        }
        let id = started["job"]["id"].as_str().with_context(|| format!("no job: {started}"))?;
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let job = self.get(&format!("/api/jobs/{id}"))?.ok()?;
            if job["job"]["status"].as_i64().is_some_and(|status| status >= 3) {
                return Ok(job);
            }
            if Instant::now() > end {
                bail!("the job did not end: {job}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
