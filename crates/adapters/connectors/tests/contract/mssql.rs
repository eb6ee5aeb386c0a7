//! SQL Server, against a local server of its protocol (TDS 7): there is no package of it here.

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};
use serde_json::{Value as Json, json};
use tessera_bi::ports::{CancelSignal, Connectors as _};
use tessera_connectors::{AllConnectors, ConnectorSettings};
use tessera_kernel::Code;
use tessera_sqltext::Dialect;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::engines::{Engine, Sink, Stop};

/// What happened at the server.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    /// A login came, encrypted or not.
    Login {
        encrypted: bool,
    },
    /// A message with a statement, as its bytes.
    Asked(Vec<u8>),
    Closed,
}

type Log = Arc<Mutex<Vec<Seen>>>;

/// A connection as the server has it.
struct Link {
    stream: TcpStream,
    tls: Option<ServerConnection>,
    bytes: Vec<u8>,
}

impl Link {
    async fn fill(&mut self, length: usize) -> Option<()> {
        while self.bytes.len() < length {
            let mut chunk = [0; 4096];
            let read = self.stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
            match &mut self.tls {
                None => self.bytes.extend_from_slice(&chunk[..read]),
                Some(tls) => {
                    let mut rest = &chunk[..read];
                    while !rest.is_empty() {
                        tls.read_tls(&mut rest).ok()?;
                        tls.process_new_packets().ok()?;
                        let mut plain = [0; 4096];
                        while let Ok(length) = tls.reader().read(&mut plain) {
                            if length == 0 {
                                break;
                            }
                            self.bytes.extend_from_slice(&plain[..length]);
                        }
                    }
                }
            }
        }
        Some(())
    }

    /// The kind and the body of a message.
    async fn message(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut body = Vec::new();
        loop {
            self.fill(8).await?;
            let length = usize::from(u16::from_be_bytes([self.bytes[2], self.bytes[3]]));
            self.fill(length).await?;
            let packet: Vec<u8> = self.bytes.drain(..length).collect();
            body.extend_from_slice(&packet[8..]);
            if packet[1] & 1 == 1 {
                return Some((packet[0], body));
            }
        }
    }

    async fn send(&mut self, kind: u8, body: &[u8]) -> Option<()> {
        let length = u16::try_from(body.len() + 8).expect("is short").to_be_bytes();
        let mut packet = vec![kind, 1, length[0], length[1], 0, 0, 1, 0];
        packet.extend_from_slice(body);
        let bytes = match &mut self.tls {
            None => packet,
            Some(tls) => {
                tls.writer().write_all(&packet).ok()?;
                let mut bytes = Vec::new();
                while tls.wants_write() {
                    tls.write_tls(&mut bytes).ok()?;
                }
                bytes
            }
        };
        self.stream.write_all(&bytes).await.ok()
    }

    /// Agrees on encryption, within packets.
    async fn shake(&mut self, config: &Arc<ServerConfig>) -> Option<()> {
        let mut tls = ServerConnection::new(Arc::clone(config)).ok()?;
        while tls.is_handshaking() {
            let (kind, body) = self.message().await?;
            assert_eq!(kind, 0x12, "the handshake goes within packets");
            let mut rest = body.as_slice();
            while !rest.is_empty() {
                tls.read_tls(&mut rest).ok()?;
                tls.process_new_packets().ok()?;
            }
            let mut bytes = Vec::new();
            while tls.wants_write() {
                tls.write_tls(&mut bytes).ok()?;
            }
            if !bytes.is_empty() {
                self.send(0x12, &bytes).await?;
            }
        }
        self.tls = Some(tls);
        Some(())
    }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn short(text: &str) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(text.encode_utf16().count()).expect("is short")];
    bytes.extend(utf16(text));
    bytes
}

const DONE: [u8; 13] = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// The columns `id` (whole numbers) and `name` (texts).
fn head() -> Vec<u8> {
    let mut bytes = vec![0x81, 2, 0];
    bytes.extend([0, 0, 0, 0, 1, 0, 0x26, 8]);
    bytes.extend(short("id"));
    bytes.extend([0, 0, 0, 0, 1, 0, 0xe7, 100, 0, 9, 4, 208, 0, 52]);
    bytes.extend(short("name"));
    bytes
}

