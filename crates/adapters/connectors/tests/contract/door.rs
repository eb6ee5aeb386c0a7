//! A server of HTTP for tests: answers each request as it is told to, and remembers them.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Lower-case names.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Asked {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A value of the query, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        let url = url::Url::parse(&format!("http://x{}", self.target)).expect("a target");
        url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }
}

/// What is answered.
pub enum Answer {
    /// Status, more headers and body.
    Now(u16, Vec<(String, String)>, Vec<u8>),
    /// A body that never ends.
    Endless(Vec<u8>),
    /// A body that breaks off.
    Broken(Vec<u8>),
    /// Nothing, for ever.
    Never,
}

impl Answer {
    pub fn json(body: &serde_json::Value) -> Self {
        Self::Now(200, Vec::new(), body.to_string().into_bytes())
    }
}

/// A listening server; its task ends with the runtime of the test.
pub struct Door {
    pub port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Door {
    /// Opens a door; `answers` is told each request and the door's port.
    pub async fn open(answers: impl Fn(&Asked, u16) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let port = listener.local_addr().expect("is bound").port();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (known, answers) = (Arc::clone(&asked), Arc::new(answers));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (known, answers) = (Arc::clone(&known), Arc::clone(&answers));
                tokio::spawn(async move {
                    serve(stream, port, &known, &*answers).await;
                });
            }
        });
        Self { port, asked }
    }

    /// All requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("nobody panicked").clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    port: u16,
    known: &Mutex<Vec<Asked>>,
    answers: &(impl Fn(&Asked, u16) -> Answer + Send + Sync),
) {
    let Some(asked) = read(&mut stream).await else { return };
    known.lock().expect("nobody panicked").push(asked.clone());
    let head = |status: u16, more: &str| format!("HTTP/1.1 {status} x\r\n{more}\r\n");
    let sent = match answers(&asked, port) {
        Answer::Now(status, headers, body) => {
            let mut more = format!("content-length: {}\r\nconnection: close\r\n", body.len());
            for (name, value) in headers {
                more.push_str(&format!("{name}: {value}\r\n"));
            }
            let mut bytes = head(status, &more).into_bytes();
            bytes.extend(body);
            stream.write_all(&bytes).await
        }
        Answer::Endless(body) | Answer::Broken(body) if body.is_empty() => Ok(()),
        Answer::Endless(body) => {
            let mut bytes = head(200, "transfer-encoding: chunked\r\n").into_bytes();
            bytes.extend(format!("{:x}\r\n", body.len()).into_bytes());
            bytes.extend(body);
            bytes.extend(b"\r\n");
            let sent = stream.write_all(&bytes).await;
            let mut rest = [0; 1];
            let _closed = stream.read(&mut rest).await;
            sent
        }
        Answer::Broken(body) => {
            let mut bytes = head(200, "transfer-encoding: chunked\r\n").into_bytes();
            bytes.extend(format!("{:x}\r\n", body.len()).into_bytes());
            bytes.extend(body);
            bytes.extend(b"\r\n");
            stream.write_all(&bytes).await
        }
        Answer::Never => {
            let mut rest = [0; 1];
            let _closed = stream.read(&mut rest).await;
            Ok(())
        }
    };
    // Whoever asked may have gone.
    let _sent = sent;
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            break end;
        }
        let length = stream.read(&mut chunk).await.ok()?;
        if length == 0 {
            return None;
        }
        bytes.extend_from_slice(&chunk[..length]);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    while bytes.len() < end + 4 + length {
        let read = stream.read(&mut chunk).await.ok()?;
        if read == 0 {
            return None;
        }
        bytes.extend_from_slice(&chunk[..read]);
    }
    let body = String::from_utf8_lossy(&bytes[end + 4..end + 4 + length]).into_owned();
    Some(Asked { method, target, headers, body })
}
