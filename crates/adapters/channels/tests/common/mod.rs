//! A receiver that keeps what it is sent and answers what it is told, and a notice to send.
#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tessera_bi::ports::Channels;
use tessera_bi::{AlertNotice, AlertState};
use tessera_channels::{AllChannels, ChannelSettings, ServiceUrls, SmtpMailer};
use tessera_kernel::ids::{AlertId, QueryId, UserId};
use tessera_kernel::{Clock, TestClock, Timestamp};

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Request {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// A receiver on a free port.
pub struct Receiver {
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Receiver {
    /// Answers every request with `answer`, a whole HTTP response.
    pub fn answering(answer: &'static str) -> Self {
        Self::with(move |_| answer.to_owned())
    }

    /// Answers with 200 and `ok`.
    pub fn start() -> Self {
        Self::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    }

    /// Answers by request.
    pub fn with(answer: impl Fn(&Request) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let Some(request) = read(&stream) else { continue };
                let text = answer(&request);
                kept.lock().expect("the list").push(request);
                let _ = (&stream).write_all(text.as_bytes());
            }
        });
        Self { url, requests }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("the list").clone()
    }

    /// The only request that came.
    pub fn only(&self) -> Request {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].clone()
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, headers, body: String::from_utf8(body).ok()? })
}

pub fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// The time of every attempt.
pub const NOW: &str = "2026-11-21T09:21:34.000Z";

/// All kinds, with the services that have one address for everybody at `url`.
pub fn channels(url: &str, change: impl FnOnce(&mut ChannelSettings)) -> AllChannels {
    let url = url.to_owned();
    let mut settings = ChannelSettings {
        services: ServiceUrls {
            pagerduty: url.clone(),
            datadog: url.clone(),
            chatwork: url.clone(),
            webex: url.clone(),
            asana: url,
        },
        ..ChannelSettings::default()
    };
    change(&mut settings);
    let clock: Arc<dyn Clock> = Arc::new(TestClock::at(at(NOW)));
    let mailer = SmtpMailer::new(None, Arc::clone(&clock)).expect("a mailer");
    AllChannels::new(settings, Arc::new(mailer), clock).expect("channels")
}

pub fn notice(state: AlertState) -> AlertNotice {
    AlertNotice {
        delivery: "0192a5f0-0000-7000-8000-000000000001".parse().expect("an id"),
        at: at("2026-11-21T09:21:33.100Z"),
        alert: AlertId(2),
        name: "too many".to_owned(),
        options: json!({
            "op": ">", "value": 2, "column": "qty", "selector": "max",
            "custom_body": "B {{QUERY_RESULT_VALUE}} {{ALERT_THRESHOLD}}",
            "custom_subject": "S {{ALERT_NAME}}",
        }),
        state,
        rearm: Some(0),
        last_triggered_at: Some(at("2026-11-21T09:21:33.174Z")),
        created_at: at("2026-11-21T09:21:32.832Z"),
        updated_at: at("2026-11-21T09:21:33.166Z"),
        user: UserId(1),
        query: QueryId(7),
        query_name: "Orders \"today\"".to_owned(),
        subject: Some("S too many".to_owned()),
        body: Some("B 1 2".to_owned()),
        value: Some("3".to_owned()),
        base_url: "http://127.0.0.1:5000".to_owned(),
        metadata: json!({ "Username": "admin@example.com", "Scheduled": false }),
    }
}

/// A notice of an alert without words of its author's.
pub fn plain(state: AlertState) -> AlertNotice {
    AlertNotice { subject: None, body: None, ..notice(state) }
}

/// Delivers one notice of each kind of words and checks that it went well.
pub async fn deliver(channels: &AllChannels, kind: &str, options: &Value, notice: &AlertNotice) {
    channels.check(kind, options).expect("good options");
    channels.deliver(kind, options, notice).await.expect("delivered");
}