fn row(id: Option<i64>, name: Option<&str>) -> Vec<u8> {
    let mut bytes = vec![0xd1];
    match id {
        Some(id) => {
            bytes.push(8);
            bytes.extend(id.to_le_bytes());
        }
        None => bytes.push(0),
    }
    match name.map(utf16) {
        Some(name) => {
            bytes.extend(u16::try_from(name.len()).expect("is short").to_le_bytes());
            bytes.extend(name);
        }
        None => bytes.extend([0xff, 0xff]),
    }
    bytes
}

fn error(message: &str) -> Vec<u8> {
    let mut body = vec![208, 0, 0, 0, 1, 16];
    body.extend(u16::try_from(message.len()).expect("is short").to_le_bytes());
    body.extend(utf16(message));
    body.extend(short("server"));
    body.extend(short(""));
    body.extend([1, 0, 0, 0]);
    let mut bytes = vec![0xaa];
    bytes.extend(u16::try_from(body.len()).expect("is short").to_le_bytes());
    bytes.extend(body);
    bytes.extend([0xfd, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

/// What is answered to a statement; `None` for nothing, ever.
fn answer(body: &[u8]) -> Option<Vec<u8>> {
    let has = |text: &str| {
        let wanted = utf16(text);
        body.windows(wanted.len()).any(|part| part == wanted)
    };
    if has("waitfor") {
        return None;
    }
    if has("nowhere") {
        return Some(error("Invalid object name 'nowhere'."));
    }
    let mut bytes = Vec::new();
    if has("two results") {
        bytes.extend(head());
        bytes.extend(row(Some(1), None));
        bytes.extend([0xfd, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
    bytes.extend(head());
    bytes.extend(row(Some(9_007_199_254_740_993), Some("ü漢😀")));
    bytes.extend(row(None, None));
    bytes.extend(DONE);
    Some(bytes)
}

async fn serve(stream: TcpStream, tls: Option<Arc<ServerConfig>>, log: &Log) -> Option<()> {
    let note = |seen: Seen| log.lock().expect("nobody panicked").push(seen);
    let mut link = Link { stream, tls: None, bytes: Vec::new() };
    let (kind, _) = link.message().await?;
    assert_eq!(kind, 0x12, "the first message");
    let encrypts = if tls.is_some() { 1 } else { 2 };
    let mut said = vec![0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff];
    said.extend([16, 0, 0, 0, 0, 0, encrypts]);
    link.send(4, &said).await?;
    if let Some(tls) = tls {
        link.shake(&tls).await?;
    }
    let (kind, _) = link.message().await?;
    assert_eq!(kind, 0x10, "a login, and no other first message");
    note(Seen::Login { encrypted: link.tls.is_some() });
    let mut body = vec![1, 0x74, 0, 0, 4];
    body.extend(short("fake"));
    body.extend([16, 0, 0, 0]);
    let mut login = vec![0xad];
    login.extend(u16::try_from(body.len()).expect("is short").to_le_bytes());
    login.extend(body);
    login.extend(DONE);
    link.send(4, &login).await?;
    loop {
        let Some((_, body)) = link.message().await else {
            note(Seen::Closed);
            return None;
        };
        note(Seen::Asked(body.clone()));
        if let Some(answer) = answer(&body) {
            link.send(4, &answer).await?;
        }
    }
}

/// Opens a server; `tls` tells whether it encrypts.
async fn open(tls: bool) -> (Engine, Log) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let port = listener.local_addr().expect("is bound").port();
    let tls = tls.then(certificate);
    let log = Log::default();
    let known = Arc::clone(&log);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (tls, known) = (tls.clone(), Arc::clone(&known));
            tokio::spawn(async move { serve(stream, tls, &known).await });
        }
    });
    let engine = Engine {
        name: "mssql",
        dialect: Dialect::SqlServer,
        connectors: AllConnectors::new(ConnectorSettings { batch_rows: 100, ..Default::default() }),
        options: json!({
            "server": "127.0.0.1", "port": port, "user": "sa", "password": "secret", "db": "d",
        }),
        _folder: tempfile::tempdir().expect("a folder"),
    };
    (engine, log)
}

/// A certificate that nobody knows.
fn certificate() -> Arc<ServerConfig> {
    let folder = tempfile::tempdir().expect("a folder");
    let made = std::process::Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", "key", "-out", "crt"])
        .current_dir(folder.path())
        .output()
        .expect("openssl runs");
    assert!(made.status.success(), "openssl");
    let crt = CertificateDer::from_pem_file(folder.path().join("crt")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(folder.path().join("key")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    // As the real one does within packets: TLS 1.2.
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .expect("a version")
        .with_no_client_auth()
        .with_single_cert(vec![crt], key)
        .expect("a certificate and its key");
    Arc::new(config)
}

fn seen(log: &Log) -> Vec<Seen> {
    log.lock().expect("nobody panicked").clone()
}

#[tokio::test]
async fn rows_come_with_and_without_encryption() {
    for encrypted in [true, false] {
        let (engine, log) = open(encrypted).await;
        let rows = engine.run("select id, name from t").await.expect("runs");
        let expected =
            [vec![json!(9_007_199_254_740_993_i64), json!("ü漢😀")], vec![Json::Null, Json::Null]];
        assert_eq!(rows.cells(), expected);
        assert_eq!([rows.kind(0), rows.kind(1)], ["integer", "text"]);
        assert_eq!(seen(&log)[0], Seen::Login { encrypted });
        let last = engine.run("select 1 -- two results").await.expect("runs");
        assert_eq!((last.cells().len(), last.0.begun), (2, 2), "the last result counts");
        engine.connector().test().await.expect("answers");
    }
}

#[tokio::test]
async fn encryption_is_demanded_where_that_is_asked_for() {
    let (mut engine, _log) = open(false).await;
    engine.options["use_ssl"] = json!(true);
    let fault = engine.connector().test().await.expect_err("does not encrypt");
    assert!(fault.detail().contains("does not encrypt"), "{fault}");
    let (mut engine, _log) = open(true).await;
    engine.options["verify_ssl"] = json!(true);
    let fault = engine.connector().test().await.expect_err("is not known");
    assert!(fault.detail().contains("certificate"), "{fault}");
}

#[tokio::test]
async fn values_go_beside_the_statement() {
    let (engine, log) = open(true).await;
    let definitions = json!([{ "name": "v", "type": "text" }]);
    let given = json!({ "v": "' or 1=1 --" });
    let text = "select id, name from t where name = '{{ v }}'";
    engine.run_with(text, &definitions, &given).await.expect("runs");
    let Some(Seen::Asked(body)) = seen(&log).into_iter().nth(1) else { panic!("a statement") };
    let at = |text: &str| {
        let wanted = utf16(text);
        body.windows(wanted.len()).position(|part| part == wanted)
    };
    let statement = at("where name = @P1").expect("has a placeholder");
    assert!(at("' or 1=1 --").expect("goes along") > statement + 20, "after the statement");
    assert_eq!(at("name = '' or"), None);
}

#[tokio::test]
async fn a_run_that_is_ended_closes_its_connection() {
    let (engine, log) = open(true).await;
    for (seconds, code) in [(600, Code::Cancelled), (1, Code::TimedOut)] {
        log.lock().expect("nobody panicked").clear();
        let text = "waitfor delay '01:00'";
        let bound = engine.bind(text, &json!([]), &json!({})).expect("binds");
        let stop = Arc::new(Stop::default());
        let mut sink = Sink::default();
        let connector = engine.connector();
        let signal: Arc<dyn CancelSignal> = Arc::<Stop>::clone(&stop);
        let running = connector.run(&bound, seconds, signal, &mut sink);
        let stopping = async {
            while code == Code::Cancelled && seen(&log).len() < 2 {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            if code == Code::Cancelled {
                stop.stop();
            }
        };
        let (ended, ()) = tokio::join!(running, stopping);
        assert_eq!(ended.expect_err("is ended").code(), code);
        while !seen(&log).contains(&Seen::Closed) {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test]
async fn the_words_of_the_server_come_through() {
    let (engine, _log) = open(true).await;
    let fault = engine.run("select nope from nowhere").await.err().expect("fails");
    assert_eq!(fault.code(), Code::SourceFailed);
    assert_eq!(fault.detail(), "Invalid object name 'nowhere'.");
    let mut options = engine.options.clone();
    options["server"] = json!("169.254.169.254");
    assert!(engine.connectors.check("mssql", &options).is_err());
}
