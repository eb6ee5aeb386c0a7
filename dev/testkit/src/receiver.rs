//! A small web server that takes notices and remembers them, also while the server under test is
//! killed and started again.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Longest wait for a request.
const WAIT: Duration = Duration::from_secs(60);

/// A request that came.
#[derive(Debug, Clone)]
pub struct Received {
    /// The path.
    pub path: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as JSON; `null` if it is none.
    pub body: Value,
}

impl Received {
    /// The first header with this name; empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }
}

#[derive(Default)]
struct State {
    received: Vec<Received>,
    refusals: usize,
}

/// The receiver; it listens until the process ends.
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl Receiver {
    /// Listens on a free port.
    ///
    /// # Errors
    /// If there is none.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared: Arc<(Mutex<State>, Condvar)> = Arc::default();
        let kept = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(std::io::Result::ok) {
                // A connection of a server that was just killed has no request on it.
                let _answered = answer(stream, &kept);
            }
        });
        Ok(Self { address, shared })
    }

    /// An address on this receiver.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers the next requests with 503.
    pub fn refuse(&self, requests: usize) {
        if let Ok(mut state) = self.shared.0.lock() {
            state.refusals = requests;
        }
    }

    /// What came so far, also what was refused.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.shared.0.lock().map(|state| state.received.clone()).unwrap_or_default()
    }

    /// What came, as soon as it is enough.
    ///
    /// # Errors
    /// If it is not enough after a minute.
    pub fn wait(&self, enough: impl Fn(&[Received]) -> bool) -> Result<Vec<Received>> {
        let end = Instant::now() + WAIT;
        let (lock, more) = &*self.shared;
        let mut state = lock.lock().ok().context("the receiver broke")?;
        loop {
            if enough(&state.received) {
                return Ok(state.received.clone());
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                bail!("not enough came: {:?}", state.received);
            }
            (state, _) = more.wait_timeout(state, left).ok().context("the receiver broke")?;
        }
    }
}

fn answer(stream: TcpStream, shared: &(Mutex<State>, Condvar)) -> Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split_whitespace().nth(1).context("a path")?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(Ok(0), |(_, value)| value.parse())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let mut state = shared.0.lock().ok().context("the receiver broke")?;
    state.received.push(Received { path, headers, body });
    let status = match state.refusals {
        0 => "200 OK",
        refusals => {
            state.refusals = refusals - 1;
            "503 Service Unavailable"
        }
    };
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
    reader.into_inner().write_all(head.as_bytes())?;
    shared.1.notify_all();
    Ok(())
}
